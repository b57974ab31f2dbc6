//! The parser that has the last word about a flat document.

use super::characters::{character_reference, is_blank};
use super::declaration::is_plain_declaration;
use super::error::XmlError;
use super::names::is_name;
use crate::wire::v2::fields::{Fields, FieldsError};
use quick_xml::Reader;
use quick_xml::events::Event;

/// Reads a document of checked characters.
pub fn read(text: &str, root: &'static str) -> Result<Fields, XmlError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut decoder = Decoder {
        root,
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
