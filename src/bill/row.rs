//! One row: its cells are cut, its needed cells checked; a value is read when it is asked for.

use super::field::{Field, Form};
use super::header::{Header, SLOTS};
use super::moment;
use super::number::trimmed;
use std::sync::Arc;
use time::OffsetDateTime;

/// The words of a fund flow's direction.
pub const INCOME: &str = "收入";
/// See [`INCOME`].
pub const EXPENSE: &str = "支出";

/// What was read while a row was checked.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The numbers, each at its slot.
    pub numbers: [i64; SLOTS],
    /// Is it an income? Fund flows only.
    pub income: bool,
}

/// The cells of a line, borrowed from its block.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    pub(super) block: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) cuts: &'a [u32],
}

impl<'a> Cells<'a> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.cuts.len() + 1
    }

    /// One of them, byte for byte. The first begins behind the row's first backtick.
    #[inline]
    pub fn get(&self, column: usize) -> Option<&'a [u8]> {
        let start = match column.checked_sub(1) {
            None => self.start,
            Some(before) => *self.cuts.get(before)? as usize,
        };
        let end = self.cuts.get(column).map_or(self.end, |cut| *cut as usize - 1);
        self.block.get(start + 1..end)
    }
}

/// A row of a bill.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub(super) header: &'a Header,
    pub(super) cells: Cells<'a>,
    pub(super) checked: &'a Checked,
    /// Its number, from 1.
    pub number: u64,
}

impl<'a> Row<'a> {
    /// The header it stands below.
    pub fn header(&self) -> &'a Header {
        self.header
    }

    /// The text of a field, or `None` where there is nothing, or no such column.
    pub fn text(&self, field: Field) -> Option<&'a str> {
        let bytes = self.bytes(field)?;
        std::str::from_utf8(bytes).ok()
    }

    /// The same as bytes.
    #[inline]
    pub fn bytes(&self, field: Field) -> Option<&'a [u8]> {
        let cell = self.cells.get(self.header.place(field)?.column)?;
        value(cell, field.form())
    }

    /// The number of an amount in fen, or of a fee in 1/100000 yuan; `None` if the file has no such column.
    #[inline]
    pub fn number_of(&self, field: Field) -> Option<i64> {
        let place = self.header.place(field).filter(|_| field.form().is_number())?;
        self.checked.numbers.get(place.slot).copied()
    }

    /// A time, of Beijing.
    pub fn time(&self, field: Field) -> Option<OffsetDateTime> {
        moment::moment(self.bytes(field)?)
    }

    /// Does money come in? Fund flows only.
    pub fn is_income(&self) -> bool {
        self.checked.income
    }

    /// The columns that nobody knows: name and text.
    pub fn extra(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let cells = self.cells;
        self.header.unknown().map(move |(column, name)| {
            let cell = cells.get(column).and_then(|cell| value(cell, Form::FreeText));
            (name, cell.and_then(|cell| std::str::from_utf8(cell).ok()))
        })
    }

    /// The row with bytes of its own, which outlives its file's reading.
    pub fn keep(&self, header: &Arc<Header>) -> KeptRow {
        let Cells { block, start, end, cuts } = self.cells;
        let base = u32::try_from(start).unwrap_or(u32::MAX);
        KeptRow {
            header: header.clone(),
            line: block.get(start..end).unwrap_or_default().into(),
            cuts: cuts.iter().map(|cut| cut.saturating_sub(base)).collect(),
            checked: self.checked.clone(),
            number: self.number,
        }
    }

    /// Every cell as it stands in the file, with the name of its column.
    pub fn printed(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let cells = self.cells;
        let text =
            move |column| std::str::from_utf8(cells.get(column).unwrap_or_default()).unwrap_or_default();
        self.header.names().iter().enumerate().map(move |(column, name)| (name.as_str(), text(column)))
    }
}

/// A row with bytes of its own.
#[derive(Debug, Clone)]
pub struct KeptRow {
    header: Arc<Header>,
    line: Box<[u8]>,
    cuts: Box<[u32]>,
    checked: Checked,
    number: u64,
}

impl KeptRow {
    /// The row.
    pub fn row(&self) -> Row<'_> {
        let cells = Cells { block: &self.line, start: 0, end: self.line.len(), cuts: &self.cuts };
        Row { header: &self.header, cells, checked: &self.checked, number: self.number }
    }
}

/// What a cell holds, if it holds anything.
fn value(cell: &[u8], form: Form) -> Option<&[u8]> {
    let core = trimmed(cell);
    match form {
        _ if core.is_empty() => None,
        Form::FreeText => Some(cell),
        Form::WordOrZero if core == b"0" => None,
        _ => Some(core),
    }
}
