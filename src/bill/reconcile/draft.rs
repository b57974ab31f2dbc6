//! Differences whose texts stand in the bills: found in the first reading, filled in by a second one.

use super::difference::{BothValues, Difference, DifferenceKind, DifferenceState, Numbers};
use crate::bill::fault::BillError;
use crate::bill::field::Field;
use crate::bill::reader::Reader;
use crate::bill::row::Row;
use crate::bill::source::BillSource;
use std::collections::HashSet;
use time::Date;

/// What one side says, or where in the bills it stands.
#[derive(Debug, Clone)]
pub enum Side {
    /// Nothing.
    Absent,
    /// This.
    Said(BothValues),
    /// The text of a row of the bills.
    Stands(u32, Field),
}

impl<T: Into<BothValues>> From<T> for Side {
    fn from(told: T) -> Self {
        Self::Said(told.into())
    }
}

/// A difference to be.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: DifferenceKind,
    field: &'static str,
    key: Side,
    theirs: Side,
    ours: Side,
    due: Option<Date>,
    waits: bool,
    numbers: Numbers,
    /// A row of the bills that it is about.
    row: Option<u32>,
}

impl Draft {
    /// A difference about a number that is known.
    pub fn new(kind: DifferenceKind, field: &'static str, key: impl Into<Side>) -> Self {
        Self {
            kind,
            field,
            key: key.into(),
            theirs: Side::Absent,
            ours: Side::Absent,
            due: None,
            waits: false,
            numbers: Numbers::default(),
            row: None,
        }
    }

    /// What WeChat says.
    pub fn theirs(mut self, told: impl Into<Side>) -> Self {
        self.theirs = told.into();
        self
    }

    /// What the books say.
    pub fn ours(mut self, told: impl Into<Side>) -> Self {
        self.ours = told.into();
        self
    }

    /// It waits until a day, as seen on another one.
    pub fn due(mut self, due: Option<Date>, seen_on: Date) -> Self {
        self.waits = due.is_some_and(|due| seen_on < due);
        self.due = due;
        self
    }

    /// The numbers that the books know.
    pub fn numbers(mut self, numbers: Numbers) -> Self {
        self.numbers = numbers;
        self
    }

    /// The row of the bills that it is about.
    pub fn about(mut self, row: u32) -> Self {
        self.row = Some(row);
        self
    }

    /// The rows whose text it needs.
    fn rows(&self) -> impl Iterator<Item = u32> {
        let standing = |side: &Side| if let Side::Stands(row, _) = side { Some(*row) } else { None };
        let sides = [&self.key, &self.theirs, &self.ours].map(standing);
        sides.into_iter().flatten().chain(self.row)
    }

    /// Takes what it needs of a row.
    fn take(&mut self, row: &Row<'_>, number: u32) {
        for side in [&mut self.key, &mut self.theirs, &mut self.ours] {
            if let Side::Stands(standing, field) = side
                && *standing == number
            {
                *side = row.text(*field).map_or(Side::Absent, Side::from);
            }
        }
        if self.row == Some(number) {
            let fill = |number: &mut Option<String>, field| {
                if number.is_none() {
                    *number = row.text(field).map(str::to_owned);
                }
            };
            fill(&mut self.numbers.out_trade_no, Field::OutTradeNo);
            fill(&mut self.numbers.transaction_id, Field::TransactionId);
            fill(&mut self.numbers.out_refund_no, Field::OutRefundNo);
            fill(&mut self.numbers.refund_id, Field::RefundId);
        }
    }

    fn finish(self) -> Difference {
        let told = |side| if let Side::Said(told) = side { Some(told) } else { None };
        let key = match told(self.key) {
            Some(BothValues::Text(key)) => key,
            Some(BothValues::Number(key)) => key.to_string(),
            None => String::new(),
        };
        Difference {
            kind: self.kind,
            key,
            field: self.field.into(),
            theirs: told(self.theirs),
            ours: told(self.ours),
            state: if self.waits { DifferenceState::Waiting } else { DifferenceState::Open },
            due: self.due,
            numbers: self.numbers,
            kept: None,
        }
    }
}

/// Fills in the drafts from the bills, in the order of their rows; the same difference stands once.
pub fn finish<'a>(
    mut drafts: Vec<Draft>,
    files: impl Iterator<Item = &'a dyn BillSource>,
) -> Result<Vec<Difference>, BillError> {
    let mut needed: Vec<(u32, u32)> = Vec::new();
    for (at, draft) in (0_u32..).zip(&drafts) {
        needed.extend(draft.rows().map(|row| (row, at)));
    }
    needed.sort_unstable();
    needed.dedup();
    let mut needed = needed.into_iter().peekable();
    let mut number = 0;
    for file in files {
        if needed.peek().is_none() {
            break;
        }
        let mut reader = open(file)?;
        while needed.peek().is_some() {
            let Some(row) = reader.next_row()? else { break };
            while let Some((_, at)) = needed.next_if(|(row, _)| *row == number) {
                if let Some(draft) = drafts.get_mut(at as usize) {
                    draft.take(&row, number);
                }
            }
            number += 1;
        }
    }
    let mut seen = HashSet::new();
    let differences = drafts.into_iter().map(Draft::finish);
    Ok(differences.filter(|difference| seen.insert(difference.identity())).collect())
}

/// Opens a file of the bills.
pub fn open(file: &dyn BillSource) -> Result<Reader<Box<dyn std::io::Read + '_>>, BillError> {
    Reader::new(file.open().map_err(|e| BillError::Unreadable(e.to_string()))?)
}
