//! What a call ends in before anything spoils it.

use super::document::Document;
use super::signer::Method;

/// The key and algorithm under which an answer is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The merchant's key.
    pub key: String,
    /// The algorithm of the request.
    pub method: Method,
}

/// An XML answer; without a seal it goes out unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The fields without `sign`.
    pub document: Document,
    /// How it is signed.
    pub seal: Option<Seal>,
}

impl Answer {
    /// A bare `return_code` FAIL, which is never signed.
    pub fn bare_fail(return_msg: &str) -> Self {
        Self::bare("FAIL", return_msg)
    }

    /// A `return_code` of any word and nothing else.
    pub fn bare(return_code: &str, return_msg: &str) -> Self {
        let mut document = Document::default();
        document.text("return_code", return_code);
        document.text("return_msg", return_msg);
        Self { document, seal: None }
    }

    /// The bytes of the honest answer.
    pub fn to_xml(&self) -> String {
        let mut document = self.document.clone();
        if let Some(seal) = &self.seal {
            document.seal(&seal.key, seal.method);
        }
        document.to_xml()
    }
}

/// A file instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub body: Vec<u8>,
    /// The bytes whose SHA-1 comes with it.
    pub digest_of: Option<Vec<u8>>,
}

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An XML answer.
    Answer(Answer),
    /// A file.
    File(File),
    /// No answer ever comes; the connection hangs.
    Silence,
    /// An error page of the proxy in front of the gateway.
    Page(u16),
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}
