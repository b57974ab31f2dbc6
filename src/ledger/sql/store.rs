//! The ledger's store on a connection: transactions of our own or joined, the fence around callbacks, claims.

mod look;
mod server;

pub use server::{other_version, told_version, will_do};

use super::connection::{Bound, Connection, SqlResult, SqlRow};
use super::dialect::{Dialect, Statement};
use super::fault::SqlFault;
use super::rows::{adopted, advanced, due, entry, evidenced, message, opened, refund};
use crate::ledger::ascii;
use crate::ledger::entry::{Entry, Ms, OrderKey, OrderTerms, RefundRow};
use crate::ledger::store::{
    Added, Evidence, Failure, Kind, Leftover, Message, Opening, OrderStore, QueueStore, Scope, Transactions,
    Whose,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// SQLite's `synchronous = FULL`.
const SYNCHRONOUS_FULL: i64 = 2;
/// A claim or an installation is tried so often while the database is busy.
pub const MOST_TRIES: u32 = 5;

/// A transaction under way.
#[derive(Debug)]
enum Open {
    Own,
    Joined(String),
}

/// The ledger in a database.
pub struct SqlStore<C: Connection> {
    /// The connection.
    pub connection: C,
    open: Option<Open>,
    fence: Option<String>,
    /// What this transaction has written: an order and the version it must have afterwards.
    witness: Option<(OrderKey, i64)>,
    /// The forks of this process when the transaction began.
    forks: u32,
    known: Known,
    broken: bool,
}

/// What is looked at once for a connection, and found right.
#[derive(Default)]
struct Known {
    tables: bool,
    durable: bool,
    server: bool,
}

impl<C: Connection> SqlStore<C> {
    /// On this connection, which must be used by this process only.
    pub fn new(connection: C) -> Self {
        Self {
            forks: connection.forks(),
            connection,
            open: None,
            fence: None,
            witness: None,
            known: Known::default(),
            broken: false,
        }
    }

    /// Which database it is.
    pub(super) fn dialect(&self) -> Dialect {
        self.connection.sql().dialect
    }

    /// May the connection be used at all?
    pub(super) fn usable(&self) -> SqlResult<(), C::Cause> {
        self.whole()?;
        self.connection.usable()
    }

    /// Fails if a transaction of ours could not be ended: what we would write now would belong to it.
    fn whole(&self) -> SqlResult<(), C::Cause> {
        if self.broken {
            return Err(SqlFault::lost(
                "The connection broke inside a transaction: make PDO and Ledger anew",
            ));
        }
        Ok(())
    }

    /// Fails inside a transaction of the shop's: `what` must be durable, or seen by others, at once.
    pub fn alone(&self, what: &str) -> SqlResult<(), C::Cause> {
        self.usable()?;
        if self.connection.in_transaction()? {
            return Err(SqlFault::logic(format!(
                "{what} cannot be used inside a transaction: commit it first"
            )));
        }
        Ok(())
    }

    /// Before the first statement outside a transaction: an old server would only complain of its syntax, old tables of
    /// their columns, and a session that keeps what is written of nothing.
    pub(super) fn ready(&mut self) -> SqlResult<(), C::Cause> {
        if !self.known.server {
            server::not_too_old(&self.connection)?;
            self.known.server = true;
        }
        self.current()
    }

    fn join(&mut self) -> SqlResult<Scope, C::Cause> {
        let name = fresh_name();
        self.connection.exec(&format!("SAVEPOINT {name}")).map_err(not_again)?;
        self.open = Some(Open::Joined(name));
        Ok(Scope::Joined)
    }

    /// A commit of ours outlives a power failure, whatever the shop has chosen for its own speed.
    fn make_durable(&mut self) -> SqlResult<(), C::Cause> {
        if self.known.durable || self.dialect() != Dialect::Sqlite {
            return Ok(());
        }
        let level = self.connection.rows_once("PRAGMA synchronous")?.into_iter().next();
        if level.is_some_and(|row| row.id().is_some_and(|level| level < SYNCHRONOUS_FULL)) {
            self.connection.exec("PRAGMA synchronous = FULL")?;
        }
        self.known.durable = true;
        Ok(())
    }

    fn start(&mut self) -> SqlResult<Scope, C::Cause> {
        self.make_durable()?;
        match self.begin_own() {
            Ok(()) => {
                self.open = Some(Open::Own);
                Ok(Scope::Own)
            }
            Err(fault) if fault.nested => self.join(),
            Err(fault) => Err(fault),
        }
    }

    /// Begins a transaction where PDO knows of none. A signal's handler that ends the script right after it was begun
    /// does not leave it open.
    pub(super) fn begin_own(&mut self) -> SqlResult<(), C::Cause> {
        let begun = self.connection.begin();
        if begun.as_ref().is_err_and(|fault| !fault.nested) {
            self.roll_back();
        }
        begun
    }

    /// What has to come first in a transaction.
    fn enter(&mut self, scope: Scope) -> SqlResult<(), C::Cause> {
        if let Some(text) = self.connection.sql().after_begin(scope == Scope::Own) {
            self.connection.exec(&text)?;
        }
        self.current()
    }

    /// Are the tables those of this version, and does the session commit what is written?
    pub(super) fn current(&mut self) -> SqlResult<(), C::Cause> {
        if !self.known.tables {
            server::known_version(&mut self.connection)?;
            self.known.tables = true;
        }
        Ok(())
    }

    /// The transaction is over, or the connection with it.
    pub(super) fn roll_back(&mut self) {
        let ended = self.connection.cleaning(|| match self.connection.in_transaction() {
            Ok(false) => Ok(()),
            Ok(true) => self.connection.roll_back().or_else(|fault| self.notice_the_end(fault)),
            Err(fault) => Err(fault),
        });
        self.broken |= ended.is_err();
    }

    /// What happened since our savepoint is undone. Whatever this says, the error that led here says more.
    fn roll_back_to(&mut self, name: &str) {
        self.connection.cleaning(|| {
            let _ = self.connection.exec(&format!("ROLLBACK TO SAVEPOINT {name}"));
            let _ = self.connection.exec(&format!("RELEASE SAVEPOINT {name}"));
        });
    }

    /// SQLite rolls back by itself when its disk is full; PDO would believe in that transaction for ever.
    fn notice_the_end(&self, fault: SqlFault<C::Cause>) -> SqlResult<(), C::Cause> {
        if self.dialect() != Dialect::Sqlite || !fault.message.contains("no transaction is active") {
            return Err(fault);
        }
        self.connection.exec("BEGIN")?;
        self.connection.roll_back()
    }

    pub(super) fn add(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<Added, C::Cause> {
        match self.connection.change(statement, bound) {
            Ok(1) => Ok(Added::New),
            Ok(_) => Ok(Added::Already),
            Err(fault) if fault.taken && self.dialect() == Dialect::Mysql => Ok(Added::Already),
            Err(fault) => Err(fault),
        }
    }

    pub(super) fn one(
        &mut self,
        statement: Statement,
        bound: &[Bound<'_>],
    ) -> SqlResult<Option<SqlRow>, C::Cause> {
        Ok(self.connection.rows(statement, bound)?.into_iter().next())
    }

    fn by_key(&mut self, statement: Statement, key: &OrderKey) -> SqlResult<Option<SqlRow>, C::Cause> {
        self.one(statement, &[(&key.mch_id).into(), (&key.sub_mch_id).into(), (&key.out_trade_no).into()])
    }
}

/// What was observed, and the note, as the table keeps them.
pub(super) fn in_ascii(evidence: &Evidence<'_>) -> (String, Option<String>) {
    let observed = evidence.observed.chars().filter(char::is_ascii_graphic).take(32).collect();
    (observed, evidence.note.map(|note| ascii::json(&note)))
}

/// Unique for the life of the process: MySQL lets a second savepoint of one name replace the first.
fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("wechatpay_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

const FOREIGN_END: &str = "The callback of the ledger ended or broke the transaction it was called in \
     (a commit, a rollback, MySQL's DDL, a database error that was caught and not thrown on)";

impl<C: Connection> Transactions for SqlStore<C> {
    type Fault = SqlFault<C::Cause>;

    fn begin(&mut self) -> SqlResult<Scope, C::Cause> {
        self.usable()?;
        (self.witness, self.forks) = (None, self.connection.forks());
        let scope = if self.connection.in_transaction()? { self.join()? } else { self.start()? };
        match self.enter(scope) {
            Ok(()) => Ok(scope),
            Err(fault) => {
                self.abandon();
                Err(if scope == Scope::Joined { not_again(fault) } else { fault })
            }
        }
    }

    fn commit(&mut self) -> SqlResult<(), C::Cause> {
        if let Some(Open::Joined(name)) = &self.open {
            self.connection.exec(&format!("RELEASE SAVEPOINT {name}"))?;
        } else {
            self.connection.commit().map_err(unknown_end)?;
            self.look_again()?;
        }
        self.open = None;
        Ok(())
    }

    fn abandon(&mut self) {
        self.fence = None;
        match self.open.take() {
            Some(Open::Own) => self.roll_back(),
            Some(Open::Joined(name)) => self.roll_back_to(&name),
            None => {}
        }
    }

    fn pause(&mut self, tries: u32) {
        let most = 4_u64 << tries.min(4);
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |t| u64::from(t.subsec_nanos()));
        self.connection.pause(Duration::from_millis(most / 2 + nanos / 1000 % most));
    }

    fn guard(&mut self) -> SqlResult<(), C::Cause> {
        let name = fresh_name();
        self.connection.exec(&format!("SAVEPOINT {name}"))?;
        self.fence = Some(name);
        Ok(())
    }

    fn unguard(&mut self) -> SqlResult<(), C::Cause> {
        let Some(name) = self.fence.take() else { return Ok(()) };
        match self.connection.exec(&format!("RELEASE SAVEPOINT {name}")) {
            Ok(()) => self.connection.unchanged(),
            Err(fault) if fault.kind() == Kind::Broken => {
                Err(SqlFault::broken(&format!("{FOREIGN_END}: {}", fault.message)))
            }
            // The database's own trouble is nobody's callback.
            Err(fault) => Err(fault),
        }
    }

    fn now(&mut self) -> SqlResult<Ms, C::Cause> {
        let row = self.one(Statement::Now, &[])?;
        row.ok_or_else(|| SqlFault::own("the clock gave no row".into()))?.int()
    }
}

impl<C: Connection> OrderStore for SqlStore<C> {
    fn entry(&mut self, key: &OrderKey) -> SqlResult<Option<Entry>, C::Cause> {
        self.by_key(Statement::Entry, key)?.map(entry).transpose()
    }

    fn peek(&mut self, key: &OrderKey) -> SqlResult<Option<Entry>, C::Cause> {
        self.usable()?;
        self.current()?;
        self.by_key(Statement::Peek, key)?.map(entry).transpose()
    }

    fn register(&mut self, terms: &OrderTerms, opening: &Opening) -> SqlResult<Added, C::Cause> {
        let added = self.add(Statement::Register, &opened(terms, opening))?;
        self.witness = Some((terms.key.clone(), 0));
        Ok(added)
    }

    fn adopt(&mut self, orphan: &Entry, terms: &OrderTerms) -> SqlResult<bool, C::Cause> {
        Ok(self.connection.change(Statement::Adopt, &adopted(orphan, terms))? == 1)
    }

    fn advance(&mut self, before: &Entry, after: &Entry) -> SqlResult<bool, C::Cause> {
        self.witness = Some((after.terms.key.clone(), after.version));
        Ok(self.connection.change(Statement::Advance, &advanced(before, after))? == 1)
    }

    fn keep_evidence(&mut self, evidence: &Evidence<'_>) -> SqlResult<Added, C::Cause> {
        let (observed, note) = in_ascii(evidence);
        self.add(Statement::KeepEvidence, &evidenced(evidence, &observed, note.as_deref()))
    }

    fn first_seen(&mut self, key: &OrderKey) -> SqlResult<Option<Ms>, C::Cause> {
        self.by_key(Statement::FirstSeen, key)?.map_or(Ok(None), |mut row| row.int_or_null())
    }

    fn refund_seen(&mut self, key: &OrderKey) -> SqlResult<Option<Ms>, C::Cause> {
        self.by_key(Statement::RefundSeen, key)?.map_or(Ok(None), |mut row| row.int_or_null())
    }

    fn credit(&mut self, entry: &Entry, digest: &str) -> SqlResult<Added, C::Cause> {
        let terms = &entry.terms;
        self.add(
            Statement::Credit,
            &[
                entry.id.into(),
                (&terms.key.mch_id).into(),
                (&terms.key.sub_mch_id).into(),
                (&terms.key.out_trade_no).into(),
                entry.transaction_id.as_deref().into(),
                entry.paid_fee().into(),
                entry.currency().into(),
                digest.into(),
            ],
        )
    }

    fn revoke(&mut self, entry: &Entry) -> SqlResult<bool, C::Cause> {
        Ok(self.connection.change(Statement::Revoke, &[entry.id.into()])? == 1)
    }

    fn refunds(&mut self, entry: &Entry) -> SqlResult<Vec<RefundRow>, C::Cause> {
        self.connection.rows(Statement::Refunds, &[entry.id.into()])?.into_iter().map(refund).collect()
    }

    fn add_refund(&mut self, entry: &Entry, row: &RefundRow) -> SqlResult<Added, C::Cause> {
        let options = row.kept_options();
        self.add(
            Statement::AddRefund,
            &[
                entry.id.into(),
                (&entry.terms.key.mch_id).into(),
                (&entry.terms.key.sub_mch_id).into(),
                (&row.out_refund_no).into(),
                row.refund_id.as_deref().into(),
                row.refund_fee.into(),
                row.state.word().into(),
                (&options).into(),
                row.sent_at.into(),
            ],
        )
    }

    fn move_refund(&mut self, entry: &Entry, row: &RefundRow) -> SqlResult<bool, C::Cause> {
        let options = row.kept_options();
        let bound: [Bound<'_>; 7] = [
            row.refund_id.as_deref().into(),
            row.refund_fee.into(),
            row.state.word().into(),
            (&options).into(),
            row.sent_at.into(),
            entry.id.into(),
            (&row.out_refund_no).into(),
        ];
        Ok(self.connection.change(Statement::MoveRefund, &bound)? == 1)
    }

    fn announce(&mut self, entry: &Entry, topic: &str, payload: &str) -> SqlResult<(), C::Cause> {
        self.connection
            .change(Statement::Announce, &[entry.id.into(), topic.into(), payload.into()])
            .map(drop)
    }
}

impl<C: Connection> QueueStore for SqlStore<C> {
    fn claim(&mut self, whose: &Whose, lease: Ms, most: usize) -> SqlResult<Vec<Entry>, C::Cause> {
        self.alone("Claiming orders")?;
        self.ready()?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let ids = [&whose.mch_id, &whose.sub_mch_id, &whose.appid, &whose.sub_appid].map(Bound::from);
        let rows = self.take(Statement::Claim, &[&ids[..], &[most.into()]].concat(), lease)?;
        rows.into_iter().map(|row| Ok(self.claimed(entry(row)?, lease))).collect()
    }

    fn due(&mut self) -> SqlResult<Vec<(Whose, i64)>, C::Cause> {
        self.usable()?;
        self.ready()?;
        self.connection.rows(Statement::Due, &[])?.into_iter().map(due).collect()
    }

    fn settle(&mut self, claimed: &Entry, due_in: Ms, attempt: i64) -> SqlResult<bool, C::Cause> {
        self.whole()?;
        let bound = [due_in.into(), attempt.into(), claimed.id.into(), claimed.epoch.into()];
        Ok(self.connection.change(Statement::Settle, &bound)? == 1)
    }

    fn pardon(&mut self, order: &Entry, most: i64) -> SqlResult<(), C::Cause> {
        self.whole()?;
        self.connection.change(Statement::Pardon, &[most.into(), order.id.into(), most.into()]).map(drop)
    }

    fn set_aside(&mut self, most: usize) -> SqlResult<usize, C::Cause> {
        self.alone("Ledger::outbox()")?;
        self.ready()?;
        self.set_blocked_aside(most)
    }

    fn claim_message(&mut self, lease: Ms) -> SqlResult<Option<Message>, C::Cause> {
        self.alone("Ledger::outbox()")?;
        self.ready()?;
        let row = self.take(Statement::ClaimMessage, &[], lease)?.into_iter().next();
        let before = i64::from(self.dialect() == Dialect::Mysql);
        row.map(|row| message(row, before)).transpose()
    }

    fn settle_message(&mut self, claimed: &Message, due_in: Option<Ms>) -> SqlResult<bool, C::Cause> {
        self.whole()?;
        let row = [claimed.id.into(), claimed.epoch.into()];
        let changed = if let Some(due_in) = due_in {
            self.connection.change(Statement::SettleMessage, &[&[due_in.into()], &row[..]].concat())?
        } else {
            self.connection.change(Statement::Unblock, &[&row[..], &[claimed.id.into()]].concat())?;
            self.connection.change(Statement::EndMessage, &row)?
        };
        Ok(changed == 1)
    }

    fn span(&mut self, what: Leftover) -> SqlResult<Option<(i64, i64)>, C::Cause> {
        self.alone("Ledger::purge()")?;
        self.ready()?;
        let statement = match what {
            Leftover::Messages => Statement::MessageSpan,
            Leftover::Evidence => Statement::EvidenceSpan,
        };
        let Some(mut row) = self.one(statement, &[])? else { return Ok(None) };
        Ok(row.int_or_null()?.zip(row.int_or_null()?))
    }

    fn purge(&mut self, what: Leftover, before: Ms, from: i64, to: i64) -> SqlResult<i64, C::Cause> {
        let rows = [from.into(), to.into(), before.into()];
        match what {
            Leftover::Messages => self.connection.change(Statement::PurgeMessages, &rows),
            Leftover::Evidence => {
                self.connection.change(Statement::PurgeEvidence, &[&rows[..], &[before.into()]].concat())
            }
        }
    }
}

/// In the shop's transaction nothing is tried again, from its first statement on: a deadlock may have ended it.
fn not_again<C>(fault: SqlFault<C>) -> SqlFault<C> {
    if fault.kind() == Kind::Busy { fault.meaning(Kind::Other) } else { fault }
}

/// A COMMIT that failed without the database's own word that it did leaves the end open.
fn unknown_end<C>(fault: SqlFault<C>) -> SqlFault<C> {
    match fault.kind() {
        // The script ends here, whether it is stored or not; nobody is told anything.
        Kind::Over => fault,
        _ if fault.definite => fault,
        _ if fault.message.contains("no active transaction") => SqlFault::broken(FOREIGN_END),
        _ => fault.meaning(Kind::OutcomeUnknown),
    }
}
