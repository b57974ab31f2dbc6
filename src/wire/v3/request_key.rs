//! The merchant's API key: it signs requests and the parameters of clients. By AWS-LC, which takes half of ring's time where
//! the processor multiplies in its wide registers (AVX-512 IFMA).

use super::key_file::{self, KeyFileError};
use super::message;
use super::sensitive::{self, SensitiveError};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use zeroize::Zeroizing;

/// The scheme of every Authorization header, and the only signature type that is taken.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// A merchant's private key with the serial number of its certificate.
pub struct RequestKey {
    pair: RsaKeyPair,
    serial: String,
    /// PKCS#8, for what is encrypted for us.
    der: Zeroizing<Vec<u8>>,
}

/// No signature could be made: the machine gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request could not be signed: the machine gives no random numbers")]
pub struct Unsigned;

/// One request, before it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Unauthorized<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Path and query as they are sent.
    pub target: &'a str,
    /// Seconds since 1970.
    pub timestamp: &'a str,
    /// Letters and digits.
    pub nonce: &'a str,
    /// As it is sent; empty if there is none.
    pub body: &'a [u8],
}

impl RequestKey {
    /// Reads a PEM text (PKCS#8 or PKCS#1) or bare base64; `serial` is that of the merchant's certificate.
    pub fn new(text: &[u8], serial: &str) -> Result<Self, KeyFileError> {
        let key = key_file::private(text)?;
        let pair = if key.pkcs8 { RsaKeyPair::from_pkcs8(&key.der) } else { RsaKeyPair::from_der(&key.der) };
        let pair = pair.map_err(|rejected| refusal(&rejected))?;
        Ok(Self { pair, serial: serial.to_owned(), der: key.into_pkcs8() })
    }

    /// The same key, of the certificate with this serial number.
    #[must_use]
    pub fn under(self, serial: String) -> Self {
        Self { serial, ..self }
    }

    /// The public half as PKCS#1 writes it: tells whether a certificate is this key's.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Opens a field that WeChat Pay has encrypted for us (protocol-v3.md B.6).
    pub fn decrypt(&self, ciphertext: &str) -> Result<Zeroizing<Vec<u8>>, SensitiveError> {
        sensitive::decrypt(&self.der, ciphertext)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over a message, in base64.
    pub fn sign(&self, message: &[u8]) -> Result<String, Unsigned> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| STANDARD.encode(&signature)).map_err(|_| Unsigned)
    }

    /// The Authorization header of a request (protocol-v3.md A.2).
    pub fn authorization(&self, mch_id: &str, request: &Unauthorized<'_>) -> Result<String, Unsigned> {
        let Unauthorized { method, target, timestamp, nonce, body } = *request;
        let signature = self.sign(&message::of_request(method, target, timestamp, nonce, body))?;
        let serial = &self.serial;
        Ok(format!(
            "{SCHEME} mchid=\"{mch_id}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",\
             serial_no=\"{serial}\",signature=\"{signature}\""
        ))
    }
}

/// Why AWS-LC takes no key, in our words.
fn refusal(rejected: &KeyRejected) -> KeyFileError {
    match rejected.to_string().as_str() {
        "TooSmall" => KeyFileError::Weak,
        "WrongAlgorithm" => KeyFileError::NotRsa,
        _ => KeyFileError::Unreadable,
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestKey").field("serial", &self.serial).finish_non_exhaustive()
    }
}
