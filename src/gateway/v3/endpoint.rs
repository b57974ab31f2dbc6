//! What every call declares about itself in APIv3.

use crate::error::{Error, Fault};
use crate::gateway::transport::HttpMethod;
use crate::model::merchant::Merchant;
use crate::wire::v3::answer::{AnswerError, SignedAnswer};
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;

/// One call as APIv3 has it.
pub trait V3Endpoint {
    /// What an answer becomes that means yes.
    type Answer;

    /// What it asks for this merchant.
    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error>;

    /// Judges an answer that brings the keys it is signed with; `None` leaves it to the keys that are known.
    fn judge(&self, _answer: &SignedAnswer<'_>, _now: i64) -> Option<Result<Self::Answer, AnswerError>> {
        None
    }

    /// Reads an answer that means yes, which must be about what was asked.
    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<Self::Answer, Error>;

    /// Takes a signed refusal; most calls have nothing to add.
    fn refused(&self, refusal: Error) -> Result<Self::Answer, Error> {
        Err(refusal)
    }

    /// What this call knows better about a fault than the common tables do.
    fn advise(&self, _fault: &mut Fault) {}
}

/// A request as all of its tries send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct V3Request {
    /// How it asks.
    pub method: HttpMethod,
    /// Path and query.
    pub target: String,
    /// JSON, or nothing.
    pub body: Vec<u8>,
    /// The key that fields of it are encrypted for, if any are.
    pub serial: Option<String>,
    /// Is a file wanted?
    pub takes_file: bool,
}

impl V3Request {
    /// A request of which nothing is encrypted.
    pub fn of(method: HttpMethod, target: String, body: Vec<u8>) -> Self {
        Self { method, target, body, serial: None, takes_file: false }
    }

    /// A question.
    pub fn get(target: String) -> Self {
        Self::of(HttpMethod::Get, target, Vec::new())
    }

    /// What acts.
    pub fn post(target: String, body: &serde_json::Value) -> Self {
        Self::of(HttpMethod::Post, target, body.to_string().into_bytes())
    }

    /// The path, without what follows it.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}
