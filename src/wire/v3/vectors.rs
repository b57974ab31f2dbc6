//! The vectors of APIv3 for tests: groups by name, and short ways to what stands in one.

use super::key_ring::KeyRing;
use serde_json::Value;
use std::sync::OnceLock;

fn all() -> &'static Value {
    static ALL: OnceLock<Value> = OnceLock::new();
    ALL.get_or_init(|| {
        serde_json::from_str(include_str!("../../../php-tests/fixtures/vectors-v3.json")).unwrap()
    })
}

/// The vectors of a group.
pub fn group(name: &str) -> &'static [Value] {
    all()[name].as_array().unwrap()
}

/// The keys that the vectors are made with.
pub fn keys() -> &'static Value {
    &all()["keys"]
}

/// A text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A list of texts.
pub fn list(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(text)
}

/// The headers of a message.
pub fn headers(value: &Value) -> Vec<(&str, &str)> {
    value.as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

/// The body of a message, as bytes.
pub fn body(inputs: &Value) -> Vec<u8> {
    use base64::Engine;
    match inputs["body_b64"].as_str() {
        Some(base64) => base64::engine::general_purpose::STANDARD.decode(base64).unwrap(),
        None => text(&inputs["body"]).as_bytes().to_vec(),
    }
}

/// A ring of the keys that a vector trusts.
pub fn ring(ids: &Value) -> KeyRing {
    let mut ring = KeyRing::default();
    for id in list(ids) {
        let public = &keys()["wechatpay_public"];
        if public["id"] == id {
            ring.add_public_key(id, text(&public["public_pem"]).as_bytes()).unwrap();
        }
        for name in ["platform_old", "platform_new", "platform_expired"] {
            if keys()[name]["serial"] == id {
                ring.add_certificate(text(&keys()[name]["certificate_pem"]).as_bytes()).unwrap();
            }
        }
    }
    ring
}

/// What a vector expects a refusal to be called.
pub fn refusal(vector: &Value) -> Option<&str> {
    vector["expected"]["refuse"].as_str()
}
