//! Warnings: faults that must not replace a result.

use super::{door, zend};
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::{ExecutorGlobals, ce};
use std::ffi::CString;

/// Turns the pending exception of an observer into a warning. `exit()` is no exception of anybody's and stays.
///
/// An error handler that throws must not replace a result either: then the warning is said once more, past it.
pub fn from_exception(whose: &str) {
    let Some(exception) = take() else { return };
    let what = format!("{whose} threw {}", described(&exception)).replace('\0', "\\0");
    let _ = door::through(|| drop(exception));
    let what = CString::new(what).unwrap_or_default();
    warn(&what);
    if take().is_some() {
        past_the_handler(|| warn(&what));
    }
}

/// Takes a pending exception, but not the engine's own way of unwinding for `exit()`.
fn take() -> Option<ext_php_rs::boxed::ZBox<ZendObject>> {
    // SAFETY: a pending exception is a live object.
    let pending = unsafe { ExecutorGlobals::get().exception.as_ref() }?;
    if pending.instance_of(ce::throwable()) { ExecutorGlobals::take_exception() } else { None }
}

fn described(exception: &ZendObject) -> String {
    let class = exception.get_class_name().unwrap_or_default();
    let base = if exception.instance_of(ce::exception()) { ce::exception() } else { ce::error() };
    let read = |name: &str| {
        let mut unused = Zval::new();
        // SAFETY: the object is live, and its base class declares the property; the engine gives a place that
        // lives as long as the object, or `unused`.
        let found = unsafe {
            let found = zend::zend_read_property(
                zend::scope(base),
                std::ptr::from_ref(exception).cast_mut(),
                name.as_ptr().cast(),
                name.len(),
                true,
                &raw mut unused,
            );
            found.as_ref()
        };
        found.and_then(|value| value.string().or_else(|| value.long().map(|n| n.to_string())))
    };
    let [message, file, line] = ["message", "file", "line"].map(|name| read(name).unwrap_or_default());
    format!("{class}: {message} in {file}:{line}")
}

fn warn(what: &CString) {
    // SAFETY: format and text are NUL-terminated and copied by the engine.
    let speak = || unsafe { zend::php_error_docref(std::ptr::null(), 2, c"%s".as_ptr(), what.as_ptr()) };
    // Whatever ends the script here ends the work that is warned about.
    let _ = door::through(speak);
}

/// Puts the shop's error handler aside for a moment.
fn past_the_handler(speak: impl FnOnce()) {
    let mut aside = Zval::new();
    aside.u1.type_info = ext_php_rs::ffi::IS_UNDEF;
    std::mem::swap(&mut ExecutorGlobals::get_mut().user_error_handler, &mut aside);
    speak();
    std::mem::swap(&mut ExecutorGlobals::get_mut().user_error_handler, &mut aside);
}
