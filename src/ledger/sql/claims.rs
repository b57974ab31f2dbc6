//! How rows are claimed and set aside.

use super::connection::{Bound, Connection, SqlResult, SqlRow};
use super::dialect::{Dialect, Statement};
use super::store::{MOST_TRIES, SqlStore};
use crate::ledger::entry::{Entry, Ms};
use crate::ledger::store::{Failure, Kind, Transactions};

impl<C: Connection> SqlStore<C> {
    /// Claims rows: all at once where the database can, else picked and marked in a short transaction.
    pub(super) fn take(
        &mut self,
        statement: Statement,
        due: &[Bound<'_>],
        lease: Ms,
    ) -> SqlResult<Vec<SqlRow>, C::Cause> {
        let mut tries = 1;
        loop {
            let taken = match self.dialect() {
                Dialect::Mysql => self.pick_and_mark(statement, due, lease),
                Dialect::Sqlite => self.connection.rows(statement, &[&[lease.into()], due].concat()),
                Dialect::Postgres => self.connection.rows(statement, &[due, &[lease.into()]].concat()),
            };
            match taken {
                Err(fault) if fault.kind() == Kind::Busy && tries < MOST_TRIES => self.pause(tries),
                taken => return taken,
            }
            tries += 1;
        }
    }

    fn pick_and_mark(
        &mut self,
        statement: Statement,
        due: &[Bound<'_>],
        lease: Ms,
    ) -> SqlResult<Vec<SqlRow>, C::Cause> {
        self.begin_own()?;
        let picked = self.connection.rows(statement, due).and_then(|rows| {
            let ids: Vec<i64> = rows.iter().filter_map(SqlRow::id).collect();
            if !ids.is_empty() {
                self.connection.change_once(&self.connection.sql().mark(statement, &ids), &[lease.into()])?;
            }
            self.connection.commit()?;
            Ok(rows)
        });
        if picked.is_err() {
            self.roll_back();
        }
        picked
    }

    /// MySQL gives rows as they were before the claim.
    pub(super) fn claimed(&self, mut entry: Entry, lease: Ms) -> Entry {
        if self.dialect() == Dialect::Mysql {
            entry.epoch += 1;
            entry.due_at = Some(entry.now + lease);
        }
        entry
    }

    /// Two steps: which wait, then their new times.
    pub(super) fn set_blocked_aside(&mut self, most: usize) -> SqlResult<usize, C::Cause> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.connection.rows(Statement::Blocked, &[most.into()])?;
        let blocked = rows
            .into_iter()
            .map(|mut row| Ok((row.int()?, row.int()?)))
            .collect::<SqlResult<Vec<_>, C::Cause>>()?;
        if blocked.is_empty() {
            return Ok(0);
        }
        match self.connection.exec(&self.connection.sql().set_aside(&blocked)) {
            Ok(()) => Ok(blocked.len()),
            // Another worker is at it.
            Err(fault) if fault.kind() == Kind::Busy => Ok(0),
            Err(fault) => Err(fault),
        }
    }
}
