//! The keys that answers and notices may be signed with, by the name that their header gives.

use super::key_file::{KeyFileError, PublicPart, public};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use std::collections::HashMap;

/// Public keys of WeChat Pay, found by serial number or PUB_KEY_ID: never by prefix, never by being the only one.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: HashMap<String, PlatformKey>,
}

/// One of WeChat Pay's public keys.
#[derive(Debug, Clone)]
pub struct PlatformKey {
    /// The serial number or id as it was given, to be sent as `Wechatpay-Serial`.
    pub id: String,
    /// Of a certificate: when it ends, in seconds since 1970.
    pub not_after: Option<i64>,
    pkcs1: Vec<u8>,
}

impl PlatformKey {
    /// The key as PKCS#1 writes it.
    pub fn pkcs1(&self) -> &[u8] {
        &self.pkcs1
    }

    /// Is this the signature of the message under this key?
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1).verify(message, signature).is_ok()
    }

    /// Has its certificate ended?
    pub fn is_expired(&self, now: i64) -> bool {
        self.not_after.is_some_and(|end| end < now)
    }
}

impl KeyRing {
    /// Takes a public key under its id.
    pub fn add_public_key(&mut self, id: &str, text: &[u8]) -> Result<(), KeyFileError> {
        self.add(id, public(text)?);
        Ok(())
    }

    /// Takes a certificate under its own serial number, and gives that.
    pub fn add_certificate(&mut self, text: &[u8]) -> Result<String, KeyFileError> {
        let part = public(text)?;
        let serial = part.serial.clone().ok_or(KeyFileError::NotCertificate)?;
        self.add(&serial, part);
        Ok(serial)
    }

    /// Takes away the certificates that have ended.
    pub fn drop_expired(&mut self, now: i64) {
        self.keys.retain(|_, key| !key.is_expired(now));
    }

    /// Do both name the same key?
    pub fn same(one: &str, other: &str) -> bool {
        folded(one) == folded(other)
    }

    fn add(&mut self, id: &str, part: PublicPart) {
        let key = PlatformKey { id: id.to_owned(), not_after: part.not_after, pkcs1: part.pkcs1 };
        self.keys.insert(folded(id), key);
    }

    /// The key that a `Wechatpay-Serial` names.
    pub fn named(&self, serial: &str) -> Option<&PlatformKey> {
        self.keys.get(&folded(serial))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What sensitive fields are encrypted for: a public key without an end, else the certificate that ends last.
    pub fn newest(&self) -> Option<&PlatformKey> {
        self.keys.values().max_by_key(|key| key.not_after.unwrap_or(i64::MAX))
    }
}

/// Hex serial numbers are compared without case and leading zeros, for peers print them as numbers; ids stand.
fn folded(id: &str) -> String {
    if id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        id.trim_start_matches('0').to_ascii_uppercase()
    } else {
        id.to_owned()
    }
}
