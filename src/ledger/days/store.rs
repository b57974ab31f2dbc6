//! What days need of a database: who is at which day, what was found on it, and the ledger's side of its bill.

use crate::bill::reconcile::difference::{Difference, DifferenceState};
use crate::clock::{self, BEIJING};
use crate::ledger::entry::{Entry, Ms, RefundRow};
use crate::ledger::store::{Evidence, Transactions, Whose};
use time::Date;

/// So many orders are looked up at once: a statement has that many parameters for them.
pub const AT_ONCE: usize = 100;

/// Names one day of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md")]
pub struct DayKey {
    pub mch_id: String,
    pub sub_mch_id: String,
    pub date: Date,
}

impl DayKey {
    /// A day of whoever it is.
    pub fn of(owner: &Whose, date: Date) -> Self {
        Self { mch_id: owner.mch_id.clone(), sub_mch_id: owner.sub_mch_id.clone(), date }
    }

    /// Its first millisecond, and that of the next day.
    pub fn span(&self) -> (Ms, Ms) {
        let start = self.date.midnight().assume_offset(BEIJING).unix_timestamp() * 1000;
        (start, start + 86_400_000)
    }
}

/// The day in Beijing on which something was.
pub fn day_of(at: Ms) -> Option<Date> {
    clock::beijing_day(at.div_euclid(1000))
}

/// Where a page of orders ended: its last time and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageEnd {
    /// Milliseconds.
    pub at: Ms,
    /// The row.
    pub row: i64,
}

/// A day as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The row.
    pub id: i64,
    /// Which day.
    pub key: DayKey,
    /// SHA-256 of the bill that it was done with.
    pub sha256: Option<String>,
    /// The sums of both sides, as JSON.
    pub totals: Option<String>,
    /// Orders that are not applied any more: a process ended in the middle of each.
    pub skipped: Vec<String>,
    /// The order that is being applied by itself, after a process has ended.
    pub trying: Option<String>,
    /// When it may be taken by another worker.
    pub due_at: Option<Ms>,
    /// Grows with every claim.
    pub epoch: i64,
    /// Claims that did not come to an end.
    pub attempt: i64,
    /// When it was done last.
    pub done_at: Option<Ms>,
}

/// A difference with what makes it this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDifference {
    /// The row.
    pub id: i64,
    /// The same for the same difference.
    pub identity: String,
    /// What it says.
    pub difference: Difference,
}

/// The days of a ledger, and its side of their bills.
pub trait DayStore: Transactions {
    /// Takes a day unless another worker has it.
    fn claim_day(&mut self, key: &DayKey, lease: Ms) -> Result<bool, Self::Fault>;
    /// A day, if anybody was ever at it.
    fn day(&mut self, key: &DayKey) -> Result<Option<DayRow>, Self::Fault>;
    /// A day, which is made if nobody was ever at it.
    fn make_day(&mut self, key: &DayKey) -> Result<Option<DayRow>, Self::Fault>;
    /// Keeps a claimed day for longer, with what is being tried; it has the next epoch then. Says whether the lease was
    /// still ours.
    fn hold_day(&mut self, day: &DayRow, lease: Ms) -> Result<bool, Self::Fault>;
    /// Gives a claimed day back without an end.
    fn free_day(&mut self, day: &DayRow) -> Result<bool, Self::Fault>;
    /// The claimed day is done. `false` if the lease was lost.
    fn end_day(&mut self, day: &DayRow, sha256: &str, totals: &str) -> Result<bool, Self::Fault>;
    /// The days that are done, from this one on.
    fn done_days(&mut self, from: &DayKey) -> Result<Vec<Date>, Self::Fault>;

    /// Keeps differences, each with its identity; those that are kept already stay as they are.
    fn add_differences(&mut self, day: &DayRow, found: &[(String, Difference)]) -> Result<(), Self::Fault>;
    /// Brings a difference up to date, unless a person has settled it.
    fn move_difference(&mut self, id: i64, difference: &Difference) -> Result<bool, Self::Fault>;
    /// A person has settled a difference that was waiting or open.
    fn settle_difference(&mut self, id: i64, note: &str) -> Result<bool, Self::Fault>;
    /// A difference by its number.
    fn difference(&mut self, id: i64) -> Result<Option<Difference>, Self::Fault>;
    /// What was found on a day, in the order in which it was found.
    fn differences_of(&mut self, day: &DayRow) -> Result<Vec<KeptDifference>, Self::Fault>;
    /// The differences of an account that stand so, oldest days first.
    fn differences(
        &mut self,
        owner: &Whose,
        states: &[DifferenceState],
    ) -> Result<Vec<KeptDifference>, Self::Fault>;

    /// The orders with these numbers.
    fn booked(
        &mut self,
        mch_id: &str,
        sub_mch_id: &str,
        numbers: &[String],
    ) -> Result<Vec<Entry>, Self::Fault>;
    /// The same, locked until the transaction ends.
    fn locked(
        &mut self,
        mch_id: &str,
        sub_mch_id: &str,
        numbers: &[String],
    ) -> Result<Vec<Entry>, Self::Fault>;
    /// Keeps evidence of many orders.
    fn keep_all_evidence(&mut self, evidence: &[Evidence<'_>]) -> Result<(), Self::Fault>;
    /// The next page of orders that were paid on that day.
    fn paid_on(&mut self, day: &DayKey, after: PageEnd) -> Result<Vec<Entry>, Self::Fault>;
    /// The next page of orders of which a refund was sent on that day, each with where it stands.
    fn refunded_on(&mut self, day: &DayKey, after: PageEnd) -> Result<Vec<(Entry, PageEnd)>, Self::Fault>;
    /// The refunds of these orders, each with its order's row.
    fn refunds_of(&mut self, orders: &[i64]) -> Result<Vec<(i64, RefundRow)>, Self::Fault>;
    /// Has the merchant ever opened an order with this appid?
    fn knows_appid(&mut self, mch_id: &str, appid: &str) -> Result<bool, Self::Fault>;
}
