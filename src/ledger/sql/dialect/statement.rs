//! The statements of the ledger: one text for three databases, with what differs put in.

use super::database::Dialect;
use super::days::DayStatement;
use super::schema::ORDER;
use super::sql::Sql;

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
    RefundSeen,
    Credit,
    Revoke,
    Refunds,
    AddRefund,
    MoveRefund,
    Announce,
    Claim,
    Settle,
    Pardon,
    Due,
    Blocked,
    ClaimMessage,
    SettleMessage,
    Unblock,
    EndMessage,
    MessageSpan,
    EvidenceSpan,
    PurgeMessages,
    PurgeEvidence,
    Day(DayStatement),
}

impl Statement {
    /// Every statement, but those of days.
    pub const ALL: [Self; 29] = [
        Self::Now,
        Self::Version,
        Self::Entry,
        Self::Peek,
        Self::Register,
        Self::Adopt,
        Self::Advance,
        Self::KeepEvidence,
        Self::FirstSeen,
        Self::RefundSeen,
        Self::Credit,
        Self::Revoke,
        Self::Refunds,
        Self::AddRefund,
        Self::MoveRefund,
        Self::Announce,
        Self::Claim,
        Self::Settle,
        Self::Pardon,
        Self::Due,
        Self::Blocked,
        Self::ClaimMessage,
        Self::SettleMessage,
        Self::Unblock,
        Self::EndMessage,
        Self::MessageSpan,
        Self::EvidenceSpan,
        Self::PurgeMessages,
        Self::PurgeEvidence,
    ];
}

impl Sql {
    /// The text of a statement.
    pub fn text(&self, statement: Statement) -> String {
        let text = ["order", "outbox"].iter().fold(self.template(statement), |text, name| {
            text.replace(&format!("{{due {name}}}"), &self.force_due(name))
        });
        self.named(&text).replace("{now}", self.dialect.clock()).replace("{span}", self.dialect.span())
    }

    /// The text of an insert, for so many rows at once.
    pub fn of_rows(&self, insert: Statement, rows: usize) -> String {
        let (once, text) = (self.dialect.once(), self.text(insert));
        let bare = text.strip_suffix(once).unwrap_or(&text);
        let (head, row) = bare.split_once(" VALUES ").unwrap_or_default();
        format!("{head} VALUES {}{once}", vec![row; rows].join(", "))
    }

    fn template(&self, statement: Statement) -> String {
        let once = self.dialect.once();
        match statement {
            Statement::Now => "SELECT {now}".into(),
            Statement::Version => format!("SELECT MAX(version){} FROM {{schema}}", self.dialect.modes()),
            Statement::Entry => format!("{}{}", select_order(), self.dialect.row_lock()),
            Statement::Peek => select_order(),
            Statement::Register => REGISTER.to_owned() + once,
            Statement::Adopt => ADOPT.into(),
            Statement::Advance => ADVANCE.into(),
            Statement::KeepEvidence => KEEP_EVIDENCE.to_owned() + once,
            Statement::FirstSeen => FIRST_SEEN.into(),
            Statement::RefundSeen => FIRST_SEEN.to_owned() + WENT_BACK,
            Statement::Credit => CREDIT.to_owned() + once,
            Statement::Revoke => REVOKE.into(),
            // InnoDB's snapshot may be older than the lock on the order: only a locking read sees what is there.
            Statement::Refunds => REFUNDS.to_owned() + self.dialect.row_lock(),
            Statement::AddRefund => ADD_REFUND.to_owned() + once,
            Statement::MoveRefund => MOVE_REFUND.into(),
            Statement::Announce => ANNOUNCE.into(),
            Statement::Claim => self.claim("{order} o", ORDER, DUE_ORDERS, ""),
            Statement::Settle => SETTLE.into(),
            Statement::Pardon => PARDON.into(),
            Statement::Due => DUE.into(),
            Statement::Blocked => BLOCKED.into(),
            Statement::ClaimMessage => self.claim("{outbox} m", MESSAGE, DUE_MESSAGE, COUNTED),
            Statement::SettleMessage => SETTLE_MESSAGE.into(),
            Statement::Unblock if self.dialect == Dialect::Mysql => UNBLOCK_BY_JOIN.into(),
            Statement::Unblock => UNBLOCK.into(),
            Statement::EndMessage => END_MESSAGE.into(),
            Statement::MessageSpan => SPAN.replace("{table}", "{outbox}"),
            Statement::EvidenceSpan => SPAN.replace("{table}", "{evidence}"),
            Statement::PurgeMessages => PURGE_MESSAGES.to_owned() + self.dialect.spared(),
            Statement::PurgeEvidence => PURGE_EVIDENCE.into(),
            Statement::Day(statement) => self.of_days(statement),
        }
    }

