//! How the tables of an older version become today's: a list for each version, which a new installation walks too.

use super::database::Dialect;
use super::schema::NewTable;
use super::sql::Sql;

/// A change of the tables. Each may be repeated: where a change commits by itself, a crash leaves some of them done.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// A new column: its table, its name, its type in our words.
    Column(&'static str, &'static str, &'static str),
    /// What its rows are to say; the names of tables, and the clock, in braces.
    Rows(&'static str),
    /// The columns that the index of what is due in a table has from now on.
    Due(&'static str, &'static str),
    /// A new table, with its columns and their indexes.
    Table(NewTable),
    /// A new index of a table: its name, and its columns.
    Index(&'static str, &'static str, &'static str),
}

/// The versions after the first, each with what it changes. The last one is today's.
const UPGRADES: &[(i64, &[Change])] = &[(2, SENT), (3, DAYS)];

/// What was sent and may still arrive; whose orders are claimed; messages that wait for their turn.
const SENT: &[Change] = &[
    // When a call for it was last sent that may still arrive: a refund, a close, a reverse.
    Change::Column("refund", "sent_at", "INT8"),
    Change::Column("order", "sent_at", "INT8"),
    // Fen of refunds that are wanted and not known to have arrived.
    Change::Column("order", "pending_refund", "INT8 NOT NULL DEFAULT 0"),
    // The payments' currencies, and the amount of the one that is a person's question.
    Change::Column("order", "paid_type", "T16"),
    Change::Column("order", "suspect_fee", "INT8"),
    Change::Column("order", "suspect_type", "T16"),
    // Version 1 did not write down whether it had sent what it wanted.
    Change::Rows("UPDATE {refund} SET sent_at = changed_at WHERE state = 'INTENT' AND sent_at IS NULL"),
    Change::Rows("UPDATE {order} SET sent_at = changed_at WHERE intent IS NOT NULL AND sent_at IS NULL"),
    Change::Rows(
        "UPDATE {order} SET pending_refund = (SELECT COALESCE(SUM(r.refund_fee), 0) FROM {refund} r \
             WHERE r.order_id = {order}.id AND r.state = 'INTENT') WHERE ask_refunds = 1",
    ),
    // It remembered no payment that came while a person was asked; the evidence of it is there.
    Change::Rows(
        "UPDATE {order} SET suspect_id = (SELECT MAX(e.transaction_id) FROM {evidence} e \
             WHERE e.order_id = {order}.id AND e.observed = 'SUCCESS') \
             WHERE state = 'REVIEW' AND transaction_id IS NULL AND suspect_id IS NULL",
    ),
    Change::Rows(
        "UPDATE {order} SET suspect_fee = COALESCE((SELECT MAX(e.total_fee) FROM {evidence} e \
             WHERE e.order_id = {order}.id AND e.transaction_id = {order}.suspect_id), paid) \
             WHERE suspect_id IS NOT NULL AND suspect_fee IS NULL",
    ),
    Change::Rows("UPDATE {order} SET paid = NULL WHERE state = 'REVIEW' AND transaction_id IS NULL"),
    // Orders are claimed by all ids of their merchant.
    Change::Due("order", "mch_id, sub_mch_id, appid, sub_appid, due_at"),
    // Messages that wait for an earlier one of their order are not due; its delivery makes them so.
    Change::Rows(
        "UPDATE {outbox} SET due_at = {now} + 600000 + (id % 3600) * 1000 WHERE done_at IS NULL AND due_at <= {now} \
             AND id NOT IN (SELECT h.head FROM (SELECT MIN(id) AS head FROM {outbox} WHERE done_at IS NULL \
             GROUP BY order_id) h)",
    ),
];

/// Days are reconciled: when an order was paid, what was compared, and what differs.
const DAYS: &[Change] = &[
    Change::Column("order", "paid_at", "INT8"),
    // Version 2 did not keep when WeChat said it was paid; the credit came at once, or soon after.
    Change::Rows(
        "UPDATE {order} SET paid_at = COALESCE((SELECT MIN(c.credited_at) FROM {credit} c \
         WHERE c.order_id = {order}.id), changed_at) WHERE paid IS NOT NULL AND paid_at IS NULL",
    ),
    Change::Index("order", "paid", "mch_id, paid_at"),
    Change::Index("refund", "sent", "mch_id, sent_at"),
    Change::Table(super::days::DAY),
    Change::Table(super::days::DIFFERENCE),
];

/// One statement of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is to be done.
    pub text: String,
    /// Gives a row if it was done before; without it the text itself may be repeated.
    pub done: Option<String>,
}

impl Step {
    /// A statement that may be repeated.
    pub(super) fn again(text: String) -> Self {
        Self { text, done: None }
    }
}

/// The schema that this version writes and reads: the last that the upgrades make.
pub const VERSION: i64 = match UPGRADES.last() {
    Some((version, _)) => *version,
    None => 1,
};

impl Sql {
    /// What makes today's tables out of those of version `found`; out of none, if there are none.
    pub fn steps(&self, found: Option<i64>) -> Vec<Step> {
        let first = if found.is_none() { self.schema() } else { Vec::new() };
        let found = found.unwrap_or(1);
        let newer = UPGRADES.iter().filter(|(version, _)| *version > found);
        first.into_iter().map(Step::again).chain(newer.flat_map(|upgrade| self.upgrade(*upgrade))).collect()
    }

    fn upgrade(&self, (version, changes): (i64, &[Change])) -> Vec<Step> {
        let mut steps: Vec<Step> = changes.iter().flat_map(|change| self.changed(*change)).collect();
        let schema = self.schema_table();
        steps.push(Step::again(format!("UPDATE {schema} SET version = {version} WHERE version < {version}")));
        steps
    }

    fn changed(&self, change: Change) -> Vec<Step> {
        match change {
            Change::Column(table, name, kind) => vec![Step {
                text: self
                    .dialect
                    .typed(&format!("ALTER TABLE {} ADD COLUMN {name} {kind}", self.table(table))),
                done: Some(self.has_column(&self.table(table), name)),
            }],
            Change::Rows(text) => vec![Step::again(self.named(text).replace("{now}", self.dialect.clock()))],
            Change::Due(table, columns) => self.reindexed(&self.table(table), columns),
            Change::Table(table) => self.create(table).into_iter().map(Step::again).collect(),
            Change::Index(table, name, columns) => vec![self.indexed(&self.table(table), name, columns)],
        }
    }

    /// The index of what is due is the first that version 1 has made.
    fn reindexed(&self, table: &str, columns: &str) -> Vec<Step> {
        let texts = match self.dialect {
            Dialect::Mysql => vec![format!("ALTER TABLE {table} DROP INDEX due, ADD INDEX due ({columns})")],
            _ => vec![
                format!("DROP INDEX IF EXISTS {table}_0"),
                format!(
                    "CREATE INDEX IF NOT EXISTS {table}_0 ON {table} ({columns}) WHERE due_at IS NOT NULL"
                ),
            ],
        };
        texts.into_iter().map(Step::again).collect()
    }

    fn indexed(&self, table: &str, name: &str, columns: &str) -> Step {
        match self.dialect {
            Dialect::Mysql => Step {
                text: format!("ALTER TABLE {table} ADD INDEX {name} ({columns})"),
                done: Some(format!(
                    "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() \
                     AND table_name = '{table}' AND index_name = '{name}' LIMIT 1"
                )),
            },
            _ => Step::again(format!("CREATE INDEX IF NOT EXISTS {table}_{name} ON {table} ({columns})")),
        }
    }

    fn has_column(&self, table: &str, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{name}'"),
            Dialect::Mysql => format!(
                "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}' \
                 AND column_name = '{name}'"
            ),
            Dialect::Postgres => format!(
                "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('{}') AND attname = '{name}' \
                 AND NOT attisdropped",
                table.to_ascii_lowercase()
            ),
        }
    }
}
