//! `foreach` over what is read row by row: the engine's own iterator, so that nothing is called by name in between.

use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::guard::throw::raise;
use crate::php::engine::object::class::Holds;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use ext_php_rs::alloc::emalloc;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::ffi::{zend_object_iterator, zend_object_iterator_funcs};
use ext_php_rs::types::{ZendClassObject, Zval};
use ext_php_rs::zend::ClassEntry;
use std::alloc::Layout;
use std::ffi::c_int;
use std::ptr;

/// One walk over a collection, from its first item to its last.
pub trait Walk {
    /// The next item; `None` behind the last one.
    fn step(&mut self) -> Result<Option<Zval>, Raise>;
}

/// What can be walked over, as often as one likes.
pub trait Walkable: RegisteredClass + Holds {
    /// Begins a walk.
    fn walk(&self) -> Result<Box<dyn Walk>, Raise>;
}

/// Lets `foreach` walk over the objects of a class that implements `\IteratorAggregate`. Called while the module
/// starts, after the class was registered.
pub fn register<T: Walkable>() {
    let class = ptr::from_ref(T::get_metadata().ce()).cast_mut();
    // SAFETY: the class was registered just now and nobody uses it yet.
    unsafe { (&raw mut (*class).get_iterator).write(Some(begin::<T>)) };
}

/// `getIterator()` of such a class: PHP's own object around the engine's iterator.
pub fn iterator(call: &mut crate::php::engine::object::call::Call<'_>) -> Outcome {
    let mut this = value::object_zval(call.this_object()?);
    let mut made = Zval::null();
    // SAFETY: both are live; what is thrown is pending.
    let made_it = unsafe { zend::zend_create_internal_iterator_zval(&raw mut made, &raw mut this) };
    if made_it == 0 { Ok(made) } else { Err(Raise::Pending) }
}

/// The engine's iterator with what is ours behind it.
#[repr(C)]
struct Iterator {
    engine: zend_object_iterator,
    state: *mut WalkState,
}

struct WalkState {
    restart: fn(&Zval) -> Result<Box<dyn Walk>, Raise>,
    walk: Option<Box<dyn Walk>>,
    item: Option<Zval>,
    number: i64,
}

static FUNCTIONS: zend_object_iterator_funcs = zend_object_iterator_funcs {
    dtor: Some(end),
    valid: Some(valid),
    get_current_data: Some(current),
    get_current_key: Some(key),
    move_forward: Some(forward),
    rewind: Some(rewind),
    invalidate_current: Some(invalidate),
    get_gc: None,
};

#[allow(clippy::cast_ptr_alignment, reason = "every block of PHP's allocator is aligned for an object")]
unsafe extern "C" fn begin<T: Walkable>(
    _: *mut ClassEntry,
    object: *mut Zval,
    by_reference: c_int,
) -> *mut zend_object_iterator {
    if by_reference != 0 {
        raise(Raise::Engine("An iterator cannot be used with foreach by reference".into()));
        return ptr::null_mut();
    }
    let state = WalkState { restart: restart::<T>, walk: None, item: None, number: 0 };
    // SAFETY: the engine allocates or ends the request, before anything of ours is made. The block is that of an
    // iterator and what stands behind it; its head is the engine's to fill, the rest is written here.
    unsafe {
        let iterator = emalloc(Layout::new::<Iterator>()).cast::<Iterator>();
        ptr::write_bytes(iterator.cast::<u8>(), 0, size_of::<Iterator>());
        zend::zend_iterator_init(&raw mut (*iterator).engine);
        (&raw mut (*iterator).engine.data).write((*object).shallow_clone());
        (*iterator).engine.funcs = &raw const FUNCTIONS;
        (*iterator).state = Box::into_raw(Box::new(state));
        &raw mut (*iterator).engine
    }
}

fn restart<T: Walkable>(object: &Zval) -> Result<Box<dyn Walk>, Raise> {
    let inner = object.object().and_then(ZendClassObject::<T>::from_zend_obj).and_then(|o| o.obj.as_ref());
    inner.ok_or_else(|| Raise::Engine(format!("this {} was not constructed", T::CLASS_NAME)))?.walk()
}

/// # Safety
///
/// The iterator is one that [`begin`] has made, and nobody else holds its state.
unsafe fn state<'a>(iterator: *mut zend_object_iterator) -> &'a mut WalkState {
    // SAFETY: the engine's half stands first in ours.
    unsafe { &mut *(*iterator.cast::<Iterator>()).state }
}

impl WalkState {
    /// Takes the next item; a fault is pending afterwards, and the end.
    fn step(&mut self) {
        self.item = None;
        let Some(walk) = &mut self.walk else { return };
        self.item = door::frame(|| walk.step().map_err(raise).ok().flatten()).flatten();
    }
}

unsafe extern "C" fn rewind(iterator: *mut zend_object_iterator) {
    // SAFETY: the engine hands back what `begin` has made; the object is held by it.
    let (state, object) = unsafe { (state(iterator), &(*iterator).data) };
    state.number = 0;
    state.walk = door::frame(|| (state.restart)(object).map_err(raise).ok()).flatten();
    state.step();
}

unsafe extern "C" fn forward(iterator: *mut zend_object_iterator) {
    // SAFETY: as in `rewind`.
    let state = unsafe { state(iterator) };
    state.number += 1;
    state.step();
}

unsafe extern "C" fn valid(iterator: *mut zend_object_iterator) -> c_int {
    // SAFETY: as in `rewind`.
    if unsafe { state(iterator) }.item.is_some() { 0 } else { -1 }
}

unsafe extern "C" fn current(iterator: *mut zend_object_iterator) -> *mut Zval {
    // SAFETY: as in `rewind`.
    unsafe { state(iterator) }.item.as_mut().map_or(ptr::null_mut(), ptr::from_mut)
}

unsafe extern "C" fn key(iterator: *mut zend_object_iterator, key: *mut Zval) {
    // SAFETY: as in `rewind`; the place holds nothing yet.
    unsafe { key.write(value::int(state(iterator).number)) };
}

unsafe extern "C" fn invalidate(iterator: *mut zend_object_iterator) {
    // SAFETY: as in `rewind`.
    unsafe { state(iterator) }.item = None;
}

/// The engine frees its half itself.
unsafe extern "C" fn end(iterator: *mut zend_object_iterator) {
    // SAFETY: the state is a box of ours that nobody has any more, and the object is held until now.
    unsafe {
        drop(Box::from_raw((*iterator.cast::<Iterator>()).state));
        ptr::drop_in_place(&raw mut (*iterator).data);
    }
}
