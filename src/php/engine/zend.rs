//! The few Zend functions that ext-php-rs does not bind.

use ext_php_rs::alloc::emalloc;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::ffi::{IS_STRING, zend_string};
use ext_php_rs::types::{ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData};
use std::alloc::Layout;
use std::ffi::c_int;

/// `ZEND_ACC_PUBLIC | ZEND_ACC_READONLY`.
pub const PUBLIC_READONLY: c_int = 1 | 1 << 7;
/// The bit of `zend_type` that says "the pointer is a class name".
pub const TYPE_IS_NAME: u32 = ext_php_rs::ffi::_ZEND_TYPE_NAME_BIT;

mod declared {
    #![allow(
        non_camel_case_types,
        clippy::all,
        clippy::pedantic,
        reason = "written by bindgen from PHP's headers"
    )]

    use ext_php_rs::ffi::{
        _zend_expected_type as zend_expected_type, HashTable, zend_class_entry, zend_module_entry,
        zend_object, zend_object_iterator, zend_string, zend_type, zval,
    };
    use ext_php_rs::types::ZendLong as zend_long;
    use std::ffi::c_void;

    // Only handed on, never looked into.
    type php_date_obj = c_void;
    type zend_attribute = c_void;
    type zend_fcall_info_cache = c_void;
    type zend_property_info = c_void;
    type zend_result = std::ffi::c_int;
    type zend_get_gc_buffer = super::GcBuffer;

    include!(concat!(env!("OUT_DIR"), "/zend.rs"));
}
pub use declared::*;

/// A class as Zend's functions take it: they write nothing into it.
pub fn scope(class: &ClassEntry) -> *mut ClassEntry {
    std::ptr::from_ref(class).cast_mut()
}

/// How a script that ran out of memory stands where its end is put off; 0 is "it has not". Anything else keeps the
/// engine from calling functions.
#[cfg(php_delayed_oom)]
pub fn out_of_memory() -> u32 {
    // SAFETY: a number among the globals of this thread.
    unsafe { (*ext_php_rs::ffi::ext_php_rs_executor_globals()).delayed_oom.state }
}

/// Sets how it stands.
#[cfg(php_delayed_oom)]
pub fn set_out_of_memory(state: u32) {
    // SAFETY: as above; the engine's own steps between the states touch nothing else but the message.
    unsafe { (*ext_php_rs::ffi::ext_php_rs_executor_globals()).delayed_oom.state = state };
}

/// Elsewhere the script jumps where it happens.
#[cfg(not(php_delayed_oom))]
pub const fn out_of_memory() -> u32 {
    0
}

/// Elsewhere there is nothing to set.
#[cfg(not(php_delayed_oom))]
pub const fn set_out_of_memory(_: u32) {}

/// Is it a value whose end, or only a reference less, may run PHP code? Texts and numbers are none.
pub fn is_collectable(value: &Zval) -> bool {
    const COLLECTABLE: u32 = 1 << 9;
    // SAFETY: every zval has a type.
    unsafe { value.u1.type_info & COLLECTABLE != 0 }
}

/// The engine's list of what one object holds, filled for its collector.
#[repr(C)]
pub struct GcBuffer {
    /// The next free place.
    pub cur: *mut Zval,
    /// Behind the last place.
    pub end: *mut Zval,
    /// The first place.
    pub start: *mut Zval,
}

impl GcBuffer {
    /// Notes a value, as `zend_get_gc_buffer_add_zval`, an inline function, does: no reference is taken.
    ///
    /// # Safety
    ///
    /// `buffer` is the engine's.
    pub unsafe fn add(buffer: *mut Self, value: &Zval) {
        const COUNTED: u32 = 0xFF00;
        // SAFETY: every zval has a type; the engine's buffer has room after it has grown.
        unsafe {
            if value.u1.type_info & COUNTED == 0 {
                return;
            }
            if (*buffer).cur == (*buffer).end {
                zend_get_gc_buffer_grow(buffer);
            }
            std::ptr::copy_nonoverlapping(value, (*buffer).cur, 1);
            (*buffer).cur = (*buffer).cur.add(1);
        }
    }
}

/// Were there named arguments that no parameter takes? Only a function with a variadic parameter sees any.
pub fn has_unknown_names(ex: &ExecuteData) -> bool {
    const HAS_EXTRA_NAMED_PARAMS: u32 = 1 << 27;
    // SAFETY: for a running function `This.u1` always holds the flags of the call.
    unsafe { ex.This.u1.type_info & HAS_EXTRA_NAMED_PARAMS != 0 }
}

/// How many arguments the running call has.
pub fn argument_count(ex: &ExecuteData) -> u32 {
    // SAFETY: for a running function `This.u2` always holds the number of arguments.
    unsafe { ex.This.u2.num_args }
}

/// A new string of so many zero bytes: what `zend_string_alloc`, an inline function, does.
#[allow(clippy::cast_ptr_alignment, reason = "every block of PHP's allocator is aligned for a string")]
pub fn string_of(size: usize) -> ZBox<ZendStr> {
    const HEADER: usize = std::mem::offset_of!(zend_string, val);
    const NOT_COLLECTABLE: u32 = 1 << 4;
    // SAFETY: a size that is far from the largest, as that of a message is, makes a layout; the engine allocates or
    // ends the request. The block holds the header, the bytes and the NUL that ends every string; it is whole once
    // the header is written, and the box is its only owner.
    unsafe {
        let block = emalloc(
            Layout::from_size_align_unchecked(HEADER + size + 1, align_of::<ZendStr>()).pad_to_align(),
        );
        std::ptr::write_bytes(block, 0, HEADER + size + 1);
        let string = block.cast::<ZendStr>();
        (*string).gc.refcount = 1;
        (*string).gc.u.type_info = IS_STRING | NOT_COLLECTABLE;
        (*string).len = size;
        ZBox::from_raw(string)
    }
}

/// A class of PHP itself, found while modules start: only the compiler's table has it then.
pub fn internal_class(lower: &str) -> Option<&'static ClassEntry> {
    // SAFETY: the compiler globals and their class table exist while modules start; internal classes live as
    // long as the process.
    unsafe {
        let table = (*ext_php_rs::ffi::ext_php_rs_compiler_globals()).class_table.as_ref()?;
        table.get(lower)?.ptr::<ClassEntry>().map(|class| &*class)
    }
}
