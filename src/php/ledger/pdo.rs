//! The shop's PDO, called from Rust: typed parameters, rows by position, and every failure seen.
//!
//! PDO has two ways to fail: an exception, which stays pending, and `false`. Both are looked at after every call.

use crate::ledger::sql::connection::{Bound, Cell, Connection, SqlRow};
use crate::ledger::sql::dialect::{Dialect, Sql, Statement};
use crate::php::engine::convert::value;
use crate::php::engine::guard::door::Held;
use crate::php::engine::guard::{door, fork};
use crate::php::ledger::pdo::fault::{PdoFault, Thrown, forked, of_raise, silent, taken};
use ext_php_rs::types::Zval;
use std::collections::HashMap;

pub mod fault;

/// What a call of PDO ends with.
pub type PdoResult<T> = Result<T, PdoFault>;

/// `PDO::FETCH_NUM`.
const FETCH_NUM: i64 = 3;
/// `PDO::ATTR_ERRMODE` and its only value under which nothing is lost.
const ERRMODE: i64 = 3;
const ERRMODE_EXCEPTION: i64 = 2;

/// A parameter as PHP's value.
fn zval(bound: Bound<'_>) -> Zval {
    match bound {
        Bound::Null => Zval::null(),
        Bound::Int(int) => value::int(int),
        Bound::Text(text) => value::text(text),
    }
}

