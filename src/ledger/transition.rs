//! What an application of evidence did.

use super::entry::{Entry, OrderKey};
use super::state::LedgerState;

/// Why an application ended as it did. The word is written to the database and shown to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words of `text` say it")]
pub enum Reason {
    Opened,
    Advanced,
    Paid,
    PaidAfterClose,
    NotPaidYet,
    Duplicate,
    Late,
    Contradiction,
    UnknownState,
    Incomplete,
    RefundsUnknown,
    Refunds,
    RefundNotice,
    NoRefunds,
    Reversed,
    PaymentFailed,
    Closed,
    NeverOrdered,
    CloseWanted,
    ReverseWanted,
    RefundWanted,
    RefundEnded,
    RefundRefused,
    RefundWithdrawn,
    IntentEnded,
    UnknownOrder,
    AppidDiffers,
    AmountDiffers,
    CurrencyDiffers,
    SecondTransaction,
    TransactionTaken,
    RefundTaken,
    RefundsExceed,
    Poison,
    UnderReview,
    Dismissed,
    ResolvedCredit,
    ResolvedPaid,
    ResolvedRefund,
}

impl Reason {
    /// The word for database and shop.
    pub fn text(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Advanced => "advanced",
            Self::Paid => "paid",
            Self::PaidAfterClose => "paid after close",
            Self::NotPaidYet => "not paid yet",
            Self::Duplicate => "seen before",
            Self::Late => "late news, ignored",
            Self::Contradiction => "contradicts what is known, ignored",
            Self::UnknownState => "unknown trade_state",
            Self::Incomplete => "total_fee or transaction_id is missing",
            Self::RefundsUnknown => "refunds unknown",
            Self::Refunds => "refunds",
            Self::RefundNotice => "refund notice, to be asked about",
            Self::NoRefunds => "no refunds",
            Self::Reversed => "reversed",
            Self::PaymentFailed => "the payment failed, to be given up",
            Self::Closed => "closed",
            Self::NeverOrdered => "WeChat has never known it",
            Self::CloseWanted => "to be closed",
            Self::ReverseWanted => "to be reversed",
            Self::RefundWanted => "refund written down",
            Self::RefundEnded => "refund not accepted",
            Self::RefundRefused => "refund refused",
            Self::RefundWithdrawn => "refund withdrawn",
            Self::IntentEnded => "close or reverse not accepted",
            Self::UnknownOrder => "unknown order",
            Self::AppidDiffers => "appid differs",
            Self::AmountDiffers => "total_fee differs",
            Self::CurrencyDiffers => "fee_type differs",
            Self::SecondTransaction => "second transaction_id",
            Self::TransactionTaken => "transaction_id belongs to another order",
            Self::RefundTaken => "out_refund_no belongs to another order",
            Self::RefundsExceed => "refunds exceed the payment",
            Self::Poison => "failed too often",
            Self::UnderReview => "under review",
            Self::Dismissed => "dismissed by a person",
            Self::ResolvedCredit => "credited by a person",
            Self::ResolvedPaid => "credited by a person, what was paid is not what was opened",
            Self::ResolvedRefund => "refund ordered by a person",
        }
    }
}

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
                || matches!(reason, Reason::RefundRefused | Reason::RefundWithdrawn),
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
