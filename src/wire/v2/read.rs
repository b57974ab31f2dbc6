//! How serde models read themselves from fields: absent and empty are `None`, unknown names are skipped.

use super::fields::Fields;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

/// A field that should hold one kind of text and holds another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {name} {what}")]
pub struct FieldError {
    /// The field.
    pub name: String,
    /// What it should have been.
    pub what: String,
}

impl FieldError {
    /// A field that had to be there.
    pub fn missing(name: impl Into<String>) -> Self {
        Self { name: name.into(), what: "is missing".into() }
    }
}

/// Refuses fields that lack one of these names, or have an empty text there.
pub fn needs(fields: &Fields, names: &[&str]) -> Result<(), FieldError> {
    let missing = names.iter().find(|name| fields.text(name).is_none());
    missing.map_or(Ok(()), |name| Err(FieldError::missing(*name)))
}

/// Reads a model from fields.
pub fn read<'a, T: Deserialize<'a>>(fields: &'a Fields) -> Result<T, FieldError> {
    let mut current = "";
    let rest = fields.iter().filter(|(_, text)| !text.is_empty());
    T::deserialize(FieldMap(FieldPairs { rest, text: "", current: &mut current })).map_err(
        |wrong| match wrong {
            Wrong::Missing(name) => FieldError::missing(name),
            Wrong::FieldText(what) => FieldError { name: current.to_owned(), what },
        },
    )
}

/// What a model finds wrong: with the text it has just read, or with one that is not there.
#[derive(Debug)]
enum Wrong {
    Missing(&'static str),
    FieldText(String),
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::FieldText(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: std::fmt::Display>(what: T) -> Self {
        Self::FieldText(what.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

struct FieldMap<'a, 'n, I>(FieldPairs<'a, 'n, I>);

struct FieldPairs<'a, 'n, I> {
    rest: I,
    text: &'a str,
    /// The name being read, for the error.
    current: &'n mut &'a str,
}

impl<'a, I: Iterator<Item = (&'a str, &'a str)>> Deserializer<'a> for FieldMap<'a, '_, I> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(self.0)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'a, I: Iterator<Item = (&'a str, &'a str)>> MapAccess<'a> for FieldPairs<'a, '_, I> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, text)) = self.rest.next() else { return Ok(None) };
        self.text = text;
        *self.current = name;
        seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        seed.deserialize(FieldText(self.text))
    }
}

/// One value: a text, and nothing but a text.
struct FieldText<'a>(&'a str);

impl<'a> Deserializer<'a> for FieldText<'a> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    fn deserialize_i64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_i64(digits(self.0).ok_or_else(|| Wrong::custom("must be a number of digits only"))?)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A whole number as WeChat writes it: ASCII digits only, from 0 to the largest `i64`.
pub fn digits(text: &str) -> Option<i64> {
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "read, not looked at")]
    struct Model {
        first: i64,
        second: String,
        third: Option<i64>,
    }

    #[test]
    fn r46_the_field_that_is_told_is_the_one_that_is_wrong() {
        let told = |pairs: &[(&str, &str)]| {
            read::<Model>(&Fields::from_texts(pairs.iter().copied()).unwrap()).unwrap_err().to_string()
        };
        let number = "must be a number of digits only";
        assert_eq!(told(&[("first", "1"), ("z", "9")]), "field second is missing");
        assert_eq!(told(&[("second", "x"), ("third", "3")]), "field first is missing");
        assert_eq!(told(&[("first", "1"), ("second", "")]), "field second is missing");
        assert_eq!(told(&[("first", "x"), ("second", "x")]), format!("field first {number}"));
        assert_eq!(told(&[("first", "1"), ("third", "x"), ("second", "x")]), format!("field third {number}"));
    }

    #[test]
    fn p14_a_number_has_digits_only_and_fits_an_i64() {
        for (text, expected) in [("0", Some(0)), ("007", Some(7)), ("9223372036854775807", Some(i64::MAX))] {
            assert_eq!(digits(text), expected);
        }
        for wrong in ["-1", "+1", "1.0", "1e3", "０１", " 1", "1 ", "", "9223372036854775808", "0x1"] {
            assert_eq!(digits(wrong), None, "{wrong:?}");
        }
    }
}
