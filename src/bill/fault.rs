//! Why a bill is refused. Each variant is one cause, and says where.

use super::answer::NoBillAnswer;
use super::unbalanced::Unbalanced;
use crate::error::{Advice, Error, Fault, Repeat};
use time::Date;

/// Why a bill is refused. Rows are counted from 1 (the first below the header), lines from 1 (the header).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields say what the message says")]
pub enum BillError {
    /// Not one gzip member as it was packed: cut, flipped, more behind it, packed twice.
    #[error("the packed bill is damaged: {0}")]
    Gzip(&'static str),
    /// It unpacks to more than anybody's day.
    #[error("the bill is too large: {0}")]
    TooLarge(String),
    /// Nothing in it.
    #[error("the bill is empty: not even a header")]
    Empty,
    /// An HTML page, JSON, or whatever begins otherwise than any bill.
    #[error("this is no bill, it begins with \"{0}\"")]
    NotABill(String),
    /// WeChat's answer instead of a bill.
    #[error("WeChat Pay answered instead of sending a bill: {0}")]
    Answer(NoBillAnswer),
    /// The bill of cross-border merchants, another product.
    #[error(
        "this is a bill of cross-border payment (its header has {0}), which is another product with other columns"
    )]
    CrossBorder(String),
    /// A column without which nothing can be said.
    #[error("the header has no column {column}")]
    MissingColumn { column: &'static str },
    /// A column twice, by one name or two.
    #[error("the header has the column {column} twice, by this name or by another one for the same")]
    DuplicateColumn { column: String },
    /// A line that is neither row nor sums.
    #[error("line {line} is neither a row nor the sums: rows begin with a backtick")]
    Line { line: u64 },
    /// A line that no bill has.
    #[error("line {line} is longer than 1 MiB")]
    LineTooLong { line: u64 },
    /// A NUL byte.
    #[error("line {line} holds a NUL byte")]
    Nul { line: u64 },
    /// Not UTF-8.
    #[error("line {line} is no valid UTF-8")]
    Utf8 { line: u64 },
    /// Cells are missing, or one holds the separator.
    #[error("row {row} has {cells} cells, the header has {expected}")]
    RowWidth { row: u64, cells: usize, expected: usize },
    /// No exact decimal. `row` is absent in the sums.
    #[error("{}, column {column}: \"{value}\" is no exact amount", place(*row))]
    Amount { row: Option<u64>, column: String, value: String },
    /// No time that exists.
    #[error("row {row}, column {column}: \"{value}\" is no time like 2026-11-21 10:00:00")]
    Time { row: u64, column: String, value: String },
    /// Nothing, or not one of the words, where one is needed.
    #[error("row {row}, column {column}: \"{value}\" cannot stand here")]
    Cell { row: u64, column: String, value: String },
    /// The file ends before its sums: it was cut.
    #[error("the bill ends without its sums: it was cut")]
    SummaryMissing,
    /// The sums do not fit their header.
    #[error("the sums have {cells} cells, their header has {expected}")]
    SummaryWidth { cells: usize, expected: usize },
    /// More after the sums.
    #[error("line {line} stands behind the sums, where nothing may")]
    TrailingData { line: u64 },
    /// It reads, but it does not add up.
    #[error("the bill does not add up: {0}")]
    Unbalanced(Unbalanced),
    /// A bill of another day than the one that was asked for.
    #[error("this is the bill of {found}, that of {asked} was asked for")]
    OtherDay { found: Date, asked: Date },
    /// The file itself could not be read.
    #[error("the bill cannot be read: {0}")]
    Unreadable(String),
    /// A trade bill where a fund flow is needed, or the other way round.
    #[error("this is {found}, {needed} is needed")]
    WrongKind { found: &'static str, needed: &'static str },
}

/// Why something made of a bill was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The bill is refused.
    #[error(transparent)]
    Bill(#[from] BillError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

fn place(row: Option<u64>) -> String {
    row.map_or_else(|| "the sums".to_owned(), |row| format!("row {row}"))
}

impl BillError {
    /// The word for it that the shared vectors use.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gzip(_) => "gzip",
            Self::TooLarge(_) => "too_large",
            Self::Empty => "empty",
            Self::NotABill(_) => "not_a_bill",
            Self::Answer(_) => "answer",
            Self::CrossBorder(_) => "cross_border",
            Self::MissingColumn { .. } => "missing_column",
            Self::DuplicateColumn { .. } => "duplicate_column",
            Self::Line { .. } => "line",
            Self::LineTooLong { .. } => "line_too_long",
            Self::Nul { .. } => "nul",
            Self::Utf8 { .. } => "utf8",
            Self::RowWidth { .. } => "row_width",
            Self::Amount { .. } => "amount",
            Self::Time { .. } => "time",
            Self::Cell { .. } => "cell",
            Self::SummaryMissing => "summary_missing",
            Self::SummaryWidth { .. } => "summary_width",
            Self::TrailingData { .. } => "trailing_data",
            Self::Unbalanced(_) => "sums",
            Self::OtherDay { .. } => "other_day",
            Self::Unreadable(_) => "unreadable",
            Self::WrongKind { .. } => "wrong_kind",
        }
    }
}

impl BillError {
    /// What it means to whoever reads a file of his own, or looks closer at a bill that is there: reading it again
    /// helps nobody.
    pub fn of_file(self) -> Fault {
        let advice = match &self {
            Self::Answer(_) => None,
            Self::Unreadable(_) => Some(Advice::FixConfiguration),
            Self::Unbalanced(_) => Some(Advice::GiveUp),
            _ => Some(Advice::FixCall),
        };
        let fault = Fault::new(self.into(), Repeat::Query, None);
        match advice {
            Some(advice) => Fault { advice, retryable: false, ..fault },
            None => fault,
        }
    }
}

impl From<BillError> for Error {
    fn from(e: BillError) -> Self {
        match e {
            BillError::Answer(answer) => answer.into(),
            BillError::Unreadable(_) => Self::Configuration(e.to_string()),
            other => Self::Bill(other.to_string()),
        }
    }
}

/// The start of what came, short and printable, for a message.
pub fn beginning(text: &[u8]) -> String {
    let start = text.get(..text.len().min(60)).unwrap_or_default();
    let shown = String::from_utf8_lossy(start);
    shown.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
