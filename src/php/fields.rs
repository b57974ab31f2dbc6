//! Arrays of fields as PHP gives them: values are strings, ints, Stringables, or null.

use super::call::{Call, Raise};
use super::value;
use crate::wire::fields::Fields;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::ExecutorGlobals;

/// Name and text of one field, any bytes; `None` for null.
pub type Given = (Vec<u8>, Option<Vec<u8>>);

/// Reads the n-th argument as fields. Nulls are kept: who signs skips them, who calls omits them.
pub fn given(call: &Call<'_>, n: usize) -> Result<Vec<Given>, Raise> {
    read(n, call.array(n)?)
}

fn read(n: usize, table: &ZendHashTable) -> Result<Vec<Given>, Raise> {
    let entries = value::entries(table).into_iter();
    entries.map(|(name, zval)| Ok((text(n, &name, zval)?, name)).map(|(text, name)| (name, text))).collect()
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
    let utf8 = |bytes: Vec<u8>, what: &str| {
        String::from_utf8(bytes).map_err(|_| call.bad(n, format!("must have {what} of valid UTF-8")))
    };
    let (mut pairs, mut omitted) = (Vec::new(), Vec::new());
    for (name, text) in given(call, n)? {
        let name = utf8(name, "names")?;
        match text {
            Some(text) => pairs.push((name, utf8(text, "values")?)),
            None => omitted.push(name),
        }
    }
    let fields = Fields::from_pairs(pairs).map_err(|e| call.bad(n, format!("must be sendable: {e}")))?;
    Ok((fields, omitted))
}
