//! Writing messages: blindly at first, since nearly every message is plain; carefully if it is not.

use super::{MAX_BYTES, XmlError, is_name, is_xml_char, may_forbid};
use crate::wire::fields::{Fields, FieldsError};

/// Writes a message; refuses what no reader could read, or WeChat would not take, by the field's name.
pub fn encode(fields: &Fields) -> Result<Vec<u8>, XmlError> {
    let pairs = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    encode_plain(pairs).map_or_else(|| encode_carefully(fields), Ok)
}

/// Writes pairs whose names differ, if there is nothing in them that needs a second look: the same bytes as
/// [`encode`], or `None`.
pub fn encode_plain<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Option<Vec<u8>> {
    let (count, size) = pairs.clone().fold((0, 11), |(n, size), (name, value)| {
        (n + 1, size + 2 * name.len() + value.len() + "<></><![CDATA[]]>".len())
    });
    let mut out = Vec::with_capacity(size);
    let mut sections = 0;
    out.extend_from_slice(b"<xml>");
    for (name, value) in pairs {
        if !is_name(name) {
            return None;
        }
        let bare = value.iter().all(u8::is_ascii_digit);
        sections += usize::from(!bare);
        out.push(b'<');
        out.extend_from_slice(name);
        out.extend_from_slice(if bare { b">" } else { b"><![CDATA[" });
        out.extend_from_slice(value);
        out.extend_from_slice(if bare { b"</" } else { b"]]></" });
        out.extend_from_slice(name);
        out.push(b'>');
    }
    out.extend_from_slice(b"</xml>");
    (count <= Fields::MAX && out.len() <= MAX_BYTES && is_plain(&out, sections)).then_some(out)
}

/// UTF-8 without control, forbidden or 4-byte characters, and no `]` but those that end the sections.
fn is_plain(document: &[u8], sections: usize) -> bool {
    // Without a way out of the loop it runs on many bytes at once.
    document.iter().fold(0, |odd, b| odd | u8::from(!(b' '..0xF0).contains(b))) == 0
        && memchr::memchr_iter(b']', document).count() == 2 * sections
        && !may_forbid(document)
        && std::str::from_utf8(document).is_ok()
}

fn encode_carefully(fields: &Fields) -> Result<Vec<u8>, XmlError> {
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

    #[test]
    fn an_ordinary_message_is_plain() {
        let pairs = [("a", "1"), ("b", "腾讯"), ("c", ""), ("d", "x <y> & z")];
        let pairs = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        let expected = "<xml><a>1</a><b><![CDATA[腾讯]]></b><c></c><d><![CDATA[x <y> & z]]></d></xml>";
        assert_eq!(encode_plain(pairs).as_deref(), Some(expected.as_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_blindly_is_what_would_be_written_carefully(
            pairs in prop::collection::btree_map("[A-Za-z0-9_.-]{0,4}", "([\\PC\\x00-\\x1F\u{FFFD}-\u{10001}]|\\]|>|中|[0-9]){0,6}", 0..4)
        ) {
            let fields = Fields::from_pairs(pairs.into_iter().collect()).unwrap();
            let bytes = fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
            if let Some(plain) = encode_plain(bytes) {
                prop_assert_eq!(Ok(plain), encode_carefully(&fields));
            }
        }

        #[test]
        fn bytes_that_are_not_utf_8_are_never_plain(value in prop::collection::vec(any::<u8>(), 0..6)) {
            let plain = encode_plain([(b"a".as_slice(), value.as_slice())].into_iter());
            prop_assert!(plain.is_none() || std::str::from_utf8(&value).is_ok());
        }
    }
}
