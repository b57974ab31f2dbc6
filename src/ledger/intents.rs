//! Intents: what the shop wants of the gateway is written down before the call, with its numbers, so that a
//! repeat after a crash is the same call.

use super::decide::Step;
use super::entry::{Entry, Intent, OrderKey, RefundRow, RefundWord};
use super::ledger::{Ended, Ledger, unsigned};
use super::refunds::{self, refunded, reserved};
use super::schedule;
use super::sighting::{Source, digest_of};
use super::state::LedgerState;
use super::store::{Added, Halt, Refusal, Shop, Store};
use super::transition::{Reason, Transition};

/// A refund as the shop orders it.
#[derive(Debug, Clone)]
pub struct RefundOrder {
    /// Of which order.
    pub key: OrderKey,
    /// The shop's number.
    pub out_refund_no: String,
    /// Fen.
    pub refund_fee: i64,
    /// Further fields of the call, as JSON.
    pub options: String,
}

/// How the gateway took a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// Accepted.
    Accepted {
        /// WeChat's number.
        refund_id: Option<String>,
    },
    /// Refused for good: nothing goes back under this number.
    Refused,
    /// Nobody knows: the same number will be asked about and sent again.
    Unknown,
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Writes down that an order is to be closed or reversed. A paid order is never closed, and an order that
    /// has ended stays as it is.
    pub fn want(&mut self, key: &OrderKey, intent: Intent) -> Ended<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let step = wanted(&entry, intent)?;
            if entry.state.is_paid() && reserved(&ledger.store.refunds(&entry)?) > 0 {
                return Err(Halt::Refused(Refusal::State {
                    what: "reversed after refunds",
                    state: entry.state,
                }));
            }
            let digest = digest_of(&format!("{} {} {}", intent.word(), entry.id, entry.version));
            ledger.take(&entry, step, &unsigned(&digest, Source::Person, intent.word()), None)
        })
    }

    /// The gateway refused to close or reverse, for good: the order is asked about again.
    pub fn drop_intent(&mut self, key: &OrderKey, code: &str) -> Ended<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let mut without = entry.clone();
            without.intent = None;
            let digest = digest_of(&format!("{code} {} {}", entry.id, entry.version));
            let proof = unsigned(&digest, Source::Query, code);
            ledger.take_from(&entry, without, Step::stay(Reason::Advanced), &proof, None)
        })
    }

    /// Writes a refund down. The same number again is the same refund.
    pub fn plan_refund(&mut self, order: &RefundOrder) -> Ended<(Entry, RefundRow), S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&order.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let row = ledger.write_refund(&entry, order)?;
            let mut asked = entry.clone();
            asked.ask_refunds = true;
            asked.version += 1;
            let digest = digest_of(&format!("refund {} {}", entry.version, order.out_refund_no));
            let proof = unsigned(&digest, Source::Person, "REFUND");
            let step = Step::stay(Reason::RefundWanted);
            let done = ledger.take_from(&entry, asked, step, &proof, None)?;
            Ok((done.entry.unwrap_or(entry), row))
        })
    }

    /// The refund's row: the known one of that number, or a new one if there is enough left.
    pub(super) fn write_refund(&mut self, entry: &Entry, order: &RefundOrder) -> Ended<RefundRow, S::Fault> {
        let rows = self.store.refunds(entry)?;
        if let Some(known) = rows.iter().find(|row| row.out_refund_no == order.out_refund_no) {
            return self.repeat_refund(entry, order, known.clone(), &rows);
        }
        refundable(entry, order, &rows)?;
        let row = RefundRow {
            out_refund_no: order.out_refund_no.clone(),
            refund_id: None,
            refund_fee: order.refund_fee,
            state: RefundWord::Intent,
            options: order.options.clone(),
        };
        match self.store.add_refund(entry, &row)? {
            Added::New => Ok(row),
            Added::Already => Err(Halt::Refused(Refusal::RefundTaken)),
        }
    }

    fn repeat_refund(
        &mut self,
        entry: &Entry,
        order: &RefundOrder,
        mut known: RefundRow,
        rows: &[RefundRow],
    ) -> Ended<RefundRow, S::Fault> {
        if known.refund_fee != order.refund_fee {
            return Err(Halt::Refused(Refusal::RefundTaken));
        }
        if matches!(known.state, RefundWord::Closed | RefundWord::Refused) {
            refundable(entry, order, rows)?;
            known.state = RefundWord::Intent;
            known.options.clone_from(&order.options);
            self.store.move_refund(entry, &known)?;
        }
        Ok(known)
    }

    /// Books how the gateway took a refund. Accepted is not done: a list of refunds says when it is. `asked` is
    /// the order as it was when the refund was sent: after a change since then only a list can tell.
    pub fn book_refund(
        &mut self,
        asked: &Entry,
        out_refund_no: &str,
        answer: &RefundAnswer,
    ) -> Ended<Transition, S::Fault> {
        let credit_late = self.rules.credit_late;
        self.transact(|ledger| {
            let entry = ledger.store.entry(&asked.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            if entry.version != asked.version {
                let again = Step { ask_refunds: true, ..Step::stay(Reason::RefundsUnknown) };
                let digest = digest_of(&format!("refund {} {out_refund_no} late", entry.version));
                return ledger.take(&entry, again, &unsigned(&digest, Source::Refunds, "REFUND"), None);
            }
            ledger.book_answer(&entry, out_refund_no, answer)?;
            let rows = ledger.store.refunds(&entry)?;
            let mut after = entry.clone();
            after.version += 1;
            after.refunded = refunded(&rows);
            after.ask_refunds = refunds::pending(&entry, &rows);
            let moves = after.refunded != entry.refunded;
            let step = match answer {
                RefundAnswer::Refused => Step::stay(Reason::RefundRefused),
                _ if moves => refunds::follow(&after, after.refunded, credit_late),
                _ => Step::stay(Reason::Refunds),
            };
            let digest = digest_of(&format!("refund {} {out_refund_no} {answer:?}", entry.version));
            ledger.take_from(&entry, after, step, &unsigned(&digest, Source::Refunds, "REFUND"), None)
        })
    }

    fn book_answer(&mut self, entry: &Entry, number: &str, answer: &RefundAnswer) -> Ended<(), S::Fault> {
        let rows = self.store.refunds(entry)?;
        let known = rows.into_iter().find(|row| row.out_refund_no == number);
        let Some(mut row) = known.filter(|row| row.state == RefundWord::Intent) else { return Ok(()) };
        match answer {
            RefundAnswer::Accepted { refund_id } => {
                row.state = RefundWord::Processing;
                row.refund_id.clone_from(refund_id);
            }
            RefundAnswer::Refused => row.state = RefundWord::Refused,
            RefundAnswer::Unknown => return Ok(()),
        }
        self.store.move_refund(entry, &row)?;
        Ok(())
    }

    /// The refunds of an order that were written down and are not known to have arrived.
    pub fn unsent_refunds(&mut self, entry: &Entry) -> Ended<Vec<RefundRow>, S::Fault> {
        let rows = self.store.refunds(entry)?;
        Ok(rows.into_iter().filter(|row| row.state == RefundWord::Intent).collect())
    }
}

