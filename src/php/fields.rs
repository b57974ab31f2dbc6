//! Arrays of fields as PHP gives them: values are strings, ints, Stringables, or null.

use super::call::{Call, Raise};
use super::value;
use crate::wire::fields::Fields;
use crate::wire::xml;
use ext_php_rs::types::{ZendStr, Zval};
use ext_php_rs::zend::ExecutorGlobals;
use std::borrow::Cow;

/// Name and text of one field, any bytes; `None` for null.
pub type Given<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// The most bytes that fields are signed with. An array costs PHP little when its values are one text many times
/// over; copying it must not cost us the machine.
const MOST_SIGNED: usize = 64 * 1024 * 1024;

/// Reads the n-th argument as fields. Nulls are kept: who signs skips them, who calls omits them.
pub fn given<'a>(call: &Call<'a>, n: usize) -> Result<Vec<Given<'a>>, Raise> {
    read(call, n, MOST_SIGNED)
}

/// The same of fields that are to be sent: no more than a message can hold.
pub fn outgoing<'a>(call: &Call<'a>, n: usize) -> Result<Vec<Given<'a>>, Raise> {
    if call.array(n)?.len() > Fields::MAX {
        return Err(call.bad(n, format!("must not have more than {} fields", Fields::MAX)));
    }
    read(call, n, xml::MAX_BYTES)
}

fn read<'a>(call: &Call<'a>, n: usize, most: usize) -> Result<Vec<Given<'a>>, Raise> {
    let table = call.array(n)?;
    // A Stringable runs PHP code, which may change what stands behind references: then nothing is borrowed.
    let may_borrow = !value::entries(table).any(|(_, zval)| zval.is_object());
    let mut left = most;
    let mut fields = Vec::with_capacity(table.len());
    for (name, zval) in value::entries(table) {
        let wanted = name.len() + zval.zend_str().map_or(0, ZendStr::len);
        left = left
            .checked_sub(wanted)
            .ok_or_else(|| call.bad(n, format!("must hold at most {} MiB", most / (1024 * 1024))))?;
        let text = match zval.zend_str() {
            Some(string) if may_borrow => Some(Cow::Borrowed(string.as_bytes())),
            _ => text(n, &name, zval)?.map(Cow::Owned),
        };
        fields.push((name, text));
    }
    Ok(fields)
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
    // Held while it speaks: PHP code may take it out of a reference meanwhile, and nobody else holds it.
    let held = zval.shallow_clone();
    let Some(object) = held.object() else { return Ok(None) };
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
    checked(call, n, &outgoing(call, n)?)
}

/// The same of fields that were read already.
pub fn checked(call: &Call<'_>, n: usize, given: &[Given<'_>]) -> Result<(Fields, Vec<String>), Raise> {
    let (mut pairs, mut omitted) = (Vec::new(), Vec::new());
    for (name, text) in given {
        let name = std::str::from_utf8(name).map_err(|_| call.bad(n, "must have names of valid UTF-8"))?;
        let utf8 = |text| {
            std::str::from_utf8(text)
                .map_err(|_| call.bad(n, format!("must be valid UTF-8, field {name} is not")))
        };
        match text {
            Some(text) => pairs.push((name, utf8(text)?)),
            None => omitted.push(name.to_owned()),
        }
    }
    let fields =
        Fields::from_texts(pairs.into_iter()).map_err(|e| call.bad(n, format!("must be sendable: {e}")))?;
    Ok((fields, omitted))
}
