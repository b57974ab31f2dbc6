//! What a ledger is made on: which PDO will do, and the tables.

use crate::ledger::entry::Ms;
use crate::ledger::sql::connection::Connection;
use crate::ledger::sql::dialect::{ASK_BUSY_TIMEOUT, Dialect, Sql};
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::param::{Instant, Param, Raw, instant, param};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::ledger::core::PhpLedger;
use crate::php::ledger::pdo::{Pdo, PdoResult};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ClassEntry;

/// `PDO::ATTR_AUTOCOMMIT` and `PDO::ATTR_DRIVER_NAME`.
const AUTOCOMMIT: i64 = 0;
const DRIVER_NAME: i64 = 16;
/// SQLite's lock is waited for at least so long.
const LEAST_BUSY_MS: i64 = 1000;

/// The connection. Its class is looked for when it is needed.
pub const PDO: Param<Raw> = param("pdo", DataType::object("PDO"));
/// What is over since then is removed.
pub const BEFORE: Param<Instant> = instant("before");

/// The first argument, a PDO. ext/pdo is looked for only now: nobody needs it for the rest.
pub fn pdo(call: &Call<'_>) -> Result<Zval, Raise> {
    // An autoloader may be asked.
    let class = door::through(|| ClassEntry::try_find("PDO"))?;
    let class = class.ok_or_else(|| Raise::Engine("ext/pdo is not loaded".into()))?;
    let object = call.instance(PDO, class)?.map(|object| object.shallow_clone());
    object.ok_or_else(|| Raise::Engine("a PDO argument is missing".into()))
}

/// Checks that nothing the ledger relies on is switched off.
pub fn connection(call: &Call<'_>, object: Zval, prefix: &str) -> Result<Pdo, Raise> {
    // Until the driver is known any dialect will do for asking.
    let asking = Pdo::new(object, Sql::new(Dialect::Sqlite, prefix)?);
    let driver = asking.attribute(DRIVER_NAME)?.string().unwrap_or_default();
    let drivers = "must be a connection to SQLite, MySQL, MariaDB or PostgreSQL";
    let dialect = Dialect::of_driver(&driver).ok_or_else(|| call.bad(PDO, drivers))?;
    let pdo = Pdo::new(asking.object, Sql::new(dialect, prefix)?);
    if !pdo.is_loud()? {
        return Err(call.bad(PDO, "must have PDO::ATTR_ERRMODE set to PDO::ERRMODE_EXCEPTION"));
    }
    match dialect {
        Dialect::Mysql if pdo.number(AUTOCOMMIT)? == Some(0) => {
            Err(call.bad(PDO, "must not have PDO::ATTR_AUTOCOMMIT switched off"))
        }
        Dialect::Sqlite if patience(&pdo)? < LEAST_BUSY_MS => Err(call.bad(
            PDO,
            "must wait a second or more for SQLite's lock (PDO::ATTR_TIMEOUT, PRAGMA busy_timeout)",
        )),
        _ => Ok(pdo),
    }
}

/// Milliseconds that the connection waits for another's lock.
fn patience(pdo: &Pdo) -> PdoResult<i64> {
    let row = pdo.rows_once(ASK_BUSY_TIMEOUT)?.into_iter().next();
    row.map_or(Ok(0), |mut row| row.int())
}

/// 9999-12-31 23:59:59 in Beijing: nothing later can be written there.
const LAST_SECOND: i64 = 253_402_271_999;

/// An instant that was given, in milliseconds.
pub fn milliseconds<T>(call: &Call<'_>, param: Param<T>, seconds: i64) -> Result<Ms, Raise> {
    let fits = (0..=LAST_SECOND).contains(&seconds);
    if fits {
        Ok(seconds * 1000)
    } else {
        Err(call.bad(param, "must be a time between 1970 and 9999, in Beijing"))
    }
}

/// Removes what is over since before a time.
pub fn purge(call: &mut Call<'_>) -> Outcome {
    let before = milliseconds(call, BEFORE, call.get(BEFORE)?)?;
    let ledger = call.this::<PhpLedger>()?;
    ledger.with(|core| Ok(core.store.alone("Ledger::purge()")?))?;
    Ok(value::int(ledger.run("", |core| core.purge(before))?))
}

/// Makes the tables where there are none, and brings older ones up to date.
pub fn install(call: &mut Call<'_>) -> Outcome {
    call.this::<PhpLedger>()?.with(|core| {
        core.store.alone("Ledger::install()")?;
        Ok(core.store.install()?)
    })?;
    Ok(Zval::null())
}
