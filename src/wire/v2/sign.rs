//! Signing and verifying (protocol.md A.1-A.6). [`Verified`] is made here.

use super::fields::Fields;
use super::split::{self, Split};
use crate::wire::hex::write_hex;
use crate::wire::key::Key;
use crate::wire::verified::Verified;
use hmac::Mac;
use md5::{Digest, Md5};
use std::fmt;
use std::ops::Deref;
use subtle::ConstantTimeEq;

/// The algorithm of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignType {
    /// MD5 over the canonical string: 32 hex characters.
    Md5,
    /// HMAC-SHA256 over the same string, keyed with the API key: 64 hex characters.
    HmacSha256,
}

impl SignType {
    /// The word on the wire (`sign_type`).
    pub fn wire(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// Reads the word of the wire.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::Md5, Self::HmacSha256].into_iter().find(|t| t.wire() == word)
    }

    /// How many characters a sign of this algorithm has.
    pub fn length(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::HmacSha256 => 64,
        }
    }

    /// The algorithm that makes signs of this length.
    pub fn by_length(length: usize) -> Option<Self> {
        [Self::Md5, Self::HmacSha256].into_iter().find(|t| t.length() == length)
    }
}

/// Which signs are accepted: the merchant's pinned algorithm and keys (decisions.md 1.6).
#[derive(Clone, Copy)]
pub struct SignaturePolicy<'a> {
    /// The algorithm we sign with.
    pub sign_type: SignType,
    /// Does the endpoint dictate the algorithm? Then no other is accepted, not even a stronger one.
    pub fixed: bool,
    /// Are MD5 answers accepted although we sign with HMAC-SHA256?
    pub accept_md5: bool,
    /// The key.
    pub key: &'a Key,
    /// The key before, while it is being changed.
    pub previous_key: Option<&'a Key>,
}

/// Why a sign was refused. No variant carries a digest that we computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no sign, or an empty one.
    #[error("it carries no sign")]
    Missing,
    /// There is no sign, and at this endpoint there never is one (protocol.md A.6).
    #[error("it carries no sign, for this endpoint never signs: say allowUnsigned: true to take its answers")]
    NeverSigned,
    /// The sign is of an algorithm this merchant does not accept.
    #[error("it is signed with {got}, but this merchant accepts only {pinned}")]
    Algorithm {
        /// What the length of the sign says.
        got: &'static str,
        /// What the merchant has pinned.
        pinned: &'static str,
    },
    /// The message names one algorithm and is signed with another.
    #[error("its sign_type says {named}, but it is signed with {got}")]
    Confused {
        /// `sign_type` in the message, cut to something printable.
        named: String,
        /// What the sign is.
        got: &'static str,
    },
    /// No accepted key makes this sign.
    #[error("its sign is wrong for this merchant's key")]
    Wrong,
}

/// Why a message was not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// The sign.
    #[error(transparent)]
    Sign(#[from] SignatureError),
    /// The sign is right, but for more than one content.
    #[error(transparent)]
    Split(#[from] Split),
}

impl SignaturePolicy<'_> {
    fn accepts(&self, got: SignType) -> bool {
        got == self.sign_type
            || !self.fixed
                && match got {
                    SignType::Md5 => self.accept_md5,
                    SignType::HmacSha256 => true,
                }
    }
}

/// Verifies a message and gives the witness; the sign is compared in constant time. What was signed must have one
/// meaning only: no value hides a deciding field, and ids look like ids.
pub fn verify(fields: Fields, pin: &SignaturePolicy<'_>) -> Result<Verified<Fields>, NotVerified> {
    let sorted: Vec<_> = byte_pairs(&fields).collect();
    check(&sorted, pin)?;
    split::ids(sorted.into_iter())?;
    Ok(Verified::by_check(fields))
}

