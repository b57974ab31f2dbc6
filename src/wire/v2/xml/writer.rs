//! Writing messages: a fast path, since nearly every message is plain, and a checked one.

use super::characters::{MAX_BYTES, has_noncharacters, is_xml_char};
use super::error::XmlError;
use super::names::is_name;
use crate::wire::v2::fields::{Fields, FieldsError};

/// Writes a message; refuses what no reader could read, or WeChat would not take, by the field's name.
pub fn encode(fields: &Fields) -> Result<Vec<u8>, XmlError> {
    let pairs = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let Some(fast) = FastPath::of(pairs.clone()) else { return encode_checked(fields) };
    let mut document = vec![0; fast.size];
    if fast.write(pairs, &mut document) { Ok(document) } else { encode_checked(fields) }
}

/// Refuses what [`encode`] refuses, and writes nothing.
pub fn check(fields: &Fields) -> Result<(), XmlError> {
    if fields.len() > Fields::MAX {
        return Err(FieldsError::TooMany.into());
    }
    fields.iter().try_for_each(|(name, value)| writable(name, value))?;
    let sizes = fields.iter().map(|(name, value)| 2 * name.len() + "<></>".len() + written_size(value));
    if sizes.sum::<usize>() + "<xml></xml>".len() > MAX_BYTES { Err(XmlError::TooLarge) } else { Ok(()) }
}

/// How long [`write_value`] makes it.
fn written_size(value: &str) -> usize {
    if is_bare(value.as_bytes()) {
        return value.len();
    }
    let pieces = value.split('\r').filter(|piece| !piece.is_empty()).count();
    let (returns, ends) = (value.matches('\r').count(), value.matches("]]>").count());
    value.len() + "<![CDATA[]]>".len() * (pieces + ends) + ("&#13;".len() - 1) * returns
}

/// What a message needs that takes the fast path: its exact size, and how many CDATA sections it has.
#[derive(Debug, Clone, Copy)]
pub struct FastPath {
    /// Bytes.
    pub size: usize,
    sections: usize,
}

impl FastPath {
    /// For pairs whose names differ; `None` if one is no element's, or if there are too many.
    pub fn of<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Option<Self> {
        let (mut count, mut fast) = (0, Self { size: "<xml></xml>".len(), sections: 0 });
        for (name, value) in pairs {
            let bare = is_bare(value);
            count += 1;
            fast.sections += usize::from(!bare);
            fast.size += 2 * name.len() + value.len() + "<></>".len();
            if !is_name(name) {
                return None;
            }
        }
        fast.size += fast.sections * "<![CDATA[]]>".len();
        (count <= Fields::MAX && fast.size <= MAX_BYTES).then_some(fast)
    }

    /// Writes the same pairs into so many bytes. Only if there is nothing in them that needs a second look are they
    /// what [`encode`] writes: then `true`.
    pub fn write<'a>(self, pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>, document: &mut [u8]) -> bool {
        let mut out = Pen { left: &mut *document, fits: true };
        out.put(b"<xml>");
        for (name, value) in pairs {
            let bare = is_bare(value);
            out.put(b"<");
            out.put(name);
            out.put(if bare { b">" } else { b"><![CDATA[" });
            out.put(value);
            out.put(if bare { b"</" } else { b"]]></" });
            out.put(name);
            out.put(b">");
        }
        out.put(b"</xml>");
        out.fits && out.left.is_empty() && is_plain(document, self.sections)
    }
}

/// What is still to be written, and whether all has found its place so far.
struct Pen<'a> {
    left: &'a mut [u8],
    fits: bool,
}

impl Pen<'_> {
    fn put(&mut self, bytes: &[u8]) {
        match std::mem::take(&mut self.left).split_at_mut_checked(bytes.len()) {
            Some((here, rest)) => {
                here.copy_from_slice(bytes);
                self.left = rest;
            }
            None => self.fits = false,
        }
    }
}

/// Digits need no CDATA.
fn is_bare(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
}

/// UTF-8 without control, forbidden or 4-byte characters, and no `]` but those that end the sections.
fn is_plain(document: &[u8], sections: usize) -> bool {
    // Without a way out of the loop it runs on many bytes at once.
    document.iter().fold(0, |odd, b| odd | u8::from(!(b' '..0xF0).contains(b))) == 0
        && memchr::memchr_iter(b']', document).count() == 2 * sections
        && !has_noncharacters(document)
        && std::str::from_utf8(document).is_ok()
}

