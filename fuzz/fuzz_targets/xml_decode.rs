//! Any bytes: the reader never panics, and what it reads and the writer takes reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechatpay::wire::v2::xml::{Root, decode, encode};

fuzz_target!(|document: &[u8]| {
    let Ok(fields) = decode(document, Root::Xml) else { return };
    if let Ok(again) = encode(&fields) {
        assert!(decode(&again, Root::Xml).is_ok_and(|back| back == fields));
    }
});
