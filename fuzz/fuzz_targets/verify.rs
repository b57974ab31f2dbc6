//! Any message: without the key nothing verifies, and what is sealed does, unless it can be split another way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechatpay::SignType;
use wechatpay::wire::key::Key;
use wechatpay::wire::v2::sign::{NotVerified, SignaturePolicy, add_sign, verify};
use wechatpay::wire::v2::xml::{Root, decode};

fuzz_target!(|document: &[u8]| {
    let Ok(mut fields) = decode(document, Root::Xml) else { return };
    let key = Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").expect("32 bytes");
    let pin = SignaturePolicy {
        sign_type: SignType::HmacSha256,
        fixed: true,
        accept_md5: false,
        key: &key,
        previous_key: None,
    };
    assert!(verify(fields.clone(), &pin).is_err(), "forged");
    if fields.text("sign_type").is_none_or(|named| named == "HMAC-SHA256") {
        add_sign(&mut fields, &key, SignType::HmacSha256);
        assert!(!matches!(verify(fields, &pin), Err(NotVerified::Sign(_))), "sealed");
    }
});
