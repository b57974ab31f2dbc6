//! Applies what is told of an order's refunds: a verified list, what APIv3 says of one of them, a verified "none", or a
//! notice that nobody signed.

use super::decide::Decision;
use super::entry::{Entry, OrderKey, RefundRow, RefundWord};
use super::ledger::{Ledger, LedgerResult, Proof, unsigned};
use super::reason::Reason;
use super::refunds;
use super::sighting::{Coverage, RefundSighting, SeenRefund, Source, digest_of};
use super::state::LedgerState;
use super::store::{Added, Halt, Refusal, Shop, Store};
use super::transition::Transition;

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Applies what a verified list says of all refunds, or an answer of APIv3 of one of them. `asked` is the order as a worker had claimed it when it
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
        self.or_freeze(&seen.key, &proof, &seen.statement(), applied)
    }

    fn apply_refunds_once(
        &mut self,
        seen: &RefundSighting,
        proof: &Proof<'_>,
        asked: Option<&Entry>,
    ) -> LedgerResult<Transition, S::Fault> {
        let Some(entry) = self.store.entry(&seen.key)? else {
            return self.keep_of_nobody(&seen.key, proof);
        };
        let epoch = asked.map(|asked| asked.epoch);
        if asked.is_some_and(|asked| asked.version != entry.version) {
            let again = Decision { ask_refunds: true, ..Decision::stay(Reason::RefundsUnknown) };
            return self.take(&entry, again, proof, epoch);
        }
        let before = self.store.refunds(&entry)?;
        let rows = if refunds::is_of_its_payment(&entry, seen) {
            self.see_refunds(&entry, asked, seen)?
        } else {
            before.clone()
        };
        let decision = refunds::decide(&entry, seen, &rows, self.rules.credit_late);
        let decision = self.asked_once(&entry, decision, &seen.statement())?;
        let ended = used_up(seen, &before, &rows).filter(|_| decision.reason == Reason::Refunds);
        let proof = &Proof { note: ended, ..*proof };
        let reason = if ended.is_some() { Reason::RefundClosed } else { decision.reason };
        let mut counted = entry.clone();
        counted.version += 1;
        counted.refunded = refunds::refunded(&rows);
        if let Some(said) = news(&entry, seen, reason).filter(|_| decision.to.is_none()) {
            said.text().clone_into(&mut counted.reason);
        }
        self.count_wanted(&mut counted, decision.to.unwrap_or(entry.state), rows)?;
        self.take_from(&entry, counted, Decision { reason, ..decision }, proof, epoch)
    }

    /// Our rows after the list: what it shows, and what it shows not to have arrived.
    fn see_refunds(
        &mut self,
        entry: &Entry,
        asked: Option<&Entry>,
        seen: &RefundSighting,
    ) -> LedgerResult<Vec<RefundRow>, S::Fault> {
        for refund in &seen.refunds {
            self.see_refund(entry, refund, &seen.coverage, asked)?;
        }
        self.settle_sends(entry, asked, &seen.coverage, &seen.refunds)
    }

    /// Whatever was sent long enough before the question and is not in the answer that would tell has not arrived.
    fn settle_sends(
        &mut self,
        entry: &Entry,
        asked: Option<&Entry>,
        told: &Coverage,
        seen: &[SeenRefund],
    ) -> LedgerResult<Vec<RefundRow>, S::Fault> {
        let mut rows = self.store.refunds(entry)?;
        let Some(asked) = asked else { return Ok(rows) };
        for row in rows.iter_mut().filter(|row| refunds::is_settled(row, asked.now, told, seen)) {
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
        counted.ask_refunds = refunds::pending(state, &rows);
        Ok(())
    }

    fn see_refund(
        &mut self,
        entry: &Entry,
        seen: &SeenRefund,
        coverage: &Coverage,
        asked: Option<&Entry>,
    ) -> LedgerResult<(), S::Fault> {
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
        row.state = refunds::told(&known, seen, coverage, asked.map(|asked| asked.now));
        if row != known {
            self.store.move_refund(entry, &row)?;
        }
        Ok(())
    }

    /// Applies a verified "no refunds" (REFUNDNOTEXIST) of those that the question was about: nothing but our own
    /// intents is left to ask about. `asked` is the order as it was read before the question.
    pub fn apply_no_refunds(
        &mut self,
        asked: &Entry,
        told: &Coverage,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&asked.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let rows = ledger.settle_sends(&entry, Some(asked), told, &[])?;
            let mut counted = entry.clone();
            counted.version += 1;
            ledger.count_wanted(&mut counted, entry.state, rows)?;
            let digest = digest_of(&format!("REFUNDNOTEXIST {} {}", entry.id, entry.now));
            let proof = unsigned(&digest, Source::Refunds, "REFUNDNOTEXIST");
            // That one refund is not there does not tell yet how much of an order went back that nobody was credited for.
            let is_one = matches!(told, Coverage::One(_));
            let ask_refunds = is_one && entry.ask_refunds && !entry.credited && entry.state.is_open();
            let decision = Decision { ask_refunds, ..Decision::stay(Reason::NoRefunds) };
            ledger.take_from(&entry, counted, decision, &proof, epoch)
        })
    }

    /// Keeps a refund notice, which is decrypted but not verified, and makes the order due.
    pub fn note_refund_notice(&mut self, key: &OrderKey, digest: &str) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let proof = unsigned(digest, Source::RefundNotice, "REFUND_NOTICE");
            let Some(entry) = ledger.store.entry(key)? else { return ledger.keep_of_nobody(key, &proof) };
            let decision = Decision { ask_refunds: true, ..Decision::stay(Reason::RefundNotice) };
            ledger.take(&entry, decision, &proof, None)
        })
    }

    /// Keeps that something went back of an order that nobody has opened: when its payment becomes a person's question,
    /// it is asked how much.
    fn keep_of_nobody(&mut self, key: &OrderKey, proof: &Proof<'_>) -> LedgerResult<Transition, S::Fault> {
        self.keep(None, key, proof, Reason::UnknownOrder)?;
        Ok(Transition::orphan(key.clone()))
    }
}

