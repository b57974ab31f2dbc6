//! Asking WeChat about every order that is due, and giving up those whose time is over.
//!
//! Orders are claimed by lease, asked about outside any transaction, and applied one by one. Closing and
//! reversing follow the same road everywhere: query, write the intent down, call, query again.

use super::entry::{Entry, Intent, Ms, OrderKey, RefundRow, SETTLES};
use super::intents::is_expired;
use super::ledger::{Ended, Ledger, pending_call};
use super::schedule::{self, MOST_ATTEMPTS, Pace};
use super::sighting::{RefundSighting, Sighting};
use super::state::LedgerState;
use super::store::{Failure, Halt, Kind, Shop, Store, Whose};
use super::transition::{Reason, Transition};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A claimed order is nobody else's for so long: longer than all calls of one errand may take.
pub const LEASE: Ms = 120_000;
/// Faults that are nobody's order's fault count only up to here.
const BLAMELESS: i64 = 8;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// What became of the order.
    Order,
    /// What became of its refunds.
    Refunds,
    /// To close it.
    Close,
    /// To reverse it.
    Reverse,
    /// To refund.
    Refund(RefundRow),
}

/// One question to the gateway.
#[derive(Debug, Clone)]
pub struct Question {
    /// About this order, as it stood when it was read.
    pub entry: Entry,
    /// What.
    pub what: What,
    /// Since when it is wanted: before it was written down that it is about to be sent.
    pub since: Instant,
}

impl What {
    /// Does it do something, and not only ask?
    pub fn acts(&self) -> bool {
        !matches!(self, Self::Order | Self::Refunds)
    }
}

impl Question {
    /// Did a call that acts wait so long that it must not be sent? What is sent must be seen by WeChat before it is
    /// believed not to have arrived.
    pub fn is_stale(&self, waited: Duration) -> bool {
        self.what.acts() && waited.as_millis() > u128::from(SETTLES.unsigned_abs() / 2)
    }
}

/// What the gateway, or the way to it, answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A verified order.
    Order(Sighting),
    /// A verified list of refunds.
    Refunds(RefundSighting),
    /// Verified: closed, reversed or accepted.
    Done {
        /// WeChat's number of an accepted refund.
        refund_id: Option<String>,
    },
    /// Verified: it knows no such order, or no refund of it.
    Absent,
    /// Verified: refused for good.
    Refused(String),
    /// Surely not accepted, and another time may do: nothing left us, or a verified answer says "not now".
    NotNow {
        /// Why.
        why: String,
        /// Were there too many calls?
        limited: bool,
    },
    /// Too many questions.
    Limited,
    /// No answer, or none that says anything about this order.
    Unreached(String),
    /// An answer about this order that cannot be used; asking again may give the same.
    Useless(String),
}

