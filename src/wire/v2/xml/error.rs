//! Why a document is refused.

use crate::wire::v2::fields::FieldsError;

/// Why a document is not in the subset, or why fields cannot be written as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// No byte at all, or only blanks.
    #[error("the document is empty")]
    Empty,
    /// More than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("the document is larger than 1 MiB")]
    TooLarge,
    /// Not UTF-8.
    #[error("the document is no valid UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// A character that XML forbids.
    #[error("forbidden character U+{0:04X}")]
    Character(u32),
    /// The text does not begin like XML: a proxy's HTML page, a plain message ... The start of it is kept.
    #[error("the document is not XML, it begins with \"{0}\"")]
    NotXml(String),
    /// Something that XML has, but this subset does not.
    #[error("{what} is not allowed{}", near(.name))]
    Refused {
        /// What was met.
        what: &'static str,
        /// The field it stood in, if any.
        name: String,
    },
    /// Not well-formed.
    #[error("malformed XML: {what}{}", near(.name))]
    Malformed {
        /// What is wrong.
        what: String,
        /// The field it stood in, if any.
        name: String,
    },
    /// The root element has another name.
    #[error("the root element must be <{0}>")]
    WrongRoot(&'static str),
    /// The document ends before its root does.
    #[error("the document is cut short")]
    Truncated,
    /// The fields themselves are wrong.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// A field of ours that XML, or WeChat, cannot carry.
    #[error("field {name} {what}")]
    Unwritable {
        /// The field.
        name: String,
        /// Why it cannot be sent.
        what: &'static str,
    },
}

fn near(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" in <{name}>") }
}
