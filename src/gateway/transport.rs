//! The network as an exchange sees it: one method.

use crate::error::TransportError;
use std::fs::File;
use std::io::{self, Seek, Write};

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
    /// Where the answer goes, if it is a file.
    pub inbox: Option<&'a Inbox>,
}

/// Where an answer is written that is a file.
#[derive(Debug)]
pub struct Inbox {
    file: File,
    /// The most bytes it takes.
    pub most_bytes: u64,
}

impl Inbox {
    /// Writes into this file.
    pub fn new(file: File, most_bytes: u64) -> Self {
        Self { file, most_bytes }
    }

    /// Begins anew.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)?;
        (&self.file).rewind()
    }

    /// Adds to it.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }

    /// What was written.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// What came with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The header `Digest`.
    pub digest: Option<String>,
    /// The SHA-1 of what came, in lower-case hex.
    pub sha1: String,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A message, which is small.
    Message(Vec<u8>),
    /// A file, which is in the inbox.
    File(Received),
    /// A file that came, and why it could not be kept here: nothing that the gateway did.
    Unkept(String),
}

/// A complete HTTP 200 answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its body.
    pub body: Body,
    /// Its `Content-Encoding`, which nobody asked for.
    pub encoding: Option<String>,
    /// Did an older connection carry it?
    pub reused: bool,
}

impl Reply {
    /// The message; of a file there is none.
    pub fn message(&self) -> &[u8] {
        match &self.body {
            Body::Message(message) => message,
            Body::File(_) | Body::Unkept(_) => &[],
        }
    }
}

/// Sends a request and brings the whole answer, or says where it broke.
pub trait Transport: Send + Sync {
    /// One try.
    fn send(&self, post: &Post<'_>) -> Result<Reply, TransportError>;
}
