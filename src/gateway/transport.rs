//! The network as an exchange sees it: one request, one answer.

use crate::error::TransportError;
use std::fs::File;
use std::io::{self, Seek, Write};
use ureq::http::HeaderMap;

/// The methods of WeChat Pay's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Without a body.
    Get,
    /// With one.
    Post,
    /// With one.
    Put,
    /// With one.
    Patch,
    /// Without a body.
    Delete,
}

impl HttpMethod {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Get, "GET"),
        (Self::Post, "POST"),
        (Self::Put, "PUT"),
        (Self::Patch, "PATCH"),
        (Self::Delete, "DELETE"),
    ];

    /// In capitals.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }

    /// The method of that name, in capitals.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, own)| *own == name).map(|(method, _)| *method)
    }
}

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// `https://host[:port]`.
    pub url: &'a str,
    /// How it asks.
    pub method: HttpMethod,
    /// Path and query, as they are sent.
    pub target: &'a str,
    /// What its head says beside what every request says.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body, which a `Get` has not.
    pub body: &'a [u8],
    /// Milliseconds for name, connection and TLS together.
    pub connect_timeout_ms: u64,
    /// Milliseconds for everything.
    pub timeout_ms: u64,
    /// A connection that turns out to be dead may be replaced by a new one, silently.
    pub may_resend: bool,
    /// Where the answer goes.
    pub room: Room<'a>,
}

/// Where an answer goes, and how much of it is taken.
#[derive(Debug, Clone, Copy)]
pub enum Room<'a> {
    /// A message: into memory, so many bytes at most.
    Memory(u64),
    /// A file: into its inbox.
    Inbox(&'a Inbox),
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

    /// All bytes that were written, which are not more than a message could be.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        use std::os::unix::fs::FileExt;
        const MOST: u64 = 64 << 20;
        let length = self.file.metadata()?.len();
        if length > MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
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
    /// The beginning of a refusal that did not come whole.
    Cut(Vec<u8>),
}

/// An answer of any status.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// Its head.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Body,
    /// Did an older connection carry it?
    pub reused: bool,
    /// Did the connection have a client certificate to show?
    pub has_certificate: bool,
}

impl HttpResponse {
    /// The message; of a file there is none.
    pub fn message(&self) -> &[u8] {
        match &self.body {
            Body::Message(message) | Body::Cut(message) => message,
            Body::File(_) | Body::Unkept(_) => &[],
        }
    }

    /// A header that is there once, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// Its `Content-Encoding`, which nobody asked for, if the body is not as it is: all of them, of however many headers.
    pub fn encoding(&self) -> Option<String> {
        let all = self.headers.get_all("content-encoding").into_iter();
        let words = all.flat_map(|text| text.to_str().unwrap_or("?").split(',').map(str::trim));
        let packed: Vec<&str> =
            words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("identity")).collect();
        (!packed.is_empty()).then(|| packed.join(", "))
    }
}

/// Sends a request and brings the whole answer, or says where it broke.
pub trait Transport: Send + Sync {
    /// One try.
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError>;
}
