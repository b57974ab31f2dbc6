//! Messages about what happened, delivered at least once and in order per trade.

use super::entry::Ms;
use super::ledger::{Ended, Ledger};
use super::schedule;
use super::store::{Message, Shop, Store};
use super::transition::Transition;
use serde_json::json;

/// A message that is being delivered is nobody else's for so long.
const LEASE: Ms = 60_000;

/// A transition as the outbox tells it.
pub fn payload(transition: &Transition) -> String {
    let entry = transition.entry.as_ref();
    json!({
        "mch_id": transition.key.mch_id,
        "sub_mch_id": transition.key.sub_mch_id,
        "out_trade_no": transition.key.out_trade_no,
        "from": transition.from.word(),
        "to": transition.to.word(),
        "credited": transition.credited,
        "revoked": transition.revoked,
        "reason": transition.reason.text(),
        "transaction_id": entry.and_then(|entry| entry.transaction_id.as_deref()),
        "total_fee": entry.map(|entry| entry.terms.total_fee),
        "paid_fee": entry.and_then(|entry| entry.paid),
        "refunded_fee": entry.map(|entry| entry.refunded),
        "pending_refund_fee": entry.map(|entry| entry.pending_refund),
        "note": transition.note,
    })
    .to_string()
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Takes messages that are due; each has to be given back.
    pub fn claim_messages(&mut self, most: usize) -> Ended<Vec<Message>, S::Fault> {
        Ok(self.store.claim_messages(LEASE, most)?)
    }

    /// A message was claimed and not looked at: it is due again at once.
    pub fn release_message(&mut self, message: &Message) -> Ended<bool, S::Fault> {
        Ok(self.store.settle_message(message, Some(0))?)
    }

    /// A message was delivered, or has to be delivered again later.
    pub fn settle_message(&mut self, message: &Message, delivered: bool) -> Ended<bool, S::Fault> {
        let due_in = (!delivered).then(|| self.jitter.spread(schedule::backoff(message.attempt)));
        Ok(self.store.settle_message(message, due_in)?)
    }
}
