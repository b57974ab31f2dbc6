//! Reads a bill as a stream: header, rows, sums. Memory does not grow with the file.

use super::answer::NoBillAnswer;
use super::content::Limits;
use super::fault::{BillError, beginning};
use super::field::Form;
use super::header::{CellCheck, Header};
use super::lines::{Lines, Span};
use super::moment::Calendar;
use super::number::{self, trimmed};
use super::row::{Cells, Checked, EXPENSE, INCOME, Row};
use super::sums::{Summary, begins_sums};
use crate::wire::v2::xml;
use std::io::Read;

/// Reads one file.
pub struct Reader<R> {
    lines: Lines<R>,
    header: Header,
    checked: Checked,
    calendar: Calendar,
    rows: u64,
    /// How it ended: with its sums, or with a fault that stays.
    end: Option<Result<Summary, BillError>>,
}

impl<R: Read> Reader<R> {
    /// Opens a file and reads its header.
    pub fn new(file: R) -> Result<Self, BillError> {
        Self::with_limits(file, Limits::default())
    }

    /// The same within limits of one's own.
    pub fn with_limits(file: R, limits: Limits) -> Result<Self, BillError> {
        let mut lines = Lines::new(file, limits)?;
        let header = match header(&mut lines) {
            Ok(header) => header,
            Err(e) => return Err(lines.gzip_fault().unwrap_or(e)),
        };
        Ok(Self {
            lines,
            header,
            checked: Checked::default(),
            calendar: Calendar::default(),
            rows: 0,
            end: None,
        })
    }

    /// What the first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many rows were read so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next row, checked; `None` at the end, when the sums were read too.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, BillError> {
        match &self.end {
            Some(Ok(_)) => return Ok(None),
            Some(Err(e)) => return Err(e.clone()),
            None => {}
        }
        let Some(span) = self.advance()? else { return Ok(None) };
        let (header, checked, number) = (&self.header, &self.checked, self.rows);
        Ok(Some(Row { header, cells: cells(&self.lines, span), checked, number }))
    }

    /// The bytes of memory that it holds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.lines.held()
    }

    /// The sums, once all rows were read.
    pub fn summary(&self) -> Option<&Summary> {
        self.end.as_ref().and_then(|end| end.as_ref().ok())
    }

    /// The sums: reads what is left of the rows.
    pub fn finish(mut self) -> Result<Summary, BillError> {
        while self.next_row()?.is_some() {}
        self.end.unwrap_or(Err(BillError::SummaryMissing))
    }

    /// Moves to the next row and checks it.
    #[inline]
    fn advance(&mut self) -> Result<Option<Span>, BillError> {
        match self.lines.next() {
            Ok(Some(span)) if self.begins_row(span) => {
                self.rows += 1;
                match self.check(span) {
                    Ok(()) => Ok(Some(span)),
                    Err(e) => self.fail(e),
                }
            }
            Ok(Some(span)) => {
                let sums = self.sums(span);
                self.conclude(sums)
            }
            Ok(None) => self.conclude(Err(BillError::SummaryMissing)),
            Err(e) => self.conclude(Err(e)),
        }
    }

    fn begins_row(&self, span: Span) -> bool {
        self.lines.block().get(span.start) == Some(&b'`') && span.end > span.start
    }

    #[cold]
    fn fail<T>(&mut self, e: BillError) -> Result<T, BillError> {
        let e = match e {
            BillError::Gzip(_) => e,
            e => self.lines.gzip_fault().unwrap_or(e),
        };
        self.end = Some(Err(e.clone()));
        Err(e)
    }

    #[cold]
    fn conclude(&mut self, end: Result<Summary, BillError>) -> Result<Option<Span>, BillError> {
        match end {
            Ok(summary) => {
                self.end = Some(Ok(summary));
                Ok(None)
            }
            Err(e) => self.fail(e),
        }
    }

    /// The header of the sums was met: reads them, and that nothing follows.
    fn sums(&mut self, span: Span) -> Result<Summary, BillError> {
        let names = self.lines.text(span).to_owned();
        if !begins_sums(&names) {
            return Err(BillError::Line { line: self.lines.number() });
        }
        let Some(span) = self.lines.next()? else { return Err(BillError::SummaryMissing) };
        if !self.begins_row(span) {
            return Err(BillError::Line { line: self.lines.number() });
        }
        let summary = Summary::read(&names, &cells(&self.lines, span), &self.header)?;
        while let Some(span) = self.lines.next()? {
            if span.end > span.start {
                return Err(BillError::TrailingData { line: self.lines.number() });
            }
        }
        Ok(summary)
    }

    /// Width first, then the cells from left to right.
    #[inline]
    fn check(&mut self, span: Span) -> Result<(), BillError> {
        let cells = cells(&self.lines, span);
        if cells.count() != self.header.width() {
            let (cells, expected) = (cells.count(), self.header.width());
            return Err(BillError::RowWidth { row: self.rows, cells, expected });
        }
        for check in self.header.checks() {
            let cell = cells.get(check.column).unwrap_or_default();
            if !accept(check, cell, &mut self.checked, &mut self.calendar)
                && !accept_trimmed(check, cell, &mut self.checked, &mut self.calendar)
            {
                return Err(wrong_cell(&self.header, check, self.rows, cell));
            }
        }
        Ok(())
    }
}

