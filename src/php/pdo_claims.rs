//! How rows are claimed and set aside on the shop's PDO.

use super::pdo::{Bound, Ended, Row};
use super::pdo_store::{MOST_TRIES, PdoStore};
use crate::ledger::dialect::{Dialect, Statement};
use crate::ledger::entry::{Entry, Ms};
use crate::ledger::store::{Failure, Kind, Store};

impl PdoStore {
    /// Claims rows: all at once where the database can, else picked and marked in a short transaction.
    pub(super) fn take(&mut self, statement: Statement, due: &[Bound<'_>], lease: Ms) -> Ended<Vec<Row>> {
        let mut tries = 1;
        loop {
            let taken = match self.pdo.dialect() {
                Dialect::Mysql => self.pick_and_mark(statement, due, lease),
                Dialect::Sqlite => self.pdo.rows(statement, &[&[lease.into()], due].concat()),
                Dialect::Postgres => self.pdo.rows(statement, &[due, &[lease.into()]].concat()),
            };
            match taken {
                Err(fault) if fault.kind() == Kind::Busy && tries < MOST_TRIES => self.pause(tries),
                taken => return taken,
            }
            tries += 1;
        }
    }

    fn pick_and_mark(&mut self, statement: Statement, due: &[Bound<'_>], lease: Ms) -> Ended<Vec<Row>> {
        self.begin_own()?;
        let picked = self.pdo.rows(statement, due).and_then(|rows| {
            let ids: Vec<i64> = rows.iter().filter_map(Row::id).collect();
            if !ids.is_empty() {
                self.pdo.change_once(&self.pdo.sql.mark(statement, &ids), &[lease.into()])?;
            }
            self.pdo.must("commit", &[])?;
            Ok(rows)
        });
        if picked.is_err() {
            self.roll_back();
        }
        picked
    }

    /// MySQL gives rows as they were before the claim.
    pub(super) fn claimed(&self, mut entry: Entry, lease: Ms) -> Entry {
        if self.pdo.dialect() == Dialect::Mysql {
            entry.epoch += 1;
            entry.due_at = Some(entry.now + lease);
        }
        entry
    }

    /// Two steps: which wait, then their new times.
    pub(super) fn set_blocked_aside(&mut self, most: usize) -> Ended<usize> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.pdo.rows(Statement::Blocked, &[most.into()])?;
        let blocked =
            rows.into_iter().map(|mut row| Ok((row.int()?, row.int()?))).collect::<Ended<Vec<_>>>()?;
        if blocked.is_empty() {
            return Ok(0);
        }
        match self.pdo.exec(&self.pdo.sql.set_aside(&blocked)) {
            Ok(()) => Ok(blocked.len()),
            // Another worker is at it.
            Err(fault) if fault.kind() == Kind::Busy => Ok(0),
            Err(fault) => Err(fault),
        }
    }
}
