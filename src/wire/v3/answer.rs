//! An answer of the gateway, judged by its signature and its status before a word of it counts (protocol-v3.md A.6).

use super::certificates::CertificatesError;
use super::json::{self, JsonError, JsonObject};
use super::key_ring::KeyRing;
use super::signature::{HeaderError, SignatureHeaders};
use crate::wire::verified::Verified;

/// An answer as it came.
#[derive(Debug, Clone, Copy)]
pub struct SignedAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body as it came.
    pub body: &'a [u8],
}

/// A refusal in words, and whose words they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalWords {
    /// `code`.
    pub code: String,
    /// `message`, for people.
    pub message: Option<String>,
    /// `detail`, in whatever form it has.
    pub detail: Option<JsonObject>,
}

/// Why an answer gives nothing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerError {
    /// Nobody proved to be WeChat Pay.
    Signature(HeaderError),
    /// A refusal that nobody has signed: never a verdict about an order.
    Unsigned(RefusalWords),
    /// The status is all that it says.
    Status,
    /// Signed, but not what WeChat Pay says.
    Malformed(JsonError),
    /// Signed: WeChat Pay's word.
    Refused(RefusalWords),
    /// A list of certificates that does not prove itself.
    List(CertificatesError),
}

impl From<JsonError> for AnswerError {
    fn from(error: JsonError) -> Self {
        Self::Malformed(error)
    }
}

impl SignedAnswer<'_> {
    /// What an answer says that means yes; `now` is this machine's clock in seconds since 1970. A 204 says nothing.
    pub fn verified(&self, ring: &KeyRing, now: i64) -> Result<Verified<JsonObject>, AnswerError> {
        let signed = SignatureHeaders::of(self.headers).and_then(|found| found.verify(self.body, ring, now));
        match signed {
            Ok(()) => self.signed(),
            Err(HeaderError::Unsigned) => Err(self.unproven()),
            Err(error) => Err(AnswerError::Signature(error)),
        }
    }

    fn signed(&self) -> Result<Verified<JsonObject>, AnswerError> {
        match self.status {
            204 => Ok(Verified::by_check(JsonObject::default())),
            // Accepted, and not done.
            202 => {
                let said = json::object(self.body).and_then(|said| refusal(&said));
                Err(said.map_or(AnswerError::Status, AnswerError::Refused))
            }
            200..=299 => Ok(Verified::by_check(json::object(self.body)?)),
            400..=599 => Err(AnswerError::Refused(refusal(&json::object(self.body)?)?)),
            _ => Err(AnswerError::Status),
        }
    }

    /// What it is as long as nobody has proved to have said it.
    pub fn unproven(&self) -> AnswerError {
        match self.status {
            200..=299 => AnswerError::Signature(HeaderError::Unsigned),
            400..=499 if self.status != 429 => json::object(self.body)
                .and_then(|said| refusal(&said))
                .map_or(AnswerError::Status, AnswerError::Unsigned),
            _ => AnswerError::Status,
        }
    }
}

/// `code` must be a text; `message` and `detail` are for people, and may be anything.
pub fn refusal(said: &JsonObject) -> Result<RefusalWords, JsonError> {
    let code = said.text("code")?.ok_or(JsonError::Missing("code"))?;
    let message = said.text("message").ok().flatten();
    let detail = said.object("detail").ok().flatten();
    Ok(RefusalWords { code: code.to_owned(), message: message.map(str::to_owned), detail: detail.cloned() })
}
