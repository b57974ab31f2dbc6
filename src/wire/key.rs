//! The API key: 32 secret bytes that no log, dump or message ever shows.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use std::fmt;
use std::sync::OnceLock;
use zeroize::{Zeroize, Zeroizing};

/// A merchant's API key (protocol.md A.3), that of APIv2 or the one of APIv3: 32 bytes, wiped when dropped, never shown by `Debug`.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; Key::LENGTH],
    /// The key schedule of HMAC-SHA256: made when first needed, then copied for every message.
    schedule: OnceLock<Box<Hmac<Sha256>>>,
}

/// The text given is no key: it has another length than [`Key::LENGTH`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be exactly 32 bytes long, as set in the merchant platform")]
pub struct WrongLength;

impl Key {
    /// Every API key has this many bytes.
    pub const LENGTH: usize = 32;

    /// Takes the key's bytes; any length but 32 is refused.
    pub fn new(secret: &[u8]) -> Result<Self, WrongLength> {
        let bytes: [u8; Self::LENGTH] = secret.try_into().map_err(|_| WrongLength)?;
        Ok(Self { bytes, schedule: OnceLock::new() })
    }

    /// Is this the same secret? Not constant-time: compare only keys that the shop itself supplied.
    pub fn is(&self, secret: &[u8]) -> bool {
        self.bytes == secret
    }

    /// The secret itself, for digests only.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// A fresh HMAC that has already taken the key in.
    pub(crate) fn hmac(&self) -> Hmac<Sha256> {
        let make = || {
            // Keys shorter than a block are padded with zeros, says HMAC.
            let mut block = Zeroizing::new([0; 64]);
            block.iter_mut().zip(self.bytes).for_each(|(to, from)| *to = from);
            Box::new(Hmac::new((&*block).into()))
        };
        Hmac::clone(self.schedule.get_or_init(make))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes_and_nothing_else_is_one() {
        assert!(Key::new(&[b'k'; 32]).is_ok());
        for length in [0, 31, 33, 64] {
            assert_eq!(Key::new(&vec![b'k'; length]).err(), Some(WrongLength));
        }
    }

    #[test]
    fn a_key_is_itself_and_no_other() {
        let key = Key::new(&[b'k'; 32]).unwrap();
        assert!(key.is(&[b'k'; 32]) && !key.is(&[b'K'; 32]) && !key.is(b"k") && !key.is(&[b'k'; 64]));
    }

    #[test]
    fn debug_never_shows_the_key() {
        let shown = format!("{:?}", Key::new(&[b'k'; 32]).unwrap());
        assert!(!shown.contains("kk"), "{shown}");
    }
}
