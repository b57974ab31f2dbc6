//! What a ledger is made on: which PDO will do, and the tables.

use crate::ledger::entry::Ms;
use crate::ledger::sql::connection::Connection;
use crate::ledger::sql::dialect::{Dialect, Sql};
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use crate::php::ledger::core::PhpLedger;
use crate::php::ledger::pdo::{Ended, Pdo};
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ClassEntry;

/// `PDO::ATTR_AUTOCOMMIT` and `PDO::ATTR_DRIVER_NAME`.
const AUTOCOMMIT: i64 = 0;
const DRIVER_NAME: i64 = 16;
/// SQLite's lock is waited for at least so long.
const LEAST_BUSY_MS: i64 = 1000;

/// The first argument, a PDO. ext/pdo is looked for only now: nobody needs it for the rest.
pub fn pdo(call: &Call<'_>) -> Result<Zval, Raise> {
    // An autoloader may be asked.
    let class = door::through(|| ClassEntry::try_find("PDO"))?;
    let class = class.ok_or_else(|| Raise::Engine("ext/pdo is not loaded".into()))?;
    let object = call.instance_or(0, class, "PDO")?.map(|object| object.shallow_clone());
    object.ok_or_else(|| Raise::Engine("a PDO argument is missing".into()))
}

/// Checks that nothing the ledger relies on is switched off.
pub fn connection(call: &Call<'_>, object: Zval, prefix: &str) -> Result<Pdo, Raise> {
    // Until the driver is known any dialect will do for asking.
    let asking = Pdo::new(object, Sql::new(Dialect::Sqlite, prefix)?);
    let driver = asking.attribute(DRIVER_NAME)?.string().unwrap_or_default();
    let drivers = "must be a connection to SQLite, MySQL, MariaDB or PostgreSQL";
    let dialect = Dialect::of_driver(&driver).ok_or_else(|| call.bad(0, drivers))?;
    let pdo = Pdo::new(asking.object, Sql::new(dialect, prefix)?);
    if !pdo.is_loud()? {
        return Err(call.bad(0, "must have PDO::ATTR_ERRMODE set to PDO::ERRMODE_EXCEPTION"));
    }
    match dialect {
        Dialect::Mysql if pdo.number(AUTOCOMMIT)? == Some(0) => {
            Err(call.bad(0, "must not have PDO::ATTR_AUTOCOMMIT switched off"))
        }
        Dialect::Sqlite if pragma(&pdo, "busy_timeout")? < LEAST_BUSY_MS => Err(call
            .bad(0, "must wait a second or more for SQLite's lock (PDO::ATTR_TIMEOUT, PRAGMA busy_timeout)")),
        _ => Ok(pdo),
    }
}

fn pragma(pdo: &Pdo, name: &str) -> Ended<i64> {
    let row = pdo.rows_once(&format!("PRAGMA {name}"))?.into_iter().next();
    row.map_or(Ok(0), |mut row| row.int())
}

/// 9999-12-31 23:59:59 in Beijing: nothing later can be written there.
const LAST_SECOND: i64 = 253_402_271_999;

/// An instant given as `DateTimeInterface`, in milliseconds.
pub fn milliseconds(call: &Call<'_>, n: usize) -> Result<Option<Ms>, Raise> {
    // SAFETY: ext/date is always there, and its interface lives as long as the process.
    let interface: &ClassEntry = unsafe { &*zend::php_date_get_interface_ce() };
    let Some(time) = call.instance_or(n, interface, "DateTimeInterface")? else { return Ok(None) };
    let seconds = time.object().map(|time| door::method(time, "getTimestamp", &[])).transpose()?;
    let seconds = seconds.and_then(|seconds| seconds.long());
    let seconds = seconds.filter(|seconds| (0..=LAST_SECOND).contains(seconds));
    let seconds = seconds.ok_or_else(|| call.bad(n, "must be a time between 1970 and 9999, in Beijing"))?;
    Ok(Some(seconds * 1000))
}

/// Removes what is over since before a time.
pub fn purge(call: &mut Call<'_>) -> Outcome {
    let before = milliseconds(call, 0)?.ok_or_else(|| Raise::Engine("before is missing".into()))?;
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