/// The check itself, over sorted pairs of bytes.
pub fn check(sorted: &[(&[u8], &[u8])], pin: &SignaturePolicy<'_>) -> Result<(), NotVerified> {
    let received = value(sorted, b"sign").filter(|s| !s.is_empty());
    let received = received.ok_or(SignatureError::Missing)?;
    let got = SignType::by_length(received.len()).ok_or(SignatureError::Wrong)?;
    if !pin.accepts(got) {
        return Err(SignatureError::Algorithm { got: got.wire(), pinned: pin.sign_type.wire() }.into());
    }
    check_sign_type(value(sorted, b"sign_type"), got)?;
    let text = canonical(sorted.iter().copied());
    let made_with = |key: &Key| bool::from(digest(&text, key, got).as_bytes().ct_eq(received));
    let accepted = made_with(pin.key) | pin.previous_key.is_some_and(made_with);
    if !accepted {
        return Err(SignatureError::Wrong.into());
    }
    if text.has_inner() { Ok(split::look(sorted.iter().copied())?) } else { Ok(()) }
}

/// A `sign_type` inside the message must name the algorithm that was used.
fn check_sign_type(named: Option<&[u8]>, got: SignType) -> Result<(), SignatureError> {
    match named {
        None | Some([]) => Ok(()),
        Some(word) if word == got.wire().as_bytes() => Ok(()),
        Some(word) => Err(SignatureError::Confused {
            named: String::from_utf8_lossy(word).chars().filter(char::is_ascii_graphic).take(32).collect(),
            got: got.wire(),
        }),
    }
}

fn value<'a>(pairs: &[(&[u8], &'a [u8])], name: &[u8]) -> Option<&'a [u8]> {
    pairs.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The fields as sorted byte pairs, the shape the signer takes.
pub fn byte_pairs(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    fields.sorted().map(|(name, text)| (name.as_bytes(), text.as_bytes()))
}

/// Does this pair take part in the sign? Empty texts and `sign` itself do not; `"0"` does.
pub fn takes_part(name: &[u8], text: &[u8]) -> bool {
    !text.is_empty() && name != b"sign"
}

/// A sign as it is written: 32 or 64 characters of upper-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    hex: [u8; 64],
    length: usize,
}

impl Sign {
    fn of(digest: &[u8]) -> Self {
        let mut hex = [0; 64];
        write_hex(digest, &mut hex);
        Self { hex, length: 2 * digest.len() }
    }
}

impl Deref for Sign {
    type Target = str;

    fn deref(&self) -> &str {
        let hex = self.hex.get(..self.length).unwrap_or_default();
        std::str::from_utf8(hex).unwrap_or_default()
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// The sign of pairs that are already sorted by the bytes of their names.
pub fn sign<'a>(sorted: impl Iterator<Item = (&'a [u8], &'a [u8])>, key: &Key, sign_type: SignType) -> Sign {
    digest(&canonical(sorted), key, sign_type)
}

fn digest(text: &Canonical, key: &Key, sign_type: SignType) -> Sign {
    // The key goes straight into the digest, which wipes itself: it is never copied beside the message.
    let parts = [&*text.bytes, b"key=", key.expose()];
    match sign_type {
        SignType::Md5 => Sign::of(&parts.iter().fold(Md5::new(), Digest::chain_update).finalize()),
        SignType::HmacSha256 => {
            Sign::of(&parts.iter().fold(key.hmac(), Mac::chain_update).finalize().into_bytes())
        }
    }
}

/// `k=v&k=v&`: raw bytes, no escaping. Only `key=...` is missing.
struct Canonical {
    bytes: Vec<u8>,
    pairs: usize,
}

impl Canonical {
    /// Is there a `&` more than those that end a pair? A quick look: nearly no message has one.
    fn has_inner(&self) -> bool {
        memchr::memchr_iter(b'&', &self.bytes).count() != self.pairs
    }
}

fn canonical<'a>(sorted: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Canonical {
    let mut text = Canonical { bytes: Vec::with_capacity(1024), pairs: 0 };
    for (name, value) in sorted.filter(|(name, value)| takes_part(name, value)) {
        text.bytes.extend_from_slice(name);
        text.bytes.push(b'=');
        text.bytes.extend_from_slice(value);
        text.bytes.push(b'&');
        text.pairs += 1;
    }
    text
}

/// Signs a message of our own: puts `sign` into it.
pub fn add_sign(fields: &mut Fields, key: &Key, sign_type: SignType) {
    let sign = sign(byte_pairs(fields), key, sign_type);
    fields.set("sign", &*sign);
}

impl fmt::Debug for SignaturePolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignaturePolicy").field("sign_type", &self.sign_type).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
