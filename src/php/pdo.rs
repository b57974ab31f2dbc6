//! The shop's PDO, called from Rust: typed parameters, rows by position, and every failure seen.
//!
//! PDO has two ways to fail: an exception, which `try_call_method` does not report, and `false`. Both are looked
//! at after every call (ledger.md 1).

use super::pdo_fault::{PdoFault, taken};
use super::value;
use crate::ledger::dialect::{Dialect, Sql, Statement};
use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::types::Zval;
use std::collections::HashMap;

/// What a call of PDO ends with.
pub type Ended<T> = Result<T, PdoFault>;

/// `PDO::FETCH_NUM`.
const FETCH_NUM: i64 = 3;
/// `PDO::ATTR_ERRMODE` and its only value under which nothing is lost.
const ERRMODE: i64 = 3;
const ERRMODE_EXCEPTION: i64 = 2;

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

impl Bound<'_> {
    fn zval(self) -> (Zval, i64) {
        match self {
            Self::Null => (Zval::null(), 0),
            Self::Int(int) => (value::int(int), 1),
            Self::Text(text) => (value::text(text), 2),
        }
    }
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

/// A PDO object with its texts and prepared statements.
pub struct Pdo {
    /// The object.
    pub object: Zval,
    /// The texts.
    pub sql: Sql,
    prepared: HashMap<Statement, Zval>,
}

impl Pdo {
    /// Wraps a PDO object.
    pub fn new(object: Zval, sql: Sql) -> Self {
        Self { object, sql, prepared: HashMap::new() }
    }

    /// The database.
    pub fn dialect(&self) -> Dialect {
        self.sql.dialect
    }

    /// Calls a method of the PDO object; `false` is a failure.
    pub fn must(&self, method: &str, arguments: Vec<&dyn IntoZvalDyn>) -> Ended<Zval> {
        must(self.dialect(), &self.object, method, arguments)
    }

    /// Runs a text that has no parameters and gives no rows.
    pub fn exec(&self, text: &str) -> Ended<()> {
        self.must("exec", vec![&text]).map(drop)
    }

    /// Does PDO believe that a transaction is open?
    pub fn in_transaction(&self) -> Ended<bool> {
        Ok(call(self.dialect(), &self.object, "inTransaction", vec![])?.is_true())
    }

    /// An attribute.
    pub fn attribute(&self, number: i64) -> Ended<Zval> {
        call(self.dialect(), &self.object, "getAttribute", vec![&number])
    }

    /// Does every error become an exception?
    pub fn is_loud(&self) -> Ended<bool> {
        let mode = self.attribute(ERRMODE)?;
        Ok(integer(&mode) == Some(ERRMODE_EXCEPTION))
    }

