//! What the shop orders by hand: refund, close, reverse, withdraw. Written down, asked of the gateway, booked.

use super::entry::{Entry, Intent, OrderKey, RefundRow, RefundWord};
use super::intents::{Plan, RefundOrder};
use super::ledger::{Ledger, LedgerResult};
use super::reason::Reason;
use super::schedule;
use super::sighting::Coverage;
use super::store::{Halt, Refusal, Shop, Store, Whose};
use super::sync::{Answer, Question, QuestionSender, What};
use super::transition::Transition;
use crate::model::merchant::ApiVersion;
use std::time::Instant;

const ANOTHERS: &str =
    "WeChat has a refund of this number, of another order; what was sent of this one has not had its time";
const USED_UP: &str = "WeChat has closed a refund of this number; an earlier send of it may still arrive";

/// What came of it, and what is left of the wish.
#[derive(Debug)]
pub struct Served {
    /// What it did to the order.
    pub transition: Transition,
    /// What is left.
    pub left: Left,
}

/// What is left of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing: it was served.
    Nothing,
    /// It verifiably was not accepted and is wanted no more: nothing will be done by itself.
    Ended(Answer),
    /// It may have been accepted, and is wanted still: the worker carries it on.
    Wanted(Answer),
}

impl Served {
    fn fully(transition: Transition) -> Self {
        Self { transition, left: Left::Nothing }
    }
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Fails unless this merchant opened the order: WeChat would be asked in another's name.
    pub fn owned(&mut self, whose: &Whose, key: &OrderKey) -> LedgerResult<(), S::Fault> {
        let entry = self.store.peek(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
        let opened = Whose::of(&entry.terms);
        let other = |name, opened| Err(Halt::Refused(Refusal::OtherMerchant { name, opened }));
        match () {
            () if opened.appid != whose.appid => other("appid", opened.appid),
            () if opened.sub_appid != whose.sub_appid => other("sub_appid", opened.sub_appid),
            () => Ok(()),
        }
    }
}

/// Refunds. The same number again is the same refund, whatever became of the first call.
pub fn refund<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    sender: &mut impl QuestionSender,
    order: &RefundOrder,
) -> LedgerResult<Served, S::Fault> {
    let mut since = Instant::now();
    let mut plan = ledger.plan_refund(order, sender.version())?;
    if let Plan::Ask(entry, _) = &plan {
        ask_refunds(ledger, sender, entry, &order.out_refund_no)?;
        since = Instant::now();
        plan = ledger.plan_refund(order, sender.version())?;
    }
    match plan {
        Plan::Known(transition) => Ok(Served::fully(transition)),
        Plan::Ask(_, differs) => Err(Halt::Refused(Refusal::RefundDiffers(differs))),
        Plan::Send { entry, row, was_open } => {
            let question = Question { entry, what: What::Refund(row.clone()), since };
            send_refund(ledger, sender, question, &row, was_open)
        }
    }
}

fn send_refund<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    sender: &mut impl QuestionSender,
    question: Question,
    row: &RefundRow,
    was_open: bool,
) -> LedgerResult<Served, S::Fault> {
    let entry = &question.entry.clone();
    let answer = one(sender, question);
    if let Answer::Done { refund_id } = answer {
        let accepted = ledger.accept_refund(entry, &row.out_refund_no, refund_id.as_deref())?;
        return Ok(Served::fully(accepted));
    }
    if answer == Answer::UsedUp {
        return used_up(ledger, entry, row, was_open);
    }
    if let Some(why) = answer.not_accepted().filter(|_| !was_open)
        && let Some(transition) = ledger.end_refund(entry, row, Reason::RefundEnded, why)?
    {
        return Ok(Served { transition, left: Left::Ended(answer) });
    }
    let transition = Transition::between(entry, entry, Reason::RefundWanted);
    Ok(Served { transition, left: Left::Wanted(answer) })
}

/// The number is used up, as it would be had it been asked about first. An earlier send that is open may be v2's, which
/// takes the number again: then the worker asks.
fn used_up<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    entry: &Entry,
    row: &RefundRow,
    was_open: bool,
) -> LedgerResult<Served, S::Fault> {
    if !was_open && ledger.end_refund(entry, row, Reason::RefundClosed, &row.out_refund_no)?.is_some() {
        return Err(Halt::Refused(Refusal::RefundClosed));
    }
    let transition = Transition::between(entry, entry, Reason::RefundWanted);
    Ok(Served { transition, left: Left::Wanted(Answer::Unreached(USED_UP.into())) })
}

