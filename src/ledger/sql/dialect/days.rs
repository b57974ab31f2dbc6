//! The tables of reconciled days, and the statements about them.

use super::schema::{NewTable, ORDER};
use super::sql::Sql;
use crate::ledger::days::store::AT_ONCE;

/// Days that were, or are being, reconciled: who is at it, and what came of it.
pub(super) const DAY: NewTable = (
    "day",
    "mch_id T32 NOT NULL, sub_mch_id T32 NOT NULL DEFAULT '', bill_date T16 NOT NULL, sha256 T64, totals FREE, \
     skipped FREE, trying T32, due_at INT8, epoch INT8 NOT NULL DEFAULT 0, attempt INT8 NOT NULL DEFAULT 0, \
     created_at INT8 NOT NULL, done_at INT8, UNIQUE (mch_id, sub_mch_id, bill_date)",
    &[],
);

/// What differs on a day. Free text is JSON; `identity` is the SHA-256 of what makes it this difference.
pub(super) const DIFFERENCE: NewTable = (
    "difference",
    "day_id INT8 NOT NULL, mch_id T32 NOT NULL, sub_mch_id T32 NOT NULL DEFAULT '', bill_date T16 NOT NULL, \
     identity T64 NOT NULL, kind T32 NOT NULL, state T16 NOT NULL, wait_until T16, told FREE NOT NULL, note FREE, \
     version INT8 NOT NULL DEFAULT 0, found_at INT8 NOT NULL, changed_at INT8 NOT NULL, UNIQUE (day_id, identity)",
    &["(mch_id, sub_mch_id, state, bill_date)"],
);

/// So many orders come with one page.
pub const PAGE: usize = 200;

/// The statements about days; each is prepared once for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "each is the method of `DayStore` of that name; `Make` and `Take` are `claim_day`"
)]
pub enum DayStatement {
    Find,
    Make,
    Take,
    Hold,
    End,
    Free,
    Done,
    AddDifference,
    MoveDifference,
    Settle,
    Difference,
    DifferencesOf,
    Differences,
    Booked,
    Locked,
    PaidOn,
    RefundedOn,
    RefundsOf,
    KnowsAppid,
}

impl DayStatement {
    /// Every statement.
    pub const ALL: [Self; 19] = [
        Self::Find,
        Self::Make,
        Self::Take,
        Self::Hold,
        Self::End,
        Self::Free,
        Self::Done,
        Self::AddDifference,
        Self::MoveDifference,
        Self::Settle,
        Self::Difference,
        Self::DifferencesOf,
        Self::Differences,
        Self::Booked,
        Self::Locked,
        Self::PaidOn,
        Self::RefundedOn,
        Self::RefundsOf,
        Self::KnowsAppid,
    ];
}

/// The columns of a day, in the order in which they are read.
const DAY_ROW: &str =
    "id, mch_id, sub_mch_id, bill_date, sha256, totals, skipped, trying, due_at, epoch, attempt, done_at";

/// The columns of a difference, in the order in which they are read.
const DIFFERENCE_ROW: &str = "id, bill_date, identity, kind, state, wait_until, told, note";

