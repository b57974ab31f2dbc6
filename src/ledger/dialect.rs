//! The ledger's SQL, as plain text for three databases: nothing here talks to one.
//!
//! What differs is small and stands together: types, the clock, the row lock, "insert once", how due rows are
//! claimed, and which error means what. All else is common SQL with `?`.

mod errors;
mod schema;
mod upgrade;
mod version;

pub use errors::{Problem, classify, is_in_transaction, is_missing, is_taken};
pub use upgrade::Step;

use crate::model::numbers::BadArgument;

/// The schema that this version writes and reads.
pub const VERSION: i64 = upgrade::NEWEST;

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.37 or newer.
    Sqlite,
    /// MariaDB 10.6, MySQL 8.0.1 or newer.
    Mysql,
    /// PostgreSQL 12 or newer.
    Postgres,
}

impl Dialect {
    /// By PDO's name of the driver.
    pub fn of_driver(name: &str) -> Option<Self> {
        match name {
            "sqlite" => Some(Self::Sqlite),
            "mysql" => Some(Self::Mysql),
            "pgsql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The database's clock in milliseconds since 1970.
    pub fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
            Self::Mysql => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000",
            Self::Postgres => "CAST(FLOOR(EXTRACT(EPOCH FROM statement_timestamp()) * 1000) AS BIGINT)",
        }
    }

    fn row_lock(self) -> &'static str {
        if self == Self::Sqlite { "" } else { " FOR UPDATE" }
    }

    /// An insert that finds its key taken changes nothing; MySQL says so by error 1062, because its own words for
    /// this count rows differently under `MYSQL_ATTR_FOUND_ROWS`.
    fn once(self) -> &'static str {
        if self == Self::Mysql { "" } else { " ON CONFLICT DO NOTHING" }
    }

    /// A parameter that is added to the clock.
    fn span(self) -> &'static str {
        if self == Self::Postgres { "CAST(? AS BIGINT)" } else { "?" }
    }
}

/// The columns of an order, in the order in which they are read.
const ORDER: &str = "o.id, o.mch_id, o.sub_mch_id, o.out_trade_no, o.appid, o.sub_appid, o.total_fee, o.fee_type, \
     o.trade_type, o.expires_at, o.state, o.version, o.transaction_id, o.paid, o.paid_type, o.credited, o.refunded, \
     o.pending_refund, o.intent, o.sent_at, o.ask_refunds, o.suspect_id, o.suspect_fee, o.suspect_type, o.reason, o.created_at, o.changed_at, o.due_at, o.epoch, o.attempt";

/// The columns of a message, in the order in which they are read.
const MESSAGE: &str = "m.id, m.epoch, m.attempt, m.topic, m.payload";

/// The statements; each is prepared once for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "each is the method of `Store` of that name; `Mark` writes what `Pick` has read"
)]
pub enum Statement {
    Now,
    Version,
    Entry,
    Peek,
    Register,
    Adopt,
    Advance,
    KeepEvidence,
    FirstSeen,
    Credit,
    Revoke,
    Refunds,
    AddRefund,
    MoveRefund,
    Announce,
    Claim,
    Settle,
    ClaimMessages,
    SettleMessage,
    EndMessage,
}

impl Statement {
    /// Every statement.
    pub const ALL: [Self; 20] = [
        Self::Now,
        Self::Version,
        Self::Entry,
        Self::Peek,
        Self::Register,
        Self::Adopt,
        Self::Advance,
        Self::KeepEvidence,
        Self::FirstSeen,
        Self::Credit,
        Self::Revoke,
        Self::Refunds,
        Self::AddRefund,
        Self::MoveRefund,
        Self::Announce,
        Self::Claim,
        Self::Settle,
        Self::ClaimMessages,
        Self::SettleMessage,
        Self::EndMessage,
    ];
}

/// The texts for one database and one prefix.
#[derive(Debug, Clone)]
pub struct Sql {
    /// Which database.
    pub dialect: Dialect,
    prefix: String,
}

impl Sql {
    /// Checks the prefix: it becomes part of names.
    pub fn new(dialect: Dialect, prefix: &str) -> Result<Self, BadArgument> {
        let mut bytes = prefix.bytes();
        let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let goes_on = bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if starts && goes_on && prefix.len() <= 21 {
            return Ok(Self { dialect, prefix: prefix.to_owned() });
        }
        let what = "must be 1 to 21 characters of 0-9A-Za-z_ that do not begin with a digit";
        Err(BadArgument::new("prefix", what))
    }

