//! The decoder and the encoder, against the vectors, the faults and random documents.

mod decoding;
mod encoding;
mod faults;
mod flat;
mod random;
mod vectors;

use super::*;

/// Decodes a message.
fn read(document: impl AsRef<[u8]>) -> Result<Fields, XmlError> {
    decode(document.as_ref(), Root::Xml)
}

/// The text of the only field `<a>`.
fn text(inner: &str) -> Result<String, XmlError> {
    read(format!("<xml><a>{inner}</a></xml>")).map(|fields| fields.get("a").unwrap().to_owned())
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::from_pairs(pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect()).unwrap()
}

fn pairs(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().collect()
}
