//! AES-256-GCM of notices and certificates (protocol-v3.md B.2, E.1): sealed for whoever holds the APIv3 key.

use super::json::{JsonError, JsonObject};
use crate::wire::key::Key;
use aes_gcm::aead::array::ArraySize;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::{Aes256Gcm, AesGcm};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// Why a sealed resource does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// A part of it is missing or of another form.
    #[error("its {0} is missing or unreadable")]
    Incomplete(&'static str),
    /// A part of it is of another type.
    #[error(transparent)]
    Type(#[from] JsonError),
    /// Another algorithm than the one we speak.
    #[error("it is sealed with another algorithm than AEAD_AES_256_GCM")]
    Algorithm,
    /// Another key, or a byte of it was changed.
    #[error("it does not open with the configured APIv3 key")]
    NotOurs,
}

/// Opens a resource with the first key that fits.
pub fn open(resource: &JsonObject, keys: &[&Key]) -> Result<Zeroizing<Vec<u8>>, ResourceError> {
    let part = |name: &'static str| resource.text(name)?.ok_or(ResourceError::Incomplete(name));
    if part("algorithm")? != ALGORITHM {
        return Err(ResourceError::Algorithm);
    }
    let nonce = part("nonce")?.as_bytes();
    let associated = resource.text("associated_data")?.unwrap_or_default();
    let sealed = STANDARD.decode(part("ciphertext")?).map_err(|_| ResourceError::Incomplete("ciphertext"))?;
    let payload = || Payload { msg: &sealed, aad: associated.as_bytes() };
    let mut opened = keys.iter().filter_map(|key| unsealed(key.expose(), nonce, payload()));
    opened.next().ok_or(ResourceError::NotOurs)
}

/// WeChat sends nonces of 12 bytes; its pages allow 16.
fn unsealed(key: &[u8], nonce: &[u8], payload: Payload<'_, '_>) -> Option<Zeroizing<Vec<u8>>> {
    match nonce.len() {
        12 => with_nonce::<U12>(key, nonce, payload),
        16 => with_nonce::<U16>(key, nonce, payload),
        _ => None,
    }
}

fn with_nonce<N: ArraySize>(
    key: &[u8],
    nonce: &[u8],
    payload: Payload<'_, '_>,
) -> Option<Zeroizing<Vec<u8>>> {
    type Cipher<N> = AesGcm<aes::Aes256, N>;
    let cipher = Cipher::<N>::new_from_slice(key).ok()?;
    let nonce = Nonce::<Cipher<N>>::try_from(nonce).ok()?;
    cipher.decrypt(&nonce, payload).ok().map(Zeroizing::new)
}

/// Seals a resource as WeChat does, for tests of a shop's notice page.
pub fn seal(key: &Key, nonce: &[u8; 12], associated: &str, text: &[u8]) -> Option<String> {
    let cipher = Aes256Gcm::new_from_slice(key.expose()).ok()?;
    let payload = Payload { msg: text, aad: associated.as_bytes() };
    cipher.encrypt(nonce.into(), payload).ok().map(|sealed| STANDARD.encode(sealed))
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::super::signature::SignatureHeaders;
    use super::super::vectors::{body, group, headers, keys, refusal, ring, text};
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_two_sdks_sealed_opens() {
        for vector in group("published").iter().filter(|v| v["inputs"]["ciphertext"].is_string()) {
            let inputs = &vector["inputs"];
            if text(&inputs["key"]).len() != Key::LENGTH {
                continue;
            }
            let sealed = serde_json::json!({
                "algorithm": ALGORITHM,
                "nonce": inputs["nonce"],
                "associated_data": inputs["associated_data"],
                "ciphertext": inputs["ciphertext"],
            });
            let resource = json::object(sealed.to_string().as_bytes()).unwrap();
            let opened = open(&resource, &[&key(text(&inputs["key"]))]).unwrap();
            assert_eq!(&**opened, text(&vector["expected"]["accept"]["plaintext"]).as_bytes());
        }
    }

    #[test]
    fn what_is_sealed_opens_again_and_with_no_other_key() {
        let (ours, other) = (key(&"k".repeat(32)), key(&"o".repeat(32)));
        let ciphertext = seal(&ours, b"123456789012", "transaction", b"{}").unwrap();
        let sealed = format!(
            "{{\"algorithm\":\"{ALGORITHM}\",\"nonce\":\"123456789012\",\"associated_data\":\"transaction\",\"ciphertext\":\"{ciphertext}\"}}"
        );
        let resource = json::object(sealed.as_bytes()).unwrap();
        assert_eq!(&**open(&resource, &[&other, &ours]).unwrap(), b"{}");
        assert_eq!(open(&resource, &[&other]).err(), Some(ResourceError::NotOurs));
    }

    /// What a notice ends in, as far as this floor knows: the word of the vectors, or the opened text.
    fn read(inputs: &serde_json::Value) -> Result<Vec<u8>, &'static str> {
        let (headers, body) = (headers(&inputs["headers"]), body(inputs));
        let ring = ring(&inputs["keys"]);
        let now = inputs["now"].as_i64().unwrap();
        let signed = SignatureHeaders::of(&headers).and_then(|signed| signed.verify(&body, &ring, now));
        signed.map_err(|_| "signature")?;
        let envelope = json::object(&body).map_err(|_| "malformed")?;
        envelope.text("event_type").ok().flatten().ok_or("malformed")?;
        let resource = envelope.object("resource").ok().flatten().ok_or("malformed")?;
        let known = [inputs["apiv3_key"].as_str(), inputs["previous_apiv3_key"].as_str()];
        let known: Vec<Key> = known.into_iter().flatten().map(key).collect();
        open(resource, &known.iter().collect::<Vec<_>>()).map(|opened| opened.to_vec()).map_err(|error| {
            match error {
                ResourceError::Algorithm => "unsupported_algorithm",
                ResourceError::NotOurs => "decrypt_failed",
                _ => "malformed",
            }
        })
    }

    #[test]
    fn v1_v3_v5_v20_every_notice_of_the_vectors_opens_or_is_refused_as_it_says() {
        let inside = ["malformed", "mismatch"];
        for vector in group("notify") {
            match (read(&vector["inputs"]), refusal(vector)) {
                (Ok(_), None) => {}
                // What stands inside is for the models above.
                (Ok(_), Some(word)) => assert!(inside.contains(&word), "{}", vector["id"]),
                (Err("signature"), Some(word)) => assert!(!inside.contains(&word), "{}", vector["id"]),
                (Err(seen), wanted) => assert_eq!(Some(seen), wanted, "{}", vector["id"]),
            }
        }
        assert!(keys()["previous_apiv3_key"].is_string());
    }
}