    /// The text of a statement.
    pub fn text(&self, statement: Statement) -> String {
        let text = self.named(&self.template(statement));
        text.replace("{now}", self.dialect.clock()).replace("{span}", self.dialect.span())
    }

    /// The names of our tables for those in braces.
    fn named(&self, template: &str) -> String {
        let tables = ["order", "evidence", "credit", "refund", "outbox", "schema"];
        tables
            .iter()
            .fold(template.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), &self.table(name)))
    }

    fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn template(&self, statement: Statement) -> String {
        let once = self.dialect.once();
        match statement {
            Statement::Now => "SELECT {now}".into(),
            Statement::Version => "SELECT MAX(version) FROM {schema}".into(),
            Statement::Entry => format!("{}{}", select_order(), self.dialect.row_lock()),
            Statement::Peek => select_order(),
            Statement::Register => REGISTER.to_owned() + once,
            Statement::Adopt => ADOPT.into(),
            Statement::Advance => ADVANCE.into(),
            Statement::KeepEvidence => KEEP_EVIDENCE.to_owned() + once,
            Statement::FirstSeen => FIRST_SEEN.into(),
            Statement::Credit => CREDIT.to_owned() + once,
            Statement::Revoke => REVOKE.into(),
            // InnoDB's snapshot may be older than the lock on the order: only a locking read sees what is there.
            Statement::Refunds => REFUNDS.to_owned() + self.dialect.row_lock(),
            Statement::AddRefund => ADD_REFUND.to_owned() + once,
            Statement::MoveRefund => MOVE_REFUND.into(),
            Statement::Announce => ANNOUNCE.into(),
            Statement::Claim => self.claim("{order} o", ORDER, DUE_ORDERS),
            Statement::Settle => SETTLE.into(),
            Statement::ClaimMessages => self.claim("{outbox} m", MESSAGE, DUE_MESSAGES),
            Statement::SettleMessage => SETTLE_MESSAGE.into(),
            Statement::EndMessage => END_MESSAGE.into(),
        }
    }

    /// Claims due rows. Parameters: on MySQL those of `due` alone, and what it gives is still to be marked;
    /// elsewhere the lease comes first on SQLite and last on PostgreSQL.
    fn claim(&self, table: &str, columns: &str, due: &str) -> String {
        let alias = table.rsplit(' ').next().unwrap_or_default();
        let lease =
            format!("due_at = {{now}} + {{span}}, epoch = {alias}.epoch + 1, attempt = {alias}.attempt + 1");
        // MySQL would rather walk, and lock, every row of the merchant that is due no more.
        let hint = if self.dialect == Dialect::Mysql { " FORCE INDEX (due)" } else { "" };
        let pick = |columns: &str| format!("SELECT {columns} FROM {table}{hint} WHERE {due}");
        let key = format!("{alias}.id");
        match self.dialect {
            Dialect::Sqlite => format!(
                "UPDATE {} SET {} WHERE id IN ({}) RETURNING {}, {{now}}",
                table.split(' ').next().unwrap_or_default(),
                lease.replace(&format!("{alias}."), ""),
                pick(&key),
                columns.replace(&format!("{alias}."), "")
            ),
            Dialect::Mysql => format!("{} FOR UPDATE SKIP LOCKED", pick(&format!("{columns}, {{now}}"))),
            Dialect::Postgres => format!(
                "WITH c AS MATERIALIZED ({} FOR UPDATE OF {alias} SKIP LOCKED) UPDATE {table} SET {lease} FROM c \
                 WHERE {alias}.id = c.id RETURNING {columns}, {{now}}",
                pick(&key)
            ),
        }
    }

    /// MySQL's second half of a claim: marks what was picked. The numbers are our own row ids.
    pub fn mark(&self, statement: Statement, ids: &[i64]) -> String {
        let table = if statement == Statement::Claim { "order" } else { "outbox" };
        let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
        format!(
            "UPDATE {} SET due_at = {} + ?, epoch = epoch + 1, attempt = attempt + 1 WHERE id IN ({})",
            self.table(table),
            self.dialect.clock(),
            ids.join(", ")
        )
    }

    /// What makes SQLite take its write lock now, in the middle of `BEGIN` and the first read: a lock that is asked
    /// for after a read is refused at once, whatever the time-out.
    pub fn after_begin(&self, own: bool) -> Option<String> {
        match self.dialect {
            Dialect::Sqlite => Some(format!("DELETE FROM {} WHERE 0", self.table("schema"))),
            // A session that died without the server's notice keeps its row locks; nobody waits for it for ever.
            Dialect::Postgres if own => Some("SET LOCAL lock_timeout = '5s'".into()),
            _ => None,
        }
    }

    /// The name of the table that says which schema is there.
    pub fn schema_table(&self) -> String {
        self.table("schema")
    }
}

