//! A database in memory: tables, transactions with undo, row locks, unique keys.

use super::super::entry::{Entry, Ms, OrderKey, RefundRow};
use super::super::state::LedgerState;
use std::collections::BTreeMap;

/// A transaction.
pub type Tx = u64;

#[derive(Debug, Clone)]
pub struct CreditRow {
    pub key: OrderKey,
    pub transaction_id: String,
    pub amount: i64,
    pub digest: String,
    pub revoked: bool,
}

#[derive(Debug, Clone)]
pub struct EvidenceRow {
    pub key: OrderKey,
    pub digest: String,
    pub seen_at: Ms,
    /// Does it say that something went back?
    pub went_back: bool,
}

#[derive(Debug, Clone)]
pub struct RefundLine {
    pub order_id: i64,
    pub row: RefundRow,
}

#[derive(Debug, Clone)]
pub struct OutboxRow {
    pub order_id: i64,
    pub due_at: Ms,
    pub epoch: i64,
    pub attempt: i64,
    pub done: bool,
}

/// The shop's own table: +1 for a credit, -1 for one taken back.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub key: OrderKey,
    pub count: i64,
}

/// How to take a write back.
#[derive(Debug, Clone)]
pub enum Undo {
    OrderAdded(i64),
    OrderWas(Box<Entry>),
    EvidenceAdded(i64),
    CreditAdded(i64),
    CreditWas(i64, CreditRow),
    RefundAdded(i64),
    RefundWas(i64, RefundLine),
    OutboxAdded(i64),
    DeliveryAdded(i64),
}

#[derive(Debug, Default)]
pub struct Database {
    pub orders: BTreeMap<i64, Entry>,
    pub evidence: BTreeMap<i64, EvidenceRow>,
    pub credits: BTreeMap<i64, CreditRow>,
    pub refunds: BTreeMap<i64, RefundLine>,
    pub outbox: BTreeMap<i64, OutboxRow>,
    pub deliveries: BTreeMap<i64, Delivery>,
    /// Messages that were delivered and removed, with their order.
    pub purged_messages: BTreeMap<i64, i64>,
    /// Evidence that was removed.
    pub purged_evidence: Vec<EvidenceRow>,
    /// Which transaction holds which order row.
    pub order_locks: BTreeMap<i64, Tx>,
    /// Which transaction wrote which credit, evidence or refund.
    pub written_by: BTreeMap<(u8, i64), Tx>,
    /// SQLite: who writes.
    pub writer: Option<Tx>,
    pub live: BTreeMap<Tx, Vec<Undo>>,
    /// The committed states of every order, for the checks.
    pub history: BTreeMap<i64, Vec<LedgerState>>,
    next_id: i64,
    next_tx: Tx,
}

impl Database {
    pub fn id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn begin(&mut self) -> Tx {
        self.next_tx += 1;
        self.live.insert(self.next_tx, Vec::new());
        self.next_tx
    }

    pub fn order_id(&self, key: &OrderKey) -> Option<i64> {
        self.orders.values().find(|entry| entry.terms.key == *key).map(|entry| entry.id)
    }

    /// Another transaction that holds this order row.
    pub fn holder(&self, id: i64, tx: Option<Tx>) -> Option<Tx> {
        self.order_locks.get(&id).copied().filter(|holder| Some(*holder) != tx)
    }

    /// Another live transaction that wrote this row.
    pub fn writer_of(&self, table: u8, id: i64, tx: Option<Tx>) -> Option<Tx> {
        self.written_by.get(&(table, id)).copied().filter(|writer| Some(*writer) != tx)
    }

    pub fn note(&mut self, tx: Option<Tx>, undo: Undo) {
        let Some(tx) = tx else { return };
        let mark = match &undo {
            Undo::EvidenceAdded(id) => Some((0, *id)),
            Undo::CreditAdded(id) => Some((1, *id)),
            Undo::RefundAdded(id) => Some((2, *id)),
            _ => None,
        };
        if let Some(mark) = mark {
            self.written_by.insert(mark, tx);
        }
        self.live.entry(tx).or_default().push(undo);
    }

    /// Takes back everything since the mark.
    pub fn undo_to(&mut self, tx: Tx, mark: usize) {
        let Some(log) = self.live.get_mut(&tx) else { return };
        for undo in log.split_off(mark.min(log.len())).into_iter().rev() {
            self.take_back(undo);
        }
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::OrderAdded(id) => drop(self.orders.remove(&id)),
            Undo::OrderWas(entry) => drop(self.orders.insert(entry.id, *entry)),
            Undo::EvidenceAdded(id) => drop(self.evidence.remove(&id)),
            Undo::CreditAdded(id) => drop(self.credits.remove(&id)),
            Undo::CreditWas(id, row) => drop(self.credits.insert(id, row)),
            Undo::RefundAdded(id) => drop(self.refunds.remove(&id)),
            Undo::RefundWas(id, row) => drop(self.refunds.insert(id, row)),
            Undo::OutboxAdded(id) => drop(self.outbox.remove(&id)),
            Undo::DeliveryAdded(id) => drop(self.deliveries.remove(&id)),
        }
    }

    pub fn rollback(&mut self, tx: Tx) {
        self.undo_to(tx, 0);
        self.end(tx);
    }

    pub fn commit(&mut self, tx: Tx) {
        self.end(tx);
        self.remember();
    }

    fn end(&mut self, tx: Tx) {
        self.live.remove(&tx);
        self.order_locks.retain(|_, holder| *holder != tx);
        self.written_by.retain(|_, writer| *writer != tx);
        if self.writer == Some(tx) {
            self.writer = None;
        }
    }

    /// Writes down the committed states.
    pub fn remember(&mut self) {
        for entry in self.orders.values().filter(|entry| !self.order_locks.contains_key(&entry.id)) {
            let states = self.history.entry(entry.id).or_default();
            if states.last() != Some(&entry.state) {
                states.push(entry.state);
            }
        }
    }
}
