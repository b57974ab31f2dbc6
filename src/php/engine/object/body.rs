//! Arrays as bodies of APIv3: what JSON or WeChat Pay cannot take as it is, is refused by its place.

use crate::php::engine::convert::array::entries;
use crate::php::engine::convert::value::type_name;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::param::{Array, Optional, Param};
use crate::php::engine::raise::Raise;
use crate::wire::v3::json::{MOST_BYTES, MOST_DEPTH};
use ext_php_rs::types::{ZendHashTable, Zval};
use serde_json::{Map, Value};
use std::fmt;

/// The argument as a JSON object; `None` if it was not given.
pub fn body(call: &Call<'_>, param: Param<Optional<Array>>) -> Result<Option<Value>, Raise> {
    let Some(table) = call.get(param)? else { return Ok(None) };
    let written =
        Writing { left: MOST_BYTES }.object(table, &PlaceInBody::Root).map_err(|why| call.bad(param, why))?;
    if written.to_string().len() > MOST_BYTES {
        return Err(call.bad(param, too_large()));
    }
    Ok(Some(written))
}

/// The same of further names for a body; an absent argument has none.
pub fn members(call: &Call<'_>, param: Param<Optional<Array>>) -> Result<Map<String, Value>, Raise> {
    Ok(match body(call, param)? {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    })
}

/// Where a value stands, as WeChat Pay's own `detail` names it: `/amount/total`.
enum PlaceInBody<'a> {
    Root,
    Below(&'a PlaceInBody<'a>, &'a str),
}

impl PlaceInBody<'_> {
    fn depth(&self) -> usize {
        match self {
            Self::Root => 1,
            Self::Below(above, _) => above.depth() + 1,
        }
    }
}

impl fmt::Display for PlaceInBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Below(above, name) => write!(f, "{above}/{}", name.chars().take(64).collect::<String>()),
        }
    }
}

/// A body that is being made, and how many bytes it may still hold: references make small arrays endless.
struct Writing {
    left: usize,
}

impl Writing {
    fn object(&mut self, table: &ZendHashTable, place: &PlaceInBody<'_>) -> Result<Value, String> {
        self.enter(table, place)?;
        let mut members = Map::new();
        for (key, zval) in entries(table) {
            let name = self.text(&key, place, "a name")?;
            if is_index(name) {
                return Err(format!(
                    "must have names as keys{}, {name} is given: a list counts from 0 without a gap (array_values())",
                    At(place)
                ));
            }
            if !zval.is_null() {
                members.insert(name.to_owned(), self.value(zval, &PlaceInBody::Below(place, name))?);
            }
        }
        Ok(Value::Object(members))
    }

    fn list(&mut self, table: &ZendHashTable, place: &PlaceInBody<'_>) -> Result<Value, String> {
        self.enter(table, place)?;
        let items = entries(table).map(|(index, zval)| {
            let index = String::from_utf8_lossy(&index);
            let place = PlaceInBody::Below(place, &index);
            if zval.is_null() {
                return Err(format!("must not hold null in a list, as it does{}", At(&place)));
            }
            self.value(zval, &place)
        });
        Ok(Value::Array(items.collect::<Result<_, _>>()?))
    }

    fn value(&mut self, zval: &Zval, place: &PlaceInBody<'_>) -> Result<Value, String> {
        if let Some(table) = zval.array() {
            return if is_list(table) { self.list(table, place) } else { self.object(table, place) };
        }
        if let Some(string) = zval.zend_str() {
            return Ok(self.text(string.as_bytes(), place, "a text")?.into());
        }
        let plain = zval.long().map(Value::from).or_else(|| zval.bool().map(Value::from));
        plain.ok_or_else(|| match zval.get_type() {
            ext_php_rs::flags::DataType::Double => {
                format!("must not hold a float, as it does{}: amounts are ints, in fen", At(place))
            }
            _ => format!(
                "must hold arrays, texts, ints and bools only, {} is given{}",
                type_name(zval),
                At(place)
            ),
        })
    }

    fn text<'t>(&mut self, bytes: &'t [u8], place: &PlaceInBody<'_>, what: &str) -> Result<&'t str, String> {
        self.spend(bytes.len())?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| format!("must be valid UTF-8, {what} is not{}", At(place)))?;
        if text.contains('\0') {
            return Err(format!("must not hold a NUL byte, as {what} does{}", At(place)));
        }
        if text.chars().any(|c| c.len_utf8() == 4) {
            let says = "must not contain characters of 4 UTF-8 bytes (emoji, say)";
            return Err(format!("{says}, as {what} does{}", At(place)));
        }
        Ok(text)
    }

    fn enter(&mut self, table: &ZendHashTable, place: &PlaceInBody<'_>) -> Result<(), String> {
        if place.depth() > MOST_DEPTH {
            return Err(format!("must not be nested deeper than {MOST_DEPTH} levels"));
        }
        self.spend(table.len().saturating_mul(2).saturating_add(2))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }
}

fn too_large() -> String {
    "must not be larger than 1 MiB".into()
}

/// Keys that count from 0; an empty array is a list.
fn is_list(table: &ZendHashTable) -> bool {
    entries(table).enumerate().all(|(at, (key, _))| *key == *at.to_string().as_bytes())
}

/// What PHP has made an int of.
fn is_index(name: &str) -> bool {
    name.parse::<i64>().is_ok_and(|index| index.to_string() == name)
}

/// ` at /amount/total`; nothing at the top.
struct At<'a>(&'a PlaceInBody<'a>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.0, PlaceInBody::Root) { Ok(()) } else { write!(f, " at {}", self.0) }
    }
}
