//! A flat XML document as WeChat writes it: strings in CDATA, integers bare.

use super::signer::{self, SignMethod};
use std::fmt::Write as _;

/// One element below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlField {
    /// The element's name.
    pub name: String,
    /// The text in it.
    pub text: String,
    /// Written without CDATA.
    pub bare: bool,
}

/// Fields in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XmlDocument {
    fields: Vec<XmlField>,
}

impl XmlDocument {
    /// Appends a string.
    pub fn text(&mut self, name: &str, text: impl Into<String>) -> &mut Self {
        self.push(name, text.into(), false)
    }

    /// Appends a string unless it is empty.
    pub fn text_if_any(&mut self, name: &str, text: &str) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        self.text(name, text)
    }

    /// Appends an integer.
    pub fn integer(&mut self, name: &str, number: i64) -> &mut Self {
        self.push(name, number.to_string(), true)
    }

    fn push(&mut self, name: &str, text: String, bare: bool) -> &mut Self {
        self.fields.push(XmlField { name: name.to_owned(), text, bare });
        self
    }

    /// The text of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.text.as_str())
    }

    /// The text of a field that is neither absent nor empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.is_empty())
    }

    /// Replaces a field's text, or appends it.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.text = text,
            None => {
                self.text(name, text);
            }
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|field| field.name != name);
    }

    /// Puts the fields into alphabetical order.
    pub fn sort(&mut self) {
        self.fields.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Names and texts in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (field.name.as_str(), field.text.as_str()))
    }

    /// The sign that belongs to these fields.
    pub fn sign_with(&self, key: &str, method: SignMethod) -> String {
        signer::sign(self.pairs(), key, method)
    }

    /// Puts the sign in as the last field.
    pub fn seal(&mut self, key: &str, method: SignMethod) {
        self.remove("sign");
        let sign = self.sign_with(key, method);
        self.text("sign", sign);
    }

    /// The document under the root `xml`.
    pub fn to_xml(&self) -> String {
        self.under("xml")
    }

    /// The document under a root of another name.
    pub fn under(&self, root: &str) -> String {
        let mut xml = format!("<{root}>\n");
        for field in &self.fields {
            write_field(&mut xml, field);
        }
        xml + "</" + root + ">"
    }
}

fn write_field(xml: &mut String, field: &XmlField) {
    let XmlField { name, text, bare } = field;
    if *bare && !text.contains(['<', '>', '&']) {
        let _ = writeln!(xml, "<{name}>{text}</{name}>");
    } else {
        let split = text.replace("]]>", "]]]]><![CDATA[>");
        let _ = writeln!(xml, "<{name}><![CDATA[{split}]]></{name}>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_wrapped_and_integers_are_bare() {
        let mut document = XmlDocument::default();
        document.text("attach", "").integer("total_fee", 100);
        document.text("body", "a]]>b");
        assert_eq!(
            document.to_xml(),
            "<xml>\n<attach><![CDATA[]]></attach>\n<total_fee>100</total_fee>\n\
             <body><![CDATA[a]]]]><![CDATA[>b]]></body>\n</xml>"
        );
    }

    #[test]
    fn sealing_again_replaces_the_sign() {
        let mut document = XmlDocument::default();
        document.text("appid", "wx1");
        document.seal("k", SignMethod::Md5);
        let first = document.get("sign").unwrap().to_owned();
        document.seal("k", SignMethod::HmacSha256);
        assert_eq!(document.fields.len(), 2);
        assert_ne!(document.get("sign"), Some(first.as_str()));
        assert_eq!(document.get("sign").unwrap().len(), 64);
    }
}