/// Takes a refund back that WeChat verifiably does not know: it is asked first.
pub fn withdraw<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    sender: &mut impl QuestionSender,
    key: &OrderKey,
    out_refund_no: &str,
) -> LedgerResult<Served, S::Fault> {
    let (entry, row) = ledger.withdrawable(key, out_refund_no)?;
    if row.state != RefundWord::Intent {
        return Ok(Served::fully(Transition::between(&entry, &entry, Reason::Duplicate)));
    }
    let asked = ask_refunds(ledger, sender, &entry, out_refund_no)?;
    let (entry, row) = ledger.withdrawable(key, out_refund_no)?;
    if row.state != RefundWord::Intent {
        let closed = row.state == RefundWord::Closed;
        let reason = if closed { Reason::RefundClosed } else { Reason::RefundTaken };
        return Ok(Served::fully(Transition::between(&entry, &entry, reason)));
    }
    let still = Answer::Unreached("it was sent a moment ago and may still arrive".into());
    let why = if row.is_open() { Some(asked.unwrap_or(still)) } else { asked };
    if let Some(why) = why {
        let transition = Transition::between(&entry, &entry, Reason::RefundWanted);
        return Ok(Served { transition, left: Left::Wanted(why) });
    }
    match ledger.end_refund(&entry, &row, Reason::RefundWithdrawn, out_refund_no)? {
        Some(transition) => Ok(Served::fully(transition)),
        None => Err(Halt::Raced),
    }
}

/// Asks for a refund of an order, or for all of them, and applies what is told; the answer, if it told nothing.
fn ask_refunds<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    sender: &mut impl QuestionSender,
    entry: &Entry,
    out_refund_no: &str,
) -> LedgerResult<Option<Answer>, S::Fault> {
    let of = match sender.version() {
        ApiVersion::V2 => Coverage::Whole,
        ApiVersion::V3 => Coverage::One(out_refund_no.to_owned()),
    };
    match one(sender, asking(entry, What::Refunds(of.clone()))) {
        Answer::Refunds(seen) if seen.key != entry.terms.key => {
            let applied = ledger.apply_anothers(entry, out_refund_no)?;
            let still = applied.reason != Reason::RefundTaken;
            Ok(still.then(|| Answer::Unreached(ANOTHERS.into())))
        }
        Answer::Refunds(seen) => ledger.apply_refunds(&seen, Some(entry)).map(|_| None),
        Answer::Absent => ledger.apply_no_refunds(entry, &of, None).map(|_| None),
        other => Ok(Some(other)),
    }
}

/// Closes or reverses, then asks what became of it: only WeChat's own word moves the order.
pub fn give_up<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    sender: &mut impl QuestionSender,
    key: &OrderKey,
    intent: Intent,
) -> LedgerResult<Served, S::Fault> {
    let wanted = ledger.want(key, intent)?;
    let is_ripe = |entry: &Entry| intent == Intent::Close || schedule::is_ripe(entry, intent);
    // No payment is reversed before its time; the worker does it then.
    let Some(entry) = wanted.entry.clone().filter(|entry| entry.intent == Some(intent) && is_ripe(entry))
    else {
        return Ok(Served::fully(wanted));
    };
    let since = Instant::now();
    let Some((sent, open)) = ledger.send_intent(&entry.terms.key, intent)? else {
        return Ok(Served::fully(wanted));
    };
    let what = if intent == Intent::Close { What::Close } else { What::Reverse };
    let answer = one(sender, Question { entry: sent.clone(), what, since });
    let standing =
        |transition: &Transition| transition.entry.as_ref().is_some_and(|entry| entry.intent == Some(intent));
    let mut became = wanted.clone();
    if matches!(answer, Answer::Done { .. } | Answer::Absent | Answer::Refused(_)) {
        match ask_order(ledger, sender, &sent)? {
            Ok(applied) => became = both(&wanted, applied),
            Err(unknown) if answer.not_accepted().is_none() => {
                return Ok(Served { transition: wanted, left: Left::Wanted(unknown) });
            }
            Err(_) => {}
        }
        if !standing(&became) || answer.not_accepted().is_none() {
            return Ok(Served::fully(became));
        }
    }
    match answer.not_accepted().filter(|_| open.is_none()) {
        Some(why) => {
            let ended = both(&became, ledger.end_intent(&sent, why)?);
            let left = if standing(&ended) { Left::Wanted(answer) } else { Left::Ended(answer) };
            Ok(Served { transition: ended, left })
        }
        None => Ok(Served { transition: became, left: Left::Wanted(answer) }),
    }
}

/// Asks what became of an order and applies that; the answer instead, if it told nothing.
fn ask_order<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    sender: &mut impl QuestionSender,
    entry: &Entry,
) -> LedgerResult<Result<Transition, Answer>, S::Fault> {
    let applied = match one(sender, asking(entry, What::Order)) {
        Answer::Order(sighting) => ledger.apply(&sighting, None)?,
        Answer::Absent => ledger.apply_absence(&entry.terms.key, None)?,
        other => return Ok(Err(other)),
    };
    Ok(Ok(applied))
}

fn asking(entry: &Entry, what: What) -> Question {
    Question { entry: entry.clone(), what, since: Instant::now() }
}

/// Two transitions as one.
fn both(first: &Transition, last: Transition) -> Transition {
    Transition { from: first.from, changed: first.changed || last.changed, ..last }
}

fn one(sender: &mut impl QuestionSender, question: Question) -> Answer {
    let answer = sender.ask(&[question]).into_iter().next();
    answer.unwrap_or_else(|| Answer::Unreached("nobody carried the question".into()))
}
