//! What an observer learns of one try.

use crate::error::Error;

/// One try, for logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The call's path.
    pub path: String,
    /// Host and port that were asked.
    pub host: String,
    /// 1 for the first try.
    pub number: u32,
    /// Did an older connection carry it? `None` if none was reached.
    pub reused: Option<bool>,
    /// How long it took.
    pub ms: u64,
    /// The HTTP status, if one came.
    pub status: Option<u16>,
    /// `ok`, or the class of fault: `transport`, `malformed`, `gateway`, `signature`, `mismatch`, `service`.
    pub outcome: &'static str,
}

/// An observer of tries.
pub type OnAttempt<'a> = &'a mut dyn FnMut(&Attempt);

/// The class of a fault, in one word.
pub fn outcome(error: &Error) -> &'static str {
    match error {
        Error::Argument(_) => "argument",
        Error::Configuration(_) => "configuration",
        Error::Transport(_) => "transport",
        Error::Malformed(_) | Error::Bill(_) | Error::Split(_) => "malformed",
        Error::Gateway { .. } | Error::Unsigned { .. } => "gateway",
        Error::Signature(_) | Error::Headers(_) => "signature",
        Error::Mismatch { .. } => "mismatch",
        Error::Service { .. } => "service",
        Error::Undecided { .. } => "undecided",
    }
}
