//! The names that elements may have.

/// The longest element name taken, in bytes; WeChat's longest has about 40.
pub const MAX_NAME: usize = 256;

/// Names that may stand in a message: ASCII `[A-Za-z_][A-Za-z0-9_.-]*`.
pub fn is_name(name: &[u8]) -> bool {
    begins_name(name) && name.len() <= MAX_NAME && name.iter().all(|b| is_in_name(*b))
}

pub fn begins_name(text: &[u8]) -> bool {
    text.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
}

pub fn is_in_name(byte: u8) -> bool {
    IN_NAME.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Which bytes a name is made of: a table, since every byte of every name is looked at.
#[allow(clippy::indexing_slicing, reason = "runs while compiling, where a wrong index is an error")]
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        byte += 1;
    }
    table
};
