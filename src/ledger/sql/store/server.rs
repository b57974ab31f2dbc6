//! What is looked at once for a connection: the server, and the tables on it.

use super::super::connection::{Connection, Ended, Row};
use super::super::dialect::VERSION;
use super::super::fault::SqlFault;

/// Fails unless the tables are those of this version.
pub fn known_version<C>(rows: Vec<Row>) -> Ended<(), C> {
    let found = rows.into_iter().next().map(|mut row| row.int_or_null()).transpose()?.flatten();
    match found {
        Some(VERSION) => Ok(()),
        found => Err(other_version(found.unwrap_or(0))),
    }
}

/// Fails if the server is too old for our statements.
pub fn not_too_old<C: Connection>(connection: &C) -> Ended<(), C::Cause> {
    let dialect = connection.sql().dialect;
    let told = connection.rows_once(dialect.ask_version())?.into_iter().next();
    let version = told.map(|mut row| row.text()).transpose()?.unwrap_or_default();
    dialect.too_old(&version).map_or(Ok(()), |why| Err(SqlFault::logic(why)))
}

/// The refusal of a schema that is not ours.
pub fn other_version<C>(found: i64) -> SqlFault<C> {
    let next = if found > VERSION { "update the extension" } else { "call Ledger::install()" };
    SqlFault::logic(format!(
        "The ledger's tables have schema version {found}, this extension knows version {VERSION}: {next}"
    ))
}
