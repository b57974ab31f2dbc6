//! One transaction for each application, tried again as a whole where that may help.

use super::decide::Decision;
use super::entry::OrderKey;
use super::ledger::{Ledger, LedgerResult, Proof};
use super::state::LedgerState;
use super::store::{Failure, Halt, Kind, Refusal, Scope, Shop, Store};
use super::transition::Transition;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Whole transactions are tried so often.
pub(super) const MOST_TRIES: u32 = 5;

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// After a breach nothing was stored: a second transaction leaves the order to a person.
    pub(super) fn or_freeze(
        &mut self,
        key: &OrderKey,
        proof: &Proof<'_>,
        statement: &str,
        applied: LedgerResult<Transition, S::Fault>,
    ) -> LedgerResult<Transition, S::Fault> {
        let Err(Halt::Breach(reason)) = applied else { return applied };
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let decision = ledger.asked_once(&entry, Decision::go(LedgerState::Review, reason), statement)?;
            ledger.take(&entry, decision, proof, None)
        })
    }

    /// Runs `work` in one transaction, which is over afterwards whatever happens. Our own is tried again as a whole
    /// when the database was busy; the shop's never is.
    pub(super) fn transact<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> LedgerResult<T, S::Fault>,
    ) -> LedgerResult<T, S::Fault> {
        let mut tries = 1;
        loop {
            let (scope, ended) = self.once(&mut work);
            match ended {
                Err(halt) if scope == Scope::Own && tries < MOST_TRIES && may_help(&halt) => {
                    self.store.pause(tries);
                    tries += 1;
                }
                ended => return ended,
            }
        }
    }

    fn once<T>(
        &mut self,
        work: &mut impl FnMut(&mut Self) -> LedgerResult<T, S::Fault>,
    ) -> (Scope, LedgerResult<T, S::Fault>) {
        let scope = match self.store.begin() {
            Ok(scope) => scope,
            Err(fault) => return (Scope::Own, Err(fault.into())),
        };
        let whole =
            AssertUnwindSafe(|| work(self).and_then(|value| Ok(self.store.commit().map(|()| value)?)));
        let ended = catch_unwind(whole);
        if !matches!(ended, Ok(Ok(_))) {
            self.store.abandon();
        }
        (scope, ended.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// Can the same transaction end better?
fn may_help<F: Failure>(halt: &Halt<F>) -> bool {
    match halt {
        Halt::Store(fault) => fault.kind() == Kind::Busy,
        Halt::Raced => true,
        Halt::Refused(_) | Halt::Breach(_) => false,
    }
}