#[inline]
fn cells<R: Read>(lines: &Lines<R>, span: Span) -> Cells<'_> {
    Cells { block: lines.block(), start: span.start, end: span.end, cuts: lines.cuts(span) }
}

/// A cell that is not accepted as it stands may have blanks around it.
#[cold]
#[inline(never)]
fn accept_trimmed(check: &CellCheck, cell: &[u8], checked: &mut Checked, calendar: &mut Calendar) -> bool {
    accept(check, trimmed(cell), checked, calendar)
}

/// Looks at one cell.
#[inline]
fn accept(check: &CellCheck, cell: &[u8], checked: &mut Checked, calendar: &mut Calendar) -> bool {
    match check.form {
        Form::Fen => keep(number::fen(cell), check, checked),
        Form::FeeE5 => keep(number::fee_e5(cell), check, checked),
        Form::NeededTime => calendar.knows(cell),
        Form::Time => cell.is_empty() || calendar.knows(cell),
        Form::NeededWord => cell.iter().any(|byte| !matches!(byte, b' ' | b'\t')),
        Form::Direction => {
            checked.income = cell == INCOME.as_bytes();
            checked.income || cell == EXPENSE.as_bytes()
        }
        Form::Word | Form::WordOrZero | Form::FreeText => true,
    }
}

#[inline]
fn keep(number: Option<i64>, check: &CellCheck, checked: &mut Checked) -> bool {
    let Some(number) = number else { return false };
    if let Some(kept) = checked.numbers.get_mut(check.slot) {
        *kept = number;
    }
    true
}

#[cold]
fn wrong_cell(header: &Header, check: &CellCheck, row: u64, cell: &[u8]) -> BillError {
    let column = header.names().get(check.column).cloned().unwrap_or_default();
    let value = String::from_utf8_lossy(trimmed(cell)).chars().take(80).collect();
    match check.form {
        Form::Fen | Form::FeeE5 => BillError::Amount { row: Some(row), column, value },
        Form::NeededTime | Form::Time => BillError::Time { row, column, value },
        _ => BillError::Cell { row, column, value },
    }
}

/// Reads the first line, or says what came instead of a bill.
fn header<R: Read>(lines: &mut Lines<R>) -> Result<Header, BillError> {
    match lines.beginning().first() {
        None => return Err(BillError::Empty),
        Some(b'<') => return Err(answer(lines)),
        Some(_) => {}
    }
    let start = beginning(lines.beginning());
    let Some(span) = lines.next()? else { return Err(BillError::NotABill(start)) };
    Header::read(lines.text(span))
}

fn answer<R: Read>(lines: &mut Lines<R>) -> BillError {
    match lines.all(xml::MAX_BYTES) {
        Ok(document) => NoBillAnswer::read(document)
            .map_or_else(|| BillError::NotABill(beginning(document)), BillError::Answer),
        Err(e) => e,
    }
}
