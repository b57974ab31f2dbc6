//! `array $options`: wire names to values, for the optional fields of a call.

use crate::php::engine::convert::fields;
use crate::php::engine::object::call::{Call, Raise};

/// Reads the n-th argument as optional fields; nulls are left out.
pub fn given(call: &Call<'_>, n: usize) -> Result<Vec<(String, String)>, Raise> {
    if call.array_or(n)?.is_none() {
        return Ok(Vec::new());
    }
    let (fields, _) = fields::sendable(call, n)?;
    Ok(fields.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
}
