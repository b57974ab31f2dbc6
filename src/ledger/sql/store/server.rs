//! What is looked at once for a connection: the server, the session, and the tables.

use super::super::connection::{Connection, SqlResult, SqlRow};
use super::super::dialect::{Dialect, Statement, VERSION};
use super::super::fault::SqlFault;

const AUTOCOMMIT_OFF: &str = "Autocommit is switched off in this session (SET autocommit = 0): what the ledger writes \
     outside a transaction would never be stored. Switch it on, and begin transactions by PDO";

/// What MySQL says of a session that gives every row.
const EVERY_ROW: &str = "18446744073709551615";

/// Fails unless the tables are those of this version, and what is written to them is committed.
pub fn known_version<C: Connection>(connection: &mut C) -> SqlResult<(), C::Cause> {
    match told_version(connection)? {
        Some(VERSION) => Ok(()),
        found => Err(other_version(found.unwrap_or(0))),
    }
}

/// The version that the tables say.
pub fn told_version<C: Connection>(connection: &mut C) -> SqlResult<Option<i64>, C::Cause> {
    let Some(mut row) = connection.rows(Statement::Version, &[])?.into_iter().next() else {
        return Err(rows_are_cut("0"));
    };
    let version = row.int_or_null()?;
    serves(connection.sql().dialect, &mut row)?;
    Ok(version)
}

/// Fails on a server that will not do: one that is too old for our statements, a session that keeps what is written.
pub fn will_do<C: Connection>(connection: &C) -> SqlResult<(), C::Cause> {
    not_too_old(connection)?;
    let dialect = connection.sql().dialect;
    let modes = dialect.modes().trim_start_matches(", ");
    if modes.is_empty() {
        return Ok(());
    }
    let told = connection.rows_once(&format!("SELECT {modes}"))?.into_iter().next();
    told.map_or_else(|| Err(rows_are_cut("0")), |mut row| serves(dialect, &mut row))
}

/// Does the session commit what is written, and give every row that is asked for?
fn serves<C>(dialect: Dialect, row: &mut SqlRow) -> SqlResult<(), C> {
    if dialect.modes().is_empty() {
        return Ok(());
    }
    commits(row)?;
    match row.text()?.as_str() {
        EVERY_ROW => Ok(()),
        other => Err(rows_are_cut(other)),
    }
}

fn rows_are_cut<C>(limit: &str) -> SqlFault<C> {
    SqlFault::logic(format!(
        "The ledger needs sql_select_limit = DEFAULT, this session has {limit}: refunds would be left out unseen"
    ))
}

/// Where a statement of its own, or the one after a COMMIT, begins a transaction by itself, that would be taken for the
/// shop's: nobody would commit it.
fn commits<C>(row: &mut SqlRow) -> SqlResult<(), C> {
    if !row.flag()? {
        return Err(SqlFault::logic(AUTOCOMMIT_OFF));
    }
    match row.text()?.as_str() {
        "NO_CHAIN" | "0" => Ok(()),
        other => Err(SqlFault::logic(format!(
            "The ledger needs completion_type = NO_CHAIN, this session has {other}"
        ))),
    }
}

/// Fails if the server is too old for our statements.
pub fn not_too_old<C: Connection>(connection: &C) -> SqlResult<(), C::Cause> {
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
