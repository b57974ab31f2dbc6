//! What is accepted, and as what it reads.

use super::super::names::is_name;
use super::{MAX_NAME, Root, XmlError, decode, pairs, read, text};

#[test]
fn fields_are_read_in_the_order_of_the_wire() {
    let fields = read("<xml><b>2</b>\n<a><![CDATA[1]]></a> <c/></xml>").unwrap();
    assert_eq!(pairs(&fields), [("b", "2"), ("a", "1"), ("c", "")]);
}

#[test]
fn an_empty_message_is_a_message_without_fields() {
    for document in ["<xml></xml>", "<xml/>", "<xml />", " \n<xml>\t</xml>\n "] {
        assert!(read(document).unwrap().is_empty(), "{document}");
    }
}

#[test]
fn a_declaration_a_bom_and_comments_between_elements_are_fine() {
    for prolog in [
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<?xml version = \"1.0\"\r\n encoding=\"utf-8\" standalone=\"yes\" ?>",
        "\u{FEFF}<?xml version=\"1.0\" standalone='no'?>\n<!-- who -->",
        "<!----><!-- - -->",
    ] {
        let document = format!("{prolog}<xml><!-- a --><a>1</a><!-- b --></xml><!-- c -->\n");
        assert_eq!(pairs(&read(document).unwrap()), [("a", "1")], "{prolog}");
    }
}

#[test]
fn blanks_inside_tags_after_the_name_are_fine() {
    assert_eq!(pairs(&read("<xml\n><a >1</a\t></xml \r\n>").unwrap()), [("a", "1")]);
}

#[test]
fn blanks_of_a_value_are_kept() {
    assert_eq!(text("  a  b\t").unwrap(), "  a  b\t");
    assert_eq!(text(" <![CDATA[ x ]]> ").unwrap(), "  x  ");
}

#[test]
fn line_ends_are_normalised_but_references_are_not() {
    assert_eq!(text("a\r\nb\rc\nd").unwrap(), "a\nb\nc\nd");
    assert_eq!(text("<![CDATA[a\r\nb]]>").unwrap(), "a\nb");
    assert_eq!(text("a&#13;&#10;b&#xD;").unwrap(), "a\r\nb\r");
}

#[test]
fn the_five_entities_and_character_references_become_text() {
    assert_eq!(text("&lt;&gt;&amp;&apos;&quot;").unwrap(), "<>&'\"");
    assert_eq!(text("&#65;&#x41;&#x4e2d;&#x1F600;&#9;&#xfffd;&#x0041;").unwrap(), "AA中😀\t\u{FFFD}A");
    assert_eq!(text("&amp;lt;").unwrap(), "&lt;", "decoded once only");
    assert_eq!(text("<![CDATA[&amp;]]>").unwrap(), "&amp;", "not at all inside CDATA");
}

#[test]
fn characters_of_two_to_four_bytes_are_read() {
    assert_eq!(text("é中😀\u{85}\u{2028}").unwrap(), "é中😀\u{85}\u{2028}");
}

#[test]
fn a_decrypted_notice_has_another_root() {
    let document = b"<root><a>1</a></root>";
    assert_eq!(pairs(&decode(document, Root::Root).unwrap()), [("a", "1")]);
    assert_eq!(decode(document, Root::Xml), Err(XmlError::WrongRoot("xml")));
    assert_eq!(decode(b"<xml></xml>", Root::Root), Err(XmlError::WrongRoot("root")));
}

#[test]
fn a_name_is_taken_whatever_its_case_but_not_if_it_differs_in_its_end_tag() {
    assert_eq!(pairs(&read("<xml><A>1</A><a>2</a></xml>").unwrap()), [("A", "1"), ("a", "2")]);
    assert!(read("<xml><A>1</a></xml>").is_err());
    assert!(read("<XML><a>1</a></XML>").is_err());
}

#[test]
fn exactly_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let frame = "<xml><a></a></xml>".len();
    let document = |size: usize| format!("<xml><a>{}</a></xml>", "x".repeat(size - frame));
    assert!(read(document(super::MAX_BYTES)).is_ok());
    assert_eq!(read(document(super::MAX_BYTES + 1)), Err(XmlError::TooLarge));
}

#[test]
fn an_error_names_the_field_it_stands_in() {
    let shown = |document: &str| read(document).unwrap_err().to_string();
    assert!(shown("<xml><total_fee><b/></total_fee></xml>").ends_with("in <total_fee>"));
    assert!(shown("<xml><attach>&x;</attach></xml>").ends_with("in <attach>"));
    assert!(shown("<xml><a>1</a><a>2</a></xml>").contains("field a"));
}

#[test]
fn what_is_not_xml_at_all_is_shown_by_its_beginning_without_control_characters() {
    let error = read("Bad\u{9}Gateway: try again later, or ask somebody who knows").unwrap_err();
    assert_eq!(error, XmlError::NotXml("BadGateway: try again later, or ask som".into()));
    for page in ["<html>", "<HTML lang=en>", "<!DOCTYPE html><html></html>", "<!doctype HTML>"] {
        assert!(matches!(read(page), Err(XmlError::NotXml(_))), "{page}");
    }
}

#[test]
fn names_are_made_of_the_bytes_that_are_listed_and_no_others() {
    for byte in 0..=u8::MAX {
        let letter = byte.is_ascii_lowercase() || byte.is_ascii_uppercase() || byte == b'_';
        let inside = letter || b"0123456789.-".contains(&byte);
        for (name, expected) in [(vec![byte], letter), (vec![b'a', byte], inside)] {
            assert_eq!(is_name(&name), expected, "{name:?}");
        }
    }
    assert!(!is_name(b"") && is_name(&[b'a'; MAX_NAME]) && !is_name(&[b'a'; MAX_NAME + 1]));
}
