//! Warnings: faults that must not replace a result.

use super::zend;
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ExecutorGlobals;
use std::ffi::CString;

/// Turns the pending exception of an observer into a warning. `exit()` is no exception of anybody's and stays.
pub fn from_exception(whose: &str) {
    let Some(exception) = ExecutorGlobals::take_exception() else { return };
    let class = exception.get_class_name().unwrap_or_default();
    if exception.get_properties().is_err() || class.is_empty() {
        return;
    }
    let message = exception.get_property::<&Zval>("message").ok().and_then(Zval::string).unwrap_or_default();
    let line: String = format!("{whose} threw {class}: {message}").replace('\0', "\\0");
    let text = CString::new(line).unwrap_or_default();
    // SAFETY: format and text are NUL-terminated and copied by the engine.
    unsafe { zend::php_error_docref(std::ptr::null(), 2, c"%s".as_ptr(), text.as_ptr()) };
}