    /// Runs a statement that changes rows; says how many.
    pub fn change(&mut self, statement: Statement, bound: &[Bound<'_>]) -> Ended<i64> {
        self.tidied(|pdo| {
            let prepared = pdo.run(statement, bound)?;
            changed(pdo.dialect(), &prepared)
        })
    }

    /// Runs a statement and gives all its rows.
    pub fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> Ended<Vec<Row>> {
        self.tidied(|pdo| {
            let prepared = pdo.run(statement, bound)?;
            fetched(pdo.dialect(), &prepared)
        })
    }

    /// Runs a text that is made for this one time; says how many rows it changed.
    pub fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> Ended<i64> {
        let prepared = self.must("prepare", vec![&text])?;
        execute(self.dialect(), &prepared, bound)?;
        changed(self.dialect(), &prepared)
    }

    /// Runs a text that is made for this one time and gives its rows.
    pub fn rows_once(&self, text: &str) -> Ended<Vec<Row>> {
        let prepared = self.must("prepare", vec![&text])?;
        execute(self.dialect(), &prepared, &[])?;
        fetched(self.dialect(), &prepared)
    }

    /// After an error the statements are prepared anew: a changed table spoils them.
    fn tidied<T>(&mut self, work: impl FnOnce(&mut Self) -> Ended<T>) -> Ended<T> {
        let ended = work(self);
        if ended.is_err() {
            self.prepared.clear();
        }
        ended
    }

    fn run(&mut self, statement: Statement, bound: &[Bound<'_>]) -> Ended<Zval> {
        let prepared = self.prepared(statement)?;
        execute(self.dialect(), &prepared, bound)?;
        Ok(prepared)
    }

    fn prepared(&mut self, statement: Statement) -> Ended<Zval> {
        if let Some(known) = self.prepared.get(&statement) {
            return Ok(known.shallow_clone());
        }
        let text = self.sql.text(statement);
        let fresh = self.must("prepare", vec![&text])?;
        self.prepared.insert(statement, fresh.shallow_clone());
        Ok(fresh)
    }
}

/// Calls a method and looks for the exception it may have left.
fn call(dialect: Dialect, object: &Zval, method: &str, arguments: Vec<&dyn IntoZvalDyn>) -> Ended<Zval> {
    let target = object.object().ok_or_else(|| PdoFault::own(format!("{method}: no object")))?;
    let returned = target.try_call_method(method, arguments);
    if let Some(fault) = taken(dialect) {
        return Err(fault);
    }
    returned.map_err(|e| PdoFault::own(format!("{method}: {e}")))
}

fn must(dialect: Dialect, object: &Zval, method: &str, arguments: Vec<&dyn IntoZvalDyn>) -> Ended<Zval> {
    let returned = call(dialect, object, method, arguments)?;
    if !returned.is_false() {
        return Ok(returned);
    }
    let told = call(dialect, object, "errorInfo", vec![])?;
    Err(PdoFault::silent(dialect, method, &told))
}

fn execute(dialect: Dialect, prepared: &Zval, bound: &[Bound<'_>]) -> Ended<()> {
    for (at, parameter) in bound.iter().enumerate() {
        let number = i64::try_from(at + 1).unwrap_or(i64::MAX);
        let (value, kind) = parameter.zval();
        must(dialect, prepared, "bindValue", vec![&number, &value, &kind])?;
    }
    must(dialect, prepared, "execute", vec![]).map(drop)
}

fn changed(dialect: Dialect, prepared: &Zval) -> Ended<i64> {
    let count = call(dialect, prepared, "rowCount", vec![])?;
    count.long().ok_or_else(|| PdoFault::own("rowCount gave no number".into()))
}

fn fetched(dialect: Dialect, prepared: &Zval) -> Ended<Vec<Row>> {
    let all = must(dialect, prepared, "fetchAll", vec![&FETCH_NUM])?;
    must(dialect, prepared, "closeCursor", vec![])?;
    let table = all.array().ok_or_else(|| PdoFault::own("fetchAll gave no array".into()))?;
    Ok(table.values().map(|row| Row { cells: cells(row), next: 0 }).collect())
}

fn cells(row: &Zval) -> Vec<Zval> {
    row.array().map_or_else(Vec::new, |row| row.values().map(Zval::shallow_clone).collect())
}

/// An integer, as whatever PHP and the driver tell it: since 8.4 some attributes are bool that were int.
pub fn integer(value: &Zval) -> Option<i64> {
    let flag = || value.bool().map(i64::from);
    value.long().or_else(flag).or_else(|| value.str()?.trim().parse().ok())
}

/// NULL, or the empty text that `PDO::NULL_TO_STRING` makes of it; no column of ours that may be NULL is ever empty.
fn is_null(cell: &Zval) -> bool {
    cell.is_null() || cell.str() == Some("")
}

/// One row, read from left to right.
pub struct Row {
    cells: Vec<Zval>,
    next: usize,
}

impl Row {
    fn cell(&mut self) -> Ended<&Zval> {
        self.next += 1;
        self.cells.get(self.next - 1).ok_or_else(|| PdoFault::own("a row is too short".into()))
    }

    /// The next cell as an integer or NULL.
    pub fn int_or_null(&mut self) -> Ended<Option<i64>> {
        let cell = self.cell()?;
        if is_null(cell) {
            return Ok(None);
        }
        integer(cell).map(Some).ok_or_else(|| PdoFault::own("a number cannot be read".into()))
    }

    /// The next cell as an integer.
    pub fn int(&mut self) -> Ended<i64> {
        self.int_or_null()?.ok_or_else(|| PdoFault::own("a number is NULL".into()))
    }

    /// The next cell as a text or NULL.
    pub fn text_or_null(&mut self) -> Ended<Option<String>> {
        let cell = self.cell()?;
        if is_null(cell) {
            return Ok(None);
        }
        cell.string().map(Some).ok_or_else(|| PdoFault::own("a text cannot be read".into()))
    }

    /// The next cell as a text; NULL reads as empty.
    pub fn text(&mut self) -> Ended<String> {
        Ok(self.text_or_null()?.unwrap_or_default())
    }

    /// The next cell as a flag.
    pub fn flag(&mut self) -> Ended<bool> {
        Ok(self.int()? != 0)
    }
}

impl Row {
    /// The first cell, which is the row's number, without reading on.
    pub fn id(&self) -> Option<i64> {
        self.cells.first().and_then(integer)
    }
}