impl Answer {
    /// Why what was asked for was surely not accepted; `None` if it was, or may have been.
    pub fn not_accepted(&self) -> Option<&str> {
        match self {
            Self::Refused(why) | Self::NotNow { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// Who carries questions to the gateway: all of them at once, answers in their order.
pub trait Counter {
    /// Asks.
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer>;
    /// Is the worker told to stop?
    fn stopped(&mut self) -> bool {
        false
    }
}

/// What one round did.
#[derive(Debug)]
pub struct Tally<F> {
    /// Orders claimed.
    pub claimed: usize,
    /// Questions asked.
    pub asked: usize,
    /// Applications that changed something.
    pub transitions: Vec<Transition>,
    /// Questions that brought nothing, and why.
    pub faults: Vec<(OrderKey, String)>,
    /// Applications that failed: the callback's exceptions, for one.
    pub failures: Vec<(OrderKey, Halt<F>)>,
    /// WeChat said FREQUENCY_LIMITED.
    pub limited: bool,
}

impl<F> Default for Tally<F> {
    fn default() -> Self {
        let (transitions, faults, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { claimed: 0, asked: 0, transitions, faults, failures, limited: false }
    }
}

/// An order on its way through a round.
struct Errand {
    entry: Entry,
    what: What,
    /// The claim it rests on.
    epoch: i64,
    /// Claims without a good end, this one too.
    attempt: i64,
    /// Was it closed or reversed just now?
    after_call: bool,
    /// When this part of it began.
    since: Instant,
    /// May an earlier send of what is asked for still arrive?
    was_open: bool,
}

impl Errand {
    fn first(entry: Entry) -> Self {
        let (epoch, attempt) = (entry.epoch, entry.attempt);
        let refunds = must_ask_refunds(&entry) && attempt <= MOST_ATTEMPTS;
        let what = if refunds { What::Refunds } else { What::Order };
        Self { entry, what, epoch, attempt, after_call: false, since: Instant::now(), was_open: false }
    }

    fn then(&self, entry: Entry, what: What) -> Self {
        let (epoch, attempt) = (self.epoch, self.attempt);
        Self { entry, what, epoch, attempt, after_call: false, since: Instant::now(), was_open: false }
    }

    /// Was a close or a reverse sent that is wanted no more, so long ago that it will not arrive?
    fn has_settled(&self) -> bool {
        let entry = &self.entry;
        entry.state != LedgerState::Review
            && entry.intent.is_none()
            && entry.sent_at.is_some()
            && !entry.may_arrive(entry.now)
    }

    /// After it was closed or reversed: what became of it?
    fn after_call(&self, entry: Entry) -> Self {
        Self { after_call: true, ..self.then(entry, What::Order) }
    }
}

/// One round over one merchant's orders.
pub struct Round<'a, S: Store, H, C> {
    ledger: &'a mut Ledger<S, H>,
    counter: &'a mut C,
    tally: Tally<S::Fault>,
}

/// Claims what is due, asks and applies. What fails for one order does not stop the others; a lost
/// connection stops the round.
pub fn round<S: Store, H: Shop<S::Fault>, C: Counter>(
    ledger: &mut Ledger<S, H>,
    counter: &mut C,
    whose: &Whose,
    batch: usize,
) -> Ended<Tally<S::Fault>, S::Fault> {
    let claimed = ledger.store.claim(whose, LEASE, batch)?;
    let mut round = Round { ledger, counter, tally: Tally::default() };
    round.tally.claimed = claimed.len();
    let mut errands: Vec<Errand> = claimed.into_iter().map(Errand::first).collect();
    while !errands.is_empty() {
        if round.counter.stopped() {
            round.release(errands)?;
            break;
        }
        errands = round.ask(errands)?;
    }
    Ok(round.tally)
}

impl<S: Store, H: Shop<S::Fault>, C: Counter> Round<'_, S, H, C> {
    fn ask(&mut self, errands: Vec<Errand>) -> Ended<Vec<Errand>, S::Fault> {
        let questions: Vec<Question> = errands
            .iter()
            .map(|errand| Question {
                entry: errand.entry.clone(),
                what: errand.what.clone(),
                since: errand.since,
            })
            .collect();
        let answers = self.counter.ask(&questions);
        self.tally.asked += questions.len();
        let mut next = Vec::new();
        for (errand, answer) in errands.into_iter().zip(answers) {
            next.extend(self.take_in(&errand, answer)?);
        }
        Ok(next)
    }

    /// One answer: applies it and says what is to be asked next about the same order.
    fn take_in(&mut self, errand: &Errand, answer: Answer) -> Ended<Vec<Errand>, S::Fault> {
        let (key, epoch) = (errand.entry.terms.key.clone(), Some(errand.epoch));
        if errand.attempt > MOST_ATTEMPTS {
            return self.freeze(errand, &answer);
        }
        match (&errand.what, answer) {
            (What::Order, Answer::Order(sighting)) => {
                if errand.has_settled() {
                    let forgotten = self.ledger.forget_intent(&errand.entry);
                    self.tried(errand, forgotten)?;
                }
                let applied = self.ledger.apply(&sighting, epoch);
                self.go_on(errand, applied)
            }
            (What::Order, Answer::Absent) if must_call(errand) => self.give_up(errand, errand.entry.clone()),
            (What::Order, Answer::Absent) => {
                let applied = self.ledger.apply_absence(&key, epoch);
                self.go_on(errand, applied)
            }
            (What::Refunds, Answer::Refunds(seen)) => {
                let asked = Entry { epoch: errand.epoch, ..errand.entry.clone() };
                let applied = self.ledger.apply_refunds(&seen, Some(&asked));
                self.send_refunds(errand, applied)
            }
            (What::Refunds, Answer::Absent) => {
                let applied = self.ledger.apply_no_refunds(&errand.entry, epoch);
                self.send_refunds(errand, applied)
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

    /// An order that was claimed too often without a good end is for a person, who is told what WeChat says of it.
    /// Nothing else is tried: it may be what ends the process.
    fn freeze(&mut self, errand: &Errand, answer: &Answer) -> Ended<Vec<Errand>, S::Fault> {
        let note = format!("claimed {} times without a good end", errand.attempt);
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
    ) -> Ended<Vec<Errand>, S::Fault> {
        match &answer {
            Answer::Refused(code) if !errand.was_open => {
                let note = format!("{}: {code}", row.out_refund_no);
                let ended = self.ledger.end_refund(&errand.entry, row, Reason::RefundRefused, &note);
                self.tally.faults.push((errand.entry.terms.key.clone(), note));
                if let Some(transition) = self.tried(errand, ended)?.flatten() {
                    self.tally.transitions.push(transition);
                }
                Ok(Vec::new())
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

    /// After a query: an order whose time is over is given up, others are done for now.
    fn go_on(
        &mut self,
        errand: &Errand,
        applied: Ended<Transition, S::Fault>,
    ) -> Ended<Vec<Errand>, S::Fault> {
        let Some(entry) = self.applied(errand, applied)? else { return Ok(Vec::new()) };
        if errand.after_call && entry.intent.is_some() {
            // The call has moved nothing: the next one comes later, and after too many a person.
            self.postpone(errand, errand.attempt)?;
        }
        if errand.after_call {
            return Ok(Vec::new());
        }
        if must_ask_refunds(&entry) {
            return Ok(vec![errand.then(entry, What::Refunds)]);
        }
        self.give_up(errand, entry)
    }

    /// Closes or reverses what is to be given up, having written that down.
    fn give_up(&mut self, errand: &Errand, mut entry: Entry) -> Ended<Vec<Errand>, S::Fault> {
        let stranded = entry.state == LedgerState::Closing && entry.intent.is_none();
        if is_expired(&entry) || stranded {
            let wanted = self.ledger.want(&entry.terms.key, entry.way_out());
            match self.applied(errand, wanted)? {
                Some(after) => entry = after,
                None => return Ok(Vec::new()),
            }
        }
        let Some(intent) = pending_call(&entry) else { return Ok(Vec::new()) };
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
        applied: Ended<Transition, S::Fault>,
    ) -> Ended<Vec<Errand>, S::Fault> {
        let entry = self.applied(errand, applied)?;
        Ok(entry.into_iter().map(|entry| errand.after_call(entry)).collect())
    }

    /// After a list of refunds: whatever of ours has not arrived is sent again, under the same number.
    fn send_refunds(
        &mut self,
        errand: &Errand,
        applied: Ended<Transition, S::Fault>,
    ) -> Ended<Vec<Errand>, S::Fault> {
        let Some(entry) = self.applied(errand, applied)? else { return Ok(Vec::new()) };
        if !entry.state.is_paid() || entry.pending_refund == 0 {
            return Ok(Vec::new());
        }
        let mut sends = Vec::new();
        for row in self.ledger.unsent_refunds(&entry)? {
            let since = Instant::now();
            let sent = self.ledger.send_refund(&entry, &row.out_refund_no);
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
        applied: Ended<Transition, S::Fault>,
    ) -> Ended<Option<Entry>, S::Fault> {
        let Some(transition) = self.tried(errand, applied)? else { return Ok(None) };
        let after = transition.entry.clone();
        if transition.changed {
            self.tally.transitions.push(transition);
        }
        Ok(after)
    }

    /// What failed for an order is due again later, and stops nothing but a lost connection does.
    fn tried<T>(&mut self, errand: &Errand, ended: Ended<T, S::Fault>) -> Ended<Option<T>, S::Fault> {
        match ended {
            Ok(value) => Ok(Some(value)),
            Err(Halt::Store(fault)) if is_fatal(&fault) => Err(fault.into()),
            Err(halt) => {
                self.tally.failures.push((errand.entry.terms.key.clone(), halt));
                self.postpone(errand, errand.attempt)?;
                Ok(None)
            }
        }
    }

    /// A question that brought nothing.
    fn fault(&mut self, errand: &Errand, answer: Answer) -> Ended<Vec<Errand>, S::Fault> {
        let (text, attempt) = match answer {
            Answer::Limited => {
                self.tally.limited = true;
                ("FREQUENCY_LIMITED".to_owned(), errand.attempt.min(BLAMELESS))
            }
            Answer::NotNow { why, limited } => {
                self.tally.limited |= limited;
                (why, errand.attempt.min(BLAMELESS))
            }
            Answer::Unreached(text) => (text, errand.attempt.min(BLAMELESS)),
            // What was sent before may have been accepted, whatever is said of the repeat.
            Answer::Refused(text) if errand.was_open => (text, errand.attempt.min(BLAMELESS)),
            Answer::Useless(text) | Answer::Refused(text) => (text, errand.attempt),
            answer => (format!("an answer to another question: {answer:?}"), errand.attempt),
        };
        self.tally.faults.push((errand.entry.terms.key.clone(), text));
        self.postpone(errand, attempt)?;
        Ok(Vec::new())
    }

    fn postpone(&mut self, errand: &Errand, attempt: i64) -> Ended<(), S::Fault> {
        let wait = self.ledger.jitter.spread(schedule::backoff(attempt));
        let claimed = Entry { epoch: errand.epoch, ..errand.entry.clone() };
        self.ledger.store.settle(&claimed, wait, attempt)?;
        Ok(())
    }

    /// Gives claimed orders back as they were.
    fn release(&mut self, errands: Vec<Errand>) -> Ended<(), S::Fault> {
        for errand in errands {
            self.ledger.store.settle(&errand.entry, 0, errand.attempt.saturating_sub(1).max(0))?;
        }
        Ok(())
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

fn is_fatal<F: Failure>(fault: &F) -> bool {
    matches!(fault.kind(), Kind::Lost | Kind::ReadOnly | Kind::OutcomeUnknown | Kind::Over)
}

/// Whose turn it is, and how fast each may be asked about.
#[derive(Debug)]
pub struct Turns {
    waiting: VecDeque<(Whose, Pace)>,
}

impl Turns {
    /// The merchants, each with the same pace.
    pub fn new(merchants: impl IntoIterator<Item = Whose>, per_second: Ms) -> Self {
        Self { waiting: merchants.into_iter().map(|whose| (whose, Pace::new(per_second))).collect() }
    }

    /// The next merchant that may be asked about, or how long to wait for one.
    pub fn next(&mut self, now: Ms) -> Result<Whose, Ms> {
        for _ in 0..self.waiting.len() {
            self.waiting.rotate_left(1);
            if let Some((whose, _)) = self.waiting.back().filter(|(_, pace)| pace.closed_for(now) == 0) {
                return Ok(whose.clone());
            }
        }
        Err(self.waiting.iter().map(|(_, pace)| pace.closed_for(now)).min().unwrap_or(1000))
    }

    /// Books a round: so many questions, and whether WeChat complained. A complaint slows all down.
    pub fn book(&mut self, whose: &Whose, now: Ms, asked: usize, limited: bool) {
        for (one, pace) in &mut self.waiting {
            if limited {
                pace.slow_down(now);
            } else if one == whose && asked > 0 {
                pace.ease();
            }
            if one == whose {
                for _ in 0..asked {
                    pace.reserve(now);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(mch_id: &str) -> Whose {
        Whose { mch_id: mch_id.into(), sub_mch_id: String::new() }
    }

    #[test]
    fn l20_merchants_take_turns_and_a_fast_one_waits() {
        let mut turns = Turns::new([whose("1"), whose("2")], 100);
        let first = turns.next(0).unwrap();
        turns.book(&first, 0, 50, false);
        let second = turns.next(0).unwrap();
        assert_ne!(first, second);
        turns.book(&second, 0, 100, false);
        assert_eq!(turns.next(0), Err(500));
        assert_eq!(turns.next(500).unwrap(), first);
    }

    #[test]
    fn n18_one_complaint_slows_all_merchants() {
        let mut turns = Turns::new([whose("1"), whose("2")], 100);
        let first = turns.next(0).unwrap();
        turns.book(&first, 0, 1, true);
        assert!(turns.next(500).is_err());
        assert!(turns.next(1100).is_ok());
    }
}
