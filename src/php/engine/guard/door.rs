//! The one door from Rust into PHP: whatever may run PHP code is run through here.
//!
//! PHP ends a script by a jump (a fatal error, a limit, a client that hung up). Over our frames it would take a payment
//! that is to be reversed, a transaction, signal handlers. The door stops the jump, Rust ends its work in order, and
//! the frame that PHP had called jumps on. `exit()` unwinds like an exception and needs no more; Fibers cannot leave.
//!
//! A process that was forked in a callback has a copy of our frames. It may ask on connections of its own, but what the
//! frames hold, a payment under way or a transaction, is the parent's.

use crate::error::Fault;
use crate::php::engine::guard::fork;
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::exception::PhpException;
use ext_php_rs::ffi::{ext_php_rs_executor_globals, ext_php_rs_process_globals};
use ext_php_rs::types::{ZendCallable, ZendObject, Zval};
use ext_php_rs::zend::{CatchError, ExecutorGlobals, bailout, ce, try_catch};
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};

thread_local! {
    static STATE: Cell<FrameState> = const { Cell::new(FrameState::OUTSIDE) };
}

/// How the innermost of our frames stands.
#[derive(Clone, Copy)]
struct FrameState {
    /// The process that entered it, by its generation; none while PHP is in none of them.
    process: Option<u32>,
    /// The engine's jump was stopped and goes on when the frame is done.
    bailing: bool,
    /// How many pieces of work clean up: PHP runs for them even while the engine bails out.
    cleaning: u32,
    /// PHP runs, called by that frame: what ends it here, where a value of ours is freed say, is carried on by the door.
    is_in_php: bool,
}

impl FrameState {
    const OUTSIDE: Self = Self { process: None, bailing: false, cleaning: 0, is_in_php: false };
}

fn change(how: impl FnOnce(&mut FrameState)) {
    let mut state = STATE.get();
    how(&mut state);
    STATE.set(state);
}

/// What cleaning may use beyond the script's memory limit: a rollback needs some kilobytes.
const SPARE_BYTES: usize = 8 * 1024 * 1024;

/// What a copy is told that would go on with its parent's work.
pub const FORKED: &str =
    "This process was forked inside a callback: the call goes on in the parent process, and only there";

/// Does the engine end the script, by a jump or because memory has run out? Then nothing of the shop's is called any more.
pub fn is_shut() -> bool {
    STATE.get().bailing || zend::out_of_memory() != 0
}

/// Is this process a forked copy of the one that entered the running call?
pub fn is_copy() -> bool {
    STATE.get().process.is_some_and(|process| process != fork::generation())
}

/// Has PHP left something that ends the running work: an exception, `exit()`, a jump?
pub fn is_interrupted() -> bool {
    is_shut() || ExecutorGlobals::has_exception()
}

/// The same as an end.
pub fn interruption() -> Result<(), Raise> {
    if is_interrupted() { Err(Raise::Pending) } else { Ok(()) }
}

/// The end of a conversation; what an observer has left, `exit()` or a fatal error, comes before it.
pub fn ended<T>(end: Result<T, Fault>) -> Result<T, Raise> {
    interruption()?;
    Ok(end?)
}

/// The same of what acts: it goes on in the process that began it, and only there.
pub fn acted<T>(end: Result<T, Fault>) -> Result<T, Raise> {
    interruption()?;
    if is_copy() { Err(Raise::Logic(FORKED.into())) } else { Ok(end?) }
}

/// A frame of ours, from PHP's call to its end: what `work` leaves to PHP comes when all of Rust's is done.
pub fn frame<R>(work: impl FnOnce() -> R) -> Option<R> {
    let entered = FrameState { process: Some(fork::generation()), ..FrameState::OUTSIDE };
    let outer = STATE.replace(entered);
    let value = match try_catch(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(CatchError::Bailout) => {
            change(|state| state.bailing = true);
            None
        }
        Err(CatchError::Panic(message)) => panicked(&message),
        Err(other) => panicked(&other.to_string()),
    };
    if STATE.get().bailing {
        drop(value);
        jump_on(outer);
    }
    STATE.set(outer);
    value
}

