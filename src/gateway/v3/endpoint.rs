//! What every call declares about itself in APIv3.

use crate::error::{Error, Fault};
use crate::gateway::transport::HttpMethod;
use crate::model::merchant::Merchant;
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;

/// One call as APIv3 has it.
pub trait V3Endpoint {
    /// What an answer becomes that means yes.
    type Answer;

    /// What it asks for this merchant.
    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error>;

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
}

impl V3Request {
    /// A question.
    pub fn get(target: String) -> Self {
        Self { method: HttpMethod::Get, target, body: Vec::new() }
    }

    /// What acts.
    pub fn post(target: String, body: &serde_json::Value) -> Self {
        Self { method: HttpMethod::Post, target, body: body.to_string().into_bytes() }
    }

    /// The path, without what follows it.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}