/// What the order's reason says from now on, if that is another thing: a whole list of its payment's refunds ends the
/// question how much went back.
fn news(entry: &Entry, seen: &RefundSighting, reason: Reason) -> Option<Reason> {
    let asked = entry.reason == Reason::RefundsUnlisted.text();
    let is_told = seen.coverage == Coverage::Whole && seen.transaction_id.is_some();
    match reason {
        Reason::RefundClosed | Reason::RefundsUnlisted | Reason::UnknownWentBack => Some(reason),
        _ => (asked && is_told && refunds::is_of_its_payment(entry, seen)).then_some(Reason::Refunds),
    }
}

/// The number of a refund of ours that has just been closed, and is used up.
fn used_up<'a>(seen: &'a RefundSighting, before: &[RefundRow], after: &[RefundRow]) -> Option<&'a str> {
    let told = seen.used_up()?;
    let stood = |rows: &[RefundRow]| {
        rows.iter().find(|row| row.out_refund_no == told.out_refund_no).map(|row| row.state)
    };
    let is_new = stood(before).is_some_and(|state| state != RefundWord::Closed);
    (is_new && stood(after) == Some(RefundWord::Closed)).then_some(told.out_refund_no.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::entry;
    use super::*;

    #[test]
    fn a_whole_list_of_its_own_payment_ends_the_question_how_much_went_back_and_nothing_less_does() {
        let asked = Entry {
            reason: Reason::RefundsUnlisted.text().into(),
            transaction_id: Some("4200".into()),
            ..entry(LedgerState::PaidLate)
        };
        let list = |payment: Option<&str>, coverage| RefundSighting {
            key: asked.terms.key.clone(),
            transaction_id: payment.map(str::to_owned),
            total_fee: Some(100),
            fee_type: None,
            refunds: vec![],
            coverage,
            digest: String::new(),
        };
        let says = |entry: &Entry, list: &RefundSighting| news(entry, list, Reason::Refunds);
        assert_eq!(says(&asked, &list(Some("4200"), Coverage::Whole)), Some(Reason::Refunds));
        for (payment, coverage) in [
            (Some("4201"), Coverage::Whole),
            (None, Coverage::Whole),
            (Some("4200"), Coverage::One("R".into())),
            (Some("4200"), Coverage::Unlisted),
        ] {
            assert_eq!(says(&asked, &list(payment, coverage.clone())), None, "{payment:?} {coverage:?}");
        }
        let calm = Entry { reason: Reason::Refunds.text().into(), ..asked.clone() };
        assert_eq!(says(&calm, &list(Some("4200"), Coverage::Whole)), None);
    }
}
