//! The simulator's own strict reader for requests: one root, flat, no attributes, no DOCTYPE.

use super::document::XmlDocument;

/// Why a body is no request: a sentence for the log of requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

type Read<T> = Result<T, Malformed>;

/// Reads a body whose root is `xml`.
pub fn read(body: &[u8]) -> Read<XmlDocument> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed("the body is not UTF-8"))?;
    if text.chars().any(|c| u32::from(c) > 0xffff) {
        return Err(Malformed("a character takes four bytes in UTF-8"));
    }
    if text.chars().any(forbidden) {
        return Err(Malformed("a control character"));
    }
    Cursor::new(text).document()
}

fn forbidden(c: char) -> bool {
    (c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { rest }
    }

    fn document(mut self) -> Read<XmlDocument> {
        self.prolog()?;
        self.expect("<xml>", "the root is not <xml>")?;
        let mut document = XmlDocument::default();
        loop {
            self.blanks();
            if self.eat("</xml>") {
                break;
            }
            let (name, text) = self.element()?;
            if document.get(name).is_some() {
                return Err(Malformed("a field stands twice"));
            }
            document.text(name, text);
        }
        self.blanks();
        if self.rest.is_empty() { Ok(document) } else { Err(Malformed("something follows the root")) }
    }

    fn prolog(&mut self) -> Read<()> {
        if self.rest.starts_with("<?xml ") {
            self.until("?>").ok_or(Malformed("the prolog does not end"))?;
        }
        self.blanks();
        Ok(())
    }

    fn element(&mut self) -> Read<(&'a str, String)> {
        self.expect("<", "text outside of a field")?;
        let name = self.name()?;
        if self.eat("/>") {
            return Ok((name, String::new()));
        }
        self.expect(">", "an attribute or a broken tag")?;
        let text = self.text()?;
        self.expect("</", "a field inside a field")?;
        self.expect(name, "tags do not match")?;
        self.blanks();
        self.expect(">", "a broken closing tag")?;
        Ok((name, text))
    }

    fn name(&mut self) -> Read<&'a str> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        match name.chars().next() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => Ok(name),
            _ => Err(Malformed("a name that is none")),
        }
    }

    fn text(&mut self) -> Read<String> {
        let mut text = String::new();
        loop {
            if self.eat("<![CDATA[") {
                let inner = self.until("]]>").ok_or(Malformed("a CDATA section does not end"))?;
                text.push_str(&normalised(inner));
            } else if self.rest.starts_with('<') {
                return Ok(text);
            } else if self.eat("&") {
                text.push(self.reference()?);
            } else {
                text.push_str(&normalised(self.plain()?));
            }
        }
    }

    fn plain(&mut self) -> Read<&'a str> {
        let end = self.rest.find(['<', '&']).ok_or(Malformed("a field does not end"))?;
        let (plain, rest) = self.rest.split_at(end);
        if plain.contains("]]>") {
            return Err(Malformed("]]> outside of CDATA"));
        }
        self.rest = rest;
        Ok(plain)
    }

    fn reference(&mut self) -> Read<char> {
        let name = self.until(";").ok_or(Malformed("a reference does not end"))?;
        match name {
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "amp" => Ok('&'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => numeric(name).ok_or(Malformed("an unknown entity")),
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn until(&mut self, mark: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(mark)?;
        self.rest = after;
        Some(before)
    }

    fn eat(&mut self, mark: &str) -> bool {
        self.rest.strip_prefix(mark).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    fn expect(&mut self, mark: &str, fault: &'static str) -> Read<()> {
        self.eat(mark).then_some(()).ok_or(Malformed(fault))
    }
}

fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    char::from_u32(code.ok()?).filter(|c| !forbidden(*c) && u32::from(*c) <= 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: &str) -> &'static str {
        read(body.as_bytes()).unwrap_err().0
    }

    #[test]
    fn every_way_of_writing_a_text_reads_the_same() {
        let body =
            "\u{feff}<?xml version=\"1.0\"?>\n<xml> <a>x&lt;&#65;<![CDATA[&y]]>z</a><b/><c></c>\n</xml>\n";
        let document = read(body.as_bytes()).unwrap();
        assert_eq!(document.get("a"), Some("x<A&yz"));
        assert_eq!(document.get("b"), Some(""));
        assert_eq!(document.get("c"), Some(""));
    }

    #[test]
    fn what_the_writer_writes_the_reader_reads() {
        let mut document = XmlDocument::default();
        document.text("a", "]]>]]>&<>'\"").text("b", "中文");
        assert_eq!(read(document.to_xml().as_bytes()).unwrap(), document);
    }

    #[test]
    fn everything_else_is_refused() {
        assert_eq!(fault("<!DOCTYPE xml><xml></xml>"), "the root is not <xml>");
        assert_eq!(fault("<xml><a>1</a><a>1</a></xml>"), "a field stands twice");
        assert_eq!(fault("<xml><a><b>1</b></a></xml>"), "a field inside a field");
        assert_eq!(fault("<xml><a x='1'>1</a></xml>"), "an attribute or a broken tag");
        assert_eq!(fault("<xml><a>&nope;</a></xml>"), "an unknown entity");
        assert_eq!(fault("<xml><a>&#0;</a></xml>"), "an unknown entity");
        assert_eq!(fault("<xml><a>1</a></xml>x"), "something follows the root");
        assert_eq!(fault("<xml><a>1"), "a field does not end");
        assert_eq!(fault("<xml><a>😀</a></xml>"), "a character takes four bytes in UTF-8");
        assert_eq!(fault("<xml>text</xml>"), "text outside of a field");
        assert!(read(b"<xml><a>\xff</a></xml>").is_err());
        assert!(read(b"").is_err());
    }
}