impl Sql {
    pub(super) fn of_days(&self, statement: DayStatement) -> String {
        let once = self.dialect.once();
        match statement {
            DayStatement::Find => {
                format!("SELECT {DAY_ROW} FROM {{day}} WHERE mch_id = ? AND sub_mch_id = ? AND bill_date = ?")
            }
            DayStatement::Make => MAKE.to_owned() + once,
            DayStatement::Take => TAKE.into(),
            DayStatement::Hold => HOLD.into(),
            DayStatement::End => END.into(),
            DayStatement::Free => FREE.into(),
            DayStatement::Done => DONE.into(),
            DayStatement::AddDifference => ADD.to_owned() + once,
            DayStatement::MoveDifference => MOVE.into(),
            DayStatement::Settle => SETTLE.into(),
            DayStatement::Difference => format!("SELECT {DIFFERENCE_ROW} FROM {{difference}} WHERE id = ?"),
            DayStatement::DifferencesOf => {
                format!("SELECT {DIFFERENCE_ROW} FROM {{difference}} WHERE day_id = ? ORDER BY id")
            }
            DayStatement::Differences => format!(
                "SELECT {DIFFERENCE_ROW} FROM {{difference}} WHERE mch_id = ? AND sub_mch_id = ? \
                 AND state IN (?, ?, ?, ?) ORDER BY bill_date, id"
            ),
            DayStatement::Booked => booked(),
            // By number, so that two workers do not wait for each other.
            DayStatement::Locked => format!("{} ORDER BY o.id{}", booked(), self.dialect.row_lock()),
            DayStatement::PaidOn => format!(
                "SELECT {ORDER}, {{now}} FROM {{order}} o WHERE o.mch_id = ? AND (o.sub_mch_id = ? OR ? = '') \
                 AND o.paid_at >= ? AND o.paid_at < ? AND (o.paid_at > ? OR o.id > ?) \
                 ORDER BY o.paid_at, o.id LIMIT {PAGE}"
            ),
            DayStatement::RefundedOn => format!(
                "SELECT {ORDER}, {{now}}, r.sent_at, r.id FROM {{refund}} r JOIN {{order}} o ON o.id = r.order_id \
                 WHERE r.mch_id = ? AND (r.sub_mch_id = ? OR ? = '') AND r.sent_at >= ? AND r.sent_at < ? \
                 AND (r.sent_at > ? OR r.id > ?) ORDER BY r.sent_at, r.id LIMIT {PAGE}"
            ),
            DayStatement::RefundsOf => format!(
                "SELECT order_id, out_refund_no, refund_id, refund_fee, state, options, sent_at FROM {{refund}} \
                 WHERE order_id IN ({}) ORDER BY id",
                places()
            ),
            DayStatement::KnowsAppid => "SELECT 1 FROM {order} WHERE mch_id = ? AND appid = ? LIMIT 1".into(),
        }
    }
}

fn booked() -> String {
    format!(
        "SELECT {ORDER}, {{now}} FROM {{order}} o WHERE o.mch_id = ? AND o.sub_mch_id = ? \
         AND o.out_trade_no IN ({})",
        places()
    )
}

fn places() -> String {
    vec!["?"; AT_ONCE].join(", ")
}

const MAKE: &str = "INSERT INTO {day} (mch_id, sub_mch_id, bill_date, created_at) VALUES (?, ?, ?, {now})";

const TAKE: &str = "UPDATE {day} SET due_at = {now} + {span}, epoch = epoch + 1 WHERE mch_id = ? AND sub_mch_id = ? \
     AND bill_date = ? AND (due_at IS NULL OR due_at <= {now})";

const HOLD: &str = "UPDATE {day} SET due_at = {now} + {span}, attempt = ?, trying = ?, skipped = ?, epoch = epoch + 1 \
     WHERE id = ? AND epoch = ?";

const END: &str = "UPDATE {day} SET sha256 = ?, totals = ?, done_at = {now}, due_at = NULL, attempt = 0, trying = NULL, \
     epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const FREE: &str =
    "UPDATE {day} SET due_at = NULL, attempt = ?, trying = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ?";

const DONE: &str = "SELECT bill_date FROM {day} WHERE mch_id = ? AND sub_mch_id = ? AND bill_date >= ? \
     AND done_at IS NOT NULL ORDER BY bill_date";

const ADD: &str = "INSERT INTO {difference} (day_id, mch_id, sub_mch_id, bill_date, identity, kind, state, wait_until, \
     told, note, found_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now}, {now})";

const MOVE: &str = "UPDATE {difference} SET state = ?, wait_until = ?, told = ?, note = ?, version = version + 1, \
     changed_at = {now} WHERE id = ? AND state <> 'settled'";

const SETTLE: &str = "UPDATE {difference} SET state = 'settled', note = ?, version = version + 1, changed_at = {now} \
     WHERE id = ? AND state IN ('waiting', 'open')";
