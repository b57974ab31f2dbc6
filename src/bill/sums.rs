//! The sums at the end of a bill, and whether its rows come to them, to the last digit.

use super::fault::BillError;
use super::field::Field;
use super::header::{BillType, Header, SLOTS, names, plain};
use super::number::{self, trimmed};
use super::row::{Cells, Row};
use super::sum::Sum;
use super::unbalanced::{BalanceBreak, MOST_BREAKS, SumDifference, Unbalanced};

/// Does a line name the sums?
pub fn begins_sums(line: &str) -> bool {
    names(line).iter().any(|name| matches!(plain(name).as_str(), "总交易单数" | "资金流水总笔数"))
}

/// One sum as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Printed {
    sum: Sum,
    column: String,
    value: i64,
}

/// The sums of a file. Amounts are fen, the fee is in 1/100000 yuan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    printed: Vec<Printed>,
    values: Vec<(Sum, i64)>,
    unknown: Vec<String>,
}

impl Summary {
    /// Reads the line of the sums below its header.
    pub(super) fn read(header: &str, cells: &Cells<'_>, of: &Header) -> Result<Self, BillError> {
        let columns = names(header);
        if cells.count() != columns.len() {
            return Err(BillError::SummaryWidth { cells: cells.count(), expected: columns.len() });
        }
        let mut summary = Self::default();
        for (at, column) in columns.into_iter().enumerate() {
            let cell = trimmed(cells.get(at).unwrap_or_default());
            match Sum::of(&plain(&column), of.layout) {
                Some(sum) => summary.take(sum, column, cell)?,
                None => summary.unknown.push(column),
            }
        }
        Ok(summary)
    }

    fn take(&mut self, sum: Sum, column: String, cell: &[u8]) -> Result<(), BillError> {
        let value = match sum {
            Sum::Count | Sum::IncomeCount | Sum::ExpenseCount => number::count(cell),
            Sum::FeeE5 => number::fee_e5(cell),
            _ => number::fen(cell),
        };
        let Some(value) = value else {
            let value = String::from_utf8_lossy(cell).chars().take(80).collect();
            return Err(BillError::Amount { row: None, column, value });
        };
        for meant in [Some(sum), sum.twin(&plain(&column))].into_iter().flatten() {
            if self.get(meant).is_some() {
                return Err(BillError::DuplicateColumn { column });
            }
            self.values.push((meant, value));
        }
        self.printed.push(Printed { sum, column, value });
        Ok(())
    }

    /// A sum, if the file prints it.
    pub fn get(&self, sum: Sum) -> Option<i64> {
        self.values.iter().find(|(known, _)| *known == sum).map(|(_, value)| *value)
    }

    /// How many rows the file says it has.
    pub fn count(&self) -> i64 {
        self.get(Sum::Count).unwrap_or_default()
    }

    /// Names of sums that nobody knows.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }
}

/// Eight of the largest numbers, which are below 10^18, fit 64 bits.
const FEW_ROWS: u64 = 8;

/// What the rows of one file come to.
#[derive(Debug, Clone, Default)]
pub struct RowTotals {
    rows: u64,
    numbers: [i128; SLOTS],
    /// Those of the last few rows: so few that 64 bits hold their sum.
    recent: [i64; SLOTS],
    incomes: u64,
    income: i128,
    breaks: Vec<BalanceBreak>,
    balance: Option<i64>,
}

impl RowTotals {
    /// Adds a row.
    #[inline]
    pub fn take(&mut self, row: &Row<'_>) {
        self.rows += 1;
        for (sum, number) in self.recent.iter_mut().zip(row.checked.numbers) {
            *sum += number;
        }
        if self.rows.is_multiple_of(FEW_ROWS) {
            self.note_recent();
        }
        if row.header.kind == BillType::FundFlow {
            self.take_flow(row);
        }
    }

    fn note_recent(&mut self) {
        for (sum, recent) in self.numbers.iter_mut().zip(&mut self.recent) {
            *sum += i128::from(std::mem::take(recent));
        }
    }

    fn take_flow(&mut self, row: &Row<'_>) {
        let amount = row.number_of(Field::Amount).unwrap_or_default();
        let change = if row.is_income() { amount } else { -amount };
        if row.is_income() {
            self.incomes += 1;
            self.income += i128::from(amount);
        }
        let printed = row.number_of(Field::Balance).unwrap_or_default();
        let computed = self.balance.map_or(printed, |before| before + change);
        if printed != computed && self.breaks.len() < MOST_BREAKS {
            let flow_id = row.text(Field::FlowId).unwrap_or_default().to_owned();
            self.breaks.push(BalanceBreak { row: row.number, flow_id, printed, computed });
        }
        self.balance = Some(printed);
    }

    /// What the rows come to; 0 where the file has no such column.
    pub fn get(&self, sum: Sum, header: &Header) -> i128 {
        let number = |field| self.number(field, header);
        match sum {
            Sum::Count => self.rows.into(),
            Sum::SettlementTotalFee => number(Field::SettlementTotalFee),
            Sum::TotalFee => number(Field::TotalFee),
            Sum::SettlementRefundFee => number(Field::SettlementRefundFee),
            Sum::RefundFee => number(Field::RefundFee),
            Sum::CouponRefundFee => number(Field::CouponRefundFee),
            Sum::FeeE5 if header.kind == BillType::RechargeRefund => number(Field::ReturnedFeeE5),
            Sum::FeeE5 => number(Field::FeeE5),
            Sum::IncomeCount => self.incomes.into(),
            Sum::IncomeFee => self.income,
            Sum::ExpenseCount => i128::from(self.rows) - i128::from(self.incomes),
            Sum::ExpenseFee => number(Field::Amount) - self.income,
        }
    }

    /// Fees charged less fees returned, in 1/100000 yuan.
    pub fn net_fee(&self, header: &Header) -> i128 {
        self.number(Field::FeeE5, header) - self.number(Field::ReturnedFeeE5, header)
    }

    fn number(&self, field: Field, header: &Header) -> i128 {
        let slot = header.place(field).map(|place| place.slot);
        let sums = slot.and_then(|slot| self.numbers.get(slot).zip(self.recent.get(slot)));
        sums.map_or(0, |(sum, recent)| sum + i128::from(*recent))
    }

    /// Compares with the sums that the file prints, the balance chain too.
    pub fn wrong(self, summary: &Summary, header: &Header) -> Unbalanced {
        Unbalanced { sums: self.wrong_sums(summary, header), balance: self.breaks }
    }

    /// The sums alone: where a broken balance is told in another way.
    pub fn settle_sums(&self, summary: &Summary, header: &Header) -> Result<(), BillError> {
        let sums = self.wrong_sums(summary, header);
        if sums.is_empty() {
            Ok(())
        } else {
            Err(BillError::Unbalanced(Unbalanced { sums, balance: Vec::new() }))
        }
    }

    fn wrong_sums(&self, summary: &Summary, header: &Header) -> Vec<SumDifference> {
        let compare = |printed: &Printed| {
            let (summary, rows) = (i128::from(printed.value), self.get(printed.sum, header));
            let column = printed.column.clone();
            (summary != rows).then_some(SumDifference { column, sum: printed.sum, summary, rows })
        };
        summary.printed.iter().filter_map(compare).collect()
    }
}
