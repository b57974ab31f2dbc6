//! Arrays as JSON: what an argument says in names inside names.

use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::param::{Array, Optional, Param};
use crate::php::engine::raise::Raise;
use ext_php_rs::types::Zval;
use serde_json::{Map, Value};

/// `JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE`: the limits are counted in bytes.
const JSON_UNESCAPED: i64 = 64 | 256;

/// The argument as a JSON text; `None` if it was not given.
pub fn text(call: &Call<'_>, param: Param<Optional<Array>>) -> Result<Option<String>, Raise> {
    if call.get(param)?.is_none() {
        return Ok(None);
    }
    let Some(array) = call.zval(param) else { return Ok(None) };
    let written = |json: &Zval| json.str().map(str::to_owned);
    let json = door::function("json_encode", &[array, &value::int(JSON_UNESCAPED)], written)?;
    let json = json.ok_or_else(|| Raise::Engine("json_encode() is needed and disabled".into()))?;
    json.map(Some).ok_or_else(|| call.bad(param, "must be encodable as JSON"))
}

/// The argument as a JSON object, for APIv3; an absent one is empty.
pub fn object(call: &Call<'_>, param: Param<Optional<Array>>) -> Result<Map<String, Value>, Raise> {
    let Some(json) = text(call, param)?.filter(|json| json != "[]") else { return Ok(Map::new()) };
    if json.chars().any(|c| c.len_utf8() == 4) {
        return Err(call.bad(param, "must not contain characters of 4 UTF-8 bytes (emoji, say)"));
    }
    match serde_json::from_str(&json) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(call.bad(param, "must have the names of APIv3 as keys")),
    }
}

/// Options of a call that both dialects have: those by the names of v2, which APIv3 has elsewhere, and those in its own.
/// A null says nothing.
pub fn sorted(given: Map<String, Value>, of_v2: &[&str]) -> (Vec<(String, String)>, Map<String, Value>) {
    let (mut options, mut further) = (Vec::new(), Map::new());
    for (name, value) in given {
        match (of_v2.contains(&name.as_str()), value) {
            (_, Value::Null) => {}
            (true, Value::String(text)) => options.push((name, text)),
            (true, value) => options.push((name, value.to_string())),
            (false, value) => drop(further.insert(name, value)),
        }
    }
    (options, further)
}
