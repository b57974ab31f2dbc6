//! A refund's number that is another order's: what APIv3 says of it is no answer about ours.

use super::decide::Decision;
use super::entry::{Entry, RefundRow, RefundWord};
use super::ledger::{Ledger, LedgerResult, Proof, unsigned};
use super::reason::Reason;
use super::refunds::may_arrive;
use super::sighting::{Source, digest_of};
use super::state::LedgerState;
use super::store::{Halt, Refusal, Shop, Store};
use super::transition::Transition;

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Applies a verified answer that the refund of this number is another order's. Ours, if it is only wanted, cannot
    /// arrive: it ends once what was sent of it has had its time. One that was accepted, they say, is for a person.
    /// `asked` is the order as it was read before the question, under the asker's claim.
    pub fn apply_anothers(
        &mut self,
        asked: &Entry,
        out_refund_no: &str,
    ) -> LedgerResult<Transition, S::Fault> {
        let known = self.known_refund(asked, out_refund_no)?;
        let ends =
            known.as_ref().filter(|row| row.state == RefundWord::Intent && !may_arrive(row, asked.now));
        if let Some(row) = ends
            && let Some(ended) = self.end_refund(asked, row, Reason::RefundTaken, out_refund_no)?
        {
            return Ok(ended);
        }
        let is_counted = known.is_some_and(|row| row.state.counts());
        self.transact(|ledger| {
            let entry = ledger.store.entry(&asked.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let digest = digest_of(&format!("refund {out_refund_no} of another {}", entry.id));
            let proof = Proof { note: Some(out_refund_no), ..unsigned(&digest, Source::Refunds, "ANOTHERS") };
            let decision = ledger.asked_once(&entry, disputed(is_counted), out_refund_no)?;
            ledger.take(&entry, decision, &proof, Some(asked.epoch))
        })
    }

    fn known_refund(&mut self, order: &Entry, number: &str) -> LedgerResult<Option<RefundRow>, S::Fault> {
        Ok(self.store.refunds(order)?.into_iter().find(|row| row.out_refund_no == number))
    }
}

/// What follows where nothing can end yet: it is asked about again, or a person has to look.
fn disputed(is_counted: bool) -> Decision {
    if is_counted {
        return Decision::go(LedgerState::Review, Reason::RefundTaken);
    }
    Decision { ask_refunds: true, ..Decision::stay(Reason::RefundsUnknown) }
}
