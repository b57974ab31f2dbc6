//! The merchant: who we are, what we sign with and what we accept.

use super::numbers::BadArgument;
use crate::wire::key::Key;
use crate::wire::sign::{Pin, SignType};
use std::fmt;
use zeroize::Zeroizing;

/// Where a certificate or key comes from.
#[derive(Clone)]
pub enum Material {
    /// The text or bytes themselves: PEM, or a PKCS#12 container.
    Inline(Zeroizing<Vec<u8>>),
    /// A file.
    Path(String),
}

impl Material {
    /// PEM text and PKCS#12 bytes stand for themselves, anything else is a path.
    pub fn new(text: &[u8]) -> Self {
        let is_pem = text.windows(11).any(|w| w == b"-----BEGIN ");
        let is_der = text.first() == Some(&0x30) && text.len() > 64;
        match std::str::from_utf8(text) {
            Ok(path) if !is_pem && !is_der => Self::Path(path.to_owned()),
            _ => Self::Inline(Zeroizing::new(text.to_owned())),
        }
    }
}

/// What a client certificate is read from.
#[derive(Clone)]
pub struct CertificateSource {
    /// The certificate (PEM), or a PKCS#12 container with the key in it.
    pub certificate: Material,
    /// The private key (PEM), unless the container has it.
    pub private_key: Option<Material>,
    /// The container's password.
    pub password: Zeroizing<String>,
}

/// A merchant, or a service provider acting for a sub-merchant (protocol.md C.18).
#[derive(Clone)]
pub struct Merchant {
    /// `appid`.
    pub appid: String,
    /// `mch_id`.
    pub mch_id: String,
    /// `sub_appid`.
    pub sub_appid: Option<String>,
    /// `sub_mch_id`.
    pub sub_mch_id: Option<String>,
    /// The pinned algorithm.
    pub sign_type: SignType,
    /// The API key.
    pub key: Key,
    /// The key before, accepted on answers while a key is rotated.
    pub previous_key: Option<Key>,
    /// Accept MD5 answers although we sign with HMAC-SHA256.
    pub accept_md5: bool,
    /// The client certificate for refund, reverse and fund flow.
    pub certificate: Option<CertificateSource>,
}

impl Merchant {
    /// Checks an id of WeChat: 1 to 32 letters, digits, `_` or `-`.
    pub fn id(name: &'static str, text: &str) -> Result<String, BadArgument> {
        let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(is_id) {
            return Ok(text.to_owned());
        }
        Err(BadArgument::new(name, "must be 1 to 32 characters of 0-9A-Za-z_-"))
    }

    /// The signs this merchant accepts; `fixed` is an endpoint's own algorithm (protocol.md A.5).
    pub fn pin(&self, fixed: Option<SignType>) -> Pin<'_> {
        Pin {
            sign_type: fixed.unwrap_or(self.sign_type),
            fixed: fixed.is_some(),
            accept_md5: self.accept_md5,
            key: &self.key,
            previous_key: self.previous_key.as_ref(),
        }
    }

    /// The ids that every request carries.
    pub fn ids(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("appid", Some(&self.appid)),
            ("mch_id", Some(&self.mch_id)),
            ("sub_appid", self.sub_appid.as_deref()),
            ("sub_mch_id", self.sub_mch_id.as_deref()),
        ]
    }
}

/// Shows who, never the keys.
impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("appid", &self.appid)
            .field("mch_id", &self.mch_id)
            .finish_non_exhaustive()
    }
}
