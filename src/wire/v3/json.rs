//! Strict JSON (protocol-v3.md A.9): one object, no name twice at any level, numbers kept as they are written.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// The largest document.
pub const MOST_BYTES: usize = 1 << 20;
/// The deepest nesting.
pub const MOST_DEPTH: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(JsonObject),
}

/// Names and values, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonObject(Vec<(String, Json)>);

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Larger than [`MOST_BYTES`].
    #[error("it is larger than 1 MiB")]
    TooLarge,
    /// Nested deeper than [`MOST_DEPTH`].
    #[error("it is nested deeper than 64 levels")]
    TooDeep,
    /// A name twice in one object; readers disagree on which one counts, so none does.
    #[error("the name {0} is there twice")]
    Duplicate(String),
    /// Another thing than an object.
    #[error("it is no JSON object")]
    NoObject,
    /// No UTF-8.
    #[error("it is no UTF-8")]
    Encoding,
    /// No JSON.
    #[error("it is no JSON: line {line}, column {column}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A value that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value of another type than the protocol gives it.
    #[error("{0} is not {1}")]
    Type(&'static str, &'static str),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(written) => {
                RawValue::from_string(written.clone()).map_err(S::Error::custom)?.serialize(serializer)
            }
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(object) => {
                serializer.collect_map(object.0.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

/// Reads a document, which must be one object.
pub fn object(bytes: &[u8]) -> Result<JsonObject, JsonError> {
    if bytes.len() > MOST_BYTES {
        return Err(JsonError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Encoding)?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|e| syntax(&e))?;
    match value(raw.get(), 1)? {
        Json::Object(object) => Ok(object),
        _ => Err(JsonError::NoObject),
    }
}

impl JsonObject {
    /// A value; `null` and an empty text read as absent.
    pub fn get(&self, name: &str) -> Option<&Json> {
        let found = self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        found.filter(|value| !matches!(value, Json::Null) && **value != Json::Text(String::new()))
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A text; a value of another type is an error.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, JsonError> {
        self.get(name).map(|value| value.text().ok_or(JsonError::Type(name, "a text"))).transpose()
    }

    /// An amount: an integer from 0 on, without fraction, exponent or quotes.
    pub fn amount(&self, name: &'static str) -> Result<Option<i64>, JsonError> {
        self.get(name)
            .map(|value| value.amount().ok_or(JsonError::Type(name, "an amount in fen")))
            .transpose()
    }

    /// An object.
    pub fn object(&self, name: &'static str) -> Result<Option<&JsonObject>, JsonError> {
        self.get(name).map(|value| value.object().ok_or(JsonError::Type(name, "an object"))).transpose()
    }

    /// A list.
    pub fn list(&self, name: &'static str) -> Result<Option<&[Json]>, JsonError> {
        self.get(name).map(|value| value.list().ok_or(JsonError::Type(name, "a list"))).transpose()
    }
}

impl Json {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A text, or a number as it is written.
    pub fn written(&self) -> Option<&str> {
        if let Self::Text(written) | Self::Number(written) = self { Some(written) } else { None }
    }

    /// The object, if it is one.
    pub fn object(&self) -> Option<&JsonObject> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The list, if it is one.
    pub fn list(&self) -> Option<&[Json]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    fn amount(&self) -> Option<i64> {
        let Self::Number(written) = self else { return None };
        written.parse().ok().filter(|_| written.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// One value from its text, which serde_json has found to be one.
fn value(raw: &str, depth: usize) -> Result<Json, JsonError> {
    if depth > MOST_DEPTH {
        return Err(JsonError::TooDeep);
    }
    Ok(match raw.as_bytes().first() {
        Some(b'{') => Json::Object(members(raw, depth)?),
        Some(b'[') => Json::List(items(raw, depth)?),
        Some(b'"') => Json::Text(serde_json::from_str(raw).map_err(|e| syntax(&e))?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        _ => Json::Number(raw.to_owned()),
    })
}

fn members(raw: &str, depth: usize) -> Result<JsonObject, JsonError> {
    let found = serde_json::Deserializer::from_str(raw).deserialize_map(Members).map_err(|e| syntax(&e))?;
    let mut object = JsonObject::default();
    let mut names = std::collections::HashSet::with_capacity(found.len());
    for (name, raw) in found {
        if !names.insert(name.clone()) {
            return Err(JsonError::Duplicate(name.chars().take(64).collect()));
        }
        object.0.push((name, value(raw.get(), depth + 1)?));
    }
    Ok(object)
}

fn items(raw: &str, depth: usize) -> Result<Vec<Json>, JsonError> {
    let found = serde_json::Deserializer::from_str(raw).deserialize_seq(Items).map_err(|e| syntax(&e))?;
    found.into_iter().map(|raw| value(raw.get(), depth + 1)).collect()
}

fn syntax(error: &serde_json::Error) -> JsonError {
    JsonError::Syntax { line: error.line(), column: error.column() }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests;
