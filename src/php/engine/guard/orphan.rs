//! A child that was forked in a callback: it has a copy of our frames, and must not use its parent's connection.

use crate::php::engine::guard::{door, fork};
use crate::php::engine::zend;
use ext_php_rs::ffi::ext_php_rs_executor_globals;
use ext_php_rs::types::ZendObject;
use ext_php_rs::zend::ClassEntry;

unsafe extern "C" fn in_child() {
    // Before anything of PHP's runs in it; only the engine's own thread is ever inside a call.
    if door::is_copy() {
        silence();
    }
}

/// Begins to watch for such children; runs while the module starts.
pub fn watch() {
    fork::watch();
    // SAFETY: the handler, which runs after the one that counts, sets flags and allocates nothing; it is unregistered
    // when this library is unloaded.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// What says goodbye when it is freed: to the server, which would hear it from the parent.
const TALKERS: [&str; 2] = ["PDO", "PDOStatement"];

/// In a child that was forked in a callback: the database's objects that are there end without a word, whatever ends the
/// child. A rollback or a goodbye of its own would end the parent's transaction, and its answer would be read by either.
fn silence() {
    // SAFETY: the engine's list of all objects of this thread, which nobody changes while we walk it.
    let objects = unsafe {
        let store = &(*ext_php_rs_executor_globals()).objects_store;
        std::slice::from_raw_parts(store.object_buckets, store.top as usize)
    };
    // Places of objects that are gone hold a number with its lowest bit set; the first holds nothing.
    for object in objects.iter().filter(|object| !object.is_null() && object.addr() & 1 == 0) {
        // SAFETY: a live object. The flag says that its own end has come: the engine frees its memory and no more.
        unsafe {
            if talks(&**object) {
                (**object).gc.u.type_info |= zend::IS_OBJ_FREE_CALLED;
            }
        }
    }
}

fn talks(object: &ZendObject) -> bool {
    let is_talker = |class: &ClassEntry| class.name().is_some_and(|name| TALKERS.contains(&name));
    std::iter::successors(Some(object.get_class_entry()), |class| class.parent()).any(is_talker)
}
