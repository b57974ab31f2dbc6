//! Random fields and random documents.

use super::{Fields, encode, pairs, read};
use proptest::prelude::*;

/// Any character that the writer takes, the troublesome ones often.
fn character() -> impl Strategy<Value = char> {
    let plain = prop::char::range(' ', '~');
    let chinese = prop::char::range('\u{4E00}', '\u{9FFF}');
    let trouble =
        prop::sample::select(vec!['\r', '\n', '\t', ']', '>', '<', '&', '"', '\'', '\u{FFFD}', '\u{85}']);
    prop_oneof![3 => plain, 1 => chinese, 3 => trouble]
}

fn value() -> impl Strategy<Value = String> {
    prop::collection::vec(character(), 0..40).prop_map(|chars| chars.into_iter().collect())
}

/// Fields that can be written: any names and texts.
pub fn fields() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_.-]{0,8}", value(), 0..12)
        .prop_shuffle_pairs()
        .prop_map(|pairs| Fields::from_pairs(pairs).unwrap())
}

trait ShufflePairs {
    fn prop_shuffle_pairs(self) -> BoxedStrategy<Vec<(String, String)>>;
}

impl<S: Strategy<Value = std::collections::BTreeMap<String, String>> + 'static> ShufflePairs for S {
    fn prop_shuffle_pairs(self) -> BoxedStrategy<Vec<(String, String)>> {
        self.prop_map(|map| map.into_iter().collect::<Vec<_>>()).prop_shuffle().boxed()
    }
}

/// Pieces that XML is made of, whole and broken, put together at random.
pub fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<xml>",
        "</xml>",
        "<a>",
        "</a>",
        "<b/>",
        "<c>",
        "</c>",
        "1",
        " ",
        "\r\n",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&#65;",
        "&",
        ";",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "<?",
        "?>",
        "<",
        ">",
        "/",
        "=",
        "\"",
        "<!DOCTYPE",
        "\u{FEFF}",
        "中",
        "\0",
        "]]",
        "--",
        "a",
        "x",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_writable_message_reads_back_as_it_was(fields in fields()) {
        let back = read(encode(&fields).unwrap()).unwrap();
        prop_assert_eq!(pairs(&back), pairs(&fields));
    }

    #[test]
    fn what_is_read_and_can_be_written_reads_the_same_again(document in soup()) {
        if let Ok(fields) = read(&document)
            && let Ok(again) = encode(&fields)
        {
            prop_assert_eq!(read(again).unwrap(), fields);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let _ = read([b"<xml><a>", &*bytes, b"</a></xml>"].concat());
    }

    #[test]
    fn a_document_is_refused_or_holds_only_names_that_can_be_written(document in soup()) {
        if let Ok(fields) = read(&document) {
            prop_assert!(fields.iter().all(|(name, _)| super::super::names::is_name(name.as_bytes())));
        }
    }
}
