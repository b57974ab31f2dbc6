//! Messages about what happened, delivered at least once and in order per trade.

use super::ascii;
use super::entry::Ms;
use super::ledger::{Ended, Ledger};
use super::schedule;
use super::store::{Message, Shop, Store};
use super::transition::Transition;
use serde_json::json;

/// A message that is being delivered is nobody else's for so long.
const LEASE: Ms = 60_000;
/// Messages set aside by one statement.
const PAGE: usize = 500;
/// Statements before one delivery: what is left over is set aside before the next.
const MOST_PAGES: usize = 20;

/// A transition as the outbox tells it.
pub fn payload(transition: &Transition) -> String {
    let entry = transition.entry.as_ref();
    ascii::json(&json!({
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
    }))
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Sets aside what waits for an earlier message, before messages are taken.
    pub fn set_messages_aside(&mut self) -> Ended<(), S::Fault> {
        for _ in 0..MOST_PAGES {
            if self.store.set_aside(PAGE)? < PAGE {
                break;
            }
        }
        Ok(())
    }

    /// Takes the message that is due longest; it has to be given back.
    pub fn claim_message(&mut self) -> Ended<Option<Message>, S::Fault> {
        Ok(self.store.claim_message(LEASE)?)
    }

    /// A message was delivered, or has to be delivered again later. `false`: that took longer than its lease, and
    /// another worker may have delivered it too.
    pub fn settle_message(&mut self, message: &Message, delivered: bool) -> Ended<bool, S::Fault> {
        let due_in = (!delivered).then(|| self.jitter.spread(schedule::redelivery(message.attempt)));
        Ok(self.store.settle_message(message, due_in)?)
    }
}
