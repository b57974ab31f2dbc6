//! The tables of version 1, which `upgrade` brings up to date, and the columns of an order as they are read today.

use super::database::Dialect;
use super::sql::Sql;

/// A table to be made: its name, its columns in our words, and its indexes; that of what is due ends with ` DUE`.
pub(super) type NewTable = (&'static str, &'static str, &'static [&'static str]);

/// The tables in the order of their making, as version 1 made them: they never change here; `T32` is a text of numbers and words up to 32 bytes, compared as
/// bytes. The table that names the version is made last.
const TABLES: [NewTable; 5] = [
    (
        "order",
        "mch_id T32 NOT NULL, sub_mch_id T32 NOT NULL DEFAULT '', out_trade_no T32 NOT NULL, appid T32 NOT NULL, \
         sub_appid T32 NOT NULL DEFAULT '', total_fee INT8 NOT NULL, fee_type T16 NOT NULL, trade_type T16 NOT NULL, \
         expires_at INT8, state T16 NOT NULL, version INT8 NOT NULL DEFAULT 0, transaction_id T32, paid INT8, \
         credited INT8 NOT NULL DEFAULT 0, refunded INT8 NOT NULL DEFAULT 0, intent T16, \
         ask_refunds INT8 NOT NULL DEFAULT 0, suspect_id T32, reason T64 NOT NULL, created_at INT8 NOT NULL, \
         changed_at INT8 NOT NULL, due_at INT8, epoch INT8 NOT NULL DEFAULT 0, attempt INT8 NOT NULL DEFAULT 0, \
         UNIQUE (mch_id, sub_mch_id, out_trade_no)",
        &["(mch_id, sub_mch_id, due_at) DUE"],
    ),
    (
        "evidence",
        "mch_id T32 NOT NULL, sub_mch_id T32 NOT NULL DEFAULT '', out_trade_no T32 NOT NULL, order_id INT8, \
         sha256 T64 NOT NULL, source T16 NOT NULL, observed T32 NOT NULL, transaction_id T32, total_fee INT8, \
         reason T64 NOT NULL, note FREE, seen_at INT8 NOT NULL, \
         UNIQUE (mch_id, sub_mch_id, out_trade_no, sha256, source)",
        &[],
    ),
    (
        "credit",
        "order_id INT8 NOT NULL, mch_id T32 NOT NULL, sub_mch_id T32 NOT NULL DEFAULT '', out_trade_no T32 NOT NULL, \
         transaction_id T32 NOT NULL, total_fee INT8 NOT NULL, fee_type T16 NOT NULL, sha256 T64 NOT NULL, \
         credited_at INT8 NOT NULL, revoked_at INT8, \
         UNIQUE (mch_id, sub_mch_id, out_trade_no), UNIQUE (mch_id, transaction_id)",
        &["(order_id)"],
    ),
    (
        "refund",
        "order_id INT8 NOT NULL, mch_id T32 NOT NULL, sub_mch_id T32 NOT NULL DEFAULT '', \
         out_refund_no T64 NOT NULL, refund_id T64, refund_fee INT8 NOT NULL, state T16 NOT NULL, options FREE, \
         version INT8 NOT NULL DEFAULT 0, created_at INT8 NOT NULL, changed_at INT8 NOT NULL, \
         UNIQUE (mch_id, sub_mch_id, out_refund_no)",
        &["(order_id)"],
    ),
    (
        "outbox",
        "order_id INT8 NOT NULL, topic T32 NOT NULL, payload FREE NOT NULL, due_at INT8, \
         epoch INT8 NOT NULL DEFAULT 0, attempt INT8 NOT NULL DEFAULT 0, created_at INT8 NOT NULL, done_at INT8",
        &["(due_at) DUE", "(order_id, id)"],
    ),
];

/// The columns of an order, in the order in which they are read.
pub(super) const ORDER: &str = "o.id, o.mch_id, o.sub_mch_id, o.out_trade_no, o.appid, o.sub_appid, o.total_fee, o.fee_type, \
     o.trade_type, o.expires_at, o.state, o.version, o.transaction_id, o.paid, o.paid_type, o.paid_at, o.credited, o.refunded, \
     o.pending_refund, o.intent, o.sent_at, o.ask_refunds, o.suspect_id, o.suspect_fee, o.suspect_type, o.reason, o.created_at, o.changed_at, o.due_at, o.epoch, o.attempt";

