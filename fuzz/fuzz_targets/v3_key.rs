//! Any text as a key: a private key that is taken signs, and a public key that is taken checks; no other fits it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechatpay::wire::v3::key_ring::KeyRing;
use wechatpay::wire::v3::request_key::RequestKey;

fuzz_target!(|text: &[u8]| {
    if let Ok(key) = RequestKey::new(text, "0A") {
        assert!(!key.public().is_empty());
        // What has the form of a key, and numbers that make none, signs nothing; it never signs with another key.
        let _ = key.sign(b"a message");
    }
    let mut ring = KeyRing::default();
    if let Ok(serials) = ring.add_certificate(text) {
        assert!(!serials.is_empty(), "what holds no certificate is refused");
        for serial in serials {
            let found = ring.named(&serial.to_ascii_lowercase());
            assert!(found.is_some(), "its own serial number finds it: {serial}");
        }
    }
    if ring.add_public_key("PUB_KEY_ID_01", text).is_ok() {
        let key = ring.named("PUB_KEY_ID_01").expect("named");
        assert!(!key.verifies(b"a message", &[1; 256]), "nobody has signed that");
    }
});
