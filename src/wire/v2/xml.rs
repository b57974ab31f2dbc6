//! Fields <-> XML: the strict, flat subset that WeChat Pay speaks (protocol.md B).
//!
//! Every document accepted here is well-formed XML 1.0 and means the same to every parser. Refused are:
//! DOCTYPE, attributes, nesting, duplicate names, comments or processing instructions inside a value,
//! entities beyond the five built-in ones, other encodings than UTF-8, other roots, and anything too large.

mod flat;
mod nested;
mod writer;

pub use nested::{Node, decode_nested};
pub use writer::{FastPath, encode};

use super::fields::{FieldEntry, Fields, FieldsError};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::borrow::Cow;

/// The largest document taken, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The longest element name taken, in bytes; WeChat's longest has about 40.
pub const MAX_NAME: usize = 256;

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

/// Why a document is not in the subset, or why fields cannot be written as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// No byte at all, or only blanks.
    #[error("the document is empty")]
    Empty,
    /// More than [`MAX_BYTES`].
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

/// Reads a document; linear in its size.
pub fn decode(document: &[u8], root: Root) -> Result<Fields, XmlError> {
    let text = characters(document)?;
    match flat::scan(&text, root.name()) {
        Some(entries) => Ok(Fields::from_entries(text.into_owned(), entries)?),
        None => strict(&text, root),
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

/// The parser that has the last word.
fn strict(text: &str, root: Root) -> Result<Fields, XmlError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut decoder = Decoder {
        root: root.name(),
        pairs: Vec::with_capacity(32),
        place: DocPlace::Start,
        name: String::new(),
        value: String::new(),
    };
    loop {
        match reader.read_event().map_err(|e| decoder.malformed(&e.to_string()))? {
            Event::Eof => break,
            event => decoder.take(&event)?,
        }
    }
    decoder.finish()
}

/// The document as checked characters with line ends normalised (XML 1.0, 2.11).
fn characters(document: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    if document.len() > MAX_BYTES {
        return Err(XmlError::TooLarge);
    }
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    let text = std::str::from_utf8(document).map_err(|e| XmlError::NotUtf8(e.valid_up_to()))?;
    let text = if may_forbid(text.as_bytes()) { Cow::Owned(normalised(text)?) } else { Cow::Borrowed(text) };
    begins_like_xml(&text)?;
    Ok(text)
}

fn normalised(text: &str) -> Result<String, XmlError> {
    match text.chars().find(|&c| !is_xml_char(c)) {
        Some(c) => Err(XmlError::Character(c.into())),
        None => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
    }
}

/// Could there be a character that XML forbids, or a CR? They begin with a control byte or with EF BF; a quick look.
fn may_forbid(text: &[u8]) -> bool {
    text.iter().fold(0, |odd, b| odd | u8::from(*b < b' ' && *b != b'\n')) != 0 || has_noncharacters(text)
}

/// Could there be a U+FFFE or U+FFFF? They begin with EF BF.
fn has_noncharacters(text: &[u8]) -> bool {
    memchr::memchr_iter(0xEF, text).any(|at| text.get(at + 1) == Some(&0xBF))
}

fn begins_like_xml(text: &str) -> Result<(), XmlError> {
    let start = text.trim_ascii_start();
    if start.is_empty() {
        return Err(XmlError::Empty);
    }
    if start.starts_with('<') && !is_html(start) {
        let is_doctype = start.starts_with("<!DOCTYPE");
        let refused = || XmlError::Refused { what: "a DOCTYPE", name: String::new() };
        return if is_doctype { Err(refused()) } else { Ok(()) };
    }
    Err(XmlError::NotXml(start.chars().take(40).filter(|c| !c.is_control()).collect()))
}

/// Does it begin like a web page, that of a proxy for example? XML's DOCTYPE is in capitals.
fn is_html(start: &str) -> bool {
    let begins =
        |text: &str, word: &str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    let doctype = start.get(9..).filter(|_| begins(start, "<!doctype"));
    begins(start, "<html")
        || doctype
            .is_some_and(|rest| begins(rest.trim_ascii_start(), "html") || !start.starts_with("<!DOCTYPE"))
}

/// `Char` of XML 1.0, 2.2.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

/// Names as decisions.md 1.8 says: ASCII `[A-Za-z_][A-Za-z0-9_.-]*`.
fn is_name(name: &[u8]) -> bool {
    begins_name(name) && name.len() <= MAX_NAME && name.iter().all(|b| is_in_name(*b))
}

fn begins_name(text: &[u8]) -> bool {
    text.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
}

fn is_in_name(byte: u8) -> bool {
    IN_NAME.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Which bytes a name is made of: a table, since every byte of every name is looked at.
#[allow(clippy::indexing_slicing, reason = "runs while compiling, where a wrong index is an error")]
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        byte += 1;
    }
    table
};

/// Where in the document we are.
#[derive(PartialEq, Eq)]
enum DocPlace {
    Start,
    Prolog,
    Root,
    Field,
    End,
}

struct Decoder {
    root: &'static str,
    pairs: Vec<(String, String)>,
    place: DocPlace,
    name: String,
    value: String,
}

