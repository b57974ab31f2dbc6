//! One of WeChat Pay's public keys.

use super::key_file::{KeyFileError, PublicPart};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

/// A public key under the name that WeChat Pay gives it.
#[derive(Debug, Clone)]
pub struct PlatformKey {
    /// The serial number or id as it was given, to be sent as `Wechatpay-Serial`.
    pub id: String,
    /// Of a certificate: when it ends, in seconds since 1970.
    pub not_after: Option<i64>,
    /// Parsed once: that takes a third of the time that verifying with it takes.
    key: ParsedPublicKey,
}

impl PlatformKey {
    /// A key or certificate that was read, under its name.
    pub fn new(id: &str, part: &PublicPart) -> Result<Self, KeyFileError> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &part.pkcs1);
        let key = key.map_err(|_| KeyFileError::Unreadable)?;
        Ok(Self { id: id.to_owned(), not_after: part.not_after, key })
    }

    /// The key as PKCS#1 writes it.
    pub fn pkcs1(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// Is this the signature of the message under this key?
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// Has its certificate ended?
    pub fn is_expired(&self, now: i64) -> bool {
        self.not_after.is_some_and(|end| end < now)
    }
}

/// Hex serial numbers are compared without case and leading zeros, for peers print them as numbers; ids stand.
pub fn folded(id: &str) -> String {
    if id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        id.trim_start_matches('0').to_ascii_uppercase()
    } else {
        id.to_owned()
    }
}
