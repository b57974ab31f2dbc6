//! What the shop orders by hand: refund, close, reverse. Written down, asked of the gateway, booked.

use super::entry::{Intent, OrderKey, RefundWord};
use super::intents::{RefundAnswer, RefundOrder};
use super::ledger::{Ended, Ledger};
use super::schedule;
use super::store::{Shop, Store};
use super::sync::{Answer, Counter, Question, What};
use super::transition::Transition;

/// What came of it: the order's transition, and the gateway's answer if that was not a plain yes.
pub type Served = (Transition, Option<Answer>);

/// Refunds. The same number again is the same refund, whatever became of the first call.
pub fn refund<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    counter: &mut impl Counter,
    order: &RefundOrder,
) -> Ended<Served, S::Fault> {
    let (entry, row) = ledger.plan_refund(order)?;
    if row.state != RefundWord::Intent {
        let booked = ledger.book_refund(&entry, &order.out_refund_no, &RefundAnswer::Unknown)?;
        return Ok((booked, None));
    }
    let answer = one(counter, Question { entry: entry.clone(), what: What::Refund(row) });
    let (booked, rest) = match answer {
        Answer::Done { refund_id } => (RefundAnswer::Accepted { refund_id }, None),
        Answer::Refused(code) => (RefundAnswer::Refused, Some(Answer::Refused(code))),
        other => (RefundAnswer::Unknown, Some(other)),
    };
    Ok((ledger.book_refund(&entry, &order.out_refund_no, &booked)?, rest))
}

/// Closes or reverses, then asks what became of it: only WeChat's own word moves the order.
pub fn give_up<S: Store, H: Shop<S::Fault>>(
    ledger: &mut Ledger<S, H>,
    counter: &mut impl Counter,
    key: &OrderKey,
    intent: Intent,
) -> Ended<Served, S::Fault> {
    let wanted = ledger.want(key, intent)?;
    let Some(entry) = wanted.entry.clone().filter(|entry| entry.intent == Some(intent)) else {
        return Ok((wanted, None));
    };
    if intent == Intent::Reverse && !schedule::is_ripe(&entry, intent) {
        // No payment is reversed before its time; the worker does it then.
        return Ok((wanted, None));
    }
    let what = if intent == Intent::Close { What::Close } else { What::Reverse };
    let answer = one(counter, Question { entry: entry.clone(), what });
    match answer {
        Answer::Done { .. } | Answer::Absent => {}
        Answer::Refused(code) if intent == Intent::Reverse => {
            let dropped = ledger.drop_intent(key, &code)?;
            return Ok((since(&wanted, dropped), Some(Answer::Refused(code))));
        }
        Answer::Refused(_) => {}
        other => return Ok((wanted, Some(other))),
    }
    match one(counter, Question { entry, what: What::Order }) {
        Answer::Order(sighting) => {
            let applied = ledger.apply(&sighting, None)?;
            Ok((since(&wanted, applied), None))
        }
        Answer::Absent => {
            let applied = ledger.apply_absence(key, None)?;
            Ok((since(&wanted, applied), None))
        }
        other => Ok((wanted, Some(other))),
    }
}

/// Two transitions as one.
fn since(first: &Transition, last: Transition) -> Transition {
    Transition { from: first.from, changed: first.changed || last.changed, ..last }
}

fn one(counter: &mut impl Counter, question: Question) -> Answer {
    let answer = counter.ask(&[question]).into_iter().next();
    answer.unwrap_or_else(|| Answer::Unreached("nobody carried the question".into()))
}
