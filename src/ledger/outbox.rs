//! Messages about what happened, delivered at least once and in order per trade.

use super::entry::Ms;
use super::ledger::{Ledger, LedgerResult};
use super::schedule;
use super::store::{Message, Shop, Store};

/// A message that is being delivered is nobody else's for so long.
const LEASE: Ms = 60_000;
/// Messages set aside by one statement.
const PAGE: usize = 500;
/// Statements before one delivery: what is left over is set aside before the next.
const MOST_PAGES: usize = 20;

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Sets aside what waits for an earlier message, before messages are taken.
    pub fn set_messages_aside(&mut self) -> LedgerResult<(), S::Fault> {
        for _ in 0..MOST_PAGES {
            if self.store.set_aside(PAGE)? < PAGE {
                break;
            }
        }
        Ok(())
    }

    /// Takes the message that is due longest; it has to be given back.
    pub fn claim_message(&mut self) -> LedgerResult<Option<Message>, S::Fault> {
        Ok(self.store.claim_message(LEASE)?)
    }

    /// A message was delivered, or has to be delivered again later. `false`: that took longer than its lease, and
    /// another worker may have delivered it too.
    pub fn settle_message(&mut self, message: &Message, delivered: bool) -> LedgerResult<bool, S::Fault> {
        let due_in = (!delivered).then(|| self.jitter.spread(schedule::redelivery(message.attempt)));
        Ok(self.store.settle_message(message, due_in)?)
    }
}
