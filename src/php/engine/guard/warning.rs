//! Warnings: faults that must not replace a result.

use crate::php::engine::guard::door;
use crate::php::engine::guard::thrown::{property, release, take};
use crate::php::engine::zend;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::ExecutorGlobals;
use std::ffi::CString;

/// Turns the pending exception of an observer into a warning. `exit()` is no exception of anybody's and stays.
pub fn from_exception(whose: &str) {
    let Some(exception) = take() else { return };
    let what = format!("{whose} threw {}", described(&exception));
    let_go(exception);
    of(&what);
}

/// Warns. An error handler that throws must not replace a result: then the warning is said once more, past it.
pub fn of(what: &str) {
    let what = CString::new(what.replace('\0', "\\0")).unwrap_or_default();
    warn(&what);
    if let Some(exception) = take() {
        let_go(exception);
        past_the_handler(|| warn(&what));
    }
}

/// So many exceptions are let go of, each thrown by the destructor of the one before.
const MOST_LET_GO: u32 = 100;

/// What its destructor throws says nothing else.
fn let_go(exception: ZBox<ZendObject>) {
    let mut next = Some(exception);
    for _ in 0..MOST_LET_GO {
        let Some(exception) = next else { return };
        release(exception);
        next = take();
    }
    // One whose destructor always throws another has no end: it is kept from its destructor for good.
    std::mem::forget(next);
}

fn described(exception: &ZendObject) -> String {
    let class = exception.get_class_name().unwrap_or_default();
    let word = |value: &Zval| value.string().or_else(|| value.long().map(|n| n.to_string()));
    let read = |name| property(exception, name, word).flatten().unwrap_or_default();
    let [message, file, line] = ["message", "file", "line"].map(read);
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
