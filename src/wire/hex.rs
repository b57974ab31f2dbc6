//! Hex digits.

/// Upper-case hex, as every sign is written.
pub(crate) fn hex(digest: &[u8]) -> String {
    let mut text = vec![0; 2 * digest.len()];
    write_hex(digest, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// The same into memory of the caller's.
pub(crate) fn write_hex(digest: &[u8], text: &mut [u8]) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'A' - 10 + nibble };
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}
