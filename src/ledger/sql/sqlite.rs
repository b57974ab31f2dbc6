//! A connection to a real SQLite, for tests: the store's texts run in milliseconds, on a clock that the test sets.

use super::connection::{Bound, Cell, Connection, SqlResult, SqlRow};
use super::dialect::{Dialect, Problem, Sql, Statement};
use super::fault::SqlFault;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Error, params_from_iter};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Milliseconds since 1970, as a test sets them.
pub type TestClock = Arc<AtomicI64>;

const A_DAY: i64 = 86_400_000;

/// SQLite's own connection.
pub struct Sqlite {
    pub connection: rusqlite::Connection,
    sql: Sql,
}

impl Sqlite {
    /// Opens a file, or `:memory:`.
    pub fn open(path: impl AsRef<Path>, clock: &TestClock) -> Self {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let clock = clock.clone();
        // 2440587.5 is 1970 in the days that the dialect's text counts in.
        let days = move |_: &mut rusqlite::functions::Context<'_>| {
            let now = clock.load(Ordering::Relaxed);
            let [whole, rest] = [now / A_DAY, now % A_DAY].map(|n| f64::from(i32::try_from(n).unwrap()));
            Ok(whole + rest / 86_400_000.0 + 2_440_587.5)
        };
        connection.create_scalar_function("julianday", 1, FunctionFlags::SQLITE_UTF8, days).unwrap();
        Self { connection, sql: Sql::new(Dialect::Sqlite, "wechatpay_").unwrap() }
    }

    fn ended<T>(ended: Result<T, Error>) -> SqlResult<T, Error> {
        ended.map_err(|error| {
            let problem = match &error {
                Error::SqliteFailure(told, text) => Problem {
                    state: "HY000".into(),
                    code: i64::from(told.extended_code),
                    text: text.clone().unwrap_or_default(),
                },
                other => Problem { text: other.to_string(), ..Problem::default() },
            };
            SqlFault { cause: Some(error), ..SqlFault::of(Dialect::Sqlite, &problem) }
        })
    }

    fn changed(&self, text: &str, bound: &[Bound<'_>]) -> SqlResult<i64, Error> {
        let changed =
            self.connection.prepare_cached(text).and_then(|mut it| it.execute(params_from_iter(bound)));
        Ok(i64::try_from(Self::ended(changed)?).unwrap())
    }

    fn fetched(&self, text: &str, bound: &[Bound<'_>]) -> SqlResult<Vec<SqlRow>, Error> {
        Self::ended(self.connection.prepare_cached(text).and_then(|mut prepared| {
            let width = prepared.column_count();
            let row = |row: &rusqlite::Row<'_>| -> Result<SqlRow, Error> {
                let cells = (0..width).map(|at| row.get_ref(at).map(cell));
                Ok(SqlRow::from(cells.collect::<Result<Vec<_>, _>>()?))
            };
            prepared.query_map(params_from_iter(bound), row)?.collect()
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(int) => Cell::Int(int),
        ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Other,
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, Error> {
        Ok(match self {
            Self::Null => rusqlite::types::Null.into(),
            Self::Int(int) => (*int).into(),
            Self::Text(text) => (*text).into(),
        })
    }
}

impl Connection for Sqlite {
    type Cause = Error;

    fn sql(&self) -> &Sql {
        &self.sql
    }

    fn usable(&self) -> SqlResult<(), Error> {
        Ok(())
    }

    fn unchanged(&self) -> SqlResult<(), Error> {
        Ok(())
    }

    fn in_transaction(&self) -> SqlResult<bool, Error> {
        Ok(!self.connection.is_autocommit())
    }

    fn begin(&self) -> SqlResult<(), Error> {
        self.exec("BEGIN")
    }

    fn commit(&self) -> SqlResult<(), Error> {
        self.exec("COMMIT")
    }

    fn roll_back(&self) -> SqlResult<(), Error> {
        self.exec("ROLLBACK")
    }

    fn exec(&self, text: &str) -> SqlResult<(), Error> {
        Self::ended(self.connection.execute_batch(text))
    }

    fn change(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<i64, Error> {
        self.changed(&self.sql.text(statement), bound)
    }

    fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<Vec<SqlRow>, Error> {
        self.fetched(&self.sql.text(statement), bound)
    }

    fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> SqlResult<i64, Error> {
        self.changed(text, bound)
    }

    fn rows_once(&self, text: &str) -> SqlResult<Vec<SqlRow>, Error> {
        self.fetched(text, &[])
    }

    fn cleaning<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    fn forks(&self) -> u32 {
        0
    }
}
