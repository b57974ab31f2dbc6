//! What does not add up in a bill, and by how much.

use super::sum::Sum;
use std::fmt;

/// A sum that is not that of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumDifference {
    /// Its column.
    pub column: String,
    /// What is summed.
    pub sum: Sum,
    /// What the file prints.
    pub summary: i128,
    /// What its rows come to.
    pub rows: i128,
}

/// A balance that does not follow from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceBreak {
    /// The row, from 1.
    pub row: u64,
    /// 资金流水单号.
    pub flow_id: String,
    /// What the file prints, in fen.
    pub printed: i64,
    /// What it would have to be.
    pub computed: i64,
}

/// Everything in a file that does not add up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unbalanced {
    /// Wrong sums, in the order of the file.
    pub sums: Vec<SumDifference>,
    /// Broken balances, the first [`MOST_BREAKS`] of them.
    pub balance: Vec<BalanceBreak>,
}

/// How many broken balances one error lists.
pub const MOST_BREAKS: usize = 100;

impl fmt::Display for Unbalanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums = self.sums.iter().map(SumDifference::to_string);
        let breaks = self.balance.iter().map(BalanceBreak::to_string);
        let all: Vec<String> = sums.chain(breaks).collect();
        f.write_str(&all.join("; "))
    }
}

impl fmt::Display for SumDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value| show(value, self.sum);
        let (summary, rows) = (show(self.summary), show(self.rows));
        let difference = show(self.summary - self.rows);
        write!(
            f,
            "{} is {summary} in the sums and {rows} in the rows, a difference of {difference}",
            self.column
        )
    }
}

impl fmt::Display for BalanceBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value| show(value, Sum::IncomeFee);
        let (printed, computed) = (show(self.printed.into()), show(self.computed.into()));
        let difference = show(i128::from(self.printed) - i128::from(self.computed));
        let Self { row, flow_id, .. } = self;
        write!(
            f,
            "row {row} ({flow_id}), column 账户结余（元）: {printed} is printed, {computed} follows from the row \
             before, a difference of {difference}"
        )
    }
}

/// A sum as the file would print it.
fn show(value: i128, sum: Sum) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let amount = value.unsigned_abs();
    match sum {
        Sum::Count | Sum::IncomeCount | Sum::ExpenseCount => value.to_string(),
        Sum::FeeE5 => format!("{sign}{}.{:05}", amount / 100_000, amount % 100_000),
        _ => format!("{sign}{}.{:02}", amount / 100, amount % 100),
    }
}