impl Decoder {
    fn take(&mut self, event: &Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => self.open(tag)?,
            Event::End(_) => self.close()?,
            Event::Text(text) => self.text(text)?,
            Event::CData(text) if self.place == DocPlace::Field => self.value.push_str(text),
            Event::GeneralRef(entity) if self.place == DocPlace::Field => {
                self.value.push(self.resolve(entity)?);
            }
            Event::Comment(text) => self.comment(text)?,
            Event::Decl(declaration) if self.place == DocPlace::Start => self.declared(declaration)?,
            Event::DocType(_) => return Err(self.refused("a DOCTYPE")),
            Event::PI(_) => return Err(self.refused("a processing instruction")),
            _ => return Err(self.refused("text outside a field, or a late XML declaration,")),
        }
        if self.place == DocPlace::Start {
            self.place = DocPlace::Prolog;
        }
        Ok(())
    }

    fn open(&mut self, tag: &str) -> Result<(), XmlError> {
        let name = tag.trim_ascii_end();
        match self.place {
            DocPlace::Start | DocPlace::Prolog if name == self.root => self.place = DocPlace::Root,
            DocPlace::Start | DocPlace::Prolog => return Err(self.wrong_root(name)),
            DocPlace::Root if self.pairs.len() >= Fields::MAX => return Err(FieldsError::TooMany.into()),
            DocPlace::Root => self.open_field(name)?,
            DocPlace::Field => return Err(self.refused("an element inside a value")),
            DocPlace::End => return Err(self.refused("a second root element")),
        }
        Ok(())
    }

    fn open_field(&mut self, name: &str) -> Result<(), XmlError> {
        if !is_name(name.as_bytes()) {
            return Err(self.refused(if name.contains([' ', '\t', '\n', '=']) {
                "an attribute"
            } else {
                "this element name"
            }));
        }
        name.clone_into(&mut self.name);
        self.place = DocPlace::Field;
        Ok(())
    }

    fn wrong_root(&self, name: &str) -> XmlError {
        match name.strip_prefix(self.root) {
            Some(rest) if rest.starts_with([' ', '\t', '\n']) => self.refused("an attribute"),
            _ => XmlError::WrongRoot(self.root),
        }
    }

    fn close(&mut self) -> Result<(), XmlError> {
        match self.place {
            DocPlace::Field => {
                self.pairs.push((std::mem::take(&mut self.name), std::mem::take(&mut self.value)));
                self.place = DocPlace::Root;
            }
            DocPlace::Root => self.place = DocPlace::End,
            DocPlace::Start | DocPlace::Prolog | DocPlace::End => {
                return Err(self.malformed("an end tag without its start"));
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        if text.contains("]]>") {
            return Err(self.malformed("\"]]>\" outside CDATA"));
        }
        match self.place {
            DocPlace::Field => self.value.push_str(text),
            _ if is_blank(text) => {}
            _ => return Err(self.refused("text outside a field")),
        }
        Ok(())
    }

    fn comment(&self, text: &str) -> Result<(), XmlError> {
        if self.place == DocPlace::Field {
            return Err(self.refused("a comment inside a value"));
        }
        if text.contains("--") || text.ends_with('-') {
            return Err(self.malformed("\"--\" in a comment"));
        }
        Ok(())
    }

    fn resolve(&self, entity: &str) -> Result<char, XmlError> {
        let found = match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => entity.strip_prefix('#').and_then(character_reference),
        };
        found.ok_or_else(|| self.refused("this entity"))
    }

    fn declared(&self, declaration: &str) -> Result<(), XmlError> {
        if is_plain_declaration(declaration) { Ok(()) } else { Err(self.refused("this XML declaration")) }
    }

    fn finish(self) -> Result<Fields, XmlError> {
        match self.place {
            DocPlace::End => Ok(Fields::from_pairs(self.pairs)?),
            _ => Err(XmlError::Truncated),
        }
    }

    fn refused(&self, what: &'static str) -> XmlError {
        XmlError::Refused { what, name: self.name.clone() }
    }

    /// The parser's own words quote the sender's, who may have written a megabyte of them.
    fn malformed(&self, what: &str) -> XmlError {
        const MOST_WORDS: usize = 160;
        let what = what.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
        XmlError::Malformed { what, name: self.name.clone() }
    }
}

/// The character behind `#123` or `#x7b`, with the `#` already gone.
fn character_reference(number: &str) -> Option<char> {
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    if digits.is_empty() || digits.len() > 16 || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&c| is_xml_char(c))
}

/// The name of a pseudo attribute, and whether a value is right for it.
type PseudoAttribute = (&'static str, fn(&str) -> bool);

/// `xml version="1.0"`, then `encoding="UTF-8"` and `standalone="yes|no"` if they are there, in this order.
fn is_plain_declaration(declaration: &str) -> bool {
    let Some(mut rest) = declaration.strip_prefix("xml") else { return false };
    let accepted: [PseudoAttribute; 3] = [
        ("version", |v| v == "1.0"),
        ("encoding", |v| v.eq_ignore_ascii_case("utf-8")),
        ("standalone", |v| v == "yes" || v == "no"),
    ];
    for (name, is_right) in accepted {
        match pseudo_attribute(rest, name) {
            Some((value, after)) if is_right(value) => rest = after,
            None if name != "version" => {}
            _ => return false,
        }
    }
    is_blank(rest)
}

fn pseudo_attribute<'a>(rest: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let blanks = [' ', '\t', '\n'];
    let after_name = rest.strip_prefix(blanks)?.trim_start_matches(blanks).strip_prefix(name)?;
    let after_equals = after_name.trim_start_matches(blanks).strip_prefix('=')?.trim_start_matches(blanks);
    let quote = after_equals.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    after_equals.get(1..)?.split_once(quote)
}

#[cfg(test)]
mod tests;