fn encode_checked(fields: &Fields) -> Result<Vec<u8>, XmlError> {
    if fields.len() > Fields::MAX {
        return Err(FieldsError::TooMany.into());
    }
    let mut out = String::from("<xml>");
    for (name, value) in fields.iter() {
        writable(name, value)?;
        write_field(&mut out, name, value);
    }
    out.push_str("</xml>");
    if out.len() > MAX_BYTES { Err(XmlError::TooLarge) } else { Ok(out.into_bytes()) }
}

fn writable(name: &str, value: &str) -> Result<(), XmlError> {
    let unwritable = |what| Err(XmlError::Unwritable { name: name.escape_debug().take(64).collect(), what });
    if !is_name(name.as_bytes()) {
        return unwritable("has a name that is no element name ([A-Za-z_][A-Za-z0-9_.-]*)");
    }
    if value.chars().any(|c| c.len_utf8() == 4) {
        return unwritable(
            "contains a character of 4 UTF-8 bytes (an emoji, say), which WeChat Pay does not take",
        );
    }
    if value.chars().any(|c| !is_xml_char(c)) {
        return unwritable("contains a control character that XML forbids");
    }
    Ok(())
}

fn write_field(out: &mut String, name: &str, value: &str) {
    for part in ["<", name, ">"] {
        out.push_str(part);
    }
    write_value(out, value);
    for part in ["</", name, ">"] {
        out.push_str(part);
    }
}

/// Digits stand bare; all else in CDATA, with `]]>` split over two sections and CR as a reference between them.
fn write_value(out: &mut String, value: &str) {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        out.push_str(value);
        return;
    }
    for (i, piece) in value.split('\r').enumerate() {
        if i > 0 {
            out.push_str("&#13;");
        }
        if !piece.is_empty() {
            out.push_str("<![CDATA[");
            out.push_str(&piece.replace("]]>", "]]]]><![CDATA[>"));
            out.push_str("]]>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fast_path<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Option<Vec<u8>> {
        let fast = FastPath::of(pairs.clone())?;
        let mut document = vec![0; fast.size];
        fast.write(pairs, &mut document).then_some(document)
    }

    #[test]
    fn a_plan_for_other_pairs_is_noticed() {
        let pairs =
            |value| [("a", value)].into_iter().map(|(n, v): (&str, &str)| (n.as_bytes(), v.as_bytes()));
        for (planned, written) in [("12", "1"), ("12", "123"), ("1", "1234567")] {
            let fast = FastPath::of(pairs(planned)).unwrap();
            assert!(!fast.write(pairs(written), &mut vec![0; fast.size]), "{planned} {written}");
        }
    }

    #[test]
    fn an_ordinary_message_is_plain() {
        let pairs = [("a", "1"), ("b", "腾讯"), ("c", ""), ("d", "x <y> & z")];
        let pairs = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        let expected = "<xml><a>1</a><b><![CDATA[腾讯]]></b><c></c><d><![CDATA[x <y> & z]]></d></xml>";
        assert_eq!(fast_path(pairs).as_deref(), Some(expected.as_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_blindly_is_what_would_be_written_carefully(
            pairs in prop::collection::btree_map("[A-Za-z0-9_.-]{0,4}", "([\\PC\\x00-\\x1F\u{FFFD}-\u{10001}]|\\]|>|中|[0-9]){0,6}", 0..4)
        ) {
            let fields = Fields::from_pairs(pairs.into_iter().collect()).unwrap();
            let bytes = fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
            if let Some(plain) = fast_path(bytes) {
                prop_assert_eq!(Ok(plain), encode_checked(&fields));
            }
        }

        #[test]
        fn what_is_checked_is_what_would_be_written(
            pairs in prop::collection::btree_map("[A-Za-z0-9_.-]{0,4}", "([\\PC\\x00-\\x1F\u{FFFD}-\u{10001}]|\\]|>|中|[0-9]|\r|\\]\\]>){0,6}", 0..4)
        ) {
            let fields = Fields::from_pairs(pairs.into_iter().collect()).unwrap();
            let written = encode_checked(&fields);
            prop_assert_eq!(check(&fields), written.clone().map(drop));
            if let Ok(written) = written {
                let size = fields.iter().map(|(name, value)| 2 * name.len() + 5 + written_size(value)).sum::<usize>();
                prop_assert_eq!(size + 11, written.len());
            }
        }

        #[test]
        fn bytes_that_are_not_utf_8_are_never_plain(value in prop::collection::vec(any::<u8>(), 0..6)) {
            let plain = fast_path([(b"a".as_slice(), value.as_slice())].into_iter());
            prop_assert!(plain.is_none() || std::str::from_utf8(&value).is_ok());
        }
    }
}
