//! Names and numbers of people inside of messages (protocol-v3.md B.6): RSAES-OAEP with SHA-1, in base64. By AWS-LC, whose
//! RSA takes the same time whatever the key: ring opens nothing, and the crate `rsa` is not constant-time.

use super::key_file;
use super::key_ring::KeyRing;
use super::platform_key::PlatformKey;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Why a field is not encrypted or decrypted. No variant shows a byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SensitiveError {
    /// Longer than fits under the key.
    #[error("must be at most {0} bytes long, as much as fits under the key")]
    TooLong(usize),
    /// There is no key to encrypt for.
    #[error(
        "nothing can be encrypted for WeChat Pay: no public key of it is known, and no certificate that lasts"
    )]
    NoKey,
    /// A key that cannot be used.
    #[error("the key cannot be used for encryption")]
    Key,
    /// Not encrypted for this key, or a byte of it was changed.
    #[error("it does not open with the merchant's private key")]
    NotOurs,
}

/// A text that only WeChat Pay reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedText {
    /// Base64.
    pub ciphertext: String,
    /// The key that it is for: the request must name it as `Wechatpay-Serial`.
    pub serial: String,
}

/// Encrypts a text for the key that lasts longest; `now` is in seconds since 1970.
pub fn encrypt(ring: &KeyRing, text: &str, now: i64) -> Result<EncryptedText, SensitiveError> {
    let key = ring.newest().filter(|key| !key.is_expired(now)).ok_or(SensitiveError::NoKey)?;
    Ok(EncryptedText { ciphertext: encrypted_for(&key, text)?, serial: key.id.clone() })
}

fn encrypted_for(key: &PlatformKey, text: &str) -> Result<String, SensitiveError> {
    let key = PublicEncryptingKey::from_der(&spki(key)).map_err(|_| SensitiveError::Key)?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| SensitiveError::Key)?;
    let most = key.max_plaintext_size(&OAEP_SHA1_MGF1SHA1);
    if text.len() > most {
        return Err(SensitiveError::TooLong(most));
    }
    let mut room = vec![0; key.ciphertext_size()];
    let sealed = key.encrypt(&OAEP_SHA1_MGF1SHA1, text.as_bytes(), &mut room, None);
    sealed.map(|sealed| STANDARD.encode(sealed)).map_err(|_| SensitiveError::Key)
}

/// Opens a text that was encrypted for this private key, which is PKCS#8.
pub(super) fn decrypt(pkcs8: &[u8], ciphertext: &str) -> Result<Zeroizing<Vec<u8>>, SensitiveError> {
    let sealed = STANDARD.decode(ciphertext).map_err(|_| SensitiveError::NotOurs)?;
    let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| SensitiveError::Key)?;
    let key = OaepPrivateDecryptingKey::new(key).map_err(|_| SensitiveError::Key)?;
    let mut room = Zeroizing::new(vec![0; key.min_output_size()]);
    let opened = key.decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut room, None);
    opened.map(|text| Zeroizing::new(text.to_vec())).map_err(|_| SensitiveError::NotOurs)
}

/// The key as SPKI writes it.
fn spki(key: &PlatformKey) -> Vec<u8> {
    let bits = key_file::der(0x03, &[&[0], key.pkcs1()]);
    key_file::der(0x30, &[&key_file::RSA_ENCRYPTION, &bits])
}

#[cfg(test)]
mod tests {
    use super::super::request_key::RequestKey;
    use super::super::vectors::{group, keys, refusal, ring, text};
    use super::*;

    const NOW: i64 = 1_772_330_401;

    fn word(error: SensitiveError) -> &'static str {
        if matches!(error, SensitiveError::TooLong(_)) { "argument" } else { "decrypt_failed" }
    }

    fn done(inputs: &serde_json::Value) -> Result<String, SensitiveError> {
        if inputs["direction"] == "decrypt" {
            let key = RequestKey::new(text(&keys()["merchant"]["private_pem"]).as_bytes(), "").unwrap();
            let opened = key.decrypt(text(&inputs["ciphertext"]))?;
            return Ok(String::from_utf8(opened.to_vec()).unwrap());
        }
        let id = serde_json::json!([inputs["key"]]);
        let encrypted = encrypt(&ring(&id), text(&inputs["plaintext"]), NOW)?;
        assert_eq!(encrypted.serial, inputs["key"]);
        let pem = text(&keys()["wechatpay_public"]["private_pem"]);
        let theirs = RequestKey::new(pem.as_bytes(), "").unwrap();
        assert_eq!(&**theirs.decrypt(&encrypted.ciphertext)?, text(&inputs["plaintext"]).as_bytes());
        Ok(String::new())
    }

    #[test]
    fn every_sensitive_field_of_the_vectors_is_encrypted_or_opened_as_it_says() {
        for vector in group("sensitive_fields") {
            match (done(&vector["inputs"]), refusal(vector)) {
                (Ok(opened), None) => {
                    let wanted = vector["expected"]["accept"]["plaintext"].as_str().unwrap_or_default();
                    assert_eq!(opened, wanted, "{}", vector["id"]);
                }
                (Err(error), Some(wanted)) => assert_eq!(word(error), wanted, "{}", vector["id"]),
                (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
            }
        }
    }

    #[test]
    fn a_key_in_pkcs1_opens_too_and_the_same_text_is_never_encrypted_alike() {
        let pem = text(&keys()["wechatpay_public"]["private_pem"]);
        let pkcs1 = key_file::tests::as_pkcs1(pem);
        let theirs = RequestKey::new(pkcs1.as_bytes(), "").unwrap();
        let id = serde_json::json!([keys()["wechatpay_public"]["id"]]);
        let [one, other] = [(); 2].map(|()| encrypt(&ring(&id), "张三", NOW).unwrap());
        assert_ne!(one.ciphertext, other.ciphertext);
        assert_eq!(&**theirs.decrypt(&one.ciphertext).unwrap(), "张三".as_bytes());
        assert_eq!(encrypt(&KeyRing::default(), "x", NOW).err(), Some(SensitiveError::NoKey));
        let ended = ring(&serde_json::json!([keys()["platform_expired"]["serial"]]));
        assert_eq!(encrypt(&ended, "x", NOW).err(), Some(SensitiveError::NoKey));
    }
}
