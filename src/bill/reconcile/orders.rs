//! What the bills say about each order.

use super::table::{KeyEntry, KeyFingerprint, KeyTable, Keys};
use crate::bill::field::Field;
use crate::bill::row::Row;
use std::collections::HashMap;

/// It has a payment row.
pub const PAID: u16 = 1;
/// It has a row of a reversed payment.
pub const REVOKED: u16 = 2;
/// It has a refund row.
pub const REFUNDED: u16 = 4;
/// More is known of it than fits its entry: see [`Orders::look`].
pub const MANY: u16 = 8;
/// The books have it.
pub const BOOKED: u16 = 16;

/// How many payments wait to be noted together.
const TOGETHER: usize = 64;

/// The rows of one order under one transaction.
#[derive(Debug, Clone)]
pub struct Group {
    /// The transaction: a short fingerprint.
    pub transaction: u64,
    /// The first of its rows.
    pub row: u32,
    /// The first of its payments.
    pub payment: Option<BilledPayment>,
    /// How many payments it has.
    pub payments: i64,
}

/// A payment row.
#[derive(Debug, Clone)]
pub struct BilledPayment {
    /// Which one.
    pub row: u32,
    /// Fen.
    pub total_fee: i64,
    /// The currency; CNY is none.
    pub fee_type: Option<Box<str>>,
}

/// A row of a state that nobody knows.
#[derive(Debug, Clone)]
pub struct Strange {
    /// The row.
    pub row: u32,
    /// Its state.
    pub state: String,
}

/// Every order of the bills.
#[derive(Debug, Default)]
pub struct Orders {
    /// By `out_trade_no`; complete once [`Orders::note_waiting`] was called.
    pub table: KeyTable,
    waiting: Vec<KeyEntry>,
    many: HashMap<u32, Vec<Group>>,
    /// What was sent back by reversing, in fen.
    pub revoked: HashMap<u32, i128>,
    /// Payments beyond the first, in fen.
    pub more: HashMap<u32, i128>,
    /// Rows of unknown states.
    pub strange: HashMap<u32, Vec<Strange>>,
    /// Rows of the books beyond the first.
    pub doubles: HashMap<u32, i64>,
}

impl Orders {
    /// Notes a payment: at once, or with the next ones.
    #[inline]
    pub fn take_payment(&mut self, keys: &Keys, row: &Row<'_>, number: u32, order: KeyFingerprint) {
        let mut seen = KeyEntry::new(order, number, transaction(keys, row));
        seen.flags = PAID;
        seen.amount = row.number_of(Field::TotalFee).unwrap_or_default();
        let fee_type = foreign(row);
        if fee_type.is_none() {
            self.waiting.push(seen);
        }
        if fee_type.is_some() || self.waiting.len() == TOGETHER {
            self.note_waiting();
        }
        if fee_type.is_some() {
            self.note(seen, fee_type);
        }
    }

    /// Notes a row of any other state; gives the order's place.
    pub fn take(&mut self, keys: &Keys, row: &Row<'_>, number: u32, order: KeyFingerprint) -> u32 {
        self.note_waiting();
        self.note(KeyEntry::new(order, number, transaction(keys, row)), foreign(row))
    }

