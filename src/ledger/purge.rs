//! Removing what is over: messages that were delivered, evidence of orders that have ended.

use super::entry::Ms;
use super::ledger::{Ledger, LedgerResult};
use super::store::{Failure, Kind, Leftover, Shop, Store};
use super::transact::MOST_TRIES;

/// Rows looked at by one statement: no lock is held for longer than that takes.
const WINDOW: i64 = 1000;

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Removes what is over since before `before`, in small pieces; says how many rows.
    pub fn purge(&mut self, before: Ms) -> LedgerResult<i64, S::Fault> {
        let mut removed = 0;
        for what in [Leftover::Messages, Leftover::Evidence] {
            let Some((mut from, last)) = self.store.span(what)? else { continue };
            while from <= last {
                let to = from.saturating_add(WINDOW);
                removed += self.purged(what, before, from, to)?;
                from = to;
            }
        }
        Ok(removed)
    }

    fn purged(&mut self, what: Leftover, before: Ms, from: i64, to: i64) -> LedgerResult<i64, S::Fault> {
        let mut tries = 1;
        loop {
            match self.store.purge(what, before, from, to) {
                Err(fault) if fault.kind() == Kind::Busy && tries < MOST_TRIES => self.store.pause(tries),
                removed => return Ok(removed?),
            }
            tries += 1;
        }
    }
}
