//! AES-256-ECB of refund notices (protocol.md C.14). Nothing is signed there, so the witness is a weaker one.

use super::fields::Fields;
use super::xml::{self, Root, XmlError};
use crate::wire::hex::write_hex;
use crate::wire::key::Key;
use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use std::ops::Deref;
use zeroize::Zeroizing;

const BLOCK: usize = 16;

/// What opened with the merchant's key. It proves less than [`Verified`](crate::wire::verified::Verified): ECB has no
/// seal, so ids and amounts must be confirmed by refundquery before anything is booked.
#[derive(Debug, Clone)]
pub struct Decrypted<T>(T);

impl<T> Deref for Decrypted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why nothing can be read from `req_info`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// One answer for every way in which it may not open: who sends junk learns nothing from it.
    #[error("req_info does not open with this merchant's key")]
    NotOurs,
    /// It opens with the key, since a document is in it; but not one that can be read.
    #[error("req_info opens with this merchant's key, but what is in it cannot be read: {0}")]
    Unreadable(XmlError),
}

/// Opens `req_info` with the first key that fits.
pub fn open<'k>(
    req_info: &str,
    keys: impl IntoIterator<Item = &'k Key>,
) -> Result<Decrypted<Fields>, NotOpened> {
    let sealed = STANDARD.decode(req_info.trim_ascii()).map_err(|_| NotOpened::NotOurs)?;
    let mut opened = keys.into_iter().filter_map(|key| decrypt(&sealed, key));
    let plain = opened.find(|plain| is_document(plain)).ok_or(NotOpened::NotOurs)?;
    xml::decode(&plain, Root::Root).map(Decrypted).map_err(NotOpened::Unreadable)
}

/// Does it begin and end as a plaintext does? No wrong key makes that by chance, and no block of a stranger's.
fn is_document(plain: &[u8]) -> bool {
    let text = plain.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(plain).trim_ascii();
    let begins = [b"<root>".as_slice(), b"<?xml"].iter().any(|word| text.starts_with(word));
    begins && text.ends_with(b"</root>")
}

/// The key is the lower-case hex MD5 of the API key, as 32 ASCII bytes.
fn decrypt(sealed: &[u8], key: &Key) -> Option<Zeroizing<Vec<u8>>> {
    decrypt_with(sealed, &*derived(key))
}

/// Wiped wherever it has stood: the digest as well as its hex.
fn derived(key: &Key) -> Zeroizing<[u8; 32]> {
    let mut digest = Zeroizing::new([0; 16]);
    let mut hasher = Md5::new_with_prefix(key.expose());
    hasher.finalize_into_reset((&mut *digest).into());
    let mut text = Zeroizing::new([0; 32]);
    write_hex(&*digest, &mut *text);
    text.make_ascii_lowercase();
    text
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
    use crate::wire::hex::hex;
    use aes::cipher::BlockCipherEncrypt;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../../../php-tests/fixtures/vectors.json");

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
            assert_eq!(open(junk, [&wrong]).err(), Some(NotOpened::NotOurs));
        }
    }

    /// As WeChat would seal it.
    fn sealed(plain: &[u8], key: &Key) -> String {
        let cipher = Aes256::new_from_slice(&*derived(key)).unwrap();
        let rest = BLOCK - plain.len() % BLOCK;
        let mut bytes = [plain, &vec![u8::try_from(rest).unwrap(); rest]].concat();
        bytes.as_chunks_mut::<BLOCK>().0.iter_mut().for_each(|block| cipher.encrypt_block(block.into()));
        STANDARD.encode(bytes)
    }

    #[test]
    fn r67_a_plaintext_that_is_no_utf_8_is_told_as_what_it_is() {
        let (right, wrong) = (key("0123456789abcdefghijKLMNOPQRSTUV"), key(&"f".repeat(32)));
        let gbk = [b"<root><refund_recv_accout>".as_slice(), b"\xD6\xD0", b"</refund_recv_accout></root>"];
        let req_info = sealed(&gbk.concat(), &right);
        let refused = open(&req_info, [&wrong, &right]).unwrap_err();
        assert_eq!(refused, NotOpened::Unreadable(XmlError::NotUtf8(26)));
        assert!(refused.to_string().contains("opens with") && refused.to_string().contains("UTF-8"));
        assert_eq!(open(&req_info, [&wrong]).err(), Some(NotOpened::NotOurs));
        let nested = sealed(b"<root><a><b>1</b></a></root>", &right);
        assert!(matches!(open(&nested, [&right]), Err(NotOpened::Unreadable(XmlError::Refused { .. }))));
        assert!(open(&sealed(b"<root><a>1</a></root>", &right), [&wrong, &right]).is_ok());
        for junk in ["", "root", "{}", "<root><refund_id>5</refund_id>", "<xml><a>1</a></xml>"] {
            assert_eq!(open(&sealed(junk.as_bytes(), &right), [&right]).err(), Some(NotOpened::NotOurs));
        }
    }

    #[test]
    fn r24_the_derived_key_is_the_lower_case_hex_of_the_keys_md5_and_is_wiped() {
        let key = key("0123456789abcdefghijKLMNOPQRSTUV");
        // What holds it is a type that wipes itself; nothing of it is made as a String.
        let derived: Zeroizing<[u8; 32]> = derived(&key);
        let expected = hex(&Md5::digest(key.expose())).to_ascii_lowercase();
        assert_eq!(std::str::from_utf8(&*derived).unwrap(), expected);
    }
}
