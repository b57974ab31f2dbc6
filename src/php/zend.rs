//! The few Zend functions that ext-php-rs does not bind.

use ext_php_rs::alloc::emalloc;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::ffi::{IS_STRING, zend_string, zend_type};
use ext_php_rs::types::{ZendObject, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData};
use std::alloc::Layout;
use std::ffi::{c_char, c_int, c_void};

/// `ZEND_ACC_PUBLIC | ZEND_ACC_READONLY`.
pub const PUBLIC_READONLY: c_int = 1 | 1 << 7;
/// The bit of `zend_type` that says "the pointer is a class name".
pub const TYPE_IS_NAME: u32 = ext_php_rs::ffi::_ZEND_TYPE_NAME_BIT;

unsafe extern "C" {
    pub fn zend_parse_arg_str_slow(arg: *mut Zval, dest: *mut *mut zend_string, number: u32) -> bool;
    pub fn zend_parse_arg_long_slow(arg: *mut Zval, dest: *mut i64, number: u32) -> bool;
    pub fn zend_parse_arg_bool_slow(arg: *mut Zval, dest: *mut bool, number: u32) -> bool;
    pub fn zend_wrong_parameter_type_error(number: u32, expected: u32, arg: *mut Zval);
    pub fn zend_wrong_parameter_class_error(number: u32, name: *const c_char, arg: *mut Zval);
    pub fn zend_wrong_parameter_class_or_null_error(number: u32, name: *const c_char, arg: *mut Zval);
    pub fn zend_wrong_callback_or_null_error(number: u32, error: *mut c_char);
    pub fn zend_wrong_callback_error(number: u32, error: *mut c_char);
    pub fn zend_argument_value_error(number: u32, format: *const c_char, ...);
    pub fn zend_argument_type_error(number: u32, format: *const c_char, ...);
    pub fn zend_declare_typed_property(
        class: *mut ClassEntry,
        name: *mut zend_string,
        default: *mut Zval,
        access: c_int,
        doc: *mut zend_string,
        kind: zend_type,
    ) -> *mut c_void;
    pub fn zend_update_property(
        scope: *const ClassEntry,
        object: *mut ZendObject,
        name: *const c_char,
        length: usize,
        value: *mut Zval,
    );
    pub fn zend_read_property(
        scope: *const ClassEntry,
        object: *mut ZendObject,
        name: *const c_char,
        length: usize,
        silent: bool,
        unused: *mut Zval,
    ) -> *mut Zval;
    pub fn zend_throw_exception_internal(exception: *mut ZendObject);
    pub fn zend_add_attribute(
        attributes: *mut *mut c_void,
        name: *mut zend_string,
        argc: u32,
        flags: u32,
        offset: u32,
        lineno: u32,
    ) -> *mut c_void;
    pub fn zend_is_callable_ex(
        callable: *mut Zval,
        object: *mut ZendObject,
        flags: u32,
        name: *mut *mut zend_string,
        cache: *mut c_void,
        error: *mut *mut c_char,
    ) -> bool;
    pub fn zend_unexpected_extra_named_error();
    pub fn zend_ini_long(name: *const c_char, length: usize, original: c_int) -> i64;
    pub fn zend_ini_string(name: *const c_char, length: usize, original: c_int) -> *mut c_char;
    pub fn zend_unregister_ini_entries(module: c_int);
    pub fn display_ini_entries(module: *mut c_void);
    pub fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;
    pub fn php_date_get_immutable_ce() -> *mut ClassEntry;
    pub fn php_date_initialize(
        date: *mut c_void,
        time: *const c_char,
        length: usize,
        format: *const c_char,
        zone: *mut Zval,
        flags: c_int,
    ) -> bool;
    pub fn php_date_get_timezone_ce() -> *mut ClassEntry;
    pub fn php_date_get_interface_ce() -> *mut ClassEntry;
    pub fn php_error_docref(docref: *const c_char, kind: c_int, format: *const c_char, ...);
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
