//! `req_info` of refund notices: AES-256-ECB with PKCS#7 under the lower-case MD5 of the key.

use super::super::signer::lower_md5;
use aes::Aes256;
use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BLOCK: usize = 16;

/// The padded, encrypted, base64-coded text.
pub fn req_info(plaintext: &str, api_key: &str) -> String {
    STANDARD.encode(encrypted(padded(plaintext.as_bytes()), api_key))
}

/// As [`req_info`], with a padding that cannot be.
pub fn badly_padded(plaintext: &str, api_key: &str) -> String {
    let mut bytes = padded(plaintext.as_bytes());
    if let Some(last) = bytes.last_mut() {
        *last = 0;
    }
    STANDARD.encode(encrypted(bytes, api_key))
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let missing = BLOCK - bytes.len() % BLOCK;
    let mut padded = bytes.to_vec();
    let value = u8::try_from(missing).unwrap_or(0);
    padded.extend(std::iter::repeat_n(value, missing));
    padded
}

fn encrypted(mut bytes: Vec<u8>, api_key: &str) -> Vec<u8> {
    let key = lower_md5(api_key);
    let Ok(cipher) = Aes256::new_from_slice(key.as_bytes()) else {
        return Vec::new();
    };
    for chunk in bytes.chunks_exact_mut(BLOCK) {
        if let Ok(block) = <&mut Block<Aes256>>::try_from(chunk) {
            cipher.encrypt_block(block);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_refund_notice_vectors_hold() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../php-tests/fixtures/vectors.json")).unwrap();
        let mut seen = 0;
        for vector in vectors["v2_refund_notify"].as_array().unwrap() {
            let (Some(plaintext), Some(wanted)) = (vector["plaintext"].as_str(), vector["req_info"].as_str())
            else {
                continue;
            };
            if vector["expect"] == "ok" {
                seen += 1;
                let key = vector["api_key"].as_str().unwrap();
                assert_eq!(req_info(plaintext, key), wanted, "{}", vector["id"]);
            }
        }
        assert!(seen >= 3);
    }

    #[test]
    fn a_bad_padding_differs_in_the_last_block_only() {
        let (good, bad) = (req_info("abc", "k"), badly_padded("abc", "k"));
        assert_eq!(good.len(), bad.len());
        assert_ne!(good, bad);
    }
}
