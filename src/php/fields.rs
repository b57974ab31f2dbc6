//! Arrays of fields as PHP gives them: values are strings, ints, Stringables, or null.

use super::call::{Call, Raise};
use super::value;
use crate::wire::fields::Fields;
use crate::wire::xml;
use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::ExecutorGlobals;

/// Name and text of one field, any bytes; `None` for null.
pub type Given = (Vec<u8>, Option<Vec<u8>>);

/// The most bytes that fields are signed with. An array costs PHP little when its values are one text many times
/// over; copying it must not cost us the machine.
const MOST_SIGNED: usize = 64 * 1024 * 1024;

/// Reads the n-th argument as fields. Nulls are kept: who signs skips them, who calls omits them.
pub fn given(call: &Call<'_>, n: usize) -> Result<Vec<Given>, Raise> {
    read(call, n, call.array(n)?, MOST_SIGNED)
}

fn read(call: &Call<'_>, n: usize, table: &ZendHashTable, most: usize) -> Result<Vec<Given>, Raise> {
    let mut left = most;
    let mut given = Vec::new();
    for (name, zval) in value::entries(table) {
        let wanted = name.len() + zval.zend_str().map_or(0, ZendStr::len);
        left = left
            .checked_sub(wanted)
            .ok_or_else(|| call.bad(n, format!("must hold at most {} MiB", most / (1024 * 1024))))?;
        let text = text(n, &name, zval)?;
        given.push((name, text));
    }
    Ok(given)
}

fn text(n: usize, name: &[u8], zval: &Zval) -> Result<Option<Vec<u8>>, Raise> {
    if zval.is_null() {
        return Ok(None);
    }
    if let Some(string) = zval.zend_str() {
        return Ok(Some(string.as_bytes().to_vec()));
    }
    if let Some(int) = zval.long() {
        return Ok(Some(int.to_string().into_bytes()));
    }
    stringable(zval)?.map(Some).ok_or_else(|| {
        let name = String::from_utf8_lossy(name).into_owned();
        let type_name = value::type_name(zval);
        Call::type_error(n, &format!("must contain only values of type string|int|Stringable|null, {type_name} given for key \"{name}\""))
    })
}

fn stringable(zval: &Zval) -> Result<Option<Vec<u8>>, Raise> {
    let Some(object) = zval.object() else { return Ok(None) };
    if !object.instance_of(ext_php_rs::zend::ce::stringable()) {
        return Ok(None);
    }
    let text = object.try_call_method("__toString", vec![])?;
    if ExecutorGlobals::has_exception() {
        return Err(Raise::Pending);
    }
    Ok(text.zend_str().map(|s| s.as_bytes().to_vec()))
}

/// Fields that can be sent: UTF-8, no nulls. Also the names that were given as null.
pub fn sendable(call: &Call<'_>, n: usize) -> Result<(Fields, Vec<String>), Raise> {
    let table = call.array(n)?;
    if table.len() > Fields::MAX {
        return Err(call.bad(n, format!("must not have more than {} fields", Fields::MAX)));
    }
    let (mut pairs, mut omitted) = (Vec::new(), Vec::new());
    for (name, text) in read(call, n, table, xml::MAX_BYTES)? {
        let name = String::from_utf8(name).map_err(|_| call.bad(n, "must have names of valid UTF-8"))?;
        let utf8 = |text| {
            String::from_utf8(text)
                .map_err(|_| call.bad(n, format!("must be valid UTF-8, field {name} is not")))
        };
        match text.map(utf8).transpose()? {
            Some(text) => pairs.push((name, text)),
            None => omitted.push(name),
        }
    }
    let fields = Fields::from_pairs(pairs).map_err(|e| call.bad(n, format!("must be sendable: {e}")))?;
    Ok((fields, omitted))
}
