//! Intents: what the shop wants of the gateway is written down before the call, with its numbers, so that a
//! repeat after a crash is the same call.

use super::decide::Decision;
use super::entry::{Entry, Intent, Ms, OrderKey, RefundRow, RefundWord};
use super::ledger::{Ledger, LedgerResult, Proof, unsigned};
use super::reason::Reason;
use super::refunds::{self, refunded, reserved};
use super::schedule;
use super::sighting::{Source, digest_of};
use super::state::LedgerState;
use super::store::{Added, Halt, Refusal, Shop, Store};
use super::transition::Transition;
use crate::api::refund::RefundOptions;
use crate::model::merchant::ApiVersion;

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
    pub options: RefundOptions,
}

/// What becomes of a refund that the shop orders.
#[derive(Debug, Clone)]
pub enum Plan {
    /// It is accepted already: nothing is to be sent.
    Known(Transition),
    /// It is to be sent; that it may be open is written down. `was_open`: an earlier send of it may still arrive.
    Send {
        /// The order, as it is now.
        entry: Entry,
        /// The refund, with the mark of this send.
        row: RefundRow,
        /// May an earlier send of it still arrive?
        was_open: bool,
    },
    /// It was sent with another value of this argument, and may arrive: WeChat is to be asked first.
    Ask(Entry, &'static str),
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Writes down that an order is to be closed or reversed. A paid order is never closed, and an order that
    /// has ended stays as it is.
    pub fn want(&mut self, key: &OrderKey, intent: Intent) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let decision = wanted(&entry, intent)?;
            if entry.state.is_paid() && reserved(&ledger.store.refunds(&entry)?) > 0 {
                return Err(Halt::Refused(Refusal::State {
                    what: "reversed after refunds",
                    state: entry.state,
                }));
            }
            let digest = digest_of(&format!("{} {} {}", intent.word(), entry.id, entry.version));
            ledger.take(&entry, decision, &unsigned(&digest, Source::Person, intent.word()), None)
        })
    }

    /// Writes down that a close or a reverse is about to be sent. `None` if it is wanted no more; else the order, and
    /// when it was sent before, if that may still arrive.
    pub fn send_intent(
        &mut self,
        key: &OrderKey,
        intent: Intent,
    ) -> LedgerResult<Option<(Entry, Option<Ms>)>, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            if entry.intent != Some(intent) {
                return Ok(None);
            }
            let mut sent = entry.clone();
            sent.version += 1;
            sent.sent_at = Some(mark(entry.now, entry.sent_at));
            if !ledger.store.advance(&entry, &sent)? {
                return Err(Halt::Raced);
            }
            Ok(Some((sent, entry.sent_at)))
        })
    }

    /// An answer shows an order as it is long after a close or a reverse was sent: that did nothing more.
    pub fn forget_intent(&mut self, asked: &Entry) -> LedgerResult<(), S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&asked.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let settled = Entry { version: entry.version + 1, sent_at: None, ..entry.clone() };
            let same = entry.intent.is_none() && entry.sent_at == asked.sent_at;
            if same && !ledger.store.advance(&entry, &settled)? {
                return Err(Halt::Raced);
            }
            Ok(())
        })
    }

    /// The gateway verifiably did not do what `sent` was sent for: it is wanted no more, unless it was sent again
    /// since. An order that waits for its payment waits on.
    pub fn end_intent(&mut self, sent: &Entry, note: &str) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&sent.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            if entry.intent != sent.intent || entry.sent_at != sent.sent_at {
                return Ok(Transition::between(&entry, &entry, Reason::Late));
            }
            let mut without = entry.clone();
            (without.intent, without.sent_at) = (None, None);
            let decision = match entry.state {
                LedgerState::Closing => Decision::go(LedgerState::Created, Reason::IntentEnded),
                _ => Decision::stay(Reason::IntentEnded),
            };
            let digest = digest_of(&format!("{note} {} {}", entry.id, entry.version));
            let proof = Proof { note: Some(note), ..unsigned(&digest, Source::Query, "NOT_ACCEPTED") };
            ledger.take_from(&entry, without, decision, &proof, None)
        })
    }

    /// Writes a refund down, and that it is about to be sent, in this dialect. The same number again is the same refund.
    pub fn plan_refund(&mut self, order: &RefundOrder, version: ApiVersion) -> LedgerResult<Plan, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&order.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let rows = ledger.store.refunds(&entry)?;
            let known = rows.iter().find(|row| row.out_refund_no == order.out_refund_no);
            match known.map_or(Ok(RepeatedRefund::Anew), |known| repeat(known, order, version))? {
                RepeatedRefund::Same => {
                    return Ok(Plan::Known(Transition::between(&entry, &entry, Reason::Refunds)));
                }
                RepeatedRefund::Ask(differs) => return Ok(Plan::Ask(entry, differs)),
                RepeatedRefund::Anew => {}
            }
            refundable(&entry, order, &rows)?;
            let was_open = known.is_some_and(RefundRow::is_open);
            let sent_at = Some(mark(entry.now, known.and_then(|known| known.sent_at)));
            let row = ledger.write_refund(&entry, known, order, sent_at)?;
            let entry = ledger.book_wish(&entry, order)?;
            Ok(Plan::Send { entry, row, was_open })
        })
    }

    fn book_wish(&mut self, entry: &Entry, order: &RefundOrder) -> LedgerResult<Entry, S::Fault> {
        let mut asked = entry.clone();
        asked.version += 1;
        asked.ask_refunds = true;
        asked.changed_at = entry.now;
        asked.pending_refund = refunds::wanted(&self.store.refunds(entry)?);
        let digest = digest_of(&format!("refund {} {}", entry.version, order.out_refund_no));
        let proof = unsigned(&digest, Source::Person, "REFUND");
        let done = self.take_from(entry, asked, Decision::stay(Reason::RefundWanted), &proof, None)?;
        Ok(done.entry.unwrap_or_else(|| entry.clone()))
    }

    /// The refund's row: the known one of that number as it is ordered now, or a new one.
    pub(super) fn write_refund(
        &mut self,
        entry: &Entry,
        known: Option<&RefundRow>,
        order: &RefundOrder,
        sent_at: Option<Ms>,
    ) -> LedgerResult<RefundRow, S::Fault> {
        let row = RefundRow {
            out_refund_no: order.out_refund_no.clone(),
            refund_id: None,
            refund_fee: order.refund_fee,
            state: RefundWord::Intent,
            options: order.options.clone(),
            sent_at,
        };
        if known.is_some() {
            self.store.move_refund(entry, &row)?;
            return Ok(row);
        }
        match self.store.add_refund(entry, &row)? {
            Added::New => Ok(row),
            Added::Already => Err(Halt::Refused(Refusal::RefundTaken)),
        }
    }

    /// Writes down that a wanted refund is about to be sent again. `None` if it is wanted no more; else its row, and
    /// whether an earlier send of it may still arrive.
    pub fn send_refund(
        &mut self,
        entry: &Entry,
        out_refund_no: &str,
    ) -> LedgerResult<Option<(RefundRow, bool)>, S::Fault> {
        self.transact(|ledger| {
            let current = ledger.store.entry(&entry.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            if !current.state.is_paid() || current.intent.is_some() {
                return Ok(None);
            }
            let Some(known) = ledger.wanted_refund(&current, out_refund_no)? else { return Ok(None) };
            let sent_at = Some(mark(current.now, known.sent_at));
            let was_open = known.is_open();
            let row = RefundRow { sent_at, ..known };
            ledger.store.move_refund(&current, &row)?;
            Ok(Some((row, was_open)))
        })
    }

    /// Books that a refund was accepted. Accepted is not done: a list of refunds says when it is. `asked` is the order
    /// as it was when the refund was sent: after a change since then only a list can tell.
    pub fn accept_refund(
        &mut self,
        asked: &Entry,
        out_refund_no: &str,
        refund_id: Option<&str>,
    ) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&asked.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let digest = digest_of(&format!("refund {} {out_refund_no} accepted", entry.version));
            let proof = unsigned(&digest, Source::Refunds, "REFUND");
            let known = ledger.wanted_refund(&entry, out_refund_no)?;
            let Some(row) = known.filter(|_| entry.version == asked.version) else {
                let again = Decision { ask_refunds: true, ..Decision::stay(Reason::RefundsUnknown) };
                return ledger.take(&entry, again, &proof, None);
            };
            let refund_id = refund_id.map(str::to_owned);
            ledger
                .store
                .move_refund(&entry, &RefundRow { state: RefundWord::Processing, refund_id, ..row })?;
            let rows = ledger.store.refunds(&entry)?;
            let mut after = entry.clone();
            after.version += 1;
            after.refunded = refunded(&rows);
            let decision = refunds::follow(&after, after.refunded, false);
            ledger.count_wanted(&mut after, decision.to.unwrap_or(entry.state), rows)?;
            ledger.take_from(&entry, after, decision, &proof, None)
        })
    }

    /// The gateway verifiably has nothing of what `sent` was sent for, or has closed it: the refund is wanted no more,
    /// unless it was sent again since. `None` if it was.
    pub fn end_refund(
        &mut self,
        entry: &Entry,
        sent: &RefundRow,
        reason: Reason,
        note: &str,
    ) -> LedgerResult<Option<Transition>, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&entry.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let known = ledger.wanted_refund(&entry, &sent.out_refund_no)?;
            let Some(row) = known.filter(|known| known.sent_at == sent.sent_at) else { return Ok(None) };
            let is_closed = reason == Reason::RefundClosed;
            let state = if is_closed { RefundWord::Closed } else { RefundWord::Refused };
            // A closed one was ours, which its send tells.
            let ended = RefundRow { state, sent_at: row.sent_at.filter(|_| is_closed), ..row };
            ledger.store.move_refund(&entry, &ended)?;
            let mut after = entry.clone();
            after.version += 1;
            let rows = ledger.store.refunds(&entry)?;
            if !refunds::is_unexplained(&entry, &rows) {
                reason.text().clone_into(&mut after.reason);
            }
            ledger.count_wanted(&mut after, entry.state, rows)?;
            let digest = digest_of(&format!("refund {} {} ended", entry.version, sent.out_refund_no));
            let source = if reason == Reason::RefundWithdrawn { Source::Person } else { Source::Refunds };
            let proof = Proof { note: Some(note), ..unsigned(&digest, source, "NOT_ACCEPTED") };
            ledger.take_from(&entry, after, Decision::stay(reason), &proof, None).map(Some)
        })
    }

    /// This send verifiably did nothing, but the refund is wanted still.
    pub fn forget_send(&mut self, entry: &Entry, sent: &RefundRow) -> LedgerResult<(), S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(&entry.terms.key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let known = ledger.wanted_refund(&entry, &sent.out_refund_no)?;
            if let Some(row) = known.filter(|known| known.sent_at == sent.sent_at) {
                ledger.store.move_refund(&entry, &RefundRow { sent_at: None, ..row })?;
            }
            Ok(())
        })
    }

    fn wanted_refund(&mut self, entry: &Entry, number: &str) -> LedgerResult<Option<RefundRow>, S::Fault> {
        let rows = self.store.refunds(entry)?;
        let wanted = |row: &RefundRow| row.out_refund_no == number && row.state == RefundWord::Intent;
        Ok(rows.into_iter().find(wanted))
    }

    /// The order and its refund of this number, to be withdrawn. What was accepted cannot be.
    pub fn withdrawable(
        &mut self,
        key: &OrderKey,
        out_refund_no: &str,
    ) -> LedgerResult<(Entry, RefundRow), S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let rows = ledger.store.refunds(&entry)?;
            let row = rows.into_iter().find(|row| row.out_refund_no == out_refund_no);
            let row = row.ok_or(Halt::Refused(Refusal::NoRefund))?;
            if row.state.counts() {
                let (number, state) = (row.out_refund_no, row.state);
                return Err(Halt::Refused(Refusal::RefundUnderWay { what: "withdrawn", number, state }));
            }
            Ok((entry, row))
        })
    }

    /// The refunds of an order that were written down and are not known to have arrived.
    pub fn unsent_refunds(&mut self, entry: &Entry) -> LedgerResult<Vec<RefundRow>, S::Fault> {
        let rows = self.store.refunds(entry)?;
        Ok(rows.into_iter().filter(|row| row.state == RefundWord::Intent).collect())
    }

    /// The numbers of the refunds of an order of which something is still to be told.
    pub fn pending_refunds(&mut self, entry: &Entry) -> LedgerResult<Vec<String>, S::Fault> {
        let rows = self.store.refunds(entry)?.into_iter();
        Ok(rows.filter(|row| row.state.is_pending()).map(|row| row.out_refund_no).collect())
    }
}

