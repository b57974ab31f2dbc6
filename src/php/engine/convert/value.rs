//! Making PHP values: texts, times, arrays and our read-only objects.

use crate::php::engine::convert::interned;
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::ffi;
use ext_php_rs::flags::{DataType, ZvalTypeFlags};
use ext_php_rs::types::{ZendHashTable, ZendObject, ZendStr, Zval};
use std::mem::ManuallyDrop;
use std::slice;

/// A string.
pub fn text(text: impl AsRef<[u8]>) -> Zval {
    string_zval(ZendStr::new(text, false))
}

fn string_zval(string: ZBox<ZendStr>) -> Zval {
    const GC_IMMUTABLE: u32 = 1 << 6;
    let string = string.into_raw();
    // SAFETY: a live string; every string says of itself whether it is one of PHP's own, which are not counted.
    let is_interned = unsafe { (*string).gc.u.type_info } & GC_IMMUTABLE != 0;
    let flags = if is_interned { ZvalTypeFlags::InternedStringEx } else { ZvalTypeFlags::StringEx };
    let mut zval = Zval::new();
    zval.value.str_ = string;
    zval.u1.type_info = flags.bits();
    zval
}

/// A string of so many bytes, all of which are to be written; `None` if they were not.
pub fn written(size: usize, write: impl FnOnce(&mut [u8]) -> bool) -> Option<Zval> {
    let mut string = zend::string_of(size);
    // SAFETY: the string is new, so nobody else looks at its bytes, of which there are as many as it says.
    let bytes = unsafe { slice::from_raw_parts_mut(string.val.as_mut_ptr().cast::<u8>(), size) };
    let done = write(bytes);
    let zval = string_zval(string);
    done.then_some(zval)
}

/// A string or null.
pub fn text_or_null(value: Option<impl AsRef<[u8]>>) -> Zval {
    value.map_or_else(Zval::null, text)
}

/// An int.
pub fn int(value: i64) -> Zval {
    let mut zval = Zval::new();
    zval.set_long(value);
    zval
}

/// An int or null.
pub fn int_or_null(value: Option<i64>) -> Zval {
    value.map_or_else(Zval::null, int)
}

/// A bool.
pub fn bool(value: bool) -> Zval {
    let mut zval = Zval::new();
    zval.set_bool(value);
    zval
}

/// An array.
pub fn array(table: ZBox<ZendHashTable>) -> Zval {
    let mut zval = Zval::new();
    zval.set_hashtable(table);
    zval
}

/// An object that is there already.
pub fn object_zval(object: &mut ZendObject) -> Zval {
    let mut zval = Zval::new();
    zval.set_object(object);
    zval
}

/// A list.
pub fn list(items: impl IntoIterator<Item = Zval>) -> Result<Zval, Raise> {
    let mut table = ZendHashTable::new();
    for item in items {
        table.push(item)?;
    }
    Ok(array(table))
}

/// An array of name => text; the names are those of XML elements, so none is numeric. `None` if one comes twice.
pub fn texts_once<'a>(pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Option<Zval> {
    let mut table = ZendHashTable::with_capacity(u32::try_from(pairs.len()).unwrap_or(0));
    for (name, value) in pairs {
        let mut value = ManuallyDrop::new(text(value));
        // SAFETY: the table is ours and new; it takes its own reference of the name, and the value over unless
        // the name is there already.
        let added = interned::with(name, |name| unsafe {
            !ffi::zend_hash_add(&raw mut *table, name, &raw mut *value).is_null()
        });
        if !added {
            drop(ManuallyDrop::into_inner(value));
            return None;
        }
    }
    Some(array(table))
}

/// The same of verified fields, of which none comes twice.
pub fn texts<'a>(pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Zval {
    texts_once(pairs).unwrap_or_else(|| array(ZendHashTable::new()))
}

/// Puts a value under a name; a numeric name becomes an int key, as PHP does it.
pub fn insert(table: &mut ZendHashTable, name: &str, value: Zval) -> Result<(), Raise> {
    match numeric(name) {
        Some(index) => table.insert_at_index(index, value)?,
        None => table.insert(name, value)?,
    }
    Ok(())
}

/// The int key that PHP makes of a decimal name.
fn numeric(name: &str) -> Option<i64> {
    let is_plain = name == "0" || !name.trim_start_matches('-').starts_with(['0', '+']) && name != "-";
    let index: i64 = name.parse().ok().filter(|_| is_plain)?;
    (index != i64::MIN).then_some(index)
}

/// A value's type as PHP's messages name it.
pub fn type_name(zval: &Zval) -> String {
    match zval.get_type() {
        DataType::Null | DataType::Undef => "null".into(),
        DataType::True | DataType::False | DataType::Bool => "bool".into(),
        DataType::Long => "int".into(),
        DataType::Double => "float".into(),
        DataType::String => "string".into(),
        DataType::Array => "array".into(),
        _ => {
            zval.object().and_then(|object| object.get_class_name().ok()).unwrap_or_else(|| "resource".into())
        }
    }
}

/// An integer, as whatever PHP and the driver tell it: since 8.4 some attributes are bool that were int.
pub fn integer(value: &Zval) -> Option<i64> {
    let flag = || value.bool().map(i64::from);
    value.long().or_else(flag).or_else(|| value.str()?.trim().parse().ok())
}
