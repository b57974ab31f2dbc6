//! What brings an order to a person does so once: the same statement again, after the person has decided, is known.

use super::decide::{self, Decision};
use super::entry::Entry;
use super::ledger::{Ledger, LedgerResult, unsigned};
use super::reason::Reason;
use super::refunds;
use super::sighting::{Sighting, Source, digest_of};
use super::state::LedgerState;
use super::store::{Added, Shop, Store};

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// What follows from a sighting of this order.
    pub(super) fn judge(&mut self, entry: &Entry, sighting: &Sighting) -> LedgerResult<Decision, S::Fault> {
        let credit_late = self.rules.credit_late;
        let decision = decide::decide(entry, sighting, credit_late);
        let decision = refunds::less_refunds(entry, decision, credit_late);
        self.asked_once(entry, decision, &sighting.statement())
    }

    /// The decision; of a statement that has brought this order to a person before, and was decided, that it is known.
    /// What refunds come to is compared with what the person has seen of it instead.
    pub(super) fn asked_once(
        &mut self,
        entry: &Entry,
        decision: Decision,
        statement: &str,
    ) -> LedgerResult<Decision, S::Fault> {
        let asks = decision.to == Some(LedgerState::Review) && entry.state != LedgerState::Review;
        if !asks || decision.reason == Reason::RefundsExceed {
            return Ok(decision);
        }
        let digest = digest_of(&format!("{} {}: {statement}", entry.id, decision.reason.text()));
        let proof = unsigned(&digest, Source::Question, "QUESTION");
        let known = Decision { ask_refunds: decision.ask_refunds, ..Decision::stay(Reason::Dismissed) };
        Ok(match self.keep(Some(entry.id), &entry.terms.key, &proof, decision.reason)? {
            Added::New => decision,
            Added::Already => known,
        })
    }
}
