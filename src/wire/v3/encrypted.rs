//! Texts that were encrypted in this process, and for which key: the request that holds one must name that key, and keys
//! change between the two.

use crate::wire::per_process::{Inherited, PerProcess};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Texts that are known at most; the oldest goes first.
const MOST_KNOWN: usize = 8192;
/// As much of a text's beginning tells it from all others: it is random.
const BEGINNING: usize = 32;

type Beginning = [u8; BEGINNING];

/// The texts, by their beginnings.
#[derive(Debug, Default)]
pub struct EncryptedTexts(PerProcess<Mutex<KnownTexts>>);

#[derive(Debug, Default, Clone)]
struct KnownTexts {
    serials: HashMap<Beginning, String>,
    in_order: VecDeque<Beginning>,
}

/// A request with texts for more than one key: it can name only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must not hold texts that were encrypted for different keys, which WeChat Pay has changed: encrypt all of them again"
)]
pub struct TwoKeys;

impl EncryptedTexts {
    /// Remembers a text, in Base64, and the key's name.
    pub fn remember(&self, ciphertext: &str, serial: &str) {
        let Some(beginning) = beginning(ciphertext.as_bytes()) else { return };
        let mut known = self.known();
        if known.in_order.len() >= MOST_KNOWN
            && let Some(oldest) = known.in_order.pop_front()
        {
            known.serials.remove(&oldest);
        }
        known.in_order.push_back(beginning);
        known.serials.insert(beginning, serial.to_owned());
    }

    /// The key of the texts that a JSON document holds, if it holds any.
    pub fn key_of(&self, json: &[u8]) -> Result<Option<String>, TwoKeys> {
        let known = self.known();
        if known.serials.is_empty() {
            return Ok(None);
        }
        let texts = json.split(|byte| *byte == b'"').filter_map(beginning);
        let mut keys = texts.filter_map(|beginning| known.serials.get(&beginning));
        let first = keys.next();
        if keys.all(|key| Some(key) == first) { Ok(first.cloned()) } else { Err(TwoKeys) }
    }

    fn known(&self) -> MutexGuard<'_, KnownTexts> {
        self.0.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inherited for Mutex<KnownTexts> {
    fn inherited(&self) -> Self {
        Self::new(self.try_lock().map(|known| known.clone()).unwrap_or_default())
    }
}

fn beginning(text: &[u8]) -> Option<Beginning> {
    text.first_chunk::<BEGINNING>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(start: &str) -> String {
        format!("{start:A<344}")
    }

    #[test]
    fn a_document_names_the_key_of_the_texts_in_it_and_two_keys_are_too_many() {
        let known = EncryptedTexts::default();
        let [old, also_old, new] = ["a+/", "b", "c"].map(text);
        let body = |texts: &[&String]| {
            let names: Vec<_> = texts.iter().map(|text| json!({ "name": text })).collect();
            json!({ "out_no": "1", "receivers": names }).to_string().into_bytes()
        };
        assert_eq!(known.key_of(&body(&[&old])), Ok(None));
        for (text, serial) in [(&old, "OLD"), (&also_old, "OLD"), (&new, "NEW")] {
            known.remember(text, serial);
        }
        assert_eq!(known.key_of(&body(&[])), Ok(None));
        assert_eq!(known.key_of(&body(&[&old, &also_old])), Ok(Some("OLD".into())));
        assert_eq!(known.key_of(&body(&[&new])), Ok(Some("NEW".into())));
        assert_eq!(known.key_of(&body(&[&old, &new])), Err(TwoKeys));
    }

    #[test]
    fn the_oldest_of_very_many_is_forgotten() {
        let known = EncryptedTexts::default();
        (0..=MOST_KNOWN).for_each(|number| known.remember(&text(&format!("{number}.")), "KEY"));
        let body = |start: &str| json!({ "x": text(start) }).to_string().into_bytes();
        assert_eq!(known.key_of(&body("0.")), Ok(None));
        assert_eq!(known.key_of(&body("1.")), Ok(Some("KEY".into())));
        assert_eq!(known.known().serials.len(), MOST_KNOWN);
    }
}
