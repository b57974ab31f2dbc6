//! The short way and the strict parser must read the same: whatever the first takes, the second takes as well.

use super::super::flat;
use super::random::{fields, soup};
use super::{Root, XmlError, characters, encode, strict};
use crate::wire::v2::fields::Fields;
use crate::wire::v2::fields::FieldsError;
use proptest::prelude::*;

type ReadResult = Result<Fields, XmlError>;

/// What both make of a document; nothing if the short way leaves it to the strict parser.
fn both(document: &[u8], root: Root) -> Option<(ReadResult, ReadResult)> {
    let text = characters(document).ok()?;
    let entries = flat::scan(&text, root.name())?;
    Some((
        Fields::from_entries(text.to_string(), entries).map_err(XmlError::from),
        strict::read(&text, root.name()),
    ))
}

fn agree(document: &[u8]) -> Result<(), TestCaseError> {
    for root in [Root::Xml, Root::Root] {
        if let Some((short, strict)) = both(document, root) {
            prop_assert_eq!(short, strict);
        }
    }
    Ok(())
}

#[test]
fn what_wechat_writes_goes_the_short_way() {
    let document = "<xml>\n  <a><![CDATA[x <y> & ]] z]]></a>\n<b>1</b><c></c><d><![CDATA[]]></d>\n</xml>\n";
    let (short, strict) = both(document.as_bytes(), Root::Xml).unwrap();
    assert_eq!(short, strict);
    assert_eq!(short.unwrap().get("a"), Some("x <y> & ]] z"));
}

#[test]
fn a_name_that_comes_twice_is_refused_on_both_ways() {
    let (short, strict) = both(b"<xml><a>1</a><a>1</a></xml>", Root::Xml).unwrap();
    assert_eq!(short, Err(FieldsError::Duplicate("a".into()).into()));
    assert_eq!(short, strict);
}

#[test]
fn everything_else_is_left_to_the_strict_parser() {
    for document in [
        "<xml><a>&amp;</a></xml>",
        "<xml><a>></a></xml>",
        "<xml><a>]]></a></xml>",
        "<xml><a/></xml>",
        "<xml><a >1</a></xml>",
        "<xml><a>1</a ></xml>",
        "<xml><a b=''>1</a></xml>",
        "<xml><a><b>1</b></a></xml>",
        "<xml><a>1</b></xml>",
        "<xml><a><![CDATA[1]]><![CDATA[2]]></a></xml>",
        "<xml><a>1<![CDATA[2]]></a></xml>",
        "<xml><a><!-- --></a></xml>",
        "<xml><1>1</1></xml>",
        "<xml>x</xml>",
        "<xml></xml>x",
        "<xml></xml><xml></xml>",
        "<xml><a>1</a>",
        "<?xml version=\"1.0\"?><xml></xml>",
        "<xml a=''></xml>",
        "<root></root>",
        "<xmlx></xmlx>",
    ] {
        assert!(both(document.as_bytes(), Root::Xml).is_none(), "{document}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_read_the_same_from_a_soup_of_pieces(document in soup()) {
        agree(document.as_bytes())?;
        agree(format!("<xml>{document}</xml>").as_bytes())?;
        agree(format!("<xml><a>{document}</a></xml>").as_bytes())?;
        agree(format!("<xml><a><![CDATA[{document}]]></a></xml>").as_bytes())?;
    }

    #[test]
    fn both_read_the_same_from_messages_with_one_byte_changed(
        fields in fields(),
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"<>/&![]x \n\r\t\0-".to_vec())],
    ) {
        let mut document = encode(&fields).unwrap();
        agree(&document)?;
        let place = at.index(document.len());
        document[place] = byte;
        agree(&document)?;
        document.remove(place);
        agree(&document)?;
    }
}
