//! What an application of evidence did.

use super::ascii;
use super::entry::{Entry, OrderKey};
use super::reason::Reason;
use super::state::LedgerState;
use serde_json::json;

/// What one application did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Which order.
    pub key: OrderKey,
    /// Where it stood.
    pub from: LedgerState,
    /// Where it stands.
    pub to: LedgerState,
    /// Did anything about the order change?
    pub changed: bool,
    /// Was the credit given just now?
    pub credited: bool,
    /// Was the credit taken back just now?
    pub revoked: bool,
    /// Why.
    pub reason: Reason,
    /// What more there is to say in the outbox.
    pub note: Option<String>,
    /// The order after it; `None` for one that was never opened.
    pub entry: Option<Entry>,
}

impl Transition {
    /// It as the outbox tells it.
    pub fn payload(&self) -> String {
        let entry = self.entry.as_ref();
        ascii::json(&json!({
            "mch_id": self.key.mch_id,
            "sub_mch_id": self.key.sub_mch_id,
            "out_trade_no": self.key.out_trade_no,
            "from": self.from.word(),
            "to": self.to.word(),
            "credited": self.credited,
            "revoked": self.revoked,
            "reason": self.reason.text(),
            "transaction_id": entry.and_then(|entry| entry.transaction_id.as_deref()),
            "total_fee": entry.map(|entry| entry.terms.total_fee),
            "paid_fee": entry.and_then(|entry| entry.paid),
            "refunded_fee": entry.map(|entry| entry.refunded),
            "pending_refund_fee": entry.map(|entry| entry.pending_refund),
            "note": self.note,
        }))
    }

    /// From one entry to the next.
    pub fn between(before: &Entry, after: &Entry, reason: Reason) -> Self {
        Self {
            key: before.terms.key.clone(),
            from: before.state,
            to: after.state,
            changed: before.state != after.state
                || before.credited != after.credited
                || before.refunded != after.refunded
                || before.intent != after.intent
                || matches!(reason, Reason::RefundRefused | Reason::RefundClosed | Reason::RefundWithdrawn)
                || reason == Reason::RefundTaken
                || matches!(reason, Reason::RefundsUnlisted | Reason::UnknownWentBack)
                    && before.reason != after.reason,
            credited: !before.credited && after.credited,
            revoked: before.credited && !after.credited,
            reason,
            note: None,
            entry: Some(after.clone()),
        }
    }

    /// An order that was never opened.
    pub fn orphan(key: OrderKey) -> Self {
        Self {
            key,
            from: LedgerState::Review,
            to: LedgerState::Review,
            changed: false,
            credited: false,
            revoked: false,
            reason: Reason::UnknownOrder,
            note: None,
            entry: None,
        }
    }

    /// May WeChat stop repeating its notice? Not while nobody opened the order, nor after a payment that the row does
    /// not remember: one that says too little, or one that is being reversed and may yet turn out to stay.
    pub fn is_settled(&self) -> bool {
        self.entry.is_some() && !matches!(self.reason, Reason::Incomplete | Reason::ReverseWanted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::entry;
    use super::*;

    #[test]
    fn r7_a_notice_is_settled_only_when_its_payment_is_in_the_row() {
        let known = entry(LedgerState::Closing);
        let settled = |reason| Transition::between(&known, &known, reason).is_settled();
        assert!(settled(Reason::Paid) && settled(Reason::Duplicate) && settled(Reason::UnderReview));
        assert!(!settled(Reason::Incomplete) && !settled(Reason::ReverseWanted));
        assert!(!Transition::orphan(known.terms.key.clone()).is_settled());
    }
}
