//! Writes JSON in one of the many ways that mean the same: other orders, escapes, blanks and new fields each time.

use super::super::dice::Rng;
use serde_json::Value;
use std::fmt::Write as _;

/// How one message is written.
#[derive(Debug, Clone, Copy)]
struct Manner {
    slashes: bool,
    ascii: bool,
    alphabetical: bool,
    comma: &'static str,
    colon: &'static str,
}

/// One object, as the dice fall.
pub fn write(value: &Value, dice: &mut Rng) -> String {
    let mut heads = || dice.digits(1).as_str() < "5";
    let (comma, colon) = if heads() { (",\n  ", ": ") } else { (",", ":") };
    let manner = Manner { slashes: heads(), ascii: heads(), alphabetical: heads(), comma, colon };
    let mut text = String::new();
    match value {
        Value::Object(map) if heads() => {
            let mut wider = map.clone();
            wider.insert("new_field".to_owned(), serde_json::json!({ "since": [2026.5, null, "新"] }));
            put(&mut text, &Value::Object(wider), manner);
        }
        value => put(&mut text, value, manner),
    }
    text
}

fn put(text: &mut String, value: &Value, manner: Manner) {
    match value {
        Value::String(string) => put_string(text, string, manner),
        Value::Array(list) => {
            text.push('[');
            for (n, item) in list.iter().enumerate() {
                text.push_str(if n == 0 { "" } else { "," });
                put(text, item, manner);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            if manner.alphabetical {
                members.sort_by_key(|(name, _)| *name);
            }
            text.push('{');
            for (n, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if n == 0 { "" } else { manner.comma });
                put_string(text, name, manner);
                text.push_str(manner.colon);
                put(text, value, manner);
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn put_string(text: &mut String, string: &str, manner: Manner) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '/' if manner.slashes => text.push_str("\\/"),
            c if c < ' ' || manner.ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text.push('"');
}