/// `PDO::PARAM_NULL`, `PARAM_INT` or `PARAM_STR`.
fn kind(bound: Bound<'_>) -> i64 {
    match bound {
        Bound::Null => 0,
        Bound::Int(_) => 1,
        Bound::Text(_) => 2,
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
    prepared: HashMap<Statement, Held>,
}

impl Pdo {
    /// Wraps a PDO object.
    pub fn new(object: Zval, sql: Sql) -> Self {
        Self { object, sql, process: std::process::id(), prepared: HashMap::new() }
    }

    /// Names the values of PHP's that it holds.
    pub fn each(&self, see: &mut dyn FnMut(&Zval)) {
        std::iter::once(&self.object).chain(self.prepared.values().map(|held| &**held)).for_each(see);
    }

    /// The database.
    pub fn dialect(&self) -> Dialect {
        self.sql.dialect
    }

    /// Is this the process that made the connection?
    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    /// Calls a method of the PDO object; `false` is a failure.
    fn must(&self, method: &str, arguments: &[Bound<'_>]) -> PdoResult<Held> {
        self.must_of(&self.object, method, arguments)
    }

    /// An attribute.
    pub fn attribute(&self, number: i64) -> PdoResult<Held> {
        self.call(&self.object, "getAttribute", &[number.into()])
    }

    /// An attribute that is a number.
    pub fn number(&self, number: i64) -> PdoResult<Option<i64>> {
        self.attribute(number).map(|told| value::integer(&told))
    }

    /// Does every error become an exception?
    pub fn is_loud(&self) -> PdoResult<bool> {
        Ok(self.number(ERRMODE)? == Some(ERRMODE_EXCEPTION))
    }

    /// After an error the statements are prepared anew: a changed table spoils them.
    fn tidied<T>(&mut self, work: impl FnOnce(&mut Self) -> PdoResult<T>) -> PdoResult<T> {
        let ended = work(self);
        if ended.is_err() {
            self.prepared.clear();
        }
        ended
    }

    fn run(&mut self, statement: Statement, bound: &[Bound<'_>]) -> PdoResult<Held> {
        let prepared = self.prepared(statement)?;
        self.execute(&prepared, bound)?;
        Ok(prepared)
    }

    fn prepared(&mut self, statement: Statement) -> PdoResult<Held> {
        if let Some(known) = self.prepared.get(&statement) {
            return Ok(known.share());
        }
        let text = self.sql.text(statement);
        let fresh = self.must("prepare", &[text.as_str().into()])?;
        self.prepared.insert(statement, fresh.share());
        Ok(fresh)
    }
}

impl Connection for Pdo {
    type Cause = Thrown;

    fn sql(&self) -> &Sql {
        &self.sql
    }

    fn usable(&self) -> PdoResult<()> {
        if !self.is_ours() {
            let why = "This Ledger was made before a fork: a connection must not be used by two processes, make PDO and Ledger anew";
            return Err(PdoFault::logic(why));
        }
        if !self.is_loud()? {
            return Err(PdoFault::logic("PDO::ATTR_ERRMODE is no longer PDO::ERRMODE_EXCEPTION"));
        }
        Ok(())
    }

    fn unchanged(&self) -> PdoResult<()> {
        if self.is_loud()? {
            return Ok(());
        }
        Err(PdoFault::broken("The callback of the ledger changed PDO::ATTR_ERRMODE"))
    }

    fn begin(&self) -> PdoResult<()> {
        self.must("beginTransaction", &[]).map(drop)
    }

    fn commit(&self) -> PdoResult<()> {
        self.must("commit", &[]).map(drop)
    }

    fn roll_back(&self) -> PdoResult<()> {
        self.must("rollBack", &[]).map(drop)
    }

    fn exec(&self, text: &str) -> PdoResult<()> {
        self.must("exec", &[text.into()]).map(drop)
    }

    fn in_transaction(&self) -> PdoResult<bool> {
        Ok(self.call(&self.object, "inTransaction", &[])?.is_true())
    }

    fn change(&mut self, statement: Statement, bound: &[Bound<'_>]) -> PdoResult<i64> {
        self.tidied(|pdo| {
            let prepared = pdo.run(statement, bound)?;
            pdo.changed(&prepared)
        })
    }

    fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> PdoResult<Vec<SqlRow>> {
        self.tidied(|pdo| {
            let prepared = pdo.run(statement, bound)?;
            pdo.fetched(&prepared)
        })
    }

    fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> PdoResult<i64> {
        let prepared = self.must("prepare", &[text.into()])?;
        self.execute(&prepared, bound)?;
        self.changed(&prepared)
    }

    fn rows_once(&self, text: &str) -> PdoResult<Vec<SqlRow>> {
        let prepared = self.must("prepare", &[text.into()])?;
        self.execute(&prepared, &[])?;
        self.fetched(&prepared)
    }

    fn cleaning<T>(&self, work: impl FnOnce() -> T) -> T {
        door::cleaning(work)
    }

    fn forks(&self) -> u32 {
        fork::count()
    }
}

impl Pdo {
    /// Calls a method and looks for the exception it may have left.
    fn call(&self, object: &Zval, method: &str, arguments: &[Bound<'_>]) -> PdoResult<Held> {
        if !self.is_ours() {
            return Err(forked());
        }
        let target = object.object().ok_or_else(|| PdoFault::own(format!("{method}: no object")))?;
        let arguments = || arguments.iter().map(|argument| zval(*argument)).collect();
        let returned = door::try_method(target, method, arguments).map(Held::new);
        match taken(self.dialect()) {
            Some(fault) => Err(fault),
            None => returned.map_err(|raise| of_raise(raise, method)),
        }
    }

    fn must_of(&self, object: &Zval, method: &str, arguments: &[Bound<'_>]) -> PdoResult<Held> {
        let returned = self.call(object, method, arguments)?;
        if !returned.is_false() {
            return Ok(returned);
        }
        let told = self.call(object, "errorInfo", &[])?;
        Err(silent(self.dialect(), method, &told))
    }

    fn execute(&self, prepared: &Zval, bound: &[Bound<'_>]) -> PdoResult<()> {
        for (at, parameter) in bound.iter().enumerate() {
            let number = i64::try_from(at + 1).unwrap_or(i64::MAX);
            self.must_of(prepared, "bindValue", &[number.into(), *parameter, kind(*parameter).into()])?;
        }
        self.must_of(prepared, "execute", &[]).map(drop)
    }

    fn changed(&self, prepared: &Zval) -> PdoResult<i64> {
        let count = self.call(prepared, "rowCount", &[])?;
        count.long().ok_or_else(|| PdoFault::own("rowCount gave no number".into()))
    }

    fn fetched(&self, prepared: &Zval) -> PdoResult<Vec<SqlRow>> {
        let all = self.must_of(prepared, "fetchAll", &[FETCH_NUM.into()])?;
        self.must_of(prepared, "closeCursor", &[])?;
        let table = all.array().ok_or_else(|| PdoFault::own("fetchAll gave no array".into()))?;
        Ok(table.values().map(row).collect())
    }
}

fn row(row: &Zval) -> SqlRow {
    row.array().map_or_else(Vec::new, |row| row.values().map(cell).collect()).into()
}

fn cell(value: &Zval) -> Cell {
    if value.is_null() {
        return Cell::Null;
    }
    let text = || value.string().map_or(Cell::Other, Cell::Text);
    if value.is_string() { text() } else { value::integer(value).map_or_else(text, Cell::Int) }
}
