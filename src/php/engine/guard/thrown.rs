//! Exceptions of the shop's that we look at: their classes may be anybody's.

use crate::php::engine::guard::door;
use crate::php::engine::guard::door::Held;
use crate::php::engine::zend;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::{ClassEntry, ExecutorGlobals, ce};

/// Takes a pending exception, but not the engine's own way of unwinding for `exit()`.
pub fn take() -> Option<ZBox<ZendObject>> {
    // SAFETY: a pending exception is a live object.
    let pending = unsafe { ExecutorGlobals::get().exception.as_ref() }?;
    if is_throwable(pending) { ExecutorGlobals::take_exception() } else { None }
}

/// Lets an exception go.
pub fn release(exception: ZBox<ZendObject>) {
    drop(exception.into_zval(false).map(Held::new));
}

/// Is it an exception, and not `exit()`?
pub fn is_throwable(object: &ZendObject) -> bool {
    object.instance_of(ce::throwable())
}

/// Looks at a property that each exception has, whoever may see it. Since PHP 8.4 a hook may answer; one that fails
/// has none.
pub fn property<R>(exception: &ZendObject, name: &str, look: impl FnOnce(&Zval) -> R) -> Option<R> {
    let read = || {
        let mut unused = Zval::new();
        let object = std::ptr::from_ref(exception).cast_mut();
        let (scope, start, length) = (zend::scope(base(exception)), name.as_ptr().cast(), name.len());
        // SAFETY: the object is live; the engine gives a place that lives as long as the object, or `unused`.
        unsafe {
            zend::zend_read_property(scope, object, start, length, true, &raw mut unused).as_ref().map(look)
        }
    };
    let seen = door::through(read).ok().flatten();
    match take() {
        Some(failed) => {
            release(failed);
            None
        }
        None => seen,
    }
}

/// Where message, file and line are declared.
fn base(exception: &ZendObject) -> &'static ClassEntry {
    if exception.instance_of(ce::exception()) { ce::exception() } else { ce::error() }
}
