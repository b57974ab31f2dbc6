//! Errors of a database, of the shop's callback, and ours about them.

use super::call::Raise;
use super::{door, zend};
use crate::ledger::dialect::{
    Dialect, Problem, classify, is_definite, is_in_transaction, is_missing, is_taken,
};
use crate::ledger::store::{Failure, Kind};
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::{ClassEntry, ExecutorGlobals, ce};

/// What a connection that only reads is told, after the database's own words.
const NEEDS_PRIMARY: &str = "the ledger needs the primary database, this connection only reads; on SQLite file and folder must be writable";

/// What went wrong.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own to the database's error")]
pub struct PdoFault {
    kind: Kind,
    /// Did a unique key stand in the way?
    pub taken: bool,
    /// Does a transaction run that PDO has not begun?
    pub nested: bool,
    /// Has the database itself said that it did not do it?
    pub definite: bool,
    /// Is it the program's fault and not the database's: a `LogicException`?
    logic: bool,
    /// Our own words, where there is no exception or it says too little.
    pub message: String,
    /// The exception, taken out of the engine.
    thrown: Option<Thrown>,
}

impl std::fmt::Debug for PdoFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PdoFault({:?}: {})", self.kind, self.message)
    }
}

impl Failure for PdoFault {
    fn kind(&self) -> Kind {
        self.kind
    }
}

/// An exception that the engine no longer knows of. It is freed, or thrown again as the same object; `exit()`,
/// which is no exception of anybody's, too.
struct Thrown(Option<ZBox<ZendObject>>);

impl Drop for Thrown {
    fn drop(&mut self) {
        if let Some(mut object) = self.0.take() {
            let mut value = Zval::new();
            value.set_object(&mut object);
            drop(object);
            door::release(value);
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
        let (name, mut message) = ("message", super::value::text(message));
        // SAFETY: the object is live and an exception, which has this property; the engine copies the value.
        unsafe {
            let object: *mut ZendObject = &raw mut **object;
            let scope = zend::scope(ce::exception());
            zend::zend_update_property(scope, object, name.as_ptr().cast(), name.len(), &raw mut message);
        }
    }

    /// The same object as a value, if PHP code may see it.
    fn value(&mut self) -> Option<Zval> {
        let object = self.0.as_mut().filter(|object| is_throwable(object))?;
        let mut value = Zval::new();
        value.set_object(object);
        Some(value)
    }
}

fn is_throwable(object: &ZendObject) -> bool {
    object.instance_of(ce::throwable())
}

impl PdoFault {
    /// A fault that we found ourselves.
    pub fn own(message: String) -> Self {
        Self {
            kind: Kind::Other,
            taken: false,
            nested: false,
            definite: false,
            logic: false,
            message,
            thrown: None,
        }
    }

    /// Something that the program must not do.
    pub fn logic(message: impl Into<String>) -> Self {
        Self { logic: true, ..Self::own(message.into()) }
    }

    /// A transaction that is not what it was.
    pub fn broken(message: &str) -> Self {
        Self { kind: Kind::Broken, ..Self::logic(message) }
    }

    /// A connection that cannot be used any more.
    pub fn lost(message: &str) -> Self {
        Self { kind: Kind::Lost, ..Self::own(message.to_owned()) }
    }

    /// The script is over: what `exit()` does, without an exception.
    pub fn over() -> Self {
        Self { kind: Kind::Over, ..Self::own("the script is over".into()) }
    }

    /// A process that is a copy of the one whose work this is.
    pub fn forked() -> Self {
        Self { kind: Kind::Over, ..Self::logic(door::FORKED) }
    }

    /// A call that did not come to pass, and left no exception.
    pub fn of_raise(raise: Raise, what: &str) -> Self {
        match raise {
            Raise::Pending => Self::over(),
            Raise::Engine(why) | Raise::Logic(why) => Self::own(format!("{what}: {why}")),
            Raise::Argument(bad) => Self::own(format!("{what}: {bad}")),
            Raise::Fault(fault) => Self::own(format!("{what}: {}", fault.error)),
        }
    }

    /// A call that gave `false`.
    pub fn silent(dialect: Dialect, method: &str, told: &Zval) -> Self {
        let problem = problem(told);
        let message = format!("PDO: {method} failed: {} {}", problem.state, problem.text);
        Self { message, ..Self::from_problem(dialect, &problem) }
    }