/// A send's mark: its time, but never that of another send.
fn mark(now: Ms, before: Option<Ms>) -> Ms {
    before.map_or(now, |before| now.max(before.saturating_add(1)))
}

/// What a number that is known already means for a refund that is ordered under it.
enum RepeatedRefund {
    /// It is accepted: the same refund.
    Same,
    /// It is to be sent, as it is ordered now.
    Anew,
    /// WeChat is to be asked first: it may have the one that was sent, which had another value of this argument.
    Ask(&'static str),
}

fn repeat<F>(known: &RefundRow, order: &RefundOrder, version: ApiVersion) -> LedgerResult<RepeatedRefund, F> {
    let other_fee = known.refund_fee != order.refund_fee;
    let other_options = known.options != order.options;
    // Whether somebody else's refund had options nobody knows, and without options it is only asked what became of it.
    let is_told = !order.options.is_empty() && (known.sent_at.is_some() || !known.options.is_empty());
    match known.state {
        state if state.counts() && other_fee => Err(Halt::Refused(Refusal::RefundTaken)),
        state if state.counts() && other_options && is_told => {
            Err(Halt::Refused(Refusal::RefundDiffers("options")))
        }
        RefundWord::Processing | RefundWord::Success | RefundWord::Change => Ok(RepeatedRefund::Same),
        RefundWord::Closed if version == ApiVersion::V3 => Err(Halt::Refused(Refusal::RefundClosed)),
        RefundWord::Closed if other_fee => Err(Halt::Refused(Refusal::RefundTaken)),
        _ if known.is_open() && other_fee => Ok(RepeatedRefund::Ask("refund_fee")),
        _ if known.is_open() && other_options => Ok(RepeatedRefund::Ask("options")),
        _ => Ok(RepeatedRefund::Anew),
    }
}

/// Is there a payment, and enough of it left beside the other refunds?
fn refundable<F>(entry: &Entry, order: &RefundOrder, rows: &[RefundRow]) -> LedgerResult<(), F> {
    if !entry.state.is_paid() {
        return Err(Halt::Refused(Refusal::State { what: "refunded", state: entry.state }));
    }
    if entry.intent.is_some() {
        return Err(Halt::Refused(Refusal::Reversing));
    }
    let others: Vec<RefundRow> =
        rows.iter().filter(|row| row.out_refund_no != order.out_refund_no).cloned().collect();
    let left = entry.paid_fee().saturating_sub(reserved(&others));
    if order.refund_fee < 1 || order.refund_fee > left {
        return Err(Halt::Refused(Refusal::TooMuch { left }));
    }
    Ok(())
}

/// What wanting to close or reverse does to an order.
fn wanted<F>(entry: &Entry, intent: Intent) -> LedgerResult<Decision, F> {
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
            Decision { intent: Some(intent), ..Decision::go(L::Closing, reason) }
        }
        L::Paid | L::PaidLate if intent == Intent::Reverse => {
            Decision { intent: Some(intent), ..Decision::stay(reason) }
        }
        L::Review => Decision::stay(Reason::UnderReview),
        _ => Decision::stay(Reason::Duplicate),
    })
}

/// Is an unpaid order due to be given up?
pub fn is_expired(entry: &Entry) -> bool {
    let waits = matches!(entry.state, LedgerState::Created | LedgerState::UserPaying);
    waits && entry.now >= schedule::give_up_at(entry)
}
