//! A bill as a table: cells that know what they are, sums that are counted when it is written.

use std::fmt::Write as _;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillCell {
    /// Text.
    Text(String),
    /// Fen.
    Fen(i64),
    /// 1/100000 yuan.
    Fee(i64),
}

impl From<&str> for BillCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for BillCell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What is summed under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillSum {
    /// Rows.
    Rows,
    /// A column.
    Of(&'static str),
    /// Rows of a direction.
    RowsThat(&'static str),
    /// Their amounts.
    AmountsThat(&'static str),
}

/// The rows of a day.
#[derive(Debug, Clone)]
pub struct BillTable {
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// The rows, each as wide as the columns.
    pub rows: Vec<Vec<BillCell>>,
    /// Names of the sums, and what they are of.
    pub sums: Vec<(&'static str, BillSum)>,
}

impl BillTable {
    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| *column == name)
    }

    /// The file: a byte order mark, Windows' line ends, the sums last. `added` fen are added to the first sum of money.
    pub fn text(&self, added: i64, with_sums: bool) -> String {
        let mut text = format!("\u{feff}{}\r\n", self.columns.join(","));
        for row in &self.rows {
            write_row(&mut text, row);
        }
        if with_sums {
            let names: Vec<_> = self.sums.iter().map(|(name, _)| *name).collect();
            let mut sums: Vec<_> = self.sums.iter().map(|(_, sum)| self.sum(*sum)).collect();
            if let Some(BillCell::Fen(fen)) = sums.iter_mut().find(|sum| matches!(sum, BillCell::Fen(_))) {
                *fen += added;
            }
            let _ = write!(text, "{}\r\n", names.join(","));
            write_row(&mut text, &sums);
        }
        text
    }

    fn sum(&self, sum: BillSum) -> BillCell {
        match sum {
            BillSum::Rows => BillCell::Text(self.rows.len().to_string()),
            BillSum::Of(name) => self.total(name, |_| true),
            BillSum::RowsThat(word) => {
                let rows = self.rows.iter().filter(|row| row.contains(&word.into()));
                BillCell::Text(rows.count().to_string())
            }
            BillSum::AmountsThat(word) => {
                self.total("收支金额（元）", |row| row.contains(&word.into()))
            }
        }
    }

    fn total(&self, name: &str, counts: impl Fn(&[BillCell]) -> bool) -> BillCell {
        let column = self.column(name);
        let cells = self.rows.iter().filter(|row| counts(row)).filter_map(|row| row.get(column?));
        let is_fee = name == "手续费";
        let numbers = cells.map(|cell| match cell {
            BillCell::Fen(number) | BillCell::Fee(number) => *number,
            BillCell::Text(_) => 0,
        });
        let total = numbers.sum();
        if is_fee { BillCell::Fee(total) } else { BillCell::Fen(total) }
    }
}

fn write_row(text: &mut String, cells: &[BillCell]) {
    for (n, cell) in cells.iter().enumerate() {
        text.push_str(if n == 0 { "`" } else { ",`" });
        match cell {
            BillCell::Text(word) => text.push_str(word),
            BillCell::Fen(fen) => write_decimal(text, *fen, 100, 2),
            BillCell::Fee(fee) => write_decimal(text, *fee, 100_000, 5),
        }
    }
    text.push_str("\r\n");
}

fn write_decimal(text: &mut String, number: i64, unit: i64, places: usize) {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.abs();
    let _ = write!(text, "{sign}{}.{:0places$}", number / unit, number % unit);
}
