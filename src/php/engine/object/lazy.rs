//! Objects whose properties are made when somebody first looks: a row of a bill has thirty, most are never read.

use crate::php::engine::guard::door;
use crate::php::engine::guard::throw::raise;
use crate::php::engine::object::class;
use crate::php::engine::object::class::{Holds, Method};
use crate::php::engine::object::property::PropertyOf;
use crate::php::engine::raise::{Outcome, Raise};
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::error::Result;
use ext_php_rs::ffi;
use ext_php_rs::types::{ZendClassObject, ZendHashTable, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::ClassEntry;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr;

/// A Rust type whose PHP object has such properties.
pub trait Lazy: RegisteredClass + Holds {
    /// The properties. What stands in one is asked once, unless it fails.
    const PROPERTIES: &'static [PropertyOf<Self>];

    /// What stands in a property, counted from 0.
    fn value(&self, property: usize) -> Outcome {
        Self::PROPERTIES.get(property).map_or_else(|| Ok(Zval::null()), |property| (property.get)(self))
    }
}

/// Registers a class of ours with such properties. Called while the module starts.
pub fn register<T: Lazy>(methods: &[Method], interfaces: &[ext_php_rs::class::ClassEntryInfo]) -> Result<()> {
    class::register::<T, _>(T::PROPERTIES, methods, interfaces)?;
    let handlers = class::handlers::<T>();
    // SAFETY: as in `class::register`: there is no object yet that has these handlers.
    unsafe {
        (&raw mut (*handlers).read_property).write(Some(read::<T>));
        (&raw mut (*handlers).has_property).write(Some(has::<T>));
        (&raw mut (*handlers).get_properties).write(Some(all::<T>));
        (&raw mut (*handlers).compare).write(Some(compare::<T>));
    }
    Ok(())
}

/// `$object->name`, where the place is still empty.
unsafe extern "C" fn read<T: Lazy>(
    object: *mut ZendObject,
    name: *mut ZendStr,
    how: c_int,
    cache: *mut *mut c_void,
    returned: *mut Zval,
) -> *mut Zval {
    // SAFETY: the engine reads a property of a live object of this class, with a place for what comes of it.
    unsafe {
        if let Some(slot) = empty_slot(object, name)
            && !fill_one::<T>(object, slot, raise)
        {
            returned.write(Zval::null());
            return returned;
        }
        ffi::zend_std_read_property(object, name, how, cache, returned)
    }
}

/// `isset()` and `empty()`.
unsafe extern "C" fn has<T: Lazy>(
    object: *mut ZendObject,
    name: *mut ZendStr,
    how: c_int,
    cache: *mut *mut c_void,
) -> c_int {
    // SAFETY: as in `read`.
    unsafe {
        if let Some(slot) = empty_slot(object, name)
            && !fill_one::<T>(object, slot, raise)
        {
            return 0;
        }
        ffi::zend_std_has_property(object, name, how, cache)
    }
}

/// `var_dump()`, `(array)`, `foreach` and whatever else looks at all of them. What cannot be made is not shown.
unsafe extern "C" fn all<T: Lazy>(object: *mut ZendObject) -> *mut ZendHashTable {
    // SAFETY: as in `read`.
    unsafe {
        fill::<T>(object);
        ffi::zend_std_get_properties(object)
    }
}

/// `==`.
unsafe extern "C" fn compare<T: Lazy>(one: *mut Zval, other: *mut Zval) -> c_int {
    // SAFETY: the engine compares two live values.
    unsafe {
        for side in [one, other] {
            let object = (*side).object().filter(|object| ptr::eq(object.ce, T::get_metadata().ce()));
            if let Some(object) = object {
                fill::<T>(ptr::from_ref(object).cast_mut());
            }
        }
        ffi::zend_std_compare_objects(one, other)
    }
}

/// # Safety
///
/// The object is a live one of this class.
unsafe fn fill<T: Lazy>(object: *mut ZendObject) {
    // SAFETY: an object has as many slots as its class declares.
    unsafe {
        let slots = usize::try_from((*(*object).ce).default_properties_count).unwrap_or(0);
        for slot in (0..slots).filter(|slot| is_empty(place(object, *slot))) {
            // A fault is told to whoever asks for the property by its name.
            fill_one::<T>(object, slot, drop);
        }
    }
}

/// Makes what stands in an empty place; false if it cannot be made.
///
/// # Safety
///
/// The object is a live one of this class, and has that slot.
unsafe fn fill_one<T: Lazy>(object: *mut ZendObject, slot: usize, tell: fn(Raise)) -> bool {
    // SAFETY: what an object holds stays where it is as long as the object lives.
    let inner = unsafe { ZendClassObject::<T>::from_zend_obj(&*object) }.and_then(|o| o.obj.as_ref());
    let Some(inner) = inner else { return false };
    let Some(value) = door::frame(|| inner.value(slot).map_err(tell).ok()).flatten() else { return false };
    // SAFETY: the slot holds nothing that would have to be released. Writing the whole zval clears the
    // "uninitialised" flag kept beside it.
    unsafe {
        let place = place(object, slot);
        if is_empty(place) {
            place.write(value);
        }
    }
    true
}

/// The number of a declared property that is still empty.
///
/// # Safety
///
/// Object and name are live.
unsafe fn empty_slot(object: *mut ZendObject, name: *mut ZendStr) -> Option<usize> {
    // SAFETY: a class's table of properties holds pointers to their descriptions; those of ours are all declared, none
    // static, so each has a slot.
    unsafe {
        let class: *const ClassEntry = (*object).ce;
        let found = ffi::zend_hash_find(&raw const (*class).properties_info, name).as_ref()?;
        let info = found.ptr::<ffi::zend_property_info>()?;
        let offset = (*info).offset as usize;
        let slot = offset.checked_sub(offset_of!(ZendObject, properties_table))? / size_of::<Zval>();
        is_empty(place(object, slot)).then_some(slot)
    }
}

/// # Safety
///
/// The object is live and has that slot.
unsafe fn place(object: *mut ZendObject, slot: usize) -> *mut Zval {
    // SAFETY: the slots stand one behind the other.
    unsafe { (&raw mut (*object).properties_table).cast::<Zval>().add(slot) }
}

/// # Safety
///
/// The place is a slot of a live object.
unsafe fn is_empty(place: *const Zval) -> bool {
    // SAFETY: every zval has a type.
    unsafe { (*place).u1.type_info & 0xFF == ffi::IS_UNDEF }
}
