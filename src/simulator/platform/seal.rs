//! What is encrypted under the APIv3 key, and the heads of signed messages.

use super::super::clock::{self, SECOND};
use super::super::dice::Rng;
use super::keys::{SERIAL, SIGNATURE, SimulatedKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

/// As WeChat Pay looks now and then whether anybody looks.
pub const PROBE: &str = "WECHATPAY/SIGNTEST/5ce1b2ed1ee54ae0b3ce3ea0d5f6e8b0";
/// Further away than any clock may be.
const SIX_MINUTES: i64 = 360;

/// SignedHead beside those that every message has.
pub type SignedHead = Vec<(&'static str, String)>;

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignatureFault {
    /// Nothing.
    #[default]
    Nothing,
    /// It is not there.
    Absent,
    /// Its header is empty.
    Empty,
    /// Another one.
    Wrong,
    /// A probe.
    Probe,
    /// Its key is nobody's.
    UnknownKey,
    /// Of another algorithm.
    OtherType,
    /// Made six minutes ago.
    Stale,
    /// Made in six minutes.
    Ahead,
    /// Its header is there twice.
    Twice,
}

/// The headers that sign a body with this key.
pub fn signed(dice: &mut Rng, body: &str, key: SimulatedKey, fault: SignatureFault) -> SignedHead {
    let moved = match fault {
        SignatureFault::Absent => return SignedHead::new(),
        SignatureFault::Stale => -SIX_MINUTES,
        SignatureFault::Ahead => SIX_MINUTES,
        _ => 0,
    };
    let timestamp = (clock::real_now() / SECOND + moved).to_string();
    let nonce = dice.hex(32);
    let signature = key.signature(&timestamp, &nonce, body);
    let twice = (fault == SignatureFault::Twice).then(|| (SIGNATURE, signature.clone()));
    let signature = match fault {
        SignatureFault::Empty => String::new(),
        SignatureFault::Probe => PROBE.to_owned(),
        SignatureFault::Wrong => altered(&signature),
        _ => signature,
    };
    let serial = match fault {
        SignatureFault::UnknownKey => "PUB_KEY_ID_0000000000000000000000000000000000",
        _ => key.id(),
    };
    let kind = match fault {
        SignatureFault::OtherType => "WECHATPAY2-SM2-WITH-SM3",
        _ => "WECHATPAY2-SHA256-RSA2048",
    };
    let headers = [
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        (SIGNATURE, signature),
        (SERIAL, serial.to_owned()),
        ("wechatpay-signature-type", kind.to_owned()),
    ];
    headers.into_iter().chain(twice).collect()
}

fn altered(signature: &str) -> String {
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    flipped.to_owned() + signature.get(1..).unwrap_or_default()
}

/// A text under a key of 32 bytes, as notices and certificates carry it.
pub fn sealed(dice: &mut Rng, key: &str, associated_data: &str, text: &str) -> Value {
    let nonce = dice.letters(12);
    let ciphertext = encrypted(key, &nonce, associated_data, text).unwrap_or_default();
    json!({
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": ciphertext,
    })
}

fn encrypted(key: &str, nonce: &str, associated_data: &str, text: &str) -> Option<String> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
    let mut bytes = text.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut bytes).ok()?;
    Some(STANDARD.encode(bytes))
}
