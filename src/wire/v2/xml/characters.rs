//! The characters of a document, checked before anybody looks for its elements.

use super::error::XmlError;
use std::borrow::Cow;

/// The largest document taken, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The document as checked characters with line ends normalised (XML 1.0, 2.11).
pub fn characters(document: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    if document.len() > MAX_BYTES {
        return Err(XmlError::TooLarge);
    }
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    let text = simdutf8::compat::from_utf8(document).map_err(|e| XmlError::NotUtf8(e.valid_up_to()))?;
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
pub fn has_noncharacters(text: &[u8]) -> bool {
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
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

pub fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

/// The character behind `#123` or `#x7b`, with the `#` already gone.
pub fn character_reference(number: &str) -> Option<char> {
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    if digits.is_empty() || digits.len() > 16 || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&c| is_xml_char(c))
}
