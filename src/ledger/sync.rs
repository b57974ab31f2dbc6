//! Asking WeChat about every order that is due, and giving up those whose time is over.
//!
//! Orders are claimed by lease, asked about outside any transaction, and applied one by one. Closing and
//! reversing go the same way everywhere: query, write the intent down, call, query again.

pub use super::question::{Answer, Question, QuestionSender, What};
pub use super::tally::Tally;

use super::entry::{Entry, Intent, Ms, RefundRow};
use super::errand::{BLAMELESS, Errand};
use super::intents::is_expired;
use super::ledger::{Ledger, LedgerResult, pending_call};
use super::reason::Reason;
use super::refunds::may_arrive;
use super::schedule;
use super::sighting::{Coverage, RefundSighting, Sighting};
use super::state::LedgerState;
use super::store::{Failure, Halt, Kind, Shop, Store, Whose};
use super::transition::Transition;
use crate::model::merchant::ApiVersion;
use crate::model::trade_state::TradeState;
use std::collections::VecDeque;
use std::time::Instant;

/// A claimed order is nobody else's for so long, at least.
pub const LEASE: Ms = 120_000;
/// A lease outlasts so many questions, the slowest there are.
const QUESTIONS: Ms = 4;

/// One round over one merchant's orders.
pub struct Round<'a, S: Store, H, C> {
    ledger: &'a mut Ledger<S, H>,
    sender: &'a mut C,
    tally: Tally<S::Fault>,
    lease: Ms,
}

/// Claims what is due, asks as many at once as the sender carries, and applies. What fails for one order does not
/// stop the others; a connection that cannot be used any more stops the round.
pub fn round<S: Store, H: Shop<S::Fault>, C: QuestionSender>(
    ledger: &mut Ledger<S, H>,
    sender: &mut C,
    whose: &Whose,
    batch: usize,
) -> LedgerResult<Tally<S::Fault>, S::Fault> {
    let (lease, held_at) = (LEASE.max(sender.patience() * QUESTIONS), sender.clock());
    let claimed = ledger.store.claim(whose, lease, batch)?;
    let mut round = Round { ledger, sender, tally: Tally::default(), lease };
    round.tally.claimed = claimed.len();
    let mut errands = VecDeque::new();
    for entry in claimed {
        errands.extend(round.first(Errand::first(entry, held_at))?);
    }
    while !errands.is_empty() {
        if round.sender.stopped() {
            round.release(errands)?;
            break;
        }
        errands = round.go_on_with(errands)?;
    }
    Ok(round.tally)
}