fn select_order() -> String {
    format!(
        "SELECT {ORDER}, {{now}} FROM {{order}} o WHERE o.mch_id = ? AND o.sub_mch_id = ? AND o.out_trade_no = ?"
    )
}

const REGISTER: &str = "INSERT INTO {order} (mch_id, sub_mch_id, out_trade_no, appid, sub_appid, total_fee, fee_type, \
     trade_type, expires_at, state, suspect_id, suspect_fee, suspect_type, reason, created_at, changed_at, due_at) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now}, {now}, {now} + {span})";

const ADOPT: &str = "UPDATE {order} SET appid = ?, sub_appid = ?, total_fee = ?, fee_type = ?, trade_type = ?, \
     expires_at = ?, state = 'CREATED', reason = 'opened', suspect_id = NULL, suspect_fee = NULL, suspect_type = NULL, version = version + 1, \
     created_at = {now}, changed_at = {now}, due_at = {now} WHERE id = ? AND version = ?";

const ADVANCE: &str = "UPDATE {order} SET state = ?, version = ?, transaction_id = ?, paid = ?, paid_type = ?, credited = ?, \
     refunded = ?, pending_refund = ?, intent = ?, sent_at = ?, ask_refunds = ?, suspect_id = ?, suspect_fee = ?, \
     suspect_type = ?, reason = ?, changed_at = ?, due_at = ?, attempt = ? \
     WHERE id = ? AND version = ?";

const KEEP_EVIDENCE: &str = "INSERT INTO {evidence} (mch_id, sub_mch_id, out_trade_no, order_id, sha256, source, observed, \
     transaction_id, total_fee, reason, note, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now})";

const FIRST_SEEN: &str =
    "SELECT MIN(seen_at) FROM {evidence} WHERE mch_id = ? AND sub_mch_id = ? AND out_trade_no = ?";

const CREDIT: &str = "INSERT INTO {credit} (order_id, mch_id, sub_mch_id, out_trade_no, transaction_id, total_fee, \
     fee_type, sha256, credited_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, {now})";

const REVOKE: &str = "UPDATE {credit} SET revoked_at = {now} WHERE order_id = ? AND revoked_at IS NULL";

const REFUNDS: &str = "SELECT out_refund_no, refund_id, refund_fee, state, options, sent_at FROM {refund} WHERE order_id = ? ORDER BY id";

const ADD_REFUND: &str = "INSERT INTO {refund} (order_id, mch_id, sub_mch_id, out_refund_no, refund_id, refund_fee, \
     state, options, sent_at, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {now}, {now})";

const MOVE_REFUND: &str = "UPDATE {refund} SET refund_id = ?, refund_fee = ?, state = ?, options = ?, sent_at = ?, \
     version = version + 1, changed_at = {now} WHERE order_id = ? AND out_refund_no = ?";

const ANNOUNCE: &str =
    "INSERT INTO {outbox} (order_id, topic, payload, due_at, created_at) VALUES (?, ?, ?, {now}, {now})";

const SETTLE: &str =
    "UPDATE {order} SET due_at = {now} + {span}, attempt = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const SETTLE_MESSAGE: &str =
    "UPDATE {outbox} SET due_at = {now} + {span}, epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const END_MESSAGE: &str =
    "UPDATE {outbox} SET due_at = NULL, done_at = {now}, epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const DUE_ORDERS: &str = "o.mch_id = ? AND o.sub_mch_id = ? AND o.due_at <= {now} ORDER BY o.due_at LIMIT ?";

/// The oldest message of each order that is not delivered.
const DUE_MESSAGES: &str = "m.due_at <= {now} AND NOT EXISTS (SELECT 1 FROM {outbox} e WHERE e.order_id = m.order_id \
     AND e.id < m.id AND e.done_at IS NULL) ORDER BY m.due_at, m.id LIMIT ?";

#[cfg(test)]
mod tests;
