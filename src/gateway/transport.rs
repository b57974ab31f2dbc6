//! The network as the ladder sees it: one method.

use crate::error::TransportError;

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// `https://host[:port]`.
    pub url: &'a str,
    /// The path.
    pub path: &'a str,
    /// The signed XML.
    pub body: &'a [u8],
    /// Milliseconds for name, connection and TLS together.
    pub connect_timeout_ms: u64,
    /// Milliseconds for everything.
    pub timeout_ms: u64,
    /// A connection that turns out to be dead may be replaced by a new one, silently.
    pub may_resend: bool,
}

/// A complete HTTP 200 answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its body.
    pub body: Vec<u8>,
    /// Its `Content-Encoding`, which nobody asked for.
    pub encoding: Option<String>,
    /// Did an older connection carry it?
    pub reused: bool,
}

/// Sends a request and brings the whole answer, or says where it broke.
pub trait Transport: Send + Sync {
    /// One try.
    fn send(&self, post: &Post<'_>) -> Result<Reply, TransportError>;
}
