//! Fields <-> XML: the strict, flat subset that WeChat Pay speaks (protocol.md B).
//!
//! Every document accepted here is well-formed XML 1.0 and means the same to every parser. Refused are:
//! DOCTYPE, attributes, nesting, duplicate names, comments or processing instructions inside a value,
//! entities beyond the five built-in ones, other encodings than UTF-8, other roots, and anything too large.

mod characters;
mod declaration;
mod error;
mod flat;
mod names;
mod nested;
mod strict;
mod writer;

pub use characters::MAX_BYTES;
pub use error::XmlError;
pub use names::MAX_NAME;
pub use nested::{Node, decode_nested};
pub use writer::{FastPath, check, encode};

use super::fields::{FieldEntry, Fields};
use characters::characters;
use std::borrow::Cow;

/// The root element a document must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Every message.
    Xml,
    /// The decrypted part of a refund notice.
    Root,
}

impl Root {
    fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Root => "root",
        }
    }
}

/// Reads a document; linear in its size.
pub fn decode(document: &[u8], root: Root) -> Result<Fields, XmlError> {
    let text = characters(document)?;
    match flat::scan(&text, root.name()) {
        Some(entries) => Ok(Fields::from_entries(text.into_owned(), entries)?),
        None => strict::read(&text, root.name()),
    }
}

/// A document that was read the short way.
pub struct Plain<'a> {
    text: Cow<'a, str>,
    entries: Vec<FieldEntry>,
}

impl Plain<'_> {
    /// All fields in the order of the wire. One may come twice: whoever takes them must refuse that.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| entry.read(&self.text))
    }
}

/// Reads a document that is nothing but flat elements, if it is: then [`decode`] finds the same fields, or one that
/// comes twice.
pub fn decode_plain(document: &[u8], root: Root) -> Option<Plain<'_>> {
    let text = characters(document).ok()?;
    let entries = flat::scan(&text, root.name())?;
    Some(Plain { text, entries })
}

#[cfg(test)]
mod tests;
