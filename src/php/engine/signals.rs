//! Signals: our threads receive none, and PHP's handlers run while we wait.

use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::raise::Raise;
use ext_php_rs::types::Zval;
use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often PHP's handlers get their turn while we wait.
const SLICE: Duration = Duration::from_millis(50);

/// Holds all signals back while threads are made; they inherit the mask and keep it.
pub fn hold_back(make: &mut dyn FnMut()) {
    let before = mask();
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: libc fills the set.
    let all = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        all.assume_init()
    };
    set_mask(&all);
    make();
    set_mask(&before);
}

/// Which signals this thread holds back.
fn mask() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: libc writes the set, and changes nothing.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), set.as_mut_ptr());
        set.assume_init()
    }
}

fn set_mask(mask: &libc::sigset_t) {
    // SAFETY: only this thread's mask changes.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
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

/// Lets pcntl run the handlers of signals that came, if ext/pcntl is there. It holds all signals back meanwhile; a
/// handler that ends by a fatal error would leave the process deaf.
pub fn dispatch() -> Result<(), Raise> {
    let before = mask();
    let dispatched = door::function("pcntl_signal_dispatch", &[], |_| ());
    if door::is_shut() {
        set_mask(&before);
    }
    dispatched.and(door::interruption())
}

static TOLD_TO_STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn tell_to_stop(_: libc::c_int) {
    TOLD_TO_STOP.store(true, Ordering::Relaxed);
}

thread_local! {
    /// The handlers that were replaced and are to be put back, the latest last.
    static REPLACED: RefCell<Vec<(libc::c_int, libc::sigaction)>> = const { RefCell::new(Vec::new()) };
}

/// Notes SIGTERM and SIGINT while it lives, unless the script has handlers of its own for them.
pub struct Stop {
    /// How many were replaced before.
    before: usize,
}

impl Stop {
    /// Begins to watch.
    pub fn watch() -> Self {
        TOLD_TO_STOP.store(false, Ordering::Relaxed);
        let unhandled = [libc::SIGTERM, libc::SIGINT].into_iter().filter(|signal| !is_handled(*signal));
        let replaced: Vec<_> = unhandled.filter_map(|signal| Some((signal, replace(signal)?))).collect();
        REPLACED.with_borrow_mut(|all| {
            let before = all.len();
            all.extend(replaced);
            Self { before }
        })
    }

    /// Did one come?
    #[allow(clippy::unused_self, reason = "nobody has watched before there is one")]
    pub fn is_set(&self) -> bool {
        TOLD_TO_STOP.load(Ordering::Relaxed)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        put_back(self.before);
    }
}

/// Puts everything back, whatever has ended the request.
pub fn give_back() {
    put_back(0);
}

fn put_back(kept: usize) {
    let replaced = REPLACED.with_borrow_mut(|all| all.split_off(kept.min(all.len())));
    for (signal, before) in replaced.iter().rev() {
        // SAFETY: `before` is what libc gave for this signal.
        unsafe { libc::sigaction(*signal, before, std::ptr::null_mut()) };
    }
}

/// Has the script its own handler? Without ext/pcntl it cannot.
fn is_handled(signal: libc::c_int) -> bool {
    let is_set = |handler: &Zval| handler.long() != Some(0);
    let handled = door::function("pcntl_signal_get_handler", &[&value::int(signal.into())], is_set);
    handled.is_ok_and(|handled| handled == Some(true))
}

fn replace(signal: libc::c_int) -> Option<libc::sigaction> {
    // SAFETY: an all-zero sigaction is valid: no flags, an empty mask.
    let (mut ours, mut before): (libc::sigaction, libc::sigaction) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    ours.sa_sigaction = tell_to_stop as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler only stores into an atomic; both structures live here.
    (unsafe { libc::sigaction(signal, &raw const ours, &raw mut before) } == 0).then_some(before)
}
