//! A bill at hand: what its header says at once, the rest when it is asked for. Each reading checks every cell again,
//! and what one has learned is not read twice.

use super::content::{Content, GZIP, Limits};
use super::fault::{BillError, WriteError};
use super::field::Field;
use super::header::{BillType, Header};
use super::reader::Reader;
use super::row::{KeptRow, Row};
use super::source::{Kept, Reading};
use super::sums::Summary;
use super::verify::{Balance, balance, sha256};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};
use time::Date;

/// Which of the two files it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A trade bill, of whatever type.
    Trades,
    /// A fund flow.
    Flows,
}

impl Family {
    fn of(kind: BillType) -> Self {
        if kind == BillType::FundFlow { Self::Flows } else { Self::Trades }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Trades => "a trade bill",
            Self::Flows => "a fund flow",
        }
    }
}

/// An account of the merchant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountType {
    /// 基本账户: where payments arrive.
    Basic,
    /// 运营账户: what is paid out of by hand.
    Operation,
    /// 手续费账户: where fees are taken from.
    Fees,
}

impl AccountType {
    /// `account_type`, as the call spells it.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Operation => "Operation",
            Self::Fees => "Fees",
        }
    }
}

/// A bill or a fund flow.
#[derive(Debug)]
pub struct Document {
    kept: Arc<Kept>,
    header: Arc<Header>,
    date: Option<Date>,
    balance: OnceLock<Balance>,
    sha256: OnceLock<String>,
}

impl Document {
    /// Reads the header and the first row. The date, if it is not given, is the row's.
    pub fn open(kept: Arc<Kept>, family: Family, date: Option<Date>) -> Result<Self, BillError> {
        let mut reader = Reader::new(Reading::of(&kept))?;
        let header = Arc::new(reader.header().clone());
        let found = Family::of(header.kind);
        if found != family {
            return Err(BillError::WrongKind { found: found.name(), needed: family.name() });
        }
        let first = reader.next_row()?.and_then(|row| day(&row));
        Ok(Self { kept, header, date: date.or(first), balance: OnceLock::new(), sha256: OnceLock::new() })
    }

    /// The same of a file that has just come: it is read to its end, so that what is damaged is told at once.
    pub fn whole(kept: Arc<Kept>, family: Family, date: Option<Date>) -> Result<Self, BillError> {
        let document = Self::open(kept, family, date)?;
        document.balance()?;
        Ok(document)
    }

    /// Fails if there are rows, and none of them is of the day that was asked for. One row suffices: how WeChat books
    /// what happens at midnight is its own affair.
    pub fn is_of(&self, asked: Date) -> Result<(), BillError> {
        let mut reader = Reader::new(Reading::of(&self.kept))?;
        let mut found = None;
        while let Some(row) = reader.next_row()? {
            found = day(&row).or(found);
            if found == Some(asked) {
                return Ok(());
            }
        }
        found.map_or(Ok(()), |found| Err(BillError::OtherDay { found, asked }))
    }

    /// The header.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The day, in Beijing; none if it was not given and there are no rows.
    pub fn date(&self) -> Option<Date> {
        self.date
    }

    /// The bytes, as they came.
    pub fn kept(&self) -> &Arc<Kept> {
        &self.kept
    }

    /// The rows, from the first one on.
    pub fn rows(self: &Arc<Self>) -> Result<Rows, BillError> {
        Ok(Rows { document: self.clone(), reader: Reader::new(Reading::of(&self.kept))? })
    }

    /// How many rows there are.
    pub fn count(&self) -> Result<u64, BillError> {
        Ok(self.balance()?.rows)
    }

    /// The sums.
    pub fn summary(&self) -> Result<&Summary, BillError> {
        Ok(&self.balance()?.summary)
    }

    /// The columns that nobody knows: those of the rows, then those of the sums.
    pub fn unknown_columns(&self) -> Result<Vec<&str>, BillError> {
        let of_sums = self.summary()?.unknown().iter().map(String::as_str);
        Ok(self.header.unknown().map(|(_, name)| name).chain(of_sums).collect())
    }

    /// The SHA-256 of the unpacked bytes, in lower-case hex.
    pub fn sha256(&self) -> Result<&str, BillError> {
        remembered(&self.sha256, || sha256(Reading::of(&self.kept))).map(String::as_str)
    }

    /// Does everything add up?
    pub fn verify(&self) -> Result<(), BillError> {
        self.balance()?.settled()
    }

    /// Writes it somewhere as gzip: the bytes as they came, if they came packed.
    pub fn write_packed(&self, to: &mut impl Write) -> Result<(), WriteError> {
        if self.is_packed()? {
            io::copy(&mut Reading::of(&self.kept), to)?;
            return Ok(());
        }
        let mut packer = GzEncoder::new(to, Compression::default());
        self.write_plain(&mut packer)?;
        packer.finish()?;
        Ok(())
    }

    /// Writes what the bytes say: unpacked, if they are packed.
    pub fn write_plain(&self, to: &mut impl Write) -> Result<(), WriteError> {
        Content::new(Reading::of(&self.kept), Limits::default())?.each_block(|block| Ok(to.write_all(block)?))
    }

    fn is_packed(&self) -> io::Result<bool> {
        let mut start = Vec::new();
        Reading::of(&self.kept).take(2).read_to_end(&mut start)?;
        Ok(start == GZIP)
    }

    fn balance(&self) -> Result<&Balance, BillError> {
        remembered(&self.balance, || balance(Reading::of(&self.kept)))
    }
}

/// What was learned already, or is learned now; a fault is not remembered, the next reading meets it again.
fn remembered<T>(cell: &OnceLock<T>, learn: impl FnOnce() -> Result<T, BillError>) -> Result<&T, BillError> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let learned = learn()?;
    Ok(cell.get_or_init(|| learned))
}

/// The day that a row belongs to: in a bill of refunds its time is that of the payment.
fn day(row: &Row<'_>) -> Option<Date> {
    let times = [Field::RefundApplyTime, Field::TradeTime, Field::Time];
    times.into_iter().find_map(|field| row.time(field)).map(time::OffsetDateTime::date)
}

/// The rows of a document, one after the other.
pub struct Rows {
    document: Arc<Document>,
    reader: Reader<Reading>,
}

impl Rows {
    /// The next row, with bytes of its own.
    pub fn next_row(&mut self) -> Result<Option<KeptRow>, BillError> {
        let row = self.reader.next_row()?;
        Ok(row.map(|row| row.keep(&self.document.header)))
    }
}
