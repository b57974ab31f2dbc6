//! The short way through a document: one look at each byte, no copies.
//!
//! Takes only what WeChat Pay writes: `<xml>`, then flat elements whose values are plain text or one CDATA
//! section, blanks between them. Whatever else there is, right or wrong, is left to the strict parser; the tests
//! prove that both read the same from every document taken here.

use super::is_name;
use crate::wire::fields::{Entry, Fields, Span};

/// The places of the fields, or `None` if the strict parser must have a look. The characters are checked already.
pub fn scan(text: &str, root: &str) -> Option<Vec<Entry>> {
    let mut scanner = Scanner { text, at: 0 };
    let mut entries = Vec::with_capacity(40);
    scanner.blanks();
    scanner.eat("<")?;
    scanner.eat(root)?;
    scanner.eat(">")?;
    loop {
        scanner.blanks();
        scanner.eat("<")?;
        if scanner.eat("/").is_some() {
            break;
        }
        entries.push(scanner.field()?);
    }
    scanner.eat(root)?;
    scanner.eat(">")?;
    scanner.blanks();
    (scanner.rest().is_empty() && entries.len() <= Fields::MAX).then_some(entries)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at += self.rest().iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n')).count();
    }

    fn eat(&mut self, word: &str) -> Option<()> {
        self.rest().starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// `name>value</name>`; the `<` before it is gone.
    fn field(&mut self) -> Option<Entry> {
        let name = self.take(memchr::memchr(b'>', self.rest())?);
        let word = self.text.get(name.start..name.end).filter(|word| is_name(word.as_bytes()))?;
        self.eat(">")?;
        let text = self.value()?;
        self.eat("</")?;
        self.eat(word)?;
        self.eat(">")?;
        Some(Entry { name, text })
    }

    fn value(&mut self) -> Option<Span> {
        if self.eat("<![CDATA[").is_none() {
            let length = memchr::memchr3(b'<', b'&', b'>', self.rest())?;
            return Some(self.take(length));
        }
        let length = self.rest().windows(3).position(|end| end == b"]]>")?;
        let text = self.take(length);
        self.eat("]]>")?;
        Some(text)
    }

    fn take(&mut self, length: usize) -> Span {
        let start = self.at;
        self.at += length;
        Span { start, end: self.at }
    }
}
