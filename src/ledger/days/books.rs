//! The ledger's side of a day's bill, read while the bill is: the orders of its rows, then those that were paid on the
//! day, then those of which a refund was sent on it. Each comes once.

use super::store::{AT_ONCE, DayKey, DayStore, PageEnd, day_of};
use crate::bill::fault::BillError;
use crate::bill::field::Field;
use crate::bill::reader::Reader;
use crate::bill::reconcile::books::{BookRefund, BookRow, Books};
use crate::bill::reconcile::difference::{Difference, DifferenceKind, DifferenceState, Numbers};
use crate::bill::row::Row;
use crate::bill::source::BillSource;
use crate::ledger::entry::{Entry, RefundRow};
use crate::ledger::state::LedgerState;
use crate::model::order_id::OrderId;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Read;
use time::Date;

/// Why the books cannot be read.
#[derive(Debug)]
pub enum BooksFault<F> {
    /// The database.
    Store(F),
    /// The bill.
    Bill(BillError),
}

/// Where the reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Bill,
    Rest,
    Paid(PageEnd),
    Refunded(PageEnd),
    Over,
}

/// The ledger's books of one day.
pub struct LedgerBooks<'a, S> {
    store: &'a mut S,
    day: &'a DayKey,
    bill: Reader<Box<dyn Read + 'a>>,
    part: Part,
    /// Rows of the bill whose orders are not looked up yet, by `sub_mch_id`.
    groups: HashMap<String, Vec<BilledOrder>>,
    /// Rows that were given.
    given: HashSet<i64>,
    ready: VecDeque<LedgerBook>,
    row: Option<LedgerBook>,
    /// Payments and refunds that an earlier day waits for.
    awaited: &'a HashSet<Missing>,
    /// Those of them that the bill has.
    arrived: HashSet<Missing>,
    /// Refunds of the bill.
    refunds: HashSet<String>,
    /// What the ledger has on another day: payments of the bill, and refunds that may be.
    strays: Vec<Stray>,
}

/// A payment (`BookedNotPaid`) or a refund (`RefundDiffers`) that a bill did not have, by its number.
pub type Missing = (DifferenceKind, String);

/// What only the whole bill tells of the ledger.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// Payments and refunds that an earlier day waits for.
    pub awaited: HashSet<Missing>,
    /// What the bill has, and the ledger on another day.
    pub strays: Vec<Stray>,
}

/// Something that the ledger has on one day, and the bill of another day lists: it is not missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The ledger's day.
    pub date: Date,
    /// As if it were missing there.
    pub difference: Difference,
}

struct BilledOrder {
    out_trade_no: String,
    /// Does the row say that it was paid?
    is_payment: bool,
}

struct LedgerBook {
    entry: Entry,
    refunds: Vec<RefundRow>,
}

impl<'a, S: DayStore> LedgerBooks<'a, S> {
    /// The books that belong to this bill.
    pub fn new(
        store: &'a mut S,
        day: &'a DayKey,
        bill: &'a dyn BillSource,
        awaited: &'a HashSet<Missing>,
    ) -> Result<Self, BillError> {
        let bill = bill.open().map_err(|e| BillError::Unreadable(e.to_string()))?;
        Ok(Self {
            store,
            day,
            bill: Reader::new(bill)?,
            part: Part::Bill,
            groups: HashMap::new(),
            given: HashSet::new(),
            ready: VecDeque::new(),
            row: None,
            awaited,
            arrived: HashSet::new(),
            refunds: HashSet::new(),
            strays: Vec::new(),
        })
    }

    /// When the books were read to their end.
    pub fn arrivals(&mut self) -> Arrivals {
        let mut strays = std::mem::take(&mut self.strays);
        strays.retain(|stray| {
            stray.difference.kind == DifferenceKind::BookedNotPaid
                || self.refunds.contains(&stray.difference.key)
        });
        Arrivals { awaited: std::mem::take(&mut self.arrived), strays }
    }

    /// Makes more rows ready; `false` when there are none.
    fn load(&mut self) -> Result<bool, BooksFault<S::Fault>> {
        match self.part {
            Part::Bill => self.load_bill()?,
            Part::Rest => self.load_rest()?,
            Part::Paid(after) => self.load_paid(after)?,
            Part::Refunded(after) => self.load_refunded(after)?,
            Part::Over => return Ok(false),
        }
        Ok(true)
    }