/// Is there a payment, and enough of it left?
fn refundable<F>(entry: &Entry, order: &RefundOrder, rows: &[RefundRow]) -> Ended<(), F> {
    if !entry.state.is_paid() || entry.intent.is_some() {
        return Err(Halt::Refused(Refusal::State { what: "refunded", state: entry.state }));
    }
    let left = entry.terms.total_fee.saturating_sub(reserved(rows));
    if order.refund_fee < 1 || order.refund_fee > left {
        return Err(Halt::Refused(Refusal::TooMuch { left }));
    }
    Ok(())
}

/// What wanting to close or reverse does to an order.
fn wanted<F>(entry: &Entry, intent: Intent) -> Ended<Step, F> {
    use LedgerState as L;
    if intent != entry.way_out() {
        let what = if intent == Intent::Close { "closed" } else { "reversed" };
        return Err(Halt::Refused(Refusal::WrongWay(what)));
    }
    let reason = match intent {
        Intent::Close => Reason::CloseWanted,
        Intent::Reverse => Reason::ReverseWanted,
    };
    Ok(match entry.state {
        L::Created | L::UserPaying | L::Closing => {
            Step { intent: Some(intent), ..Step::go(L::Closing, reason) }
        }
        L::Paid | L::PaidLate if intent == Intent::Reverse => {
            Step { intent: Some(intent), ..Step::stay(reason) }
        }
        L::Review => Step::stay(Reason::UnderReview),
        _ => Step::stay(Reason::Duplicate),
    })
}

/// Is an unpaid order due to be given up?
pub fn is_expired(entry: &Entry) -> bool {
    let waits = matches!(entry.state, LedgerState::Created | LedgerState::UserPaying);
    waits && entry.now >= schedule::give_up_at(entry)
}
