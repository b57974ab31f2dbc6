//! Applies what is told of an order's refunds: a verified list, a verified "none", or a notice that nobody signed.

use super::decide::Step;
use super::entry::{Entry, OrderKey};
use super::ledger::{Ended, Ledger, Proof, unsigned};
use super::refunds;
use super::sighting::{RefundSighting, SeenRefund, Source, digest_of};
use super::store::{Added, Halt, Refusal, Shop, Store};
use super::transition::{Reason, Transition};

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Applies what a verified list says of all refunds. `asked` is the order as a worker had claimed it when it
    /// asked: a list that was asked for before our last change is asked for again.
    pub fn apply_refunds(
        &mut self,
        seen: &RefundSighting,
        asked: Option<&Entry>,
    ) -> Ended<Transition, S::Fault> {
        let proof = Proof {
            transaction_id: seen.transaction_id.as_deref(),
            total_fee: seen.total_fee,
            ..unsigned(&seen.digest, Source::Refunds, "REFUNDS")
        };
        let applied = self.transact(|ledger| ledger.apply_refunds_once(seen, &proof, asked));
        self.or_freeze(&seen.key, &proof, applied)
    }

    fn apply_refunds_once(
        &mut self,
        seen: &RefundSighting,
        proof: &Proof<'_>,
        asked: Option<&Entry>,
    ) -> Ended<Transition, S::Fault> {
        let Some(entry) = self.store.entry(&seen.key)? else {
            return Ok(Transition::orphan(seen.key.clone()));
        };
        let epoch = asked.map(|asked| asked.epoch);
        if asked.is_some_and(|asked| asked.version != entry.version) {
            let again = Step { ask_refunds: true, ..Step::stay(Reason::RefundsUnknown) };
            return self.take(&entry, again, proof, epoch);
        }
        for refund in &seen.refunds {
            self.see_refund(&entry, refund)?;
        }
        let rows = self.store.refunds(&entry)?;
        let step = refunds::decide(&entry, seen, &rows, self.rules.credit_late);
        let mut counted = entry.clone();
        counted.version += 1;
        counted.refunded = refunds::refunded(&rows);
        counted.ask_refunds = refunds::pending(&entry, &rows);
        self.take_from(&entry, counted, step, proof, epoch)
    }

    fn see_refund(&mut self, entry: &Entry, seen: &SeenRefund) -> Ended<(), S::Fault> {
        let rows = self.store.refunds(entry)?;
        let Some(known) = rows.into_iter().find(|row| row.out_refund_no == seen.out_refund_no) else {
            return match self.store.add_refund(entry, &refunds::foreign(seen))? {
                Added::New => Ok(()),
                Added::Already => Err(Halt::Breach(Reason::RefundsExceed)),
            };
        };
        let mut row = refunds::foreign(seen);
        row.options.clone_from(&known.options);
        row.state = refunds::newer(known.state, seen.state);
        if row != known {
            self.store.move_refund(entry, &row)?;
        }
        Ok(())
    }

    /// Applies a verified "no refunds" (REFUNDNOTEXIST): nothing but our own intents is left to ask about.
    pub fn apply_no_refunds(&mut self, key: &OrderKey, epoch: Option<i64>) -> Ended<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let mut asked = entry.clone();
            asked.version += 1;
            asked.ask_refunds = refunds::pending(&entry, &ledger.store.refunds(&entry)?);
            let digest = digest_of(&format!("REFUNDNOTEXIST {} {}", entry.id, entry.now));
            let proof = unsigned(&digest, Source::Refunds, "REFUNDNOTEXIST");
            ledger.take_from(&entry, asked, Step::stay(Reason::NoRefunds), &proof, epoch)
        })
    }

    /// Keeps a refund notice, which is decrypted but not verified, and makes the order due.
    pub fn note_refund_notice(&mut self, key: &OrderKey, digest: &str) -> Ended<Transition, S::Fault> {
        self.transact(|ledger| {
            let Some(entry) = ledger.store.entry(key)? else { return Ok(Transition::orphan(key.clone())) };
            let step = Step { ask_refunds: true, ..Step::stay(Reason::RefundNotice) };
            ledger.take(&entry, step, &unsigned(digest, Source::RefundNotice, "REFUND_NOTICE"), None)
        })
    }
}
