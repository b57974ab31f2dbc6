//! The shop's PDO, called from Rust: typed parameters, rows by position, and every failure seen.
//!
//! PDO has two ways to fail: an exception, which stays pending, and `false`. Both are looked at after every call
//! (ledger.md 1).

use super::pdo_fault::{PdoFault, taken};
use super::{door, value};
use crate::ledger::dialect::{Dialect, Sql, Statement};
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
    fn zval(self) -> Zval {
        match self {
            Self::Null => Zval::null(),
            Self::Int(int) => value::int(int),
            Self::Text(text) => value::text(text),
        }
    }

    /// `PDO::PARAM_NULL`, `PARAM_INT` or `PARAM_STR`.
    fn kind(self) -> i64 {
        match self {
            Self::Null => 0,
            Self::Int(_) => 1,
            Self::Text(_) => 2,
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
    /// The process whose connection it is: a forked copy of it never speaks on it.
    process: u32,
    prepared: HashMap<Statement, Zval>,
}

impl Pdo {
    /// Wraps a PDO object.
    pub fn new(object: Zval, sql: Sql) -> Self {
        Self { object, sql, process: std::process::id(), prepared: HashMap::new() }
    }

    /// Names the values of PHP's that it holds.
    pub fn each(&self, see: &mut dyn FnMut(&Zval)) {
        std::iter::once(&self.object).chain(self.prepared.values()).for_each(see);
    }

    /// The database.
    pub fn dialect(&self) -> Dialect {
        self.sql.dialect
    }

    /// Is this the process that made the connection?
    pub fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    /// Calls a method of the PDO object; `false` is a failure.
    pub fn must(&self, method: &str, arguments: &[Bound<'_>]) -> Ended<Zval> {
        self.must_of(&self.object, method, arguments)
    }

    /// Runs a text that has no parameters and gives no rows.
    pub fn exec(&self, text: &str) -> Ended<()> {
        self.must("exec", &[text.into()]).map(drop)
    }

    /// Does PDO believe that a transaction is open?
    pub fn in_transaction(&self) -> Ended<bool> {
        Ok(self.call(&self.object, "inTransaction", &[])?.is_true())
    }

    /// An attribute.
    pub fn attribute(&self, number: i64) -> Ended<Zval> {
        self.call(&self.object, "getAttribute", &[number.into()])
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
            pdo.changed(&prepared)
        })
    }

    /// Runs a statement and gives all its rows.
    pub fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> Ended<Vec<Row>> {
        self.tidied(|pdo| {
            let prepared = pdo.run(statement, bound)?;
            pdo.fetched(&prepared)
        })
    }

    /// Runs a text that is made for this one time; says how many rows it changed.
    pub fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> Ended<i64> {
        let prepared = Held(self.must("prepare", &[text.into()])?);
        self.execute(&prepared.0, bound)?;
        self.changed(&prepared.0)
    }

    /// Runs a text that is made for this one time and gives its rows.
    pub fn rows_once(&self, text: &str) -> Ended<Vec<Row>> {
        let prepared = Held(self.must("prepare", &[text.into()])?);
        self.execute(&prepared.0, &[])?;
        self.fetched(&prepared.0)
    }

    /// After an error the statements are prepared anew: a changed table spoils them.
    fn tidied<T>(&mut self, work: impl FnOnce(&mut Self) -> Ended<T>) -> Ended<T> {
        let ended = work(self);
        if ended.is_err() {
            self.prepared.drain().for_each(|(_, statement)| door::release(statement));
        }
        ended
    }

    fn run(&mut self, statement: Statement, bound: &[Bound<'_>]) -> Ended<Zval> {
        let prepared = self.prepared(statement)?;
        self.execute(&prepared, bound)?;
        Ok(prepared)
    }

    fn prepared(&mut self, statement: Statement) -> Ended<Zval> {
        if let Some(known) = self.prepared.get(&statement) {
            return Ok(known.shallow_clone());
        }
        let text = self.sql.text(statement);
        let fresh = self.must("prepare", &[text.as_str().into()])?;
        self.prepared.insert(statement, fresh.shallow_clone());
        Ok(fresh)
    }
}

impl Pdo {
    /// Calls a method and looks for the exception it may have left.
    fn call(&self, object: &Zval, method: &str, arguments: &[Bound<'_>]) -> Ended<Zval> {
        if !self.is_ours() {
            return Err(PdoFault::forked());
        }
        let target = object.object().ok_or_else(|| PdoFault::own(format!("{method}: no object")))?;
        let arguments = || arguments.iter().map(|argument| argument.zval()).collect();
        let returned = door::try_method(target, method, arguments);
        match taken(self.dialect()) {
            Some(fault) => Err(fault),
            None => returned.map_err(|raise| PdoFault::of_raise(raise, method)),
        }
    }

    fn must_of(&self, object: &Zval, method: &str, arguments: &[Bound<'_>]) -> Ended<Zval> {
        let returned = self.call(object, method, arguments)?;
        if !returned.is_false() {
            return Ok(returned);
        }
        let told = self.call(object, "errorInfo", &[])?;
        Err(PdoFault::silent(self.dialect(), method, &told))
    }

    fn execute(&self, prepared: &Zval, bound: &[Bound<'_>]) -> Ended<()> {
        for (at, parameter) in bound.iter().enumerate() {
            let number = i64::try_from(at + 1).unwrap_or(i64::MAX);
            self.must_of(prepared, "bindValue", &[number.into(), *parameter, parameter.kind().into()])?;
        }
        self.must_of(prepared, "execute", &[]).map(drop)
    }

    fn changed(&self, prepared: &Zval) -> Ended<i64> {
        let count = self.call(prepared, "rowCount", &[])?;
        count.long().ok_or_else(|| PdoFault::own("rowCount gave no number".into()))
    }

    fn fetched(&self, prepared: &Zval) -> Ended<Vec<Row>> {
        let all = self.must_of(prepared, "fetchAll", &[FETCH_NUM.into()])?;
        self.must_of(prepared, "closeCursor", &[])?;
        let table = all.array().ok_or_else(|| PdoFault::own("fetchAll gave no array".into()))?;
        Ok(table.values().map(|row| Row { cells: cells(row), next: 0 }).collect())
    }
}

/// A statement that is let go of at the end: its class may be the shop's.
struct Held(Zval);

impl Drop for Held {
    fn drop(&mut self) {
        door::release(std::mem::replace(&mut self.0, Zval::null()));
    }
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
