//! Errors of a database, of the shop's callback, and ours about them.

use crate::ledger::sql::dialect::{Dialect, Problem};
use crate::ledger::sql::fault::SqlFault;
use crate::ledger::store::Kind;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::guard::throw::logic_exception;
use crate::php::engine::guard::thrown::{is_throwable, property, release};
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::{ClassEntry, ExecutorGlobals, ce};

/// What a connection that only reads is told, after the database's own words.
const NEEDS_PRIMARY: &str = "the ledger needs the primary database, this connection only reads; on SQLite file and folder must be writable";

/// What went wrong with the shop's PDO, or in its callback.
pub type PdoFault = SqlFault<Thrown>;

/// An exception that the engine no longer knows of. It is freed, or thrown again as the same object; `exit()`,
/// which is no exception of anybody's, too.
pub struct Thrown(Option<ZBox<ZendObject>>);

impl Drop for Thrown {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            release(object);
        }
    }
}

impl Thrown {
    fn throw(mut self) {
        if let Some(object) = self.0.take() {
            // SAFETY: our reference goes to the engine; `throw_exception_internal` takes whatever unwinds.
            unsafe { zend::zend_throw_exception_internal(ZBox::into_raw(object)) };
        }
    }

    /// Says more than the database did.
    fn reword(&mut self, message: &str) {
        let Some(object) = self.0.as_mut().filter(|object| is_throwable(object)) else { return };
        let (name, mut message) = ("message", value::text(message));
        // SAFETY: the object is live and an exception, which has this property; the engine copies the value.
        let write = || unsafe {
            let object: *mut ZendObject = &raw mut **object;
            let scope = zend::scope(ce::exception());
            zend::zend_update_property(scope, object, name.as_ptr().cast(), name.len(), &raw mut message);
        };
        // It may have a hook.
        let _ = door::through(write);
    }

    /// The same object as a value, if PHP code may see it.
    fn value(&mut self) -> Option<Zval> {
        let object = self.0.as_mut().filter(|object| is_throwable(object))?;
        let mut value = Zval::new();
        value.set_object(object);
        Some(value)
    }
}

/// The script is over: what `exit()` does, without an exception.
fn over() -> PdoFault {
    PdoFault { kind: Kind::Over, ..PdoFault::own("the script is over".into()) }
}

/// A process that is a copy of the one whose work this is.
pub fn forked() -> PdoFault {
    PdoFault { kind: Kind::Over, ..PdoFault::logic(door::FORKED) }
}

/// A call that did not come to pass, and left no exception.
pub fn of_raise(raise: Raise, what: &str) -> PdoFault {
    match raise {
        Raise::Pending => over(),
        Raise::Engine(why) | Raise::Logic(why) => PdoFault::own(format!("{what}: {why}")),
        Raise::Argument(bad) => PdoFault::own(format!("{what}: {bad}")),
        Raise::Fault(fault) => PdoFault::own(format!("{what}: {}", fault.error)),
    }
}

/// An exception in one line.
fn words(object: &ZendObject) -> String {
    let class = object.get_class_name().unwrap_or_default();
    match property(object, "message", Zval::string).flatten() {
        Some(message) if !message.is_empty() => format!("{class}: {message}"),
        _ => class,
    }
}

/// A call that gave `false`.
pub fn silent(dialect: Dialect, method: &str, told: &Zval) -> PdoFault {
    let problem = problem(told);
    let message = format!("PDO: {method} failed: {} {}", problem.state, problem.text);
    PdoFault { message, ..PdoFault::of(dialect, &problem) }
}

impl PdoFault {
    fn from_exception(dialect: Dialect, object: ZBox<ZendObject>) -> Self {
        let is_pdo = ClassEntry::try_find("PDOException").is_some_and(|class| object.instance_of(class));
        let fault = if is_pdo {
            let message = property(&object, "message", Zval::string).flatten();
            let told = property(&object, "errorInfo", problem).unwrap_or_default();
            let mut fault = Self::of(dialect, &told);
            if !fault.logic {
                fault.message = message.unwrap_or_default();
            }
            fault
        } else {
            let kind = if is_throwable(&object) { Kind::Foreign } else { Kind::Over };
            Self { kind, ..Self::own(words(&object)) }
        };
        Self { cause: Some(Thrown(Some(object))), ..fault }
    }

    /// The exception as a value, for whoever only reports it; made where there was none, or one that says less.
    pub fn exception(&mut self) -> Option<Zval> {
        match self.cause.as_mut().filter(|_| !self.logic) {
            Some(thrown) => thrown.value(),
            None => self.made(),
        }
    }

    fn made(&self) -> Option<Zval> {
        let object = ZendObject::new(self.class());
        door::method(&object, "__construct", &[&value::text(&self.message)]).ok()?;
        object.into_zval(false).ok()
    }

    fn class(&self) -> &'static ClassEntry {
        let class = ClassEntry::try_find("PDOException").filter(|_| !self.logic);
        class.unwrap_or_else(logic_exception)
    }

    /// Throws: the very same object where there is one, else a `PDOException` with our words.
    pub fn throw(mut self) {
        if self.kind == Kind::ReadOnly {
            self.message = format!("{} ({NEEDS_PRIMARY})", self.message);
            if let Some(thrown) = &mut self.cause {
                thrown.reword(&self.message);
            }
        }
        match self.cause {
            Some(thrown) if self.kind == Kind::Over => thrown.throw(),
            _ if door::is_interrupted() => {}
            Some(thrown) if !self.logic => thrown.throw(),
            None if self.kind == Kind::Over && !self.logic => {}
            _ => {
                let class = self.class();
                ext_php_rs::exception::PhpException::new(self.message, 0, class).throw();
            }
        }
    }
}

impl From<PdoFault> for Raise {
    fn from(fault: PdoFault) -> Self {
        fault.throw();
        Self::Pending
    }
}

/// Takes the pending exception out of the engine, if there is one.
pub fn taken(dialect: Dialect) -> Option<PdoFault> {
    let object = ExecutorGlobals::take_exception()?;
    Some(PdoFault::from_exception(dialect, object))
}

/// `errorInfo`: SQLSTATE, the driver's number, the text; each may be missing.
fn problem(told: &Zval) -> Problem {
    let Some(told) = told.array() else { return Problem::default() };
    let cell = |at: i64| told.get_index(at);
    Problem {
        state: cell(0).and_then(Zval::string).unwrap_or_default(),
        code: cell(1).and_then(value::integer).unwrap_or_default(),
        text: cell(2).and_then(Zval::string).unwrap_or_default(),
    }
}
