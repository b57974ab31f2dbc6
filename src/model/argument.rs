//! What a call cannot take.

/// An argument that no call could use; PHP sees a `ValueError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {what}")]
pub struct BadArgument {
    /// The argument's name as PHP knows it.
    pub name: &'static str,
    /// What it must be.
    pub what: String,
}

impl BadArgument {
    /// Names the argument and what it must be.
    pub fn new(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, what: what.into() }
    }
}
