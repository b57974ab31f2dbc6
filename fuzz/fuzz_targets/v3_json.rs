//! Our reader of JSON beside serde_json: what we take it takes, with the same value; what we refuse has its reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;
use wechatpay::wire::v3::json::{Json, JsonError, MOST_BYTES, MOST_DEPTH, object};

/// A document that has no name twice in one object, and how deep it goes.
struct Depth(usize);

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Depth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Depth, E> {
        Ok(Depth(0))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Depth, E> {
        Ok(Depth(0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Depth, E> {
        Ok(Depth(0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Depth, E> {
        Ok(Depth(0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Depth, E> {
        Ok(Depth(0))
    }

    fn visit_str<E>(self, _: &str) -> Result<Depth, E> {
        Ok(Depth(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Depth, A::Error> {
        let mut deepest = 0;
        while let Some(Depth(depth)) = list.next_element()? {
            deepest = deepest.max(depth);
        }
        Ok(Depth(deepest + 1))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Depth, A::Error> {
        let (mut names, mut deepest) = (HashSet::new(), 0);
        while let Some((name, Depth(depth))) = map.next_entry::<String, Depth>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("twice"));
            }
            deepest = deepest.max(depth);
        }
        Ok(Depth(deepest + 1))
    }
}

/// Is it one that serde_json gives up only because a number is too large for it? We keep numbers as they are written.
fn is_out_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fuzz_target!(|bytes: &[u8]| {
    let theirs = serde_json::from_slice::<Value>(bytes);
    match object(bytes) {
        Ok(ours) => {
            let written = serde_json::to_string(&Json::Object(ours)).expect("written");
            match (theirs, serde_json::from_str::<Value>(&written)) {
                (Ok(theirs), Ok(again)) => assert_eq!(theirs, again),
                (Err(theirs), Err(again)) => assert!(is_out_of_range(&theirs) && is_out_of_range(&again)),
                (theirs, again) => panic!("{theirs:?} beside {again:?}"),
            }
        }
        Err(JsonError::TooLarge) => assert!(bytes.len() > MOST_BYTES),
        Err(JsonError::Encoding) => assert!(std::str::from_utf8(bytes).is_err()),
        Err(JsonError::NoObject) => {
            assert!(theirs.is_err_and(|e| is_out_of_range(&e)) || !bytes.trim_ascii().starts_with(b"{"))
        }
        Err(JsonError::Duplicate(_)) => {
            assert!(serde_json::from_slice::<Depth>(bytes).is_err(), "no name is there twice")
        }
        Err(JsonError::TooDeep) => {
            let deep = serde_json::from_slice::<Depth>(bytes);
            assert!(
                deep.is_err() || deep.is_ok_and(|Depth(depth)| depth >= MOST_DEPTH),
                "it is not that deep"
            );
        }
        Err(_) => assert!(theirs.is_err(), "serde_json takes it"),
    }
});
