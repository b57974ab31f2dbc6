//! Going over what PHP calls iterable: arrays, generators, statements. Whatever runs PHP code goes through the door.

use crate::php::engine::guard::door;
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::ffi::zend_object_iterator;
use ext_php_rs::types::array::Iter;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::ClassEntry;
use std::ptr::NonNull;

/// An iterable on its way.
pub enum Iteration<'a> {
    /// The entries of an array.
    Array(Iter<'a>),
    /// What a Traversable gives.
    Walk(EngineWalk),
}

/// The engine's iterator over an object, which it holds.
pub struct EngineWalk {
    iterator: NonNull<zend_object_iterator>,
    begun: bool,
}

impl<'a> Iteration<'a> {
    /// Begins; `None` if that is nothing to go over.
    pub fn begin(iterable: &'a mut Zval) -> Result<Option<Self>, Raise> {
        if iterable.is_array() {
            return Ok(iterable.array().map(|table: &'a ZendHashTable| Self::Array(table.iter())));
        }
        let Some(class) = iterable.object().map(|object| object.ce) else { return Ok(None) };
        let begun = door::through(|| begin(class, iterable))?;
        door::interruption()?;
        Ok(begun.map(|iterator| Self::Walk(EngineWalk { iterator, begun: false })))
    }

    /// The next value.
    pub fn next(&mut self) -> Result<Option<Zval>, Raise> {
        match self {
            Self::Array(entries) => {
                Ok(entries.next_zval().map(|(_, value)| value.dereference().shallow_clone()))
            }
            Self::Walk(walk) => walk.next(),
        }
    }
}

/// The engine's iterator over an object, if its class has one.
fn begin(class: *const ClassEntry, object: &mut Zval) -> Option<NonNull<zend_object_iterator>> {
    // SAFETY: the class is that of a live object; without a function for it there is nothing to go over.
    let iterator = unsafe { (*class).get_iterator.map(|begin| begin(class.cast_mut(), object, 0)) };
    iterator.and_then(NonNull::new)
}

impl EngineWalk {
    fn next(&mut self) -> Result<Option<Zval>, Raise> {
        let (iterator, begun) = (self.iterator.as_ptr(), std::mem::replace(&mut self.begun, true));
        // SAFETY: the iterator is alive until it is dropped, and its functions are those of its class.
        let value = door::through(|| unsafe {
            let iterator = &mut *iterator;
            let moved = if begun { iterator.move_forward() } else { iterator.rewind() };
            if moved && iterator.valid() {
                iterator.get_current_data().map(|value| value.dereference().shallow_clone())
            } else {
                None
            }
        })?;
        door::interruption().map(|()| value)
    }
}

impl Drop for EngineWalk {
    fn drop(&mut self) {
        // A copy of the process keeps what is its parent's, as `door::release` does.
        if !door::is_copy() {
            let iterator = self.iterator.as_ptr();
            // SAFETY: nobody else has it; what is freed may run PHP code.
            let _ = door::cleaning(|| door::through(|| unsafe { zend::zend_iterator_dtor(iterator) }));
        }
    }
}
