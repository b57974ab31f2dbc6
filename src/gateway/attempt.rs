//! What an observer learns of one try.

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
