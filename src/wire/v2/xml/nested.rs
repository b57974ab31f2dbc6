//! Answers with lists below their fields, `<hblist><hbinfo>...`: as strict as all else, but elements may hold elements.
//! No rule of WeChat's says how such a part would be signed, so nothing read here is ever verified.

use super::characters::{character_reference, characters, is_blank};
use super::declaration::is_plain_declaration;
use super::error::XmlError;
use super::names::is_name;
use crate::wire::v2::fields::{Fields, FieldsError};
use quick_xml::Reader;
use quick_xml::events::Event;

/// The deepest element below the root; red packets have 3.
const DEEPEST: usize = 8;

/// What an element holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A text.
    Text(String),
    /// Elements, in the order of the wire; a name may come often.
    Elements(Vec<(String, Node)>),
}

/// An element that has begun.
#[derive(Default)]
struct OpenElement {
    name: String,
    text: String,
    elements: Vec<(String, Node)>,
}

/// Reads a document whose root is `xml`; linear in its size. No name comes twice right below the root.
pub fn decode_nested(document: &[u8]) -> Result<Vec<(String, Node)>, XmlError> {
    let text = characters(document)?;
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut nest = Nest::default();
    loop {
        match reader.read_event().map_err(|e| nest.malformed(&e.to_string()))? {
            Event::Eof => return nest.finish(),
            event => nest.take(&event)?,
        }
    }
}

#[derive(Default)]
struct Nest {
    open: Vec<OpenElement>,
    count: usize,
    has_begun: bool,
    root: Option<Vec<(String, Node)>>,
}

impl Nest {
    fn take(&mut self, event: &Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => self.begin(tag.trim_ascii_end())?,
            Event::End(_) => self.end()?,
            Event::Text(text) if text.contains("]]>") => return Err(self.malformed("\"]]>\" outside CDATA")),
            Event::Text(text) => self.text(text)?,
            Event::CData(text) if !self.open.is_empty() => self.text(text)?,
            Event::GeneralRef(entity) => {
                let character = resolved(entity).ok_or_else(|| self.refused("this entity"))?;
                self.text(character.encode_utf8(&mut [0; 4]))?;
            }
            Event::Decl(declaration) if !self.has_begun && is_plain_declaration(declaration) => {}
            _ => return Err(self.refused("this markup")),
        }
        self.has_begun = true;
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<(), XmlError> {
        if self.open.is_empty() && (name != "xml" || self.root.is_some()) {
            return Err(XmlError::WrongRoot("xml"));
        }
        if !is_name(name.as_bytes()) {
            return Err(self.refused("an attribute, or this element name,"));
        }
        if self.open.last().is_some_and(|parent| !is_blank(&parent.text)) {
            return Err(self.refused("an element beside text"));
        }
        if self.open.len() > DEEPEST {
            return Err(self.refused("an element so deep"));
        }
        self.count += 1;
        if self.count > Fields::MAX + 1 {
            return Err(FieldsError::TooMany.into());
        }
        self.open.push(OpenElement { name: name.to_owned(), ..OpenElement::default() });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let depth = self.open.len();
        let is_beside = self.open.last().is_none_or(|open| depth == 1 || !open.elements.is_empty());
        if is_beside && !is_blank(text) {
            return Err(self.refused("text beside elements"));
        }
        if let Some(open) = self.open.last_mut() {
            open.text.push_str(text);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let Some(done) = self.open.pop() else { return Err(self.malformed("an end tag without its start")) };
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(done.elements);
            return Ok(());
        };
        let has_elements = !done.elements.is_empty();
        let node = if has_elements { Node::Elements(done.elements) } else { Node::Text(done.text) };
        parent.elements.push((done.name, node));
        Ok(())
    }

    fn finish(self) -> Result<Vec<(String, Node)>, XmlError> {
        let root = self.root.filter(|_| self.open.is_empty()).ok_or(XmlError::Truncated)?;
        // The flat reader's own check: no name twice.
        Fields::from_texts(root.iter().map(|(name, _)| (name.as_str(), "")))?;
        Ok(root)
    }

