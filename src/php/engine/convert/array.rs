//! Arrays as PHP has them, read where they stand.

use ext_php_rs::ffi;
use ext_php_rs::types::{ZendHashTable, Zval};
use std::borrow::Cow;
use std::iter::FilterMap;
use std::mem::offset_of;
use std::{ptr, slice};

/// The entries of a map with nothing but strings under names, lent as they stand.
pub type Strings<'a> =
    FilterMap<slice::Iter<'a, ffi::Bucket>, fn(&'a ffi::Bucket) -> Option<(&'a [u8], &'a [u8])>>;

/// The entries of such a map; `None` for any other array, or if it holds more bytes than these.
pub fn strings(table: &ZendHashTable, most: usize) -> Option<Strings<'_>> {
    let mut used = buckets(table).iter().filter(|bucket| kind(&bucket.val) != ffi::IS_UNDEF);
    let size = used.try_fold(0, |size: usize, bucket| {
        let (name, text) = string_bucket(bucket)?;
        size.checked_add(name.len() + text.len())
    })?;
    (!is_packed(table) && size <= most).then(|| buckets(table).iter().filter_map(string_bucket as _))
}

fn string_bucket(bucket: &ffi::Bucket) -> Option<(&[u8], &[u8])> {
    let text = string(bucket.val.dereference())?;
    // SAFETY: the bucket holds a value, so its key is null or a live string.
    let name = unsafe { bucket.key.as_ref() }?;
    Some((name.as_bytes(), text))
}

/// A string's bytes; `None` for anything else.
fn string(zval: &Zval) -> Option<&[u8]> {
    // SAFETY: a zval of this kind holds a live string.
    (kind(zval) == ffi::IS_STRING).then(|| unsafe { (*zval.value.str_).as_bytes() })
}

/// The entries of an array argument: keys as bytes, values without their references.
pub fn entries(table: &ZendHashTable) -> impl Iterator<Item = (Cow<'_, [u8]>, &Zval)> {
    packed(table).into_iter().chain(buckets(table).iter().filter_map(bucket))
}

/// The entries of a list, whose layout differs from one PHP to the next; none of a map.
fn packed(table: &ZendHashTable) -> Vec<(Cow<'_, [u8]>, &Zval)> {
    let mut entries = Vec::new();
    let mut iterator = table.iter();
    while is_packed(table)
        && let Some((key, value)) = iterator.next_zval()
    {
        entries.push((Cow::Owned(key.long().unwrap_or(0).to_string().into_bytes()), value.dereference()));
    }
    entries
}

/// The buckets of a map, holes among them; none of a list.
fn buckets(table: &ZendHashTable) -> &[ffi::Bucket] {
    if is_packed(table) || table.nNumUsed == 0 {
        return &[];
    }
    // The pointer's own name and place in a union change from PHP 8.1 to 8.2, but never what stands behind it.
    let place = offset_of!(ZendHashTable, nNumUsed) - size_of::<*const ffi::Bucket>();
    // SAFETY: in every PHP 8 the pointer to the buckets stands right before `nNumUsed`, and a map that is not
    // packed has that many of them. They stay where they are while the argument's reference is held: whoever
    // changes the array meanwhile changes a copy.
    unsafe {
        let first = ptr::from_ref(table).byte_add(place).cast::<*const ffi::Bucket>().read();
        slice::from_raw_parts(first, table.nNumUsed as usize)
    }
}

fn is_packed(table: &ZendHashTable) -> bool {
    const HASH_FLAG_PACKED: u32 = 1 << 2;
    // SAFETY: both sides of the union are plain numbers.
    unsafe { table.u.flags & HASH_FLAG_PACKED != 0 }
}

fn bucket(bucket: &ffi::Bucket) -> Option<(Cow<'_, [u8]>, &Zval)> {
    // What was unset leaves its bucket behind, with a key that is gone.
    if kind(&bucket.val) == ffi::IS_UNDEF {
        return None;
    }
    // SAFETY: the bucket holds a value, so its key is null or a live string.
    let key = match unsafe { bucket.key.as_ref() } {
        Some(name) => Cow::Borrowed(name.as_bytes()),
        None => Cow::Owned(bucket.h.cast_signed().to_string().into_bytes()),
    };
    Some((key, bucket.val.dereference()))
}

/// The number of a value's type, without a look at what it holds.
fn kind(zval: &Zval) -> u32 {
    // SAFETY: every zval has a type.
    unsafe { zval.u1.type_info & 0xFF }
}
