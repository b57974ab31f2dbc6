//! Forks of this process, counted where they happen.

use std::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);
static GENERATION: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn in_parent() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Begins to count; runs while the module starts.
pub fn watch() {
    // SAFETY: the handlers add to atomics and nothing else; they are unregistered when this library is unloaded.
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
