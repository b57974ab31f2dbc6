//! The short way through a document: one look at each byte, no copies.
//!
//! Takes only what WeChat Pay writes: `<xml>`, then flat elements whose values are plain text or one CDATA
//! section, blanks between them. Whatever else there is, right or wrong, is left to the strict parser; the tests
//! prove that both read the same from every document taken here.

use super::names::{MAX_NAME, begins_name, is_in_name};
use crate::wire::v2::fields::{ByteSpan, FieldEntry, Fields};

/// The places of the fields, or `None` if the strict parser must have a look. The characters are checked already,
/// but a name may come twice.
pub fn scan(text: &str, root: &str) -> Option<Vec<FieldEntry>> {
    let mut scanner = Scanner { text: text.as_bytes(), at: 0 };
    let mut entries = Vec::with_capacity(32);
    scanner.blanks();
    scanner.eat(b"<")?;
    scanner.eat_name(root.as_bytes())?;
    scanner.eat(b">")?;
    loop {
        scanner.blanks();
        scanner.eat(b"<")?;
        if scanner.eat(b"/").is_some() {
            break;
        }
        entries.push(scanner.field()?);
    }
    scanner.eat_name(root.as_bytes())?;
    scanner.eat(b">")?;
    scanner.blanks();
    (scanner.rest().is_empty() && entries.len() <= Fields::MAX).then_some(entries)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at += self.rest().iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n')).count();
    }

    /// A word known while compiling: compared as a number, not by a call.
    fn eat<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        (self.rest().first_chunk() == Some(word)).then(|| self.at += N)
    }

    fn eat_name(&mut self, name: &[u8]) -> Option<()> {
        self.rest().starts_with(name).then(|| self.at += name.len())
    }

    /// `name>value</name>`; the `<` before it is gone.
    fn field(&mut self) -> Option<FieldEntry> {
        let name = self.name()?;
        self.eat(b">")?;
        let text = self.value()?;
        self.eat(b"</")?;
        self.eat_name(self.text.get(name.start..name.end)?)?;
        self.eat(b">")?;
        Some(FieldEntry { name, text })
    }

    /// As `is_name` says; the strict parser tells what is wrong with another.
    fn name(&mut self) -> Option<ByteSpan> {
        let rest = self.rest();
        let length = rest.iter().position(|b| !is_in_name(*b))?;
        (begins_name(rest) && length <= MAX_NAME).then(|| self.take(length))
    }

    fn value(&mut self) -> Option<ByteSpan> {
        if self.eat(b"<![CDATA[").is_none() {
            let length = memchr::memchr3(b'<', b'&', b'>', self.rest())?;
            return Some(self.take(length));
        }
        let rest = self.rest();
        let mut brackets = memchr::memchr_iter(b']', rest);
        let length = brackets.find(|at| rest.get(*at..).is_some_and(|end| end.starts_with(b"]]>")))?;
        let text = self.take(length);
        self.eat(b"]]>")?;
        Some(text)
    }

    fn take(&mut self, length: usize) -> ByteSpan {
        let start = self.at;
        self.at += length;
        ByteSpan { start, end: self.at }
    }
}
