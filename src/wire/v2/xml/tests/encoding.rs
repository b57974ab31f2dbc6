//! What is written, and what is not.

use super::{Fields, MAX_BYTES, XmlError, encode, fields, pairs, read};
use crate::wire::v2::fields::FieldsError;

fn written(pairs: &[(&str, &str)]) -> String {
    String::from_utf8(encode(&fields(pairs)).unwrap()).unwrap()
}

#[test]
fn digits_stand_bare_and_all_other_texts_in_cdata() {
    assert_eq!(
        written(&[("total_fee", "100"), ("body", "a<b&c"), ("attach", "")]),
        "<xml><total_fee>100</total_fee><body><![CDATA[a<b&c]]></body><attach></attach></xml>"
    );
}

#[test]
fn p18_a_cdata_end_in_a_value_is_split_and_reads_back() {
    assert_eq!(written(&[("a", "x]]>y")]), "<xml><a><![CDATA[x]]]]><![CDATA[>y]]></a></xml>");
    for value in ["]]>", "]]>]]>", "]]]]>>", "]]", "]]>\r]]>", "<![CDATA[x]]>"] {
        let fields = fields(&[("a", value)]);
        assert_eq!(read(encode(&fields).unwrap()).unwrap(), fields, "{value}");
    }
}

#[test]
fn line_ends_survive_the_readers_normalisation() {
    assert_eq!(
        written(&[("a", "x\r\ny\rz")]),
        "<xml><a><![CDATA[x]]>&#13;<![CDATA[\ny]]>&#13;<![CDATA[z]]></a></xml>"
    );
    for value in ["\r", "\r\n", "\n", "a\r", "\r\r\n\n", "\t", " "] {
        let fields = fields(&[("a", value)]);
        assert_eq!(read(encode(&fields).unwrap()).unwrap(), fields, "{value:?}");
    }
}

#[test]
fn a_field_that_xml_or_wechat_cannot_carry_is_refused_by_its_name() {
    for (name, value) in [("body", "\0"), ("body", "a\u{1}"), ("body", "\u{FFFE}"), ("body", "\u{1F600}")] {
        match encode(&fields(&[("a", "1"), (name, value)])) {
            Err(XmlError::Unwritable { name: named, .. }) => assert_eq!(named, name),
            other => panic!("{value:?}: {other:?}"),
        }
    }
}

#[test]
fn a_name_that_is_no_element_name_is_refused() {
    for name in ["", "1a", "-a", "a b", "a>", "a:b", "名", "a\n", "a/", "<a", &"a".repeat(257)] {
        let refused = encode(&fields(&[(name, "1")]));
        assert!(matches!(refused, Err(XmlError::Unwritable { .. })), "{name:?}: {refused:?}");
    }
    assert!(encode(&fields(&[("_a-1.B", "1")])).is_ok());
}

#[test]
fn a_message_that_our_own_reader_would_refuse_as_too_large_is_not_written() {
    let mut many = Fields::new();
    (0..=Fields::MAX).for_each(|n| many.set(&format!("f{n}"), "1"));
    assert_eq!(encode(&many), Err(XmlError::Fields(FieldsError::TooMany)));
    assert_eq!(encode(&fields(&[("a", &"x".repeat(MAX_BYTES))])), Err(XmlError::TooLarge));
}

#[test]
fn a_message_of_4096_fields_is_written_and_read_back() {
    let mut all = Fields::new();
    (0..Fields::MAX).for_each(|n| all.set(&format!("f{n}"), n.to_string()));
    let back = read(encode(&all).unwrap()).unwrap();
    assert_eq!(pairs(&back), pairs(&all));
}
