//! Tables for bookkeepers: they open in a spreadsheet, numbers of orders stay text, nothing becomes a formula.

use super::difference::{BothValues, Difference};
use super::report::DayReport;
use crate::bill::fault::WriteError;
use crate::bill::field::Field;
use crate::bill::reader::Reader;
use crate::bill::row::Row;
use std::io::{self, Read, Write};

const BOM: &str = "\u{feff}";

/// The columns of [`write_differences`].
const DIFFERENCES: [&str; 10] = [
    "kind",
    "key",
    "field",
    "theirs",
    "ours",
    "state",
    "due",
    "out_trade_no",
    "transaction_id",
    "out_refund_no",
];

/// The columns of [`write_orders`].
const ORDERS: [&str; 11] = [
    "trade_time",
    "out_trade_no",
    "transaction_id",
    "trade_state",
    "fee_type",
    "total_fee",
    "settlement_total_fee",
    "out_refund_no",
    "refund_id",
    "refund_fee",
    "fee",
];

/// One cell of a table.
#[derive(Debug, Clone, Copy)]
enum CsvCell<'a> {
    /// Text of whoever: shown as it is, and never run.
    Text(&'a str),
    /// A number of an order: text, however many digits it has.
    Id(&'a str),
    /// Hundredths, with a point.
    Yuan(i128),
    /// 1/100000 yuan.
    Fee(i128),
    /// A whole number.
    Count(i128),
    Empty,
}

/// A table that is being written.
struct CsvTable<W> {
    to: W,
    line: String,
}

impl<W: Write> CsvTable<W> {
    fn begin(mut to: W, names: &[&str]) -> io::Result<Self> {
        to.write_all(BOM.as_bytes())?;
        let mut table = Self { to, line: String::new() };
        table.write(names.iter().map(|name| CsvCell::Text(name)))?;
        Ok(table)
    }

    fn write<'a>(&mut self, cells: impl IntoIterator<Item = CsvCell<'a>>) -> io::Result<()> {
        self.line.clear();
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.line.push(',');
            }
            cell.write(&mut self.line);
        }
        self.line.push_str("\r\n");
        self.to.write_all(self.line.as_bytes())
    }
}

impl CsvCell<'_> {
    fn write(self, line: &mut String) {
        match self {
            // A tab before it makes every spreadsheet take it as text; nobody sees it.
            Self::Id("") | Self::Empty => {}
            Self::Id(id) => quote(&format!("\t{id}"), line),
            Self::Text(text)
                if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) =>
            {
                quote(&format!("'{text}"), line);
            }
            Self::Text(text) => quote(text, line),
            Self::Yuan(fen) => line.push_str(&decimal(fen, 2)),
            Self::Fee(fee) => line.push_str(&decimal(fee, 5)),
            Self::Count(count) => line.push_str(&count.to_string()),
        }
    }
}

fn quote(text: &str, line: &mut String) {
    if text.contains(['"', ',', '\r', '\n', '\t', ';', ' ', '\'']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

fn decimal(number: i128, places: u32) -> String {
    let unit = 10_u128.pow(places);
    let sign = if number < 0 { "-" } else { "" };
    let amount = number.unsigned_abs();
    format!("{sign}{}.{:0width$}", amount / unit, amount % unit, width = places as usize)
}

fn id(text: Option<&str>) -> CsvCell<'_> {
    text.map_or(CsvCell::Empty, CsvCell::Id)
}

/// Writes what differs; the last line sums what WeChat has beyond the books.
pub fn write_differences(report: &DayReport, to: impl Write) -> io::Result<()> {
    let mut table = CsvTable::begin(to, &DIFFERENCES)?;
    for difference in &report.differences {
        let due = difference.due.map(|due| due.to_string()).unwrap_or_default();
        let numbers = &difference.numbers;
        table.write([
            CsvCell::Text(difference.kind.name()),
            CsvCell::Id(&difference.key),
            CsvCell::Text(&difference.field),
            told(difference, difference.theirs.as_ref()),
            told(difference, difference.ours.as_ref()),
            CsvCell::Text(difference.state.name()),
            CsvCell::Text(&due),
            id(numbers.out_trade_no.as_deref()),
            id(numbers.transaction_id.as_deref()),
            id(numbers.out_refund_no.as_deref()),
        ])?;
    }
    let count = i128::try_from(report.differences.len()).unwrap_or(i128::MAX);
    let (long, short) = report.totals.map_or((0, 0), |totals| (totals.long, totals.short));
    let sums = [
        CsvCell::Text("sum"),
        CsvCell::Count(count),
        CsvCell::Text("long, short"),
        CsvCell::Yuan(long),
        CsvCell::Yuan(short),
    ];
    table.write(sums.into_iter().chain(std::iter::repeat_n(CsvCell::Empty, DIFFERENCES.len() - sums.len())))
}

fn told<'a>(difference: &Difference, side: Option<&'a BothValues>) -> CsvCell<'a> {
    match (side, &*difference.field) {
        (None, _) => CsvCell::Empty,
        (Some(BothValues::Text(text)), "transaction_id" | "out_trade_no" | "sha256") => CsvCell::Id(text),
        (Some(BothValues::Text(text)), _) => CsvCell::Text(text),
        (Some(BothValues::Number(number)), "rows") => CsvCell::Count((*number).into()),
        (Some(BothValues::Number(number)), "fee_e5") => CsvCell::Fee((*number).into()),
        (Some(BothValues::Number(number)), _) => CsvCell::Yuan((*number).into()),
    }
}

