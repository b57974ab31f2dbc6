//! The simulator's own signer: MD5 and HMAC-SHA256 over sorted names, sharing nothing with the client's.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt::Write as _;

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignMethod {
    /// 32 hexadecimal characters; what WeChat takes when `sign_type` is absent.
    Md5,
    /// 64 hexadecimal characters.
    HmacSha256,
    /// By APIv3: nothing inside of a message is signed.
    Rsa,
}

impl SignMethod {
    /// Reads `sign_type`; an absent or empty one means MD5.
    pub fn named(sign_type: Option<&str>) -> Option<Self> {
        match sign_type {
            None | Some("" | "MD5") => Some(Self::Md5),
            Some("HMAC-SHA256") => Some(Self::HmacSha256),
            Some("WECHATPAY2-SHA256-RSA2048") => Some(Self::Rsa),
            Some(_) => None,
        }
    }

    /// The word for `sign_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::Rsa => "WECHATPAY2-SHA256-RSA2048",
        }
    }
}

/// The upper-case sign over every non-empty field but `sign`.
pub fn sign<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    key: &str,
    method: SignMethod,
) -> String {
    let text = canonical(fields, key);
    match method {
        SignMethod::Md5 => upper_hex(&Md5::digest(text.as_bytes())),
        SignMethod::Rsa => String::new(),
        SignMethod::HmacSha256 => Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .map(|mac| upper_hex(&mac.chain_update(text.as_bytes()).finalize().into_bytes()))
            .unwrap_or_default(),
    }
}

/// The lower-case hexadecimal MD5 of a text: the AES key of refund notices.
pub fn lower_md5(text: &str) -> String {
    upper_hex(&Md5::digest(text.as_bytes())).to_ascii_lowercase()
}

fn canonical<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>, key: &str) -> String {
    let mut pairs: Vec<_> =
        fields.into_iter().filter(|(name, text)| *name != "sign" && !text.is_empty()).collect();
    pairs.sort_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
    let mut text = String::new();
    for (name, value) in pairs {
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push('&');
    }
    text + "key=" + key
}

fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../php-tests/fixtures/vectors.json")).unwrap()
    }

    fn pairs(fields: &Value) -> Vec<(&str, &str)> {
        let map = fields.as_object().unwrap();
        map.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect()
    }

    #[test]
    fn every_v2_sign_vector_holds() {
        let vectors = vectors();
        for vector in vectors["v2_sign"].as_array().unwrap() {
            let key = vector["key"].as_str().unwrap();
            let text = canonical(pairs(&vector["params"]), key);
            assert_eq!(text, vector["string_to_sign"], "{}", vector["id"]);
            let md5 = sign(pairs(&vector["params"]), key, SignMethod::Md5);
            assert_eq!(md5, vector["md5"], "{}", vector["id"]);
            let hmac = sign(pairs(&vector["params"]), key, SignMethod::HmacSha256);
            assert_eq!(hmac, vector["hmac_sha256"], "{}", vector["id"]);
        }
    }

    #[test]
    fn the_client_sign_vectors_hold() {
        let vectors = vectors();
        for vector in vectors["v2_client_sign"].as_array().unwrap() {
            let method = SignMethod::named(vector["sign_type"].as_str()).unwrap();
            let made = sign(pairs(&vector["params"]), vector["key"].as_str().unwrap(), method);
            assert_eq!(made, vector["signature"], "{}", vector["id"]);
        }
    }
}
