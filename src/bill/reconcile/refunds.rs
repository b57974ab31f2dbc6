//! What the bills say about each refund.

use super::table::{KeyEntry, KeyFingerprint, KeyTable, Keys};
use crate::bill::field::Field;
use crate::bill::row::Row;
use std::collections::HashMap;

/// The books list it.
pub const LISTED: u16 = 1;
/// It has more than one row.
const MANY: u16 = 2;

/// A refund row.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Which one.
    pub row: u32,
    /// The order: a short fingerprint.
    pub order: u64,
    /// Fen.
    pub refund_fee: i64,
}

/// Every refund of the bills.
#[derive(Debug, Default)]
pub struct Refunds {
    /// By `out_refund_no`.
    pub table: KeyTable,
    more: HashMap<u32, Vec<Seen>>,
    /// How often the books list it beyond the first time.
    pub doubles: HashMap<u32, i64>,
}

impl Refunds {
    /// Notes a refund row.
    #[inline]
    pub fn take(&mut self, keys: &Keys, row: &Row<'_>, number: u32, refund: KeyFingerprint) {
        let order = keys.short(row.bytes(Field::OutTradeNo).unwrap_or_default());
        let refund_fee = row.number_of(Field::RefundFee).unwrap_or_default();
        let (at, is_new) = self.table.find_or_add(KeyEntry::new(refund, number, order));
        let Some(entry) = self.table.get_mut(at) else { return };
        if is_new {
            entry.amount = refund_fee;
        } else {
            entry.flags |= MANY;
            self.more.entry(at).or_default().push(Seen { row: number, order, refund_fee });
        }
    }

    /// All rows of a refund.
    pub fn rows(&self, at: u32, entry: &KeyEntry) -> impl Iterator<Item = Seen> {
        let first = Seen { row: entry.row, order: entry.partner, refund_fee: entry.amount };
        let more = if entry.is(MANY) { self.more.get(&at) } else { None };
        std::iter::once(first).chain(more.into_iter().flatten().copied())
    }

    /// The refunds with more rows than one.
    pub fn apart(&self) -> impl Iterator<Item = u32> {
        self.more.keys().copied()
    }
}
