//! What a call cannot take.

use std::borrow::Cow;

/// An argument that no call could use; PHP sees a `ValueError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {what}")]
pub struct BadArgument {
    /// The field that it would fill, by WeChat's name.
    pub name: Cow<'static, str>,
    /// What it must be.
    pub what: String,
}

impl BadArgument {
    /// Names the argument and what it must be.
    pub fn new(name: &'static str, what: impl Into<String>) -> Self {
        Self { name: Cow::Borrowed(name), what: what.into() }
    }
}
