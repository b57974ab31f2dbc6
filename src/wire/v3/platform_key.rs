//! One of WeChat Pay's public keys.

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// A public key under the name that WeChat Pay gives it.
#[derive(Debug, Clone)]
pub struct PlatformKey {
    /// The serial number or id as it was given, to be sent as `Wechatpay-Serial`.
    pub id: String,
    /// Of a certificate: when it ends, in seconds since 1970.
    pub not_after: Option<i64>,
    /// The key as PKCS#1 writes it.
    pub pkcs1: Vec<u8>,
}

impl PlatformKey {
    /// Is this the signature of the message under this key?
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1).verify(message, signature).is_ok()
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
