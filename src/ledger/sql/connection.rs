//! What the store asks of a connection: texts run with typed parameters, rows by position, every failure seen.

use super::dialect::{Sql, Statement};
use super::fault::SqlFault;
use std::thread;
use std::time::Duration;

/// What a call of a connection ends with; `C` is what the fault came from.
pub type SqlResult<T, C> = Result<T, SqlFault<C>>;

/// A connection to one of the three databases.
pub trait Connection {
    /// What its faults come from: an exception of PHP's.
    type Cause;

    /// The texts for its database.
    fn sql(&self) -> &Sql;
    /// Fails if it must not be used: another process's, or one that keeps its errors to itself.
    fn usable(&self) -> SqlResult<(), Self::Cause>;
    /// Fails if a callback has changed how it reports errors.
    fn unchanged(&self) -> SqlResult<(), Self::Cause>;
    /// Does it believe that a transaction is open?
    fn in_transaction(&self) -> SqlResult<bool, Self::Cause>;
    /// Begins a transaction.
    fn begin(&self) -> SqlResult<(), Self::Cause>;
    /// Commits it.
    fn commit(&self) -> SqlResult<(), Self::Cause>;
    /// Rolls it back.
    fn roll_back(&self) -> SqlResult<(), Self::Cause>;
    /// Runs a text that has no parameters and gives no rows.
    fn exec(&self, text: &str) -> SqlResult<(), Self::Cause>;
    /// Runs a statement that changes rows; says how many.
    fn change(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<i64, Self::Cause>;
    /// Runs a statement and gives all its rows.
    fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<Vec<SqlRow>, Self::Cause>;
    /// Runs a text that is made for this one time; says how many rows it changed.
    fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> SqlResult<i64, Self::Cause>;
    /// Runs a text that is made for this one time and gives its rows.
    fn rows_once(&self, text: &str) -> SqlResult<Vec<SqlRow>, Self::Cause>;
    /// Does work that is needed even if the script is over: a rollback.
    fn cleaning<T>(&self, work: impl FnOnce() -> T) -> T;
    /// Waits before something is tried again.
    fn pause(&self, wait: Duration) {
        thread::sleep(wait);
    }
    /// How many children this process has forked so far: each may have spoken on the connection.
    fn forks(&self) -> u32;
}

/// A parameter; its type is always told to the driver.
#[derive(Debug, Clone, Copy)]
pub enum Bound<'a> {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(&'a str),
}

impl From<i64> for Bound<'_> {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl<'a> From<&'a str> for Bound<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Bound<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Bound<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<i64>> for Bound<'_> {
    fn from(int: Option<i64>) -> Self {
        int.map_or(Self::Null, Self::Int)
    }
}

impl From<bool> for Bound<'_> {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

/// A cell as the driver tells it: integers may come as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A text; NULL, too, where `PDO::NULL_TO_STRING` makes it empty: no column of ours that may be NULL is ever empty.
    Text(String),
    /// Anything else, which no column of ours is.
    Other,
}

impl Cell {
    fn is_null(&self) -> bool {
        matches!(self, Self::Null) || matches!(self, Self::Text(text) if text.is_empty())
    }

    fn int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Null | Self::Other => None,
        }
    }
}

/// One row, read from left to right.
#[derive(Debug)]
pub struct SqlRow {
    cells: std::vec::IntoIter<Cell>,
}

impl From<Vec<Cell>> for SqlRow {
    fn from(cells: Vec<Cell>) -> Self {
        Self { cells: cells.into_iter() }
    }
}

impl SqlRow {
    fn cell<C>(&mut self) -> SqlResult<Cell, C> {
        self.cells.next().ok_or_else(|| SqlFault::own("a row is too short".into()))
    }

    /// The next cell as an integer or NULL.
    pub fn int_or_null<C>(&mut self) -> SqlResult<Option<i64>, C> {
        let cell = self.cell()?;
        if cell.is_null() {
            return Ok(None);
        }
        cell.int().map(Some).ok_or_else(|| SqlFault::own("a number cannot be read".into()))
    }

    /// The next cell as an integer.
    pub fn int<C>(&mut self) -> SqlResult<i64, C> {
        self.int_or_null()?.ok_or_else(|| SqlFault::own("a number is NULL".into()))
    }

    /// The next cell as a text or NULL.
    pub fn text_or_null<C>(&mut self) -> SqlResult<Option<String>, C> {
        match self.cell()? {
            Cell::Text(text) if !text.is_empty() => Ok(Some(text)),
            Cell::Int(int) => Ok(Some(int.to_string())),
            Cell::Other => Err(SqlFault::own("a text cannot be read".into())),
            Cell::Null | Cell::Text(_) => Ok(None),
        }
    }

    /// The next cell as a text; NULL reads as empty.
    pub fn text<C>(&mut self) -> SqlResult<String, C> {
        Ok(self.text_or_null()?.unwrap_or_default())
    }

    /// The next cell as a flag.
    pub fn flag<C>(&mut self) -> SqlResult<bool, C> {
        Ok(self.int()? != 0)
    }

    /// The first cell of a row that nobody has begun to read, which is the row's number.
    pub fn id(&self) -> Option<i64> {
        self.cells.as_slice().first().and_then(Cell::int)
    }
}
