//! Throwing: the one place where a [`Raise`] becomes an exception of PHP's.

use crate::error::Fault;
use crate::php::engine::guard::door;
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::exception::PhpException;
use ext_php_rs::zend::{ClassEntry, ce};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

static THROW_FAULT: OnceLock<fn(&Fault)> = OnceLock::new();
static LOGIC: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());

/// Says how faults are thrown, by exceptions that are declared above; runs while the module starts.
pub fn faults_with(throw: fn(&Fault)) {
    let logic = zend::internal_class("logicexception").unwrap_or_else(ce::exception);
    LOGIC.store(std::ptr::from_ref(logic).cast_mut(), Ordering::Release);
    THROW_FAULT.get_or_init(|| throw);
}

/// SPL's `LogicException`.
pub fn logic_exception() -> &'static ClassEntry {
    // SAFETY: found at startup; an internal class lives as long as the process.
    unsafe { LOGIC.load(Ordering::Acquire).as_ref() }.unwrap_or_else(ce::exception)
}

/// Throws where no method's arguments are to blame, unless the script is over anyway.
pub fn raise(raised: Raise) {
    let throw = |message: String, class| PhpException::new(message, 0, class).throw();
    match raised {
        _ if door::is_shut() => {}
        Raise::Pending => {}
        Raise::Argument(bad) => throw(bad.to_string(), ce::value_error()),
        Raise::Fault(fault) => THROW_FAULT.get().iter().for_each(|throw| throw(&fault)),
        Raise::Logic(message) => throw(message, logic_exception()),
        Raise::Engine(message) => throw(message, ce::error()),
    }
}
