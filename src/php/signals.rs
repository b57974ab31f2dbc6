//! Signals: our threads receive none, and PHP's handlers run while we wait.

use super::call::Raise;
use ext_php_rs::types::ZendCallable;
use ext_php_rs::zend::ExecutorGlobals;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// How often PHP's handlers get their turn while we wait.
const SLICE: Duration = Duration::from_millis(50);

/// Holds all signals back while threads are made; they inherit the mask and keep it.
pub fn hold_back(make: &mut dyn FnMut()) {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are written by libc before they are read; only this thread's mask changes, and it is
    // put back below.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    make();
    // SAFETY: `before` was filled above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
}

/// Waits; PHP's signal handlers run meanwhile, and what they throw ends the wait.
pub fn sleep(ms: u64) -> Result<(), Raise> {
    let until = Instant::now() + Duration::from_millis(ms);
    loop {
        dispatch()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(SLICE));
    }
}

/// Lets pcntl run the handlers of signals that came, if ext/pcntl is there.
pub fn dispatch() -> Result<(), Raise> {
    if let Ok(dispatcher) = ZendCallable::try_from_name("pcntl_signal_dispatch") {
        dispatcher.try_call(vec![])?;
    }
    if ExecutorGlobals::has_exception() { Err(Raise::Pending) } else { Ok(()) }
}