impl<S: Store, H: Shop<S::Fault>, C: QuestionSender> Round<'_, S, H, C> {
    /// Refunds come first. Where nothing lists them and none is known, the order says whether there are any.
    fn first(&mut self, errand: Errand) -> LedgerResult<Option<Errand>, S::Fault> {
        if errand.is_poison() || !must_ask_refunds(&errand.entry) {
            return Ok(Some(errand));
        }
        if self.sender.version() == ApiVersion::V2 {
            return Ok(Some(errand.whole(errand.entry.clone())));
        }
        let numbers = self.pending_refunds(&errand, &errand.entry)?;
        Ok(numbers.map(|numbers| errand.about(&errand.entry, numbers).unwrap_or(errand)))
    }

    /// The refunds of which something is still to be told; `None` if the database does not say.
    fn pending_refunds(
        &mut self,
        errand: &Errand,
        entry: &Entry,
    ) -> LedgerResult<Option<VecDeque<String>>, S::Fault> {
        let numbers = self.ledger.pending_refunds(entry);
        Ok(self.tried(errand, numbers)?.map(VecDeque::from))
    }

    /// As many errands as can be asked at once take their next step; those that go on come first again.
    fn go_on_with(&mut self, errands: VecDeque<Errand>) -> LedgerResult<VecDeque<Errand>, S::Fault> {
        let mut kept = VecDeque::new();
        for errand in errands {
            kept.extend(self.kept(errand)?);
        }
        let rest = kept.split_off(kept.len().min(self.sender.width().max(1)));
        let mut next: VecDeque<Errand> = self.ask(kept.into())?.into();
        next.extend(rest);
        Ok(next)
    }

    /// Renews a lease that is half over; `None` if it was lost, which is no failure: the order is another worker's.
    fn kept(&mut self, errand: Errand) -> LedgerResult<Option<Errand>, S::Fault> {
        let age = self.sender.clock().saturating_sub(errand.held_at);
        if age < self.lease / 2 {
            Ok(Some(errand))
        } else {
            self.renewed(&errand, self.lease, errand.attempt)
        }
    }

    fn renewed(
        &mut self,
        errand: &Errand,
        lease: Ms,
        attempt: i64,
    ) -> LedgerResult<Option<Errand>, S::Fault> {
        let held_at = self.sender.clock();
        let is_ours = self.ledger.store.settle(&errand.claim(), lease, attempt)?;
        Ok(is_ours.then(|| Errand { epoch: errand.epoch + 1, held_at, ..errand.clone() }))
    }

    /// Asks, and applies the answers: those of orders that have failed before come last, so that one that ends the
    /// connection, or the process, each time does not do it before the others.
    fn ask(&mut self, errands: Vec<Errand>) -> LedgerResult<Vec<Errand>, S::Fault> {
        let questions: Vec<Question> = errands
            .iter()
            .map(|errand| Question {
                entry: errand.entry.clone(),
                what: errand.what.clone(),
                since: errand.since,
            })
            .collect();
        let answers = self.sender.ask(&questions);
        self.tally.asked += questions.len();
        let mut answered: Vec<(Errand, Answer)> = errands.into_iter().zip(answers).collect();
        answered.sort_by_key(|(errand, _)| errand.attempt);
        let mut next = Vec::new();
        for (errand, answer) in answered {
            let errand = self.charged(errand, &answer)?;
            next.extend(self.take_in(&errand, answer)?);
        }
        Ok(next)
    }

    /// Before the shop is called: should that be the end of this process or its connection, the order has failed
    /// once more, and is due later. A good end takes it back.
    fn charged(&mut self, errand: Errand, answer: &Answer) -> LedgerResult<Errand, S::Fault> {
        if errand.is_poison() || !may_call_the_shop(&errand.entry, answer) {
            return Ok(errand);
        }
        let attempt = errand.attempt + 1;
        let lease = self.lease.max(schedule::backoff(attempt));
        let held = self.renewed(&errand, lease, attempt)?;
        Ok(held.unwrap_or(errand))
    }

    /// One answer: applies it and says what is to be asked next about the same order.
    fn take_in(&mut self, errand: &Errand, answer: Answer) -> LedgerResult<Vec<Errand>, S::Fault> {
        let (key, epoch) = (errand.entry.terms.key.clone(), Some(errand.epoch));
        if errand.is_poison() {
            return self.freeze(errand, &answer);
        }
        match (&errand.what, answer) {
            (What::Order, Answer::Order(sighting)) => {
                if errand.has_settled() {
                    let forgotten = self.ledger.forget_intent(&errand.entry);
                    self.tried(errand, forgotten)?;
                }
                let applied = self.ledger.apply(&sighting, epoch);
                self.go_on(errand, applied, Some(&sighting))
            }
            (What::Order, Answer::Absent) if must_call(errand) => self.give_up(errand, errand.entry.clone()),
            (What::Order, Answer::Absent) => {
                let applied = self.ledger.apply_absence(&key, epoch);
                self.go_on(errand, applied, None)
            }
            (What::Refunds(Coverage::One(number)), Answer::Refunds(seen)) if seen.key != key => {
                let applied = self.ledger.apply_anothers(&errand.claim(), number);
                self.told_of_refunds(errand, applied)
            }
            (What::Refunds(_), Answer::Refunds(seen)) => {
                let applied = self.ledger.apply_refunds(&seen, Some(&errand.claim()));
                self.told_of_refunds(errand, applied)
            }
            (What::Refunds(of), Answer::Absent) => {
                let applied = self.ledger.apply_no_refunds(&errand.entry, of, epoch);
                self.told_of_refunds(errand, applied)
            }
            (What::Refund(row), Answer::Done { refund_id }) => {
                let booked =
                    self.ledger.accept_refund(&errand.entry, &row.out_refund_no, refund_id.as_deref());
                self.applied(errand, booked)?;
                Ok(Vec::new())
            }
            (What::Refund(row), answer) => self.unrefunded(errand, row, answer),
            (What::Reverse, Answer::Refused(code)) if errand.entry.state.is_paid() && !errand.was_open => {
                let ended = self.ledger.end_intent(&errand.entry, &code);
                self.tally.faults.push((key, code));
                self.ask_again(errand, ended)
            }
            (What::Close | What::Reverse, Answer::Refused(code)) => {
                self.tally.faults.push((key, code));
                Ok(vec![errand.after_call(errand.entry.clone())])
            }
            (What::Close | What::Reverse, Answer::Done { .. } | Answer::Absent) => {
                Ok(vec![errand.after_call(errand.entry.clone())])
            }
            (_, answer) => self.fault(errand, answer),
        }
    }

    /// An order that has failed too often is for a person, who is told what WeChat says of it.
    /// Nothing else is tried: it may be what ends the process.
    fn freeze(&mut self, errand: &Errand, answer: &Answer) -> LedgerResult<Vec<Errand>, S::Fault> {
        let note = format!("failed {} times without a good end", errand.attempt);
        let seen = match answer {
            Answer::Order(sighting) => Some(sighting),
            _ => None,
        };
        if seen.is_none() {
            self.tally.faults.push((errand.entry.terms.key.clone(), note.clone()));
        }
        let given_up = self.ledger.give_up(&errand.entry.terms.key, &note, seen);
        self.applied(errand, given_up)?;
        Ok(Vec::new())
    }

    /// A refund that nobody waits for was not accepted, or nobody knows. Refused for good it is wanted no more;
    /// anything else, and whatever follows an earlier send, leaves it wanted.
    fn unrefunded(
        &mut self,
        errand: &Errand,
        row: &RefundRow,
        answer: Answer,
    ) -> LedgerResult<Vec<Errand>, S::Fault> {
        match &answer {
            Answer::Refused(code) if !errand.was_open => {
                let note = format!("{}: {code}", row.out_refund_no);
                self.tally.faults.push((errand.entry.terms.key.clone(), note.clone()));
                self.end_refund(errand, row, Reason::RefundRefused, &note)
            }
            Answer::UsedUp if !errand.was_open => {
                self.end_refund(errand, row, Reason::RefundClosed, &row.out_refund_no)
            }
            Answer::NotNow { .. } if !errand.was_open => {
                let forgotten = self.ledger.forget_send(&errand.entry, row);
                match self.tried(errand, forgotten)? {
                    Some(()) => self.fault(errand, answer),
                    None => Ok(Vec::new()),
                }
            }
            _ => self.fault(errand, answer),
        }
    }

    fn end_refund(
        &mut self,
        errand: &Errand,
        row: &RefundRow,
        reason: Reason,
        note: &str,
    ) -> LedgerResult<Vec<Errand>, S::Fault> {
        let ended = self.ledger.end_refund(&errand.entry, row, reason, note);
        if let Some(transition) = self.tried(errand, ended)?.flatten() {
            self.tally.transitions.push(transition);
        }
        Ok(Vec::new())
    }

    /// After a query: an order whose time is over is given up, others are done for now.
    fn go_on(
        &mut self,
        errand: &Errand,
        applied: LedgerResult<Transition, S::Fault>,
        seen: Option<&Sighting>,
    ) -> LedgerResult<Vec<Errand>, S::Fault> {
        let Some(entry) = self.applied(errand, applied)? else { return Ok(Vec::new()) };
        if errand.after_call && entry.intent.is_some() {
            // The call has moved nothing: the next one comes later, and after too many a person.
            self.postpone(errand, errand.attempt + 1)?;
        }
        if errand.after_call {
            return Ok(Vec::new());
        }
        if !must_ask_refunds(&entry) {
            return self.give_up(errand, entry);
        }
        if self.sender.version() == ApiVersion::V2 {
            return Ok(vec![errand.whole(entry)]);
        }
        let Some(numbers) = self.pending_refunds(errand, &entry)? else { return Ok(Vec::new()) };
        match errand.about(&entry, numbers) {
            Some(about) => Ok(vec![about]),
            None => self.conclude(errand, &entry, seen),
        }
    }

    /// Nothing more can be asked about refunds: that some of the payment went back is all there is to know, or nothing did.
    fn conclude(
        &mut self,
        errand: &Errand,
        entry: &Entry,
        seen: Option<&Sighting>,
    ) -> LedgerResult<Vec<Errand>, S::Fault> {
        let concluded = match seen.filter(|seen| seen.went_back()) {
            Some(seen) => {
                let asked = Entry { epoch: errand.epoch, ..entry.clone() };
                self.ledger.apply_refunds(&RefundSighting::unlisted(seen), Some(&asked))
            }
            None => self.ledger.apply_no_refunds(entry, &Coverage::Unlisted, Some(errand.epoch)),
        };
        let Some(entry) = self.applied(errand, concluded)? else { return Ok(Vec::new()) };
        self.give_up(errand, entry)
    }

    /// Closes or reverses what is to be given up, under a lease of its own, having written that down.
    fn give_up(&mut self, errand: &Errand, mut entry: Entry) -> LedgerResult<Vec<Errand>, S::Fault> {
        let stranded = entry.state == LedgerState::Closing && entry.intent.is_none();
        if is_expired(&entry) || stranded {
            let wanted = self.ledger.want(&entry.terms.key, entry.way_out());
            match self.applied(errand, wanted)? {
                Some(after) => entry = after,
                None => return Ok(Vec::new()),
            }
        }
        let Some(intent) = pending_call(&entry) else { return Ok(Vec::new()) };
        let Some(errand) = &self.renewed(errand, self.lease, errand.attempt)? else { return Ok(Vec::new()) };
        let since = Instant::now();
        let sent = self.ledger.send_intent(&entry.terms.key, intent);
        let Some((entry, before)) = self.tried(errand, sent)?.flatten() else { return Ok(Vec::new()) };
        let what = if intent == Intent::Close { What::Close } else { What::Reverse };
        let was_open = Entry { sent_at: before, ..entry.clone() }.may_arrive(errand.entry.now);
        Ok(vec![Errand { since, was_open, ..errand.then(entry, what) }])
    }

    fn ask_again(
        &mut self,
        errand: &Errand,
        applied: LedgerResult<Transition, S::Fault>,
    ) -> LedgerResult<Vec<Errand>, S::Fault> {
        let entry = self.applied(errand, applied)?;
        Ok(entry.into_iter().map(|entry| errand.after_call(entry)).collect())
    }

    /// After what was told of refunds: the next one of those that are told one by one.
    fn told_of_refunds(
        &mut self,
        errand: &Errand,
        applied: LedgerResult<Transition, S::Fault>,
    ) -> LedgerResult<Vec<Errand>, S::Fault> {
        let Some(entry) = self.applied(errand, applied)? else { return Ok(Vec::new()) };
        match errand.about(&entry, errand.numbers.clone()) {
            Some(next) => Ok(vec![next]),
            None => self.send_refunds(errand, &entry),
        }
    }

    /// Whatever of ours has not arrived is sent again, under the same number; in APIv3, where a number may be used up, not
    /// before a first send of it has.
    fn send_refunds(&mut self, errand: &Errand, entry: &Entry) -> LedgerResult<Vec<Errand>, S::Fault> {
        if !entry.state.is_paid() || entry.pending_refund == 0 {
            return Ok(Vec::new());
        }
        let Some(errand) = &self.renewed(errand, self.lease, errand.attempt)? else { return Ok(Vec::new()) };
        let is_v3 = self.sender.acts_in() == ApiVersion::V3;
        let mut sends = Vec::new();
        for row in self.ledger.unsent_refunds(entry)? {
            if is_v3 && may_arrive(&row, errand.entry.now) {
                continue;
            }
            let since = Instant::now();
            let sent = self.ledger.send_refund(entry, &row.out_refund_no);
            if let Some((row, was_open)) = self.tried(errand, sent)?.flatten() {
                sends.push(Errand { since, was_open, ..errand.then(entry.clone(), What::Refund(row)) });
            }
        }
        Ok(sends)
    }

    /// Books the end of an application.
    fn applied(
        &mut self,
        errand: &Errand,
        applied: LedgerResult<Transition, S::Fault>,
    ) -> LedgerResult<Option<Entry>, S::Fault> {
        let Some(transition) = self.tried(errand, applied)? else { return Ok(None) };
        let after = transition.entry.clone();
        if transition.changed {
            self.tally.transitions.push(transition);
        }
        Ok(after)
    }

    /// What failed for an order is due again later.
    fn tried<T>(
        &mut self,
        errand: &Errand,
        ended: LedgerResult<T, S::Fault>,
    ) -> LedgerResult<Option<T>, S::Fault> {
        match ended {
            Ok(value) => Ok(Some(value)),
            Err(halt) if is(&halt, &[Kind::Over]) => Err(halt),
            Err(halt) => self.failed(errand, halt).map(|()| None),
        }
    }

    /// That is its order's own matter as long as the connection works; where it does not, the leases of all stay as
    /// they are, and the fault that ended it says why.
    fn failed(&mut self, errand: &Errand, halt: Halt<S::Fault>) -> LedgerResult<(), S::Fault> {
        let attempt = if is_blameless(&halt) { errand.blameless() } else { errand.attempt + 1 };
        match self.postpone(errand, attempt) {
            Ok(()) => {
                self.tally.failures.push((errand.entry.terms.key.clone(), halt));
                Ok(())
            }
            Err(later) => Err(if is(&halt, &[Kind::Lost, Kind::ReadOnly]) { halt } else { later }),
        }
    }

    /// A question that brought nothing.
    fn fault(&mut self, errand: &Errand, answer: Answer) -> LedgerResult<Vec<Errand>, S::Fault> {
        let (text, attempt) = match answer {
            Answer::Limited => {
                self.tally.limited = true;
                ("FREQUENCY_LIMITED".to_owned(), errand.blameless())
            }
            Answer::NotNow { why, limited } => {
                self.tally.limited |= limited;
                (why, errand.blameless())
            }
            Answer::Unreached(text) => (text, errand.blameless()),
            Answer::UsedUp => ("closed before, and a send may still arrive".to_owned(), errand.blameless()),
            // What was sent before may have been accepted, whatever is said of the repeat.
            Answer::Refused(text) if errand.was_open => (text, errand.blameless()),
            Answer::Useless(text) | Answer::Refused(text) => (text, errand.attempt + 1),
            answer => (format!("an answer to another question: {answer:?}"), errand.attempt + 1),
        };
        self.tally.faults.push((errand.entry.terms.key.clone(), text));
        self.postpone(errand, attempt)?;
        Ok(Vec::new())
    }

    /// Due again later. A lease that was lost meanwhile is another worker's to settle; that nobody is to blame holds
    /// all the same.
    fn postpone(&mut self, errand: &Errand, attempt: i64) -> LedgerResult<(), S::Fault> {
        let wait = self.ledger.jitter.spread(schedule::backoff(attempt));
        let is_ours = self.ledger.store.settle(&errand.claim(), wait, attempt)?;
        if !is_ours && attempt <= BLAMELESS {
            self.ledger.store.pardon(&errand.entry, BLAMELESS)?;
        }
        Ok(())
    }

    /// Gives claimed orders back as they were.
    fn release(&mut self, errands: VecDeque<Errand>) -> LedgerResult<(), S::Fault> {
        for errand in errands {
            self.ledger.store.settle(&errand.claim(), 0, errand.attempt)?;
        }
        Ok(())
    }
}