fn panicked<R>(message: &str) -> Option<R> {
    if !is_interrupted() {
        PhpException::new(format!("Rust panic: {message}"), 0, ce::error()).throw();
    }
    None
}

fn jump_on(outer: FrameState) -> ! {
    // An exception beside the jump would keep PHP from calling shutdown functions.
    let _ = cleaning(|| through(|| drop(ExecutorGlobals::take_exception())));
    STATE.set(outer);
    restore_limit();
    // SAFETY: nothing of Rust's is left between here and the handler that PHP has set before it called us.
    unsafe { bailout() };
}

/// Runs `work`, which cleans up: PHP is called even though the engine ends the script.
pub fn cleaning<R>(work: impl FnOnce() -> R) -> R {
    struct Guard(u32);
    impl Drop for Guard {
        fn drop(&mut self) {
            change(|state| state.cleaning = state.cleaning.saturating_sub(1));
            if self.0 != 0 {
                zend::set_out_of_memory(self.0);
            }
        }
    }
    let _guard = Guard(zend::out_of_memory());
    change(|state| state.cleaning += 1);
    if is_shut() {
        lend_memory();
        zend::set_out_of_memory(0);
    }
    work()
}

/// Runs `work`, in which PHP code may run; what it makes for that code is made in it, since memory may end there.
///
/// `Raise::Pending` if the engine bails out, or did before. An exception is left to the caller.
pub fn through<R>(work: impl FnOnce() -> R) -> Result<R, Raise> {
    if is_shut() && STATE.get().cleaning == 0 {
        return Err(Raise::Pending);
    }
    let place = Place::leave();
    let ended = try_catch(AssertUnwindSafe(work));
    place.come_back(matches!(ended, Err(CatchError::Bailout)));
    match ended {
        Err(CatchError::Bailout) => Err(bailed_out()),
        Ok(value) => Ok(value),
        Err(CatchError::Panic(message)) => resume_unwind(Box::new(message)),
        Err(other) => Err(Raise::Engine(other.to_string())),
    }
}

fn bailed_out() -> Raise {
    if STATE.get().process.is_none() || STATE.get().is_in_php {
        // SAFETY: PHP had not called us, it frees a value of ours: the jump is carried on by whoever has called PHP.
        unsafe { bailout() };
    }
    change(|state| state.bailing = true);
    lend_memory();
    Raise::Pending
}

/// Where PHP stood when we called it.
struct Place {
    execute_data: *mut ext_php_rs::ffi::zend_execute_data,
    fiber: *mut ext_php_rs::ffi::zend_fiber,
    is_in_php: bool,
}

impl Place {
    /// A callback must not be suspended: its Fiber may never go on, and our work with it. So it is in none; Fibers of
    /// its own may come and go.
    fn leave() -> Self {
        // SAFETY: the engine's globals of this thread; while a fiber runs, only the switches of fibers look at which.
        unsafe {
            let globals = ext_php_rs_executor_globals();
            let fiber = std::mem::replace(&mut (*globals).active_fiber, std::ptr::null_mut());
            let is_in_php = STATE.get().is_in_php;
            change(|state| state.is_in_php = true);
            Self { execute_data: (*globals).current_execute_data, fiber, is_in_php }
        }
    }

    fn come_back(self, by_jump: bool) {
        change(|state| state.is_in_php = self.is_in_php);
        // SAFETY: as above. A jump forgets who was running: our caller's frame, which lives on below ours. Without it
        // an exception in what cleans up would be one without a stack, which is fatal.
        unsafe {
            let globals = ext_php_rs_executor_globals();
            (*globals).active_fiber = self.fiber;
            if by_jump {
                (*globals).current_execute_data = self.execute_data;
            }
        }
    }
}

