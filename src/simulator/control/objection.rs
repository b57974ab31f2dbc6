//! What a control call gives, or why it does nothing.

use serde_json::Value;

/// Why the control did nothing: an HTTP status and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// 400, 404, 405 or 409.
    pub status: u16,
    /// What is wrong.
    pub sentence: String,
}

/// What a control call gives.
pub type ControlAnswer = Result<Value, Objection>;

/// An objection with a status.
pub fn objection(status: u16, sentence: impl Into<String>) -> Objection {
    Objection { status, sentence: sentence.into() }
}