/// Is it a fault of the database's of one of these kinds?
fn is<F: Failure>(halt: &Halt<F>, kinds: &[Kind]) -> bool {
    matches!(halt, Halt::Store(fault) if kinds.contains(&fault.kind()))
}

/// Is it nobody's fault but the database's, or another transaction's?
fn is_blameless<F: Failure>(halt: &Halt<F>) -> bool {
    matches!(halt, Halt::Raced) || is(halt, &[Kind::Busy, Kind::OutcomeUnknown, Kind::ReadOnly])
}

/// May applying this give or take a credit?
fn may_call_the_shop(entry: &Entry, answer: &Answer) -> bool {
    match answer {
        Answer::Order(sighting) if sighting.trade_state == TradeState::Revoked => entry.credited,
        Answer::Order(sighting) => sighting.trade_state.is_paid() && !entry.credited,
        Answer::Refunds(_) | Answer::Done { .. } => !entry.credited,
        _ => false,
    }
}

/// An order that is being closed is called first: the close of a worker that died may never have been sent.
fn must_call(errand: &Errand) -> bool {
    errand.entry.state == LedgerState::Closing && !errand.after_call
}

/// Refunds are asked for before anything else, unless the payment is to be reversed.
fn must_ask_refunds(entry: &Entry) -> bool {
    entry.ask_refunds && entry.intent != Some(Intent::Reverse)
}
