//! AES-256-ECB of refund notices (protocol.md C.14). Nothing is signed there, so the witness is a weaker one.

use super::fields::Fields;
use super::key::Key;
use super::sign::hex;
use super::xml::{self, Root};
use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use std::ops::Deref;
use zeroize::Zeroizing;

const BLOCK: usize = 16;

/// What opened with the merchant's key. It proves less than [`Verified`](super::sign::Verified): ECB has no
/// seal, so ids and amounts must be confirmed by refundquery before anything is booked.
#[derive(Debug, Clone)]
pub struct Decrypted<T>(T);

impl<T> Deref for Decrypted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One answer for every way in which it may not open: who sends junk learns nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("req_info does not open with this merchant's key")]
pub struct NotOurs;

/// Opens `req_info` with the first key that fits.
pub fn open<'k>(
    req_info: &str,
    keys: impl IntoIterator<Item = &'k Key>,
) -> Result<Decrypted<Fields>, NotOurs> {
    let sealed = STANDARD.decode(req_info.trim_ascii()).map_err(|_| NotOurs)?;
    let mut opened = keys.into_iter().filter_map(|key| fields(&sealed, key));
    opened.next().map(Decrypted).ok_or(NotOurs)
}

fn fields(sealed: &[u8], key: &Key) -> Option<Fields> {
    let plain = decrypt(sealed, key)?;
    xml::decode(&plain, Root::Root).ok()
}

/// The key is the lower-case hex MD5 of the API key, as 32 ASCII bytes.
fn decrypt(sealed: &[u8], key: &Key) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(hex(&Md5::digest(key.expose())).to_ascii_lowercase());
    decrypt_with(sealed, text.as_bytes())
}

fn decrypt_with(sealed: &[u8], aes_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = Aes256::new_from_slice(aes_key).ok()?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    let (blocks, rest) = plain.as_chunks_mut::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return None;
    }
    for block in blocks {
        cipher.decrypt_block(block.into());
    }
    let length = plain.len().checked_sub(padding(&plain)?)?;
    plain.truncate(length);
    Some(plain)
}

/// The length of the PKCS#7 padding, if it is one; looks at the whole last block whatever it finds.
fn padding(plain: &[u8]) -> Option<usize> {
    let length = usize::from(*plain.last()?);
    let wrong = plain.iter().rev().take(BLOCK).enumerate();
    let wrong =
        wrong.fold(0, |wrong, (at, byte)| wrong | u8::from(at < length && usize::from(*byte) != length));
    (wrong == 0 && (1..=BLOCK).contains(&length)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../../php-tests/fixtures/vectors.json");

    fn key(text: &str) -> Key {
        Key::new(text.as_bytes()).unwrap()
    }

    fn vectors() -> Vec<Value> {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        vectors["v2_refund_notify"].as_array().unwrap().clone()
    }

    #[test]
    fn f21_every_req_info_of_the_vectors_opens_or_is_refused_as_it_says() {
        for vector in vectors().iter().filter(|v| v["req_info"].is_string()) {
            let sealed = STANDARD.decode(vector["req_info"].as_str().unwrap());
            let aes_key = vector["aes_key"].as_str().unwrap().as_bytes();
            let plain = sealed.ok().and_then(|sealed| decrypt_with(&sealed, aes_key));
            let expected = vector["plaintext"].as_str().filter(|_| vector["expect"] == "ok");
            assert_eq!(plain.as_deref().map(Vec::as_slice), expected.map(str::as_bytes), "{}", vector["id"]);
        }
    }

    #[test]
    fn the_api_key_opens_what_the_vectors_seal_with_it() {
        for vector in vectors().iter().filter(|v| v["fields"].is_object() && v["req_info"].is_string()) {
            let api_key = key(vector["api_key"].as_str().unwrap());
            let opened = open(vector["req_info"].as_str().unwrap(), [&api_key]).unwrap();
            for (name, text) in vector["fields"].as_object().unwrap() {
                assert_eq!(opened.get(name), text.as_str(), "{}", vector["id"]);
            }
        }
    }

    #[test]
    fn p4_the_previous_key_opens_too_and_every_failure_looks_alike() {
        let vectors = vectors();
        let req_info = vectors[0]["req_info"].as_str().unwrap();
        let (right, wrong) = (key("0123456789abcdefghijKLMNOPQRSTUV"), key(&"f".repeat(32)));
        assert!(open(req_info, [&wrong, &right]).is_ok());
        for junk in ["", "AAAA", "@@@", "AAAAAAAAAAAAAAAAAAAAAA==", req_info] {
            assert_eq!(open(junk, [&wrong]).err(), Some(NotOurs));
        }
    }
}
