//! What a fork in the middle of a transaction may have done to it.

use super::super::connection::{Connection, SqlResult};
use super::super::dialect::Statement;
use super::super::fault::SqlFault;
use super::super::rows::entry;
use super::{SqlStore, fresh_name};
use crate::ledger::store::{Failure, Kind};

const DISTURBED: &str =
    "A child of this process was forked while the transaction was open, and spoke on its connection";

impl<C: Connection> SqlStore<C> {
    /// A child that was forked since the transaction began may have spoken on the connection: PDO rolls back when it is
    /// destroyed, and each may have read what the other was told. Then COMMIT's answer proves nothing: what was to be
    /// stored is looked at, by answers that can be no others.
    pub(super) fn look_again(&mut self) -> SqlResult<(), C::Cause> {
        if self.forks == self.connection.forks() {
            return Ok(());
        }
        match self.is_stored() {
            Ok(true) => Ok(()),
            Err(fault) if fault.kind() == Kind::Over => Err(fault),
            _ => {
                self.broken = true;
                Err(SqlFault::own(DISTURBED.into()).meaning(Kind::OutcomeUnknown))
            }
        }
    }

    fn is_stored(&mut self) -> SqlResult<bool, C::Cause> {
        if !self.echoes()? {
            return Ok(false);
        }
        let Some((key, version)) = self.witness.take() else { return Ok(true) };
        let row = self.by_key(Statement::Peek, &key)?.map(entry).transpose()?;
        Ok(row.is_some_and(|row| row.terms.key == key && row.version >= version) && self.echoes()?)
    }

    /// Does the connection answer what it was asked?
    fn echoes(&self) -> SqlResult<bool, C::Cause> {
        let token = fresh_name();
        let row = self.connection.rows_once(&format!("SELECT '{token}'"))?.into_iter().next();
        Ok(row.map(|mut row| row.text()).transpose()?.is_some_and(|text| text == token))
    }
}