    fn refused(&self, what: &'static str) -> XmlError {
        XmlError::Refused { what, name: self.name() }
    }

    fn malformed(&self, what: &str) -> XmlError {
        let what = what.chars().filter(|c| !c.is_control()).take(160).collect();
        XmlError::Malformed { what, name: self.name() }
    }

    fn name(&self) -> String {
        self.open.last().map(|open| open.name.clone()).unwrap_or_default()
    }
}

fn resolved(entity: &str) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => entity.strip_prefix('#').and_then(character_reference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v2::xml::{Root, decode};
    use proptest::prelude::*;

    fn read(inside: &str) -> Result<Vec<(String, Node)>, XmlError> {
        decode_nested(format!("<xml>{inside}</xml>").as_bytes())
    }

    fn text(name: &str, text: &str) -> (String, Node) {
        (name.to_owned(), Node::Text(text.to_owned()))
    }

    fn elements(name: &str, inside: &[(String, Node)]) -> (String, Node) {
        (name.to_owned(), Node::Elements(inside.to_vec()))
    }

    #[test]
    fn r62_elements_inside_elements_are_read_in_their_order() {
        let document = "<a>1</a>\n<hblist>\n <hbinfo><openid><![CDATA[o1]]></openid><amount>100</amount></hbinfo>\n \
            <hbinfo><openid>o&amp;2</openid></hbinfo>\n</hblist><b/>";
        let first = elements("hbinfo", &[text("openid", "o1"), text("amount", "100")]);
        let list = elements("hblist", &[first, elements("hbinfo", &[text("openid", "o&2")])]);
        assert_eq!(read(document).unwrap(), [text("a", "1"), list, text("b", "")]);
    }

    #[test]
    fn r62_what_the_flat_reader_refuses_is_refused_at_every_depth() {
        for wrong in [
            "<a><b x=\"1\">1</b></a>",
            "<a>text<b>1</b></a>",
            "<a><b>1</b>text</a>",
            "<a><b>1</b><![CDATA[x]]></a>",
            "<a><b>&evil;</b></a>",
            "<a><b>1<!-- x --></b></a>",
            "<a><?php 1 ?></a>",
            "<a><b>1</a></b>",
            "<a>1</a><a><b>2</b></a>",
            "text",
            "<a><1>x</1></a>",
            "</xml><xml>",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for wrong in
            ["<!DOCTYPE xml><xml><a>1</a></xml>", "<root></root>", "<xml><a>", "", "x", "<xml/><xml/>"]
        {
            assert!(decode_nested(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn r62_depth_and_count_are_bounded() {
        let deep = |n: usize| format!("{}1{}", "<a>".repeat(n), "</a>".repeat(n));
        assert!(read(&deep(DEEPEST)).is_ok() && read(&deep(DEEPEST + 1)).is_err());
        assert!(read(&"<a>".repeat(100_000)).is_err());
        let many = |n: usize| format!("<l>{}</l>", "<a>1</a>".repeat(n));
        assert!(read(&many(Fields::MAX - 1)).is_ok());
        assert_eq!(read(&many(Fields::MAX)), Err(FieldsError::TooMany.into()));
    }

    proptest! {
        #[test]
        fn r62_a_flat_document_reads_as_the_strict_reader_has_it(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["<a>", "</a>", "<b>1</b>", "<![CDATA[x]]>", "&lt;", "&#65;", " ", "x", "<c/>", "]]>", "<!---->"]),
                0..8,
            ),
        ) {
            let document = format!("<xml>{}</xml>", pieces.concat());
            if let Ok(flat) = decode(document.as_bytes(), Root::Xml)
                && let Ok(nested) = decode_nested(document.as_bytes())
            {
                let flat: Vec<_> = flat.iter().map(|(n, v)| text(n, v)).collect();
                prop_assert_eq!(nested, flat);
            }
        }
    }
}
