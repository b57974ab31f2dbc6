//! Forks of this process, noted where they happen: a child has a copy of our frames, and must not use its parent's
//! connection to the database.

use crate::php::engine::guard::door;
use crate::php::engine::zend;
use ext_php_rs::ffi::ext_php_rs_executor_globals;
use ext_php_rs::types::ZendObject;
use ext_php_rs::zend::ClassEntry;
use std::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);
static GENERATION: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn in_parent() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    // Before anything of PHP's runs in it; only the engine's own thread is ever inside a call.
    if door::is_copy() {
        silence();
    }
}

/// Begins to note; runs while the module starts.
pub fn watch() {
    // SAFETY: the handlers add to atomics and set flags, and allocate nothing; they are unregistered when this library
    // is unloaded.
    unsafe { libc::pthread_atfork(None, Some(in_parent), Some(in_child)) };
}

/// How many children this process has forked so far.
pub fn count() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// How many forks lie between the first process and this one: what costs nothing to ask in every call.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
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