    /// Notes the payments that wait.
    pub fn note_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.table.fetch(&waiting);
        for seen in waiting.drain(..) {
            self.note(seen, None);
        }
        self.waiting = waiting;
    }

    #[inline]
    fn note(&mut self, seen: KeyEntry, fee_type: Option<&str>) -> u32 {
        let (at, is_new) = self.table.find_or_add(seen);
        let mut fits = || is_new || self.table.get_mut(at).is_some_and(|entry| joins(entry, &seen));
        if fee_type.is_some() || !fits() {
            self.take_apart(at, is_new, &seen, fee_type);
        }
        at
    }

    #[cold]
    fn take_apart(&mut self, at: u32, is_new: bool, seen: &KeyEntry, fee_type: Option<&str>) {
        let Some(entry) = self.table.get_mut(at) else { return };
        let before = if is_new { Vec::new() } else { vec![Group::of(entry)] };
        let groups = self.many.entry(at).or_insert(before);
        entry.flags |= MANY;
        let place = groups.iter().position(|group| group.transaction == seen.partner);
        let place = place.unwrap_or_else(|| {
            groups.push(Group { transaction: seen.partner, row: seen.row, payment: None, payments: 0 });
            groups.len() - 1
        });
        if !seen.is(PAID) {
            return;
        }
        if is_new || !entry.is(PAID) {
            entry.amount = seen.amount;
        } else {
            *self.more.entry(at).or_default() += i128::from(seen.amount);
        }
        entry.flags |= PAID;
        if let Some(group) = groups.get_mut(place) {
            let payment =
                BilledPayment { row: seen.row, total_fee: seen.amount, fee_type: fee_type.map(Box::from) };
            group.payments += 1;
            group.payment.get_or_insert(payment);
        }
    }

    /// Marks what was seen of an order.
    pub fn mark(&mut self, at: u32, flag: u16) {
        if let Some(entry) = self.table.get_mut(at) {
            entry.flags |= flag;
        }
    }

    /// Shows the rows of an order by transaction, in the order of the bills.
    pub fn look<T>(&self, at: u32, entry: &KeyEntry, look: impl FnOnce(&[Group]) -> T) -> T {
        match self.many.get(&at).filter(|_| entry.is(MANY)) {
            Some(groups) => look(groups),
            None => look(&[Group::of(entry)]),
        }
    }

    /// The orders of which more is known than fits their entries.
    pub fn apart(&self) -> impl Iterator<Item = u32> {
        self.many.keys().copied()
    }

    /// Every payment of an order less what was reversed, in fen.
    pub fn money(&self, at: u32, entry: &KeyEntry) -> i128 {
        let first = if entry.is(PAID) { i128::from(entry.amount) } else { 0 };
        let known = |map: &HashMap<u32, i128>| map.get(&at).copied().unwrap_or_default();
        let more = if entry.is(MANY) { known(&self.more) } else { 0 };
        let revoked = if entry.is(REVOKED) { known(&self.revoked) } else { 0 };
        first + more - revoked
    }
}

impl Group {
    fn of(entry: &KeyEntry) -> Self {
        let payment = BilledPayment { row: entry.row, total_fee: entry.amount, fee_type: None };
        Self {
            transaction: entry.partner,
            row: entry.row,
            payments: i64::from(entry.is(PAID)),
            payment: Some(payment).filter(|_| entry.is(PAID)),
        }
    }
}

fn transaction(keys: &Keys, row: &Row<'_>) -> u64 {
    keys.short(row.bytes(Field::TransactionId).unwrap_or_default())
}

/// The currency of a row, if it is not CNY.
fn foreign<'a>(row: &Row<'a>) -> Option<&'a str> {
    row.bytes(Field::FeeType).filter(|code| *code != b"CNY").and_then(|_| row.text(Field::FeeType))
}

/// Adds a row to what is known of its order, if that has room for it: the same transaction, and no second payment.
fn joins(entry: &mut KeyEntry, seen: &KeyEntry) -> bool {
    let fits = !entry.is(MANY) && entry.partner == seen.partner && !(seen.is(PAID) && entry.is(PAID));
    if fits && seen.is(PAID) {
        (entry.row, entry.amount) = (seen.row, seen.amount);
        entry.flags |= PAID;
    }
    fits
}

/// The transaction that an order is known by.
pub fn reference(groups: &[Group], booked: Option<u64>) -> Option<u64> {
    let first_paid = || groups.iter().min_by_key(|group| group.payment.as_ref().map_or(u32::MAX, |p| p.row));
    let of_bills = || first_paid().filter(|group| group.payment.is_some()).or(groups.first());
    booked.or_else(|| of_bills().map(|group| group.transaction))
}

/// The payment that counts: the first under the reference, else the first.
pub fn payment(groups: &[Group], reference: Option<u64>) -> Option<&BilledPayment> {
    let known = groups.iter().find(|group| Some(group.transaction) == reference);
    let first = || groups.iter().filter_map(|group| group.payment.as_ref()).min_by_key(|payment| payment.row);
    known.and_then(|group| group.payment.as_ref()).or_else(first)
}
