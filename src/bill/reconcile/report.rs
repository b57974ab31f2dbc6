//! What a comparison found.

use super::difference::Difference;
use time::Date;

/// A number of rows and what they come to, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Fen.
    pub fee: i128,
}

impl Amount {
    /// Adds one.
    pub fn add(&mut self, fee: i64) {
        self.count += 1;
        self.fee += i128::from(fee);
    }
}

/// What the bills list, as printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Theirs {
    /// By `total_fee`.
    pub payments: Amount,
    /// By `refund_fee`.
    pub refunds: Amount,
    /// Reversed payments, by `refund_fee`.
    pub revoked: Amount,
    /// Charged less returned, in 1/100000 yuan.
    pub fee_e5: i128,
}

/// What the books have for these days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BookTotals {
    /// By `total_fee`.
    pub payments: Amount,
    /// By `refund_fee`.
    pub refunds: Amount,
}

/// The sums of both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// WeChat's.
    pub theirs: Theirs,
    /// The shop's.
    pub ours: BookTotals,
    /// Money that WeChat has and the books have not, order by order and refund by refund, in fen.
    pub long: i128,
    /// Money that the books have and WeChat has not.
    pub short: i128,
}

impl Totals {
    /// What WeChat has beyond the books: long less short.
    pub fn surplus(&self) -> i128 {
        let Self { theirs, ours, .. } = self;
        let here = ours.payments.fee - ours.refunds.fee;
        theirs.payments.fee - theirs.refunds.fee - theirs.revoked.fee - here
    }

    /// Notes by how much the two sides of one order or refund differ.
    pub(super) fn weigh(&mut self, surplus: i128) {
        if surplus > 0 {
            self.long += surplus;
        } else {
            self.short -= surplus;
        }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayReport {
    /// The first day of the bills.
    pub from: Date,
    /// The last one.
    pub to: Date,
    /// Both sides; absent if a bill changed, for then nothing was compared.
    pub totals: Option<Totals>,
    /// What differs, each once.
    pub differences: Vec<Difference>,
}

impl DayReport {
    /// Is nothing left to do?
    pub fn is_clean(&self) -> bool {
        !self.differences.iter().any(|difference| difference.state.is_unsettled())
    }
}