    /// Claims due rows. Parameters: on MySQL those of `due` alone, and what it gives is still to be marked;
    /// elsewhere the lease comes first on SQLite and last on PostgreSQL.
    fn claim(&self, table: &str, columns: &str, due: &str, counted: &str) -> String {
        let alias = table.rsplit(' ').next().unwrap_or_default();
        let lease = format!("due_at = {{now}} + {{span}}, epoch = {alias}.epoch + 1{counted}");
        let name = table.split(['{', '}']).nth(1).unwrap_or_default();
        let pick = |columns: &str| format!("SELECT {columns} FROM {table}{{due {name}}} WHERE {due}");
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
        let (table, counted) = match statement {
            Statement::Claim => ("order", ""),
            _ => ("outbox", ", attempt = attempt + 1"),
        };
        format!(
            "UPDATE {} SET due_at = {} + ?, epoch = epoch + 1{counted} WHERE id IN ({})",
            self.table(table),
            self.dialect.clock(),
            listed(ids.iter())
        )
    }

    /// Makes blocked messages due when their order's oldest is, unless somebody has taken them since. The numbers are
    /// our own row ids and times.
    pub fn set_aside(&self, blocked: &[(i64, i64)]) -> String {
        let times: Vec<String> = blocked.iter().map(|(id, at)| format!("WHEN {id} THEN {at}")).collect();
        format!(
            "UPDATE {} SET due_at = CASE id {} END WHERE id IN ({}) AND due_at <= {}",
            self.table("outbox"),
            times.join(" "),
            listed(blocked.iter().map(|(id, _)| id)),
            self.dialect.clock()
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
}

fn listed<'a>(ids: impl Iterator<Item = &'a i64>) -> String {
    ids.map(i64::to_string).collect::<Vec<_>>().join(", ")
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
     expires_at = ?, state = 'CREATED', reason = 'opened', suspect_id = NULL, suspect_fee = NULL, suspect_type = NULL, paid_at = NULL, version = version + 1, \
     created_at = {now}, changed_at = {now}, due_at = {now} WHERE id = ? AND version = ?";

const ADVANCE: &str = "UPDATE {order} SET state = ?, version = ?, transaction_id = ?, paid = ?, paid_type = ?, paid_at = ?, credited = ?, \
     refunded = ?, pending_refund = ?, intent = ?, sent_at = ?, ask_refunds = ?, suspect_id = ?, suspect_fee = ?, \
     suspect_type = ?, reason = ?, changed_at = ?, due_at = ?, attempt = ? \
     WHERE id = ? AND version = ?";

const KEEP_EVIDENCE: &str = "INSERT INTO {evidence} (mch_id, sub_mch_id, out_trade_no, order_id, sha256, source, observed, \
     transaction_id, total_fee, reason, note, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now})";

const FIRST_SEEN: &str =
    "SELECT MIN(seen_at) FROM {evidence} WHERE mch_id = ? AND sub_mch_id = ? AND out_trade_no = ?";

const WENT_BACK: &str = " AND (source IN ('refunds', 'refund_notice') OR observed = 'REFUND')";

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

const PARDON: &str = "UPDATE {order} SET attempt = ? WHERE id = ? AND attempt > ?";

const SETTLE_MESSAGE: &str =
    "UPDATE {outbox} SET due_at = {now} + {span}, epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const END_MESSAGE: &str =
    "UPDATE {outbox} SET due_at = NULL, done_at = {now}, epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const DUE_ORDERS: &str = "o.mch_id = ? AND o.sub_mch_id = ? AND o.appid = ? AND o.sub_appid = ? AND o.due_at <= {now} \
     ORDER BY o.due_at LIMIT ?";

const DUE: &str = "SELECT o.mch_id, o.sub_mch_id, o.appid, o.sub_appid, COUNT(*) FROM {order} o{due order} WHERE o.due_at <= {now} \
     GROUP BY o.mch_id, o.sub_mch_id, o.appid, o.sub_appid";

/// A claim of a message is a delivery; a claim of an order says nothing about it.
const COUNTED: &str = ", attempt = m.attempt + 1";

/// Of each order only the oldest message that is not delivered.
const DUE_MESSAGE: &str = "m.due_at <= {now} AND NOT EXISTS (SELECT 1 FROM {outbox} e WHERE e.order_id = m.order_id \
     AND e.id < m.id AND e.done_at IS NULL) ORDER BY m.due_at LIMIT 1";

/// Of those that are due first: which wait for the oldest message of their order, and when that is due.
const BLOCKED: &str = "SELECT d.id, d.head_due FROM (SELECT m.id AS id, (SELECT e.due_at FROM {outbox} e \
     WHERE e.order_id = m.order_id AND e.done_at IS NULL ORDER BY e.id LIMIT 1) AS head_due FROM {outbox} m{due outbox} \
     WHERE m.due_at <= {now} ORDER BY m.due_at LIMIT ?) d WHERE d.head_due > {now}";

/// Before a message ends, and while it is ours: those behind it, which nobody else can have taken.
const UNBLOCK: &str = "UPDATE {outbox} SET due_at = {now} WHERE order_id = (SELECT h.order_id FROM {outbox} h \
     WHERE h.id = ? AND h.epoch = ?) AND id > ? AND done_at IS NULL AND due_at > {now}";

const UNBLOCK_BY_JOIN: &str = "UPDATE {outbox} m JOIN {outbox} h ON m.order_id = h.order_id SET m.due_at = {now} \
     WHERE h.id = ? AND h.epoch = ? AND m.id > ? AND m.done_at IS NULL AND m.due_at > {now}";

const SPAN: &str = "SELECT MIN(id), MAX(id) FROM {table}";

const PURGE_MESSAGES: &str = "DELETE FROM {outbox} WHERE id >= ? AND id < ? AND done_at < ?";

/// Evidence of orders that have ended and are nobody's question any more; that of payments which nobody opened stays
/// for two days: WeChat repeats its notices for one. What a person was asked stays: it may be told again.
const PURGE_EVIDENCE: &str = "DELETE FROM {evidence} WHERE id >= ? AND id < ? AND seen_at < ? AND source <> 'question' AND (EXISTS (SELECT 1 \
     FROM {order} o WHERE o.mch_id = {evidence}.mch_id AND o.sub_mch_id = {evidence}.sub_mch_id \
     AND o.out_trade_no = {evidence}.out_trade_no AND o.due_at IS NULL AND o.intent IS NULL AND o.ask_refunds = 0 \
     AND o.state NOT IN ('CREATED', 'USERPAYING', 'CLOSING', 'PAID_LATE', 'REVIEW') AND o.changed_at < ?) \
     OR (seen_at < {now} - 172800000 AND NOT EXISTS (SELECT 1 FROM {order} o WHERE o.mch_id = {evidence}.mch_id \
     AND o.sub_mch_id = {evidence}.sub_mch_id AND o.out_trade_no = {evidence}.out_trade_no)))";
