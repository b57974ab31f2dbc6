//! The list of platform certificates (protocol-v3.md B.2, B.3): sealed with the APIv3 key, and signed with a
//! certificate that is inside it.

use super::json::{self, JsonError, JsonObject};
use super::key_ring::KeyRing;
use super::resource::{self, ResourceError};
use super::signature::{HeaderError, SignatureHeaders};
use crate::wire::key::Key;
use std::collections::HashSet;

/// Why a list of certificates is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificatesError {
    /// The merchant has none: it was given a public key instead.
    #[error(
        "WeChat Pay has no platform certificates for this merchant: configure its public key and PUB_KEY_ID"
    )]
    NoneIssued,
    /// No list.
    #[error("the list of certificates is malformed: {0}")]
    Malformed(String),
    /// An entry that does not open.
    #[error("an entry of the list of certificates: {0}")]
    Sealed(ResourceError),
    /// An entry that names another certificate than the one inside.
    #[error("an entry of the list of certificates names another serial number than the certificate inside")]
    OtherSerial,
    /// An entry with something else inside.
    #[error("an entry of the list of certificates holds no certificate with an RSA key")]
    NoCertificate,
    /// Only certificates that have ended.
    #[error("every certificate of the list has expired")]
    Expired,
    /// The list is not signed by one of its certificates.
    #[error("the list of certificates is not signed by one of them: {0}")]
    Signature(HeaderError),
}

impl From<JsonError> for CertificatesError {
    fn from(error: JsonError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Reads a list as it came, which proves itself: what opens with our key must have signed it.
pub fn read(
    headers: &[(&str, &str)],
    body: &[u8],
    keys: &[&Key],
    now: i64,
) -> Result<KeyRing, CertificatesError> {
    let ring = valid(opened(&json::object(body)?, keys)?, now)?;
    SignatureHeaders::of(headers)
        .and_then(|signed| signed.verify(body, &ring, now))
        .map_err(CertificatesError::Signature)?;
    Ok(ring)
}

/// Reads a list that was kept as it came: what opens with our key is WeChat Pay's, however old its signature is.
pub fn reopened(body: &[u8], keys: &[&Key], now: i64) -> Result<KeyRing, CertificatesError> {
    valid(opened(&json::object(body)?, keys)?, now)
}

/// Every entry, opened.
fn opened(answer: &JsonObject, keys: &[&Key]) -> Result<KeyRing, CertificatesError> {
    let missing = |what: &str| CertificatesError::Malformed(format!("{what} is missing"));
    let entries = answer.list("data")?.filter(|list| !list.is_empty()).ok_or_else(|| missing("data"))?;
    let (mut ring, mut serials) = (KeyRing::default(), HashSet::new());
    for entry in entries {
        let entry = entry.object().ok_or_else(|| missing("an entry"))?;
        let told = entry.text("serial_no")?.ok_or_else(|| missing("serial_no"))?;
        let sealed = entry.object("encrypt_certificate")?.ok_or_else(|| missing("encrypt_certificate"))?;
        let text = resource::open(sealed, keys).map_err(unopened)?;
        let inside = ring.add_certificate(&text).map_err(|_| CertificatesError::NoCertificate)?;
        let [serial] = <[String; 1]>::try_from(inside).map_err(|_| CertificatesError::OtherSerial)?;
        if !KeyRing::same(&serial, told) {
            return Err(CertificatesError::OtherSerial);
        }
        if !serials.insert(serial) {
            return Err(CertificatesError::Malformed("a serial number is there twice".into()));
        }
    }
    Ok(ring)
}

fn unopened(error: ResourceError) -> CertificatesError {
    match error {
        ResourceError::Incomplete(_) | ResourceError::Type(_) => {
            CertificatesError::Malformed(error.to_string())
        }
        error => CertificatesError::Sealed(error),
    }
}

fn valid(mut ring: KeyRing, now: i64) -> Result<KeyRing, CertificatesError> {
    ring.drop_expired(now);
    if ring.is_empty() { Err(CertificatesError::Expired) } else { Ok(ring) }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{body, group, headers, list, refusal, text};
    use super::*;

    fn word(error: &CertificatesError) -> &'static str {
        match error {
            CertificatesError::NoneIssued => "no_platform_certificate",
            CertificatesError::Malformed(_) => "malformed",
            CertificatesError::Sealed(ResourceError::Algorithm) => "unsupported_algorithm",
            CertificatesError::Sealed(_) => "decrypt_failed",
            CertificatesError::OtherSerial => "serial_mismatch",
            CertificatesError::NoCertificate => "bad_certificate",
            CertificatesError::Expired => "expired_key",
            CertificatesError::Signature(HeaderError::UnknownSerial(_)) => "unknown_serial",
            CertificatesError::Signature(_) => "bad_signature",
        }
    }

    #[test]
    fn v10_every_list_of_the_vectors_is_taken_or_refused_as_it_says() {
        for vector in group("certificates_decrypt") {
            let inputs = &vector["inputs"];
            let Ok(key) = Key::new(text(&inputs["apiv3_key"]).as_bytes()) else {
                assert_eq!(refusal(vector), Some("argument"), "{}", vector["id"]);
                continue;
            };
            if inputs["status"] != 200 {
                assert_eq!(refusal(vector), Some("no_platform_certificate"), "{}", vector["id"]);
                continue;
            }
            let now = inputs["now"].as_i64().unwrap();
            match (read(&headers(&inputs["headers"]), &body(inputs), &[&key], now), refusal(vector)) {
                (Ok(ring), None) => {
                    let accept = &vector["expected"]["accept"];
                    let serials: Vec<&str> = list(&accept["serials"]).collect();
                    assert!(serials.iter().all(|serial| ring.named(serial).is_some()), "{}", vector["id"]);
                    assert_eq!(ring.len(), serials.len(), "{}", vector["id"]);
                    let newest = accept["encrypt_with"].as_str();
                    assert!(newest.is_none_or(|serial| ring.newest().unwrap().id == serial));
                }
                (Err(error), Some(wanted)) => assert_eq!(word(&error), wanted, "{}: {error}", vector["id"]),
                (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
            }
        }
    }
}