impl Dialect {
    fn id(self) -> &'static str {
        match self {
            Self::Sqlite => "INTEGER PRIMARY KEY",
            Self::Mysql => "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            Self::Postgres => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        }
    }

    fn text(self, length: &str) -> String {
        match self {
            Self::Sqlite => "TEXT".into(),
            Self::Mysql => format!("VARCHAR({length}) CHARACTER SET ascii COLLATE ascii_bin"),
            Self::Postgres => format!("VARCHAR({length}) COLLATE \"C\""),
        }
    }

    fn whole(self) -> &'static str {
        if self == Self::Sqlite { "INTEGER" } else { "BIGINT" }
    }

    fn free(self) -> &'static str {
        if self == Self::Mysql { "TEXT CHARACTER SET utf8mb4" } else { "TEXT" }
    }

    fn tail(self) -> &'static str {
        match self {
            Self::Sqlite => " STRICT",
            Self::Mysql => " ENGINE=InnoDB",
            Self::Postgres => "",
        }
    }

    /// Our words for types become the database's.
    pub(super) fn typed(self, columns: &str) -> String {
        let columns = ["16", "32", "64"].iter().fold(columns.to_owned(), |text, n| {
            text.replace(&format!(" T{n}"), &format!(" {}", self.text(n)))
        });
        columns.replace(" INT8", &format!(" {}", self.whole())).replace(" FREE", &format!(" {}", self.free()))
    }
}

impl Sql {
    /// What makes the tables of version 1 where there are none, step by step; each step may be repeated.
    pub(super) fn schema(&self) -> Vec<String> {
        let mut steps: Vec<String> = TABLES.iter().flat_map(|table| self.create(*table)).collect();
        let (dialect, schema) = (self.dialect, self.schema_table());
        steps.push(format!(
            "CREATE TABLE IF NOT EXISTS {schema} (version {} NOT NULL PRIMARY KEY){}",
            dialect.whole(),
            dialect.tail()
        ));
        steps.push(format!(
            "INSERT INTO {schema} (version) SELECT 1 {}WHERE NOT EXISTS (SELECT 1 FROM {schema})",
            self.nowhere()
        ));
        steps
    }

    fn nowhere(&self) -> &'static str {
        if self.dialect == Dialect::Mysql { "FROM DUAL " } else { "" }
    }

    pub(super) fn create(&self, (name, columns, indexes): NewTable) -> Vec<String> {
        let (dialect, table) = (self.dialect, self.table(name));
        let mut body = format!("id {}, {}", dialect.id(), dialect.typed(columns));
        if dialect == Dialect::Mysql {
            for index in indexes {
                body.push_str(if index.ends_with(" DUE") { ", INDEX due " } else { ", INDEX " });
                body.push_str(index.trim_end_matches(" DUE"));
            }
        }
        let mut steps = vec![format!("CREATE TABLE IF NOT EXISTS {table} ({body}){}", dialect.tail())];
        if dialect != Dialect::Mysql {
            steps.extend(indexes.iter().enumerate().map(|(at, index)| {
                let of = index.replace(" DUE", " WHERE due_at IS NOT NULL");
                format!("CREATE INDEX IF NOT EXISTS {table}_{at} ON {table} {of}")
            }));
        }
        steps
    }

    /// Asks whether the table that names the version is there.
    pub fn is_installed(&self) -> String {
        let schema = self.schema_table();
        match self.dialect {
            Dialect::Sqlite => {
                format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{schema}'")
            }
            Dialect::Mysql => format!(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '{schema}'"
            ),
            Dialect::Postgres => {
                format!("SELECT 1 WHERE to_regclass('{}') IS NOT NULL", schema.to_ascii_lowercase())
            }
        }
    }

    /// Keeps two installations apart where the schema is made in a transaction.
    pub fn install_lock(&self) -> Option<String> {
        (self.dialect == Dialect::Postgres).then(|| "SELECT pg_advisory_xact_lock(7702394523)".into())
    }
}
