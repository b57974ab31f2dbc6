//! What a call ends in before anything spoils it.

use super::document::XmlDocument;
use super::signer::SignMethod;

/// The key and algorithm under which an answer is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The merchant's key.
    pub key: String,
    /// The algorithm of the request.
    pub method: SignMethod,
}

/// An XML answer; without a seal it goes out unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The fields without `sign`.
    pub document: XmlDocument,
    /// How it is signed.
    pub seal: Option<Seal>,
}

impl Response {
    /// A bare `return_code` FAIL, which is never signed.
    pub fn bare_fail(return_msg: &str) -> Self {
        Self::bare("FAIL", return_msg)
    }

    /// A `return_code` of any word and nothing else.
    pub fn bare(return_code: &str, return_msg: &str) -> Self {
        let mut document = XmlDocument::default();
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
pub struct FileBody {
    /// Its bytes.
    pub body: Vec<u8>,
    /// The bytes whose SHA-1 comes with it.
    pub digest_of: Option<Vec<u8>>,
}

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// An XML answer.
    Answer(Response),
    /// A file.
    File(FileBody),
    /// No answer ever comes; the connection hangs.
    Silence,
    /// An error page of the proxy in front of the gateway.
    Page(u16),
}

impl From<Response> for CallEnd {
    fn from(answer: Response) -> Self {
        Self::Answer(answer)
    }
}
