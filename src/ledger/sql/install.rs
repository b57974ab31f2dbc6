//! The ledger's tables: made where there are none, brought up to date where they are older.

use super::connection::{Connection, SqlResult};
use super::dialect::{Dialect, Step, VERSION};
use super::store::{MOST_TRIES, SqlStore, other_version, told_version, will_do};
use crate::ledger::store::{Failure, Kind, Transactions};

impl<C: Connection> SqlStore<C> {
    /// Makes the tables, or brings them up to this version.
    pub fn install(&mut self) -> SqlResult<(), C::Cause> {
        let found = installed(&mut self.connection)?;
        if found == Some(VERSION) {
            return Ok(());
        }
        will_do(&self.connection)?;
        if self.dialect() == Dialect::Mysql {
            // Each step commits by itself there, and each may be repeated.
            return steps(&mut self.connection);
        }
        let mut tries = 1;
        loop {
            match whole(&mut self.connection, found.is_some()) {
                Err(fault) if fault.kind() == Kind::Busy && tries < MOST_TRIES => self.pause(tries),
                made => return made,
            }
            tries += 1;
        }
    }
}

/// All steps in one transaction; SQLite's write lock comes first, where there is a table to take it on.
fn whole<C: Connection>(connection: &mut C, lockable: bool) -> SqlResult<(), C::Cause> {
    let lock = connection.sql().after_begin(false).filter(|_| lockable);
    let begun = connection.begin();
    let made = begun
        .and_then(|()| lock.map_or(Ok(()), |lock| connection.exec(&lock)))
        .and_then(|()| steps(connection));
    let made = made.and_then(|()| connection.commit());
    if made.is_err() {
        // The error that led here says more than one of this.
        let _ = connection.cleaning(|| connection.roll_back());
    }
    made
}

fn steps<C: Connection>(connection: &mut C) -> SqlResult<(), C::Cause> {
    if let Some(lock) = connection.sql().install_lock() {
        connection.rows_once(&lock)?;
    }
    // Another process may have been faster.
    let found = installed(connection)?;
    connection.sql().steps(found).iter().try_for_each(|step| done(connection, step))
}

fn done<C: Connection>(connection: &C, step: &Step) -> SqlResult<(), C::Cause> {
    let Some(question) = &step.done else { return connection.exec(&step.text) };
    let is_done = || connection.rows_once(question).map(|rows| !rows.is_empty());
    if is_done()? {
        return Ok(());
    }
    match connection.exec(&step.text) {
        Err(_) if connection.sql().dialect == Dialect::Mysql && is_done()? => Ok(()),
        ended => ended,
    }
}

/// The version of the tables that are there; one that is newer than ours is refused.
fn installed<C: Connection>(connection: &mut C) -> SqlResult<Option<i64>, C::Cause> {
    if connection.rows_once(&connection.sql().is_installed())?.is_empty() {
        return Ok(None);
    }
    match told_version(connection)? {
        Some(found) if !(1..=VERSION).contains(&found) => Err(other_version(found)),
        found => Ok(found),
    }
}