/// A script that ran out of memory needs a little to clean up.
fn lend_memory() {
    // SAFETY: both only look at and set numbers of this thread's memory manager.
    unsafe {
        let limit = usize::try_from((*ext_php_rs_process_globals()).memory_limit).unwrap_or(usize::MAX);
        let wanted = zend::zend_memory_usage(true).saturating_add(SPARE_BYTES);
        if limit < wanted {
            zend::zend_set_memory_limit(wanted);
        }
    }
}

/// A request begins: nothing of the one before counts, which may not have had room for its own limit any more.
pub fn begin() {
    STATE.set(FrameState::OUTSIDE);
    restore_limit();
}

fn restore_limit() {
    // SAFETY: as above; a limit that is passed already is refused and stays what it was.
    unsafe {
        let limit = (*ext_php_rs_process_globals()).memory_limit;
        zend::zend_set_memory_limit(usize::try_from(limit).unwrap_or(usize::MAX));
    }
}

/// Calls a callback: makes its arguments, calls, and looks at what it gives; all of it through the door.
pub fn call_back<R>(
    callable: &Zval,
    arguments: impl FnOnce() -> Result<Vec<Zval>, Raise>,
    look: impl FnOnce(&Zval) -> R,
) -> Result<R, Raise> {
    through(|| {
        // Held for the call: the callback may drop whoever it belongs to.
        let callable = callable.shallow_clone();
        let arguments = arguments()?;
        let given = ZendCallable::new(&callable)?.try_call(arguments.iter().map(|a| a as _).collect())?;
        Ok(look(&given))
    })?
}

/// Calls a function of PHP's by its name, and looks at what it gives; none if there is no such function.
pub fn function<R>(
    name: &str,
    arguments: &[&Zval],
    look: impl FnOnce(&Zval) -> R,
) -> Result<Option<R>, Raise> {
    through(|| match ZendCallable::try_from_name(name) {
        Ok(callable) => {
            let given = callable.try_call(arguments.iter().map(|a| *a as _).collect())?;
            Ok(Some(look(&given)))
        }
        Err(_) => Ok(None),
    })?
}

/// Calls a method; an exception of its is pending afterwards, and an end.
pub fn method(object: &ZendObject, name: &str, arguments: &[&Zval]) -> Result<Zval, Raise> {
    let returned = try_method(object, name, || arguments.iter().map(|a| a.shallow_clone()).collect())?;
    interruption().map(|()| returned)
}

/// Calls a method with arguments made for it; an exception of its is only pending afterwards.
pub fn try_method(
    object: &ZendObject,
    name: &str,
    arguments: impl FnOnce() -> Vec<Zval>,
) -> Result<Zval, Raise> {
    through(|| {
        let arguments = arguments();
        Ok(object.try_call_method(name, arguments.iter().map(|a| a as _).collect())?)
    })?
}

/// Lets a value go: its destructor is PHP code. A copy of the process keeps what is its parent's: what a statement says
/// at its end would be said on the parent's connection.
fn release(value: Zval) {
    let value = ManuallyDrop::new(value);
    if !is_copy() {
        let _ = cleaning(|| through(|| drop(ManuallyDrop::into_inner(value))));
    }
}

/// A value of PHP's that is let go of through the door, wherever that happens. A reference to what others hold as well
/// is no less: when one is counted off, the engine may collect garbage, and that runs the destructors of anybody's.
pub struct Held(Zval);

impl Held {
    /// Takes a value over.
    pub fn new(value: Zval) -> Self {
        Self(value)
    }

    /// Another reference to the same.
    pub fn share(&self) -> Self {
        Self(self.0.shallow_clone())
    }
}

impl Deref for Held {
    type Target = Zval;

    fn deref(&self) -> &Zval {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if zend::is_collectable(&self.0) {
            release(std::mem::replace(&mut self.0, Zval::null()));
        }
    }
}