    fn from_problem(dialect: Dialect, problem: &Problem) -> Self {
        if is_missing(dialect, problem) {
            return Self::logic(format!(
                "The ledger's tables are not there, call Ledger::install(): {}",
                problem.text
            ));
        }
        Self {
            kind: classify(dialect, problem),
            taken: is_taken(dialect, problem),
            nested: is_in_transaction(dialect, problem),
            definite: is_definite(dialect, problem),
            ..Self::own(problem.text.clone())
        }
    }

    fn from_exception(dialect: Dialect, object: ZBox<ZendObject>) -> Self {
        let is_pdo = ClassEntry::try_find("PDOException").is_some_and(|class| object.instance_of(class));
        let fault = if is_pdo {
            let info = property(&object, "errorInfo");
            let message = property(&object, "message").and_then(|m| m.string()).unwrap_or_default();
            let mut fault = Self::from_problem(dialect, &info.map(|told| problem(&told)).unwrap_or_default());
            if !fault.logic {
                fault.message = message;
            }
            fault
        } else {
            let kind = if is_throwable(&object) { Kind::Foreign } else { Kind::Over };
            Self { kind, ..Self::own(object.get_class_name().unwrap_or_default()) }
        };
        Self { thrown: Some(Thrown(Some(object))), ..fault }
    }

    /// The same fault with another meaning.
    pub fn meaning(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The exception as a value, for whoever only reports it; made where there was none, or one that says less.
    pub fn exception(&mut self) -> Option<Zval> {
        match self.thrown.as_mut().filter(|_| !self.logic) {
            Some(thrown) => thrown.value(),
            None => self.made(),
        }
    }

    fn made(&self) -> Option<Zval> {
        let object = ZendObject::new(self.class());
        door::method(&object, "__construct", &[&super::value::text(&self.message)]).ok()?;
        object.into_zval(false).ok()
    }

    fn class(&self) -> &'static ClassEntry {
        let class = ClassEntry::try_find("PDOException").filter(|_| !self.logic);
        class.unwrap_or_else(super::exception::logic_exception)
    }

    /// Throws: the very same object where there is one, else a `PDOException` with our words.
    pub fn throw(mut self) {
        if self.kind == Kind::ReadOnly {
            self.message = format!("{} ({NEEDS_PRIMARY})", self.message);
            if let Some(thrown) = &mut self.thrown {
                thrown.reword(&self.message);
            }
        }
        match self.thrown {
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

/// Takes the pending exception out of the engine, if there is one.
pub fn taken(dialect: Dialect) -> Option<PdoFault> {
    let object = ExecutorGlobals::take_exception()?;
    Some(PdoFault::from_exception(dialect, object))
}

/// A callback's end. What its exception says of tables, keys or replicas is about the shop's own.
pub fn of_callback<R>(dialect: Dialect, called: Result<R, Raise>, what: &str) -> Result<R, PdoFault> {
    if let Some(fault) = taken(dialect) {
        let kind = if fault.kind == Kind::ReadOnly { Kind::Other } else { fault.kind };
        return Err(PdoFault { kind, taken: false, nested: false, logic: false, ..fault });
    }
    called.map_err(|raise| PdoFault::of_raise(raise, what))
}

/// A property of an exception, whoever may see it.
fn property(object: &ZendObject, name: &str) -> Option<Zval> {
    let mut unused = Zval::new();
    // SAFETY: the object is live and an exception; the engine gives a place that lives as long as the object, or
    // `unused`.
    let found = unsafe {
        let object = std::ptr::from_ref(object).cast_mut();
        let (scope, name, length) = (zend::scope(ce::exception()), name.as_ptr().cast(), name.len());
        zend::zend_read_property(scope, object, name, length, true, &raw mut unused).as_ref()
    };
    found.map(Zval::shallow_clone)
}

/// `errorInfo`: SQLSTATE, the driver's number, the text; each may be missing.
fn problem(told: &Zval) -> Problem {
    let Some(told) = told.array() else { return Problem::default() };
    let cell = |at: i64| told.get_index(at);
    Problem {
        state: cell(0).and_then(Zval::string).unwrap_or_default(),
        code: cell(1).and_then(super::pdo::integer).unwrap_or_default(),
        text: cell(2).and_then(Zval::string).unwrap_or_default(),
    }
}
