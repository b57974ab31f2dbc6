//! A real SQLite in memory, shared by all connections of one world, and its rows as the checks read them.

use super::super::entry::{Ms, OrderKey};
use super::super::sql::connection::{Connection, SqlResult, SqlRow};
use super::super::sql::dialect::Statement;
use super::super::sql::rows;
use super::super::sql::sqlite::{Sqlite, TestClock};
use super::super::sql::store::SqlStore;
use super::bank::MCH_ID;
use super::database::{CreditRow, Database, Delivery, EvidenceRow, OutboxRow, RefundLine};
use rusqlite::Error;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The shop's own table; a row about an item that is not there is refused by COMMIT.
const SHOP: &str = "CREATE TABLE item (id INTEGER PRIMARY KEY); CREATE TABLE shop (id INTEGER PRIMARY KEY, \
     out_trade_no TEXT NOT NULL, count INTEGER NOT NULL, item INTEGER REFERENCES item DEFERRABLE INITIALLY DEFERRED)";

/// It lasts as long as this does.
pub struct Disk {
    address: String,
    clock: TestClock,
    keeper: Sqlite,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address)
    }
}

impl Disk {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let address = format!("file:/simulation-{}?vfs=memdb", NEXT.fetch_add(1, Ordering::Relaxed));
        let clock = TestClock::default();
        let mut store = SqlStore::new(Sqlite::open(&address, &clock));
        store.install().unwrap();
        store.connection.exec(SHOP).unwrap();
        Self { address, clock, keeper: store.connection }
    }

    pub fn connect(&self) -> Sqlite {
        let sqlite = Sqlite::open(&self.address, &self.clock);
        sqlite.exec("PRAGMA foreign_keys = ON").unwrap();
        sqlite
    }

    pub fn set_clock(&self, now: Ms) {
        self.clock.store(now, Ordering::Relaxed);
    }

    /// Makes an order look as if it had failed so often; not while somebody writes.
    pub fn ages(&self, order: i64, attempt: i64, db: &mut Database) -> bool {
        let text = format!("UPDATE wechatpay_order SET attempt = {attempt} WHERE id = {order}");
        let aged = self.keeper.exec(&text).is_ok();
        if aged {
            Self::mirror(&self.keeper, db);
        }
        aged
    }

    /// Brings what the checks read up to what is committed.
    pub fn mirror(sqlite: &Sqlite, db: &mut Database) {
        // While somebody else writes it cannot be read: then this was a rollback, and nothing is new.
        let _ = read(sqlite, db);
    }
}

fn read(sqlite: &Sqlite, db: &mut Database) -> SqlResult<(), Error> {
    let orders = orders(sqlite)?;
    let refunds = refunds(sqlite, orders.keys().copied())?;
    let (evidence, outbox) = (evidence(sqlite)?, outbox(sqlite)?);
    (db.credits, db.deliveries) = (credits(sqlite)?, deliveries(sqlite)?);
    (db.orders, db.refunds) = (orders, refunds);
    let before = std::mem::replace(&mut db.evidence, evidence);
    let purged = before.into_iter().filter(|(id, _)| !db.evidence.contains_key(id));
    db.purged_evidence.extend(purged.map(|(_, row)| row));
    let before = std::mem::replace(&mut db.outbox, outbox);
    let purged = before.into_iter().filter(|(id, _)| !db.outbox.contains_key(id));
    db.purged_messages.extend(purged.map(|(id, row)| (id, row.order_id)));
    db.remember();
    Ok(())
}

fn by_id<T>(
    rows: SqlResult<Vec<SqlRow>, Error>,
    mut value: impl FnMut(&mut SqlRow) -> SqlResult<T, Error>,
) -> SqlResult<BTreeMap<i64, T>, Error> {
    rows?.into_iter().map(|mut row| Ok((row.int()?, value(&mut row)?))).collect()
}

fn key(row: &mut SqlRow) -> SqlResult<OrderKey, Error> {
    Ok(OrderKey { mch_id: MCH_ID.into(), sub_mch_id: String::new(), out_trade_no: row.text()? })
}

fn orders(sqlite: &Sqlite) -> SqlResult<BTreeMap<i64, super::super::entry::Entry>, Error> {
    let text = sqlite.sql().text(Statement::Peek);
    let all = text.split(" WHERE ").next().unwrap_or_default();
    let entries = sqlite.rows_once(all)?.into_iter().map(rows::entry);
    entries.map(|entry| entry.map(|entry| (entry.id, entry))).collect()
}

fn refunds(
    sqlite: &Sqlite,
    orders: impl Iterator<Item = i64>,
) -> SqlResult<BTreeMap<i64, RefundLine>, Error> {
    let text = sqlite.sql().text(Statement::Refunds);
    let mut lines = BTreeMap::new();
    for order_id in orders {
        for row in sqlite.rows_once(&text.replace('?', &order_id.to_string()))? {
            let line = RefundLine { order_id, row: rows::refund(row)? };
            lines.insert(lines.len() as i64, line);
        }
    }
    Ok(lines)
}

fn evidence(sqlite: &Sqlite) -> SqlResult<BTreeMap<i64, EvidenceRow>, Error> {
    let rows = sqlite.rows_once(
        "SELECT id, out_trade_no, sha256, seen_at, source IN ('refunds', 'refund_notice') OR observed = 'REFUND' \
         FROM wechatpay_evidence",
    );
    by_id(rows, |row| {
        Ok(EvidenceRow {
            key: key(row)?,
            digest: row.text()?,
            seen_at: row.int()?,
            went_back: row.int()? != 0,
        })
    })
}

fn credits(sqlite: &Sqlite) -> SqlResult<BTreeMap<i64, CreditRow>, Error> {
    let rows = sqlite.rows_once(
        "SELECT id, out_trade_no, transaction_id, total_fee, sha256, revoked_at FROM wechatpay_credit",
    );
    by_id(rows, |row| {
        Ok(CreditRow {
            key: key(row)?,
            transaction_id: row.text()?,
            amount: row.int()?,
            digest: row.text()?,
            revoked: row.int_or_null()?.is_some(),
        })
    })
}

fn outbox(sqlite: &Sqlite) -> SqlResult<BTreeMap<i64, OutboxRow>, Error> {
    let rows = sqlite.rows_once("SELECT id, order_id, due_at, epoch, attempt, done_at FROM wechatpay_outbox");
    by_id(rows, |row| {
        Ok(OutboxRow {
            order_id: row.int()?,
            due_at: row.int_or_null()?.unwrap_or(0),
            epoch: row.int()?,
            attempt: row.int()?,
            done: row.int_or_null()?.is_some(),
        })
    })
}

fn deliveries(sqlite: &Sqlite) -> SqlResult<BTreeMap<i64, Delivery>, Error> {
    let rows = sqlite.rows_once("SELECT id, out_trade_no, count FROM shop");
    by_id(rows, |row| Ok(Delivery { key: key(row)?, count: row.int()? }))
}