    /// Reads the bill until there are numbers enough to look up.
    fn load_bill(&mut self) -> Result<(), BooksFault<S::Fault>> {
        let full = loop {
            let Some(row) = self.bill.next_row().map_err(BooksFault::Bill)? else {
                self.part = Part::Rest;
                return Ok(());
            };
            if !self.awaited.is_empty() {
                self.arrived.extend(listed(&row).into_iter().filter(|listed| self.awaited.contains(listed)));
            }
            self.refunds.extend(row.text(Field::OutRefundNo).map(str::to_owned));
            // No order of the ledger has another number.
            let Some(number) = row.text(Field::OutTradeNo).filter(|n| OrderId::out_trade_no(n).is_ok())
            else {
                continue;
            };
            let whose = if self.day.sub_mch_id.is_empty() {
                row.text(Field::SubMchId).unwrap_or_default()
            } else {
                &self.day.sub_mch_id
            };
            let group = self.groups.entry(whose.to_owned()).or_default();
            let is_payment = row.bytes(Field::TradeState) == Some(b"SUCCESS");
            group.push(BilledOrder { out_trade_no: number.to_owned(), is_payment });
            if group.len() >= AT_ONCE {
                break whose.to_owned();
            }
        };
        let numbers = self.groups.remove(&full).unwrap_or_default();
        self.look_up(&full, &numbers)
    }

    /// The numbers that filled no group.
    fn load_rest(&mut self) -> Result<(), BooksFault<S::Fault>> {
        let Some(whose) = self.groups.keys().next().cloned() else {
            self.part = Part::Paid(self.start());
            return Ok(());
        };
        let numbers = self.groups.remove(&whose).unwrap_or_default();
        self.look_up(&whose, &numbers)
    }

    fn look_up(&mut self, sub_mch_id: &str, rows: &[BilledOrder]) -> Result<(), BooksFault<S::Fault>> {
        let numbers: Vec<String> = rows.iter().map(|row| row.out_trade_no.clone()).collect();
        let booked = self.store.booked(&self.day.mch_id, sub_mch_id, &numbers).map_err(BooksFault::Store)?;
        let paid: HashSet<&str> =
            rows.iter().filter(|row| row.is_payment).map(|row| row.out_trade_no.as_str()).collect();
        let billed = booked.iter().filter(|entry| paid.contains(entry.terms.key.out_trade_no.as_str()));
        self.strays.extend(billed.filter_map(|entry| stray_payment(entry, self.day.date)));
        self.give(booked)
    }

    fn start(&self) -> PageEnd {
        PageEnd { at: self.day.span().0, row: 0 }
    }

    fn load_paid(&mut self, after: PageEnd) -> Result<(), BooksFault<S::Fault>> {
        let page = self.store.paid_on(self.day, after).map_err(BooksFault::Store)?;
        self.part = match page.last() {
            Some(last) => Part::Paid(PageEnd { at: last.paid_at.unwrap_or(after.at), row: last.id }),
            None => Part::Refunded(self.start()),
        };
        self.give(page.into_iter().filter(|entry| is_paid(entry.state)).collect())
    }

    fn load_refunded(&mut self, after: PageEnd) -> Result<(), BooksFault<S::Fault>> {
        let page = self.store.refunded_on(self.day, after).map_err(BooksFault::Store)?;
        self.part = page.last().map_or(Part::Over, |(_, place)| Part::Refunded(*place));
        self.give(page.into_iter().map(|(entry, _)| entry).collect())
    }

    /// Makes orders ready that were not given yet, with their refunds.
    fn give(&mut self, entries: Vec<Entry>) -> Result<(), BooksFault<S::Fault>> {
        let new: Vec<Entry> = entries.into_iter().filter(|entry| self.given.insert(entry.id)).collect();
        let mut refunds: HashMap<i64, Vec<RefundRow>> = HashMap::new();
        let ids: Vec<i64> = new.iter().map(|entry| entry.id).collect();
        for some in ids.chunks(AT_ONCE) {
            for (order, row) in self.store.refunds_of(some).map_err(BooksFault::Store)? {
                refunds.entry(order).or_default().push(row);
            }
        }
        for entry in new {
            let refunds = refunds.remove(&entry.id).unwrap_or_default();
            self.strays.extend(refunds.iter().filter_map(|row| stray_refund(&entry, row, self.day.date)));
            self.ready.push_back(LedgerBook { entry, refunds });
        }
        Ok(())
    }
}

