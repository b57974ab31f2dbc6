//! A person's decision about an order in Review or PaidLate.

use super::decide::{Decision, Effect};
use super::entry::{Entry, OrderKey, RefundRow, RefundWord};
use super::intents::RefundOrder;
use super::ledger::{Ledger, LedgerResult, Proof, unsigned};
use super::reason::Reason;
use super::refunds::{self, reserved};
use super::sighting::{Source, digest_of};
use super::state::LedgerState;
use super::store::{Halt, Refusal, Shop, Store};
use super::transition::Transition;
use crate::api::refund::RefundOptions;

/// How a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Give the credit: the callback runs.
    Credit,
    /// Send all of the payment back.
    Refund,
    /// It was settled by hand; nothing is to be done.
    Dismiss,
}

impl Resolution {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Credit => "CREDIT",
            Self::Refund => "REFUND",
            Self::Dismiss => "DISMISS",
        }
    }
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Ends a Review or a PaidLate; the note is kept as evidence.
    pub fn resolve(
        &mut self,
        key: &OrderKey,
        as_: Resolution,
        note: &str,
    ) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            open_question(&entry)?;
            let rows = ledger.store.refunds(&entry)?;
            let mut settled = entry.clone();
            let decision = match as_ {
                Resolution::Credit => credited(&mut settled, &rows)?,
                Resolution::Refund => ledger.sent_back(&mut settled, &rows)?,
                Resolution::Dismiss => dismissed(&mut settled, &rows)?,
            };
            let rows = ledger.store.refunds(&entry)?;
            let decision = remembering(&entry, &rows, decision);
            settled.pending_refund = refunds::wanted(&rows);
            let to = decision.to.unwrap_or(entry.state);
            let decision = Decision { ask_refunds: refunds::pending(to, &rows), ..decision };
            let digest = digest_of(&format!("{} {} {} {note}", as_.word(), entry.id, entry.version));
            let proof = Proof { note: Some(note), ..unsigned(&digest, Source::Person, as_.word()) };
            ledger.take_from(&entry, settled, decision, &proof, None)
        })
    }

    /// All that is left of the payment is to go back. Nobody waits for it: it is wanted until it is done or refused.
    fn sent_back(&mut self, settled: &mut Entry, rows: &[RefundRow]) -> LedgerResult<Decision, S::Fault> {
        if settled.credited {
            return refused("sent back by resolve, being credited: use refund(),", settled);
        }
        adopt_payment(settled)?;
        let left = settled.paid_fee().saturating_sub(reserved(rows));
        if left > 0 {
            let order = whole(settled, left, rows);
            let known = rows.iter().find(|row| row.out_refund_no == order.out_refund_no);
            self.write_refund(settled, known, &order, None)?;
        }
        let back = settled.refunded >= settled.paid_fee();
        let to = if back { LedgerState::Refunded } else { LedgerState::PaidLate };
        Ok(Decision::go(to, Reason::ResolvedRefund))
    }
}

/// What waits for a person still, and was not explained, says so.
fn remembering(entry: &Entry, rows: &[RefundRow], decision: Decision) -> Decision {
    let waits = decision.to == Some(LedgerState::PaidLate);
    let unexplained = waits && refunds::is_unexplained(entry, rows);
    if unexplained { Decision { reason: Reason::RefundsUnlisted, ..decision } } else { decision }
}

/// The refund of all that is left, under a number that is free, or whose refund has ended; one that WeChat knows of
/// another order is never free.
fn whole(entry: &Entry, left: i64, rows: &[RefundRow]) -> RefundOrder {
    let taken = |number: &String| {
        let anothers = entry.reason == Reason::RefundTaken.text();
        let ended = |row: &RefundRow| row.state == RefundWord::Refused && !anothers;
        rows.iter().any(|row| row.out_refund_no == *number && !ended(row))
    };
    let first = format!("{}-resolved", entry.terms.key.out_trade_no);
    let more = (2..).map(|n| format!("{first}-{n}"));
    let number = std::iter::once(first.clone()).chain(more).find(|number| !taken(number));
    let options = match entry.currency() {
        "CNY" => RefundOptions::default(),
        currency => RefundOptions::known([("refund_fee_type".to_owned(), currency.to_owned())].into()),
    };
    RefundOrder {
        key: entry.terms.key.clone(),
        out_refund_no: number.unwrap_or(first),
        refund_fee: left,
        options,
    }
}

fn open_question<F>(entry: &Entry) -> LedgerResult<(), F> {
    match entry.state {
        LedgerState::Review | LedgerState::PaidLate => Ok(()),
        _ => refused("resolved", entry),
    }
}

fn refused<T, F>(what: &'static str, entry: &Entry) -> LedgerResult<T, F> {
    Err(Halt::Refused(Refusal::State { what, state: entry.state }))
}

/// What is to go back cannot be credited or forgotten as well: it is withdrawn first.
fn nothing_wanted<F>(what: &'static str, rows: &[RefundRow]) -> LedgerResult<(), F> {
    match rows.iter().find(|row| row.state == RefundWord::Intent) {
        None => Ok(()),
        Some(row) => {
            let (number, state) = (row.out_refund_no.clone(), row.state);
            Err(Halt::Refused(Refusal::RefundUnderWay { what, number, state }))
        }
    }
}

/// What was paid is credited, were it another amount than was opened.
fn credited<F>(settled: &mut Entry, rows: &[RefundRow]) -> LedgerResult<Decision, F> {
    if settled.credited {
        return refused("credited again", settled);
    }
    adopt_payment(settled)?;
    nothing_wanted("credited", rows)?;
    let is_asked = settled.ask_refunds && !refunds::pending(settled.state, rows);
    if is_asked || refunds::is_unexplained(settled, rows) {
        return Err(Halt::Refused(Refusal::RefundsUnknown));
    }
    let to = match settled.refunded {
        0 => LedgerState::Paid,
        refunded if refunded < settled.paid_fee() => LedgerState::PartiallyRefunded,
        _ => return refused("credited, all of it having gone back,", settled),
    };
    let reason = if settled.is_paid_otherwise() { Reason::ResolvedPaid } else { Reason::ResolvedCredit };
    Ok(Decision { effect: Effect::Credit, ..Decision::go(to, reason) })
}

/// The payment that is the question becomes the one that counts, if there is no other.
fn adopt_payment<F>(settled: &mut Entry) -> LedgerResult<(), F> {
    if settled.transaction_id.is_none() {
        settled.transaction_id = settled.suspect_id.take();
        settled.paid = settled.suspect_fee.take();
        settled.paid_type = settled.suspect_type.take();
    }
    if settled.transaction_id.is_none() {
        return Err(Halt::Refused(Refusal::NoPayment));
    }
    Ok(())
}

/// Back to where the order stands without the open question.
fn dismissed<F>(settled: &mut Entry, rows: &[RefundRow]) -> LedgerResult<Decision, F> {
    if !settled.credited {
        nothing_wanted("dismissed", rows)?;
    }
    let to = match settled.refunded {
        _ if !settled.credited => LedgerState::Closed,
        0 => LedgerState::Paid,
        refunded if refunded < settled.paid_fee() => LedgerState::PartiallyRefunded,
        _ => LedgerState::Refunded,
    };
    if !settled.credited && settled.transaction_id.is_some() {
        settled.suspect_id = settled.transaction_id.take();
        settled.suspect_fee = settled.paid.take();
        settled.suspect_type = settled.paid_type.take();
    }
    Ok(Decision::go(to, Reason::Dismissed))
}
