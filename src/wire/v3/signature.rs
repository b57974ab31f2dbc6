//! Verifying answers and notices (protocol-v3.md A.6), in the order of its checks.

use super::key_ring::KeyRing;
use super::message;
use super::request_key::SCHEME;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Both clocks may differ by so many seconds, exactly so many included.
pub const WINDOW: u64 = 300;

/// Why a signature proves nothing. No variant shows a byte of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// None of the four headers is there.
    #[error(
        "it carries no Wechatpay-Signature headers: a proxy may have dropped them, or somebody else sent it"
    )]
    Unsigned,
    /// Some of the four headers are missing or empty.
    #[error("its header {0} is missing or empty: a proxy may have dropped it")]
    Incomplete(&'static str),
    /// A header that must stand once stands twice.
    #[error("its header {0} is there twice")]
    Duplicate(&'static str),
    /// Another algorithm than the one we speak.
    #[error("its Wechatpay-Signature-Type is not WECHATPAY2-SHA256-RSA2048")]
    SignatureType,
    /// A nonce with which lines could be moved.
    #[error("its Wechatpay-Nonce is not printable ASCII")]
    Nonce,
    /// No plain number of seconds.
    #[error("its Wechatpay-Timestamp is no number of seconds")]
    Timestamp,
    /// Too old, or from the future.
    #[error(
        "its Wechatpay-Timestamp is {0} seconds away from this machine's clock, 300 are allowed: look at the clock"
    )]
    Stale(u64),
    /// The same, and the answer's `Date` says that it is our clock that is wrong.
    #[error("its Wechatpay-Timestamp is {apart} seconds away from this machine's clock, which {}", clock_is_off(*.ahead))]
    ClockOff {
        /// Seconds between both.
        apart: u64,
        /// Seconds that our clock is ahead of the gateway's.
        ahead: i64,
    },
    /// A key that we do not have.
    #[error("it is signed with the key {0}, which is not among the configured ones")]
    UnknownSerial(String),
    /// The same, and there is no list of certificates to look for it; says both.
    #[error("{0}")]
    Unlisted(String),
    /// The fault of another answer: that with the list of certificates.
    #[error("that is the list of platform certificates, and {0}")]
    OfList(Box<HeaderError>),
    /// A certificate that has ended.
    #[error("it is signed with the certificate {0}, which has expired")]
    ExpiredKey(String),
    /// No base64.
    #[error("its Wechatpay-Signature is no base64, as in the probes that WeChat Pay sends now and then")]
    Encoding,
    /// A file with another SHA-1 than the signed answer names.
    #[error("the file is not the one that the signed answer names: its SHA-1 is another")]
    OtherFile,
    /// The key does not make this signature.
    #[error("its signature is wrong")]
    Wrong,
}

impl HeaderError {
    /// The same of the list of certificates.
    #[must_use]
    pub fn of_the_list(self) -> Self {
        Self::OfList(Box::new(self))
    }
}

/// The headers that a signature consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureHeaders<'h> {
    timestamp: &'h str,
    nonce: &'h str,
    serial: &'h str,
    signature: &'h str,
}

const TIMESTAMP: &str = "Wechatpay-Timestamp";
const NONCE: &str = "Wechatpay-Nonce";
const SERIAL: &str = "Wechatpay-Serial";
const SIGNATURE: &str = "Wechatpay-Signature";
const SIGNATURE_TYPE: &str = "Wechatpay-Signature-Type";

impl<'h> SignatureHeaders<'h> {
    /// Finds them among all headers of a message; `Unsigned` if there is none at all.
    pub fn of(headers: &[(&'h str, &'h str)]) -> Result<Self, HeaderError> {
        let wanted = [TIMESTAMP, NONCE, SERIAL, SIGNATURE];
        let found = wanted.map(|name| (name, once(headers, name)));
        if found.iter().all(|(_, value)| matches!(value, Ok(None))) {
            return Err(HeaderError::Unsigned);
        }
        let [timestamp, nonce, serial, signature] = found.map(|(name, value)| {
            value?.filter(|value| !value.is_empty()).ok_or(HeaderError::Incomplete(name))
        });
        let headers_of =
            Self { timestamp: timestamp?, nonce: nonce?, serial: serial?, signature: signature? };
        match once(headers, SIGNATURE_TYPE)? {
            None | Some(SCHEME) => Ok(headers_of),
            Some(_) => Err(HeaderError::SignatureType),
        }
    }

    /// The `Wechatpay-Serial`.
    pub fn serial(&self) -> &'h str {
        self.serial
    }

    /// Verifies a body; `now` is this machine's clock in seconds since 1970.
    pub fn verify(&self, body: &[u8], ring: &KeyRing, now: i64) -> Result<(), HeaderError> {
        if !self.nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HeaderError::Nonce);
        }
        timely(seconds(self.timestamp)?, now)?;
        let key = ring.named(self.serial).ok_or_else(|| HeaderError::UnknownSerial(shown(self.serial)))?;
        if key.is_expired(now) {
            return Err(HeaderError::ExpiredKey(key.id.clone()));
        }
        let signature = STANDARD.decode(self.signature).map_err(|_| HeaderError::Encoding)?;
        let message = message::of_answer(self.timestamp, self.nonce, body);
        if key.verifies(&message, &signature) { Ok(()) } else { Err(HeaderError::Wrong) }
    }
}

/// How far our clock is from the `Date` of an answer: seconds ahead, or behind if negative.
pub fn clock_is_off(ahead: i64) -> String {
    let which = if ahead < 0 { "behind" } else { "ahead of" };
    format!("is {} seconds {which} the Date of the answer: set the clock", ahead.unsigned_abs())
}

/// The value of a header that may stand once only, without the blanks around it.
fn once<'h>(headers: &[(&'h str, &'h str)], name: &'static str) -> Result<Option<&'h str>, HeaderError> {
    let mut values = headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
    let first = values.next().map(|(_, value)| value.trim_matches([' ', '\t']));
    if values.next().is_some() { Err(HeaderError::Duplicate(name)) } else { Ok(first) }
}

/// Digits only, none of them a zero in front, and few enough to fit.
fn seconds(text: &str) -> Result<i64, HeaderError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.len() <= 18;
    text.parse().ok().filter(|_| plain).ok_or(HeaderError::Timestamp)
}

fn timely(told: i64, now: i64) -> Result<(), HeaderError> {
    match told.abs_diff(now) {
        ..=WINDOW => Ok(()),
        apart => Err(HeaderError::Stale(apart)),
    }
}

/// A stranger's word, cut to something that can be shown.
fn shown(serial: &str) -> String {
    serial.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests;
