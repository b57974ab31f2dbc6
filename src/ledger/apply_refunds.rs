//! Applies what is told of an order's refunds: a verified list, a verified "none", or a notice that nobody signed.

use super::decide::Decision;
use super::entry::{Entry, OrderKey, RefundRow, RefundWord};
use super::ledger::{Ledger, LedgerResult, Proof, unsigned};
use super::reason::Reason;
use super::refunds;
use super::sighting::{RefundSighting, SeenRefund, Source, digest_of};
use super::state::LedgerState;
use super::store::{Added, Halt, Refusal, Shop, Store};
use super::transition::Transition;

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Applies what a verified list says of all refunds. `asked` is the order as a worker had claimed it when it
    /// asked: a list that was asked for before our last change is asked for again.
    pub fn apply_refunds(
        &mut self,
        seen: &RefundSighting,
        asked: Option<&Entry>,
    ) -> LedgerResult<Transition, S::Fault> {
        let proof = Proof {
            transaction_id: seen.transaction_id.as_deref(),
            total_fee: seen.total_fee,
            payment: seen.payment(),
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
    ) -> LedgerResult<Transition, S::Fault> {
        let Some(entry) = self.store.entry(&seen.key)? else {
            return Ok(Transition::orphan(seen.key.clone()));
        };
        let epoch = asked.map(|asked| asked.epoch);
        if asked.is_some_and(|asked| asked.version != entry.version) {
            let again = Decision { ask_refunds: true, ..Decision::stay(Reason::RefundsUnknown) };
            return self.take(&entry, again, proof, epoch);
        }
        let rows = if refunds::is_of_its_payment(&entry, seen) {
            self.see_refunds(&entry, asked, &seen.refunds)?
        } else {
            self.store.refunds(&entry)?
        };
        let decision = refunds::decide(&entry, seen, &rows, self.rules.credit_late);
        let mut counted = entry.clone();
        counted.version += 1;
        counted.refunded = refunds::refunded(&rows);
        self.count_wanted(&mut counted, decision.to.unwrap_or(entry.state), rows)?;
        self.take_from(&entry, counted, decision, proof, epoch)
    }

    /// Our rows after the list: what it shows, and what it shows not to have arrived.
    fn see_refunds(
        &mut self,
        entry: &Entry,
        asked: Option<&Entry>,
        seen: &[SeenRefund],
    ) -> LedgerResult<Vec<RefundRow>, S::Fault> {
        for refund in seen {
            self.see_refund(entry, refund)?;
        }
        self.settle_sends(entry, asked, seen)
    }

    /// Whatever was sent long enough before the question and is not in its answer has not arrived.
    fn settle_sends(
        &mut self,
        entry: &Entry,
        asked: Option<&Entry>,
        seen: &[SeenRefund],
    ) -> LedgerResult<Vec<RefundRow>, S::Fault> {
        let mut rows = self.store.refunds(entry)?;
        let Some(asked) = asked else { return Ok(rows) };
        for row in rows.iter_mut().filter(|row| refunds::is_settled(row, asked.now, seen)) {
            row.sent_at = None;
            self.store.move_refund(entry, row)?;
        }
        Ok(rows)
    }

    /// What is still wanted of the refunds; nothing is where nothing can go back any more.
    pub(super) fn count_wanted(
        &mut self,
        counted: &mut Entry,
        state: LedgerState,
        mut rows: Vec<RefundRow>,
    ) -> LedgerResult<(), S::Fault> {
        let over = matches!(state, LedgerState::Refunded | LedgerState::Closed | LedgerState::Revoked);
        let hopeless = |row: &&mut RefundRow| over && row.state == RefundWord::Intent && !row.is_open();
        for row in rows.iter_mut().filter(hopeless) {
            row.state = RefundWord::Refused;
            self.store.move_refund(counted, row)?;
        }
        counted.pending_refund = refunds::wanted(&rows);
        counted.ask_refunds = refunds::pending(counted, &rows);
        Ok(())
    }

    fn see_refund(&mut self, entry: &Entry, seen: &SeenRefund) -> LedgerResult<(), S::Fault> {
        let rows = self.store.refunds(entry)?;
        let Some(known) = rows.into_iter().find(|row| row.out_refund_no == seen.out_refund_no) else {
            return match self.store.add_refund(entry, &refunds::foreign(seen))? {
                Added::New => Ok(()),
                Added::Already => Err(Halt::Breach(Reason::RefundTaken)),
            };
        };
        let mut row = refunds::foreign(seen);
        row.options.clone_from(&known.options);
        row.sent_at = known.sent_at;
        row.state = refunds::newer(known.state, seen.state);
        if row != known {
            self.store.move_refund(entry, &row)?;
        }
        Ok(())
    }

    /// Applies a verified "no refunds" (REFUNDNOTEXIST): nothing but our own intents is left to ask about. `asked` is
    /// the order as it was read before the question.
    pub fn apply_no_refunds(
        &mut self,
        asked: &Entry,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&asked.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let rows = ledger.settle_sends(&entry, Some(asked), &[])?;
            let mut counted = entry.clone();
            counted.version += 1;
            ledger.count_wanted(&mut counted, entry.state, rows)?;
            let digest = digest_of(&format!("REFUNDNOTEXIST {} {}", entry.id, entry.now));
            let proof = unsigned(&digest, Source::Refunds, "REFUNDNOTEXIST");
            ledger.take_from(&entry, counted, Decision::stay(Reason::NoRefunds), &proof, epoch)
        })
    }

    /// Applies what a verified notice says of one refund. It is no list: as long as nobody was credited, other refunds may
    /// have taken the rest, so then it is no more than a reason to ask.
    pub fn apply_refund_notice(&mut self, seen: &RefundSighting) -> LedgerResult<Transition, S::Fault> {
        if self.find(&seen.key)?.is_some_and(|entry| entry.credited) {
            return self.apply_refunds(seen, None);
        }
        self.note_refund_notice(&seen.key, &seen.digest)
    }

    /// Keeps a refund notice, which is decrypted but not verified, and makes the order due.
    pub fn note_refund_notice(&mut self, key: &OrderKey, digest: &str) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let Some(entry) = ledger.store.entry(key)? else { return Ok(Transition::orphan(key.clone())) };
            let decision = Decision { ask_refunds: true, ..Decision::stay(Reason::RefundNotice) };
            ledger.take(&entry, decision, &unsigned(digest, Source::RefundNotice, "REFUND_NOTICE"), None)
        })
    }
}