/// The sums of the last line.
#[derive(Default)]
struct Sums {
    rows: i128,
    total_fee: i128,
    settlement_total_fee: i128,
    refund_fee: i128,
    fee: i128,
}

/// A table of the rows of bills.
pub struct OrderTable<W> {
    table: CsvTable<W>,
    sums: Sums,
}

impl<W: Write> OrderTable<W> {
    /// Begins a table.
    pub fn begin(to: W) -> io::Result<Self> {
        Ok(Self { table: CsvTable::begin(to, &ORDERS)?, sums: Sums::default() })
    }

    /// Writes every row of a bill.
    pub fn write(&mut self, bill: impl Read) -> Result<(), WriteError> {
        let mut reader = Reader::new(bill)?;
        while let Some(row) = reader.next_row()? {
            self.write_row(&row)?;
        }
        Ok(())
    }

    fn write_row(&mut self, row: &Row<'_>) -> io::Result<()> {
        let number = |field| i128::from(row.number_of(field).unwrap_or_default());
        let word = |field| row.text(field).map_or(CsvCell::Empty, CsvCell::Text);
        let fee = number(Field::FeeE5) - number(Field::ReturnedFeeE5);
        let (total, settled) = (number(Field::TotalFee), number(Field::SettlementTotalFee));
        let refunded = number(Field::RefundFee);
        self.sums.rows += 1;
        self.sums.total_fee += total;
        self.sums.settlement_total_fee += settled;
        self.sums.refund_fee += refunded;
        self.sums.fee += fee;
        self.table.write([
            word(Field::TradeTime),
            id(row.text(Field::OutTradeNo)),
            id(row.text(Field::TransactionId)),
            word(Field::TradeState),
            word(Field::FeeType),
            CsvCell::Yuan(total),
            CsvCell::Yuan(settled),
            id(row.text(Field::OutRefundNo)),
            id(row.text(Field::RefundId)),
            CsvCell::Yuan(refunded),
            CsvCell::Fee(fee),
        ])
    }

    /// Ends it with a line of sums.
    pub fn finish(mut self) -> io::Result<W> {
        let sums = self.sums;
        self.table.write([
            CsvCell::Text("sum"),
            CsvCell::Count(sums.rows),
            CsvCell::Empty,
            CsvCell::Empty,
            CsvCell::Empty,
            CsvCell::Yuan(sums.total_fee),
            CsvCell::Yuan(sums.settlement_total_fee),
            CsvCell::Empty,
            CsvCell::Empty,
            CsvCell::Yuan(sums.refund_fee),
            CsvCell::Fee(sums.fee),
        ])?;
        Ok(self.table.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::reconcile::difference::{DifferenceKind, DifferenceState, Numbers};
    use time::macros::date;

    fn written(key: &str, theirs: BothValues) -> String {
        let difference = Difference {
            kind: DifferenceKind::StateDiffers,
            key: key.into(),
            field: "state".into(),
            theirs: Some(theirs),
            ours: None,
            state: DifferenceState::Open,
            due: None,
            numbers: Numbers::default(),
            kept: None,
        };
        let day = date!(2026 - 02 - 12);
        let report = DayReport { from: day, to: day, totals: None, differences: vec![difference] };
        let mut to = Vec::new();
        write_differences(&report, &mut to).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn a_table_has_a_mark_windows_lines_ids_as_text_and_sums() {
        let table = written("4200000000000000000000000001", "FROZEN".into());
        let lines: Vec<&str> = table.strip_prefix(BOM).unwrap().split("\r\n").collect();
        assert_eq!(lines[0].split(',').count(), 10);
        assert_eq!(lines[1], "StateDiffers,\"\t4200000000000000000000000001\",state,FROZEN,,open,,,,");
        assert_eq!(lines[2], "sum,1,\"long, short\",0.00,0.00,,,,,");
        assert_eq!(lines[3..], [""]);
    }

    #[test]
    fn b8_what_a_stranger_wrote_never_becomes_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@x", "\t=1", "＝1"] {
            assert!(written("T1", evil.into()).contains(&format!("'{evil}")), "{evil}");
        }
        assert!(written("=cmd|' /C calc'!A0", "X".into()).contains("\"\t=cmd|"));
        assert!(written("T1", "a\"b,c".into()).contains("\"a\"\"b,c\""));
    }

    #[test]
    fn orders_are_listed_with_their_sums() {
        let bill = include_str!("../../../php-tests/fixtures/vectors.json");
        let all: serde_json::Value = serde_json::from_str(bill).unwrap();
        let mut table = OrderTable::begin(Vec::new()).unwrap();
        table.write(all["v2_bills"][0]["text"].as_str().unwrap().as_bytes()).unwrap();
        let text = String::from_utf8(table.finish().unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("\"2026-03-01 10:00:01\",\"\tT20260301000001\",\"\t4200000000"));
        assert_eq!(lines[3], "sum,2,,,,100.00,100.00,,,40.00,0.36000");
    }
}
