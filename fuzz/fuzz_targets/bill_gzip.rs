//! Any bytes as a packed bill; and a bill that is packed reads as it does unpacked.
#![no_main]

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use std::io::Write;
use wechatpay::bill::verify::verify;

fuzz_target!(|file: &[u8]| {
    let _ = verify([&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], file].concat().as_slice());
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = packer.write_all(file).and_then(|()| packer.finish()).unwrap_or_default();
    let (plain, packed) = (verify(file), verify(&*packed));
    if !file.starts_with(b"\x1f\x8b") {
        assert_eq!(plain.map(|b| b.summary).ok(), packed.map(|b| b.summary).ok());
    }
});