impl<S: DayStore> Books for LedgerBooks<'_, S> {
    type Fault = BooksFault<S::Fault>;

    fn next_row(&mut self) -> Result<Option<BookRow<'_>>, Self::Fault> {
        while self.ready.is_empty() {
            if !self.load()? {
                return Ok(None);
            }
        }
        self.row = self.ready.pop_front();
        Ok(self.row.as_ref().map(LedgerBook::as_book))
    }
}

impl LedgerBook {
    /// The order as the comparison reads it. What is a person's question is told with the payment that is.
    fn as_book(&self) -> BookRow<'_> {
        let entry = &self.entry;
        let questioned = entry.transaction_id.is_none() && entry.state == LedgerState::Review;
        let suspect_fee = entry.suspect_fee.filter(|_| questioned);
        let suspect_type = entry.suspect_type.as_deref().filter(|_| questioned);
        BookRow {
            out_trade_no: &entry.terms.key.out_trade_no,
            total_fee: suspect_fee.unwrap_or_else(|| entry.paid_fee()),
            fee_type: Some(suspect_type.unwrap_or_else(|| entry.currency())),
            state: word(entry.state),
            transaction_id: entry
                .transaction_id
                .as_deref()
                .or_else(|| entry.suspect_id.as_deref().filter(|_| questioned)),
            paid_on: entry.paid_at.and_then(day_of),
            refunds: self.refunds.iter().map(refund).collect(),
        }
    }
}

/// A refund that we did not send may stand in the bill of any day: it is missing in none.
fn refund(row: &RefundRow) -> BookRefund<'_> {
    BookRefund {
        out_refund_no: &row.out_refund_no,
        refund_fee: row.refund_fee,
        state: Some(if row.state.counts() { "SUCCESS" } else { row.state.word() }),
        asked_on: Some(row.sent_at.and_then(day_of).unwrap_or(Date::MIN)),
    }
}

/// The payment or the refund that a row is.
fn listed(row: &Row<'_>) -> Option<Missing> {
    let (kind, field) = match row.bytes(Field::TradeState)? {
        b"SUCCESS" => (DifferenceKind::BookedNotPaid, Field::OutTradeNo),
        b"REFUND" => (DifferenceKind::RefundDiffers, Field::OutRefundNo),
        _ => return None,
    };
    Some((kind, row.text(field)?.to_owned()))
}

/// A payment that the ledger has on another day than the bill.
fn stray_payment(entry: &Entry, date: Date) -> Option<Stray> {
    let booked_on = entry.paid_at.and_then(day_of).filter(|day| *day != date && is_paid(entry.state))?;
    let numbers = Numbers { transaction_id: entry.transaction_id.clone(), ..numbers(entry) };
    let number = entry.terms.key.out_trade_no.clone();
    Some(stray(booked_on, DifferenceKind::BookedNotPaid, number, "total_fee", entry.paid_fee(), numbers))
}

/// A refund that we sent on another day, if the bill has it.
fn stray_refund(entry: &Entry, row: &RefundRow, date: Date) -> Option<Stray> {
    let sent_on = row.sent_at.and_then(day_of).filter(|day| *day != date && row.state.counts())?;
    let number = row.out_refund_no.clone();
    let numbers = Numbers { out_refund_no: Some(number.clone()), ..numbers(entry) };
    Some(stray(sent_on, DifferenceKind::RefundDiffers, number, "refund_fee", row.refund_fee, numbers))
}

fn numbers(entry: &Entry) -> Numbers {
    Numbers { out_trade_no: Some(entry.terms.key.out_trade_no.clone()), ..Numbers::default() }
}

fn stray(
    date: Date,
    kind: DifferenceKind,
    key: String,
    field: &'static str,
    ours: i64,
    numbers: Numbers,
) -> Stray {
    let difference = Difference {
        kind,
        key,
        field: field.into(),
        theirs: None,
        ours: Some(ours.into()),
        state: DifferenceState::Healed,
        due: None,
        numbers,
        kept: None,
    };
    Stray { date, difference }
}

fn is_paid(state: LedgerState) -> bool {
    matches!(word(state), "SUCCESS" | "REFUND")
}

/// The state in the words of a bill where it has one: credited, or sent back whole.
fn word(state: LedgerState) -> &'static str {
    match state {
        LedgerState::Paid | LedgerState::PartiallyRefunded => "SUCCESS",
        LedgerState::Refunded => "REFUND",
        other => other.word(),
    }
}
