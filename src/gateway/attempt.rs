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

/// Hears of tries.
pub trait AttemptObserver {
    /// A try was made.
    fn tried(&self, attempt: &Attempt);

    /// May what acts, and was not sent yet, still be sent? Not once the script has ended, and not by a forked copy of the
    /// process: whoever asked learns nothing of it.
    fn may_send(&self) -> bool {
        true
    }
}

/// Hears of the tries of what is to be undone, which is sent whatever has become of the script.
pub struct OfUndoing<'o>(pub &'o dyn AttemptObserver);

impl AttemptObserver for OfUndoing<'_> {
    fn tried(&self, attempt: &Attempt) {
        self.0.tried(attempt);
    }
}

impl<F: Fn(&Attempt)> AttemptObserver for F {
    fn tried(&self, attempt: &Attempt) {
        self(attempt);
    }
}

/// Whoever hears of tries, if anybody does.
pub type OnAttempt<'a> = Option<&'a dyn AttemptObserver>;

/// Tells whoever hears of tries.
pub fn report(on_attempt: OnAttempt<'_>, attempt: &Attempt) {
    if let Some(observer) = on_attempt {
        observer.tried(attempt);
    }
}

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
