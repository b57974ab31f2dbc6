//! Every hint is found for the mistake it describes, and no secret is shown.

use super::*;

const SECRET: &str = "0123456789abcdefghijKLMNOPQRSTUV";
const FIELDS: [(&str, &str); 7] = [
    ("mch_id", "10000100"),
    ("appid", "wx1"),
    ("body", "a b&<中>"),
    ("coupon_fee", "0"),
    ("attach", ""),
    ("a", "2"),
    ("a0", "1"),
];

fn key() -> Key {
    Key::new(SECRET.as_bytes()).unwrap()
}

fn old_key() -> Key {
    Key::new(b"the-key-before-0123456789-abcdef").unwrap()
}

fn upper_md5(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// Explains the sample fields with this sign, for an MD5 merchant with a previous key.
fn explained(sign: &str) -> String {
    explained_with(&[], sign)
}

fn explained_with(more: &[(&str, &str)], sign: &str) -> String {
    let all = FIELDS.iter().chain(more).copied().chain([("sign", sign)]);
    let fields: Vec<BytePair<'_>> = all.map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    let (key, old) = (key(), old_key());
    explain(&Explanation { fields: &fields, key: &key, sign_type: SignType::Md5, previous_key: Some(&old) })
}

fn hint(sign: &str) -> String {
    explained(sign).lines().last().unwrap().to_owned()
}

const RIGHT: &str = "a=2&a0=1&appid=wx1&body=a b&<中>&coupon_fee=0&mch_id=10000100";

fn keyed(text: &str) -> String {
    format!("{text}&key={SECRET}")
}

#[test]
fn the_report_shows_the_string_the_names_and_what_was_left_out() {
    let report = explained("0");
    assert!(report.contains(&format!("string to sign: {RIGHT}&key=***\n")), "{report}");
    assert!(report.contains("sorted by name as bytes: a, a0, appid, body, coupon_fee, mch_id\n"), "{report}");
    assert!(report.contains("left out: attach (it is empty)\n"), "{report}");
    assert!(report.contains("left out: sign (it is the sign itself)\n"), "{report}");
}

#[test]
fn six_characters_of_each_digest_are_shown_and_no_more() {
    let right = upper_md5(&keyed(RIGHT));
    let report = explained("0");
    assert!(report.contains(&format!("MD5: {}...  <- expected here\n", &right[..6])), "{report}");
    assert!(!report.contains(&right[..7]), "{report}");
    assert!(report.contains("HMAC-SHA256: "), "{report}");
}

#[test]
fn a_right_sign_is_called_right() {
    assert_eq!(hint(&upper_md5(&keyed(RIGHT))), "the sign is right");
}

#[test]
fn each_usual_mistake_is_recognised() {
    let old = sign(sample().into_iter(), &old_key(), SignType::Md5).to_string();
    let hmac = sign(sample().into_iter(), &key(), SignType::HmacSha256).to_string();
    for (sign, expected) in [
        (old, "previous key"),
        (hmac, "other algorithm"),
        (upper_md5(&keyed(RIGHT)).to_lowercase(), "lower case"),
        (upper_md5(RIGHT), "&key=... is missing"),
        (upper_md5(&keyed(&RIGHT.replace("a b&<中>", "a%20b%26%3C%E4%B8%AD%3E"))), "URL-encoded"),
        (upper_md5(&keyed(&RIGHT.replace("a b&<中>", "a+b%26%3C%E4%B8%AD%3E"))), "URL-encoded"),
        (upper_md5(&keyed(&RIGHT.replace("a b&<中>", "a b&amp;&lt;中&gt;"))), "XML-escaped"),
        (upper_md5(&keyed(&RIGHT.replace("a=2&a0=1", "a0=1&a=2"))), "pairs were sorted"),
        (upper_md5(&keyed("mch_id=10000100&appid=wx1&body=a b&<中>&coupon_fee=0&a=2&a0=1")), "not sorted"),
        (upper_md5(&keyed(&RIGHT.replace("&coupon_fee=0", ""))), "\"0\" were dropped"),
        (upper_md5(&keyed(&RIGHT.replace("&body", "&attach=&body"))), "empty values took part"),
    ] {
        let hint = hint(&sign);
        assert!(hint.starts_with("hint: ") && hint.contains(expected), "{expected}: {hint}");
    }
}

fn sample() -> Vec<BytePair<'static>> {
    let mut pairs: Vec<BytePair<'_>> = FIELDS.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    pairs.sort_unstable();
    pairs
}

#[test]
fn a_sign_type_that_was_left_out_of_the_string_is_recognised() {
    let report = explained_with(&[("sign_type", "MD5")], &upper_md5(&keyed(RIGHT)));
    assert!(report.trim_end().ends_with("sign_type was left out of the string; when sent it is signed too"));
}

#[test]
fn a_sign_nobody_can_explain_says_what_to_compare() {
    assert!(hint(&"0".repeat(32)).contains("no usual mistake explains it"));
    assert!(explained("F00").contains("received sign: F00... (3 characters)\n"));
}

#[test]
fn a_message_without_a_sign_is_explained_too() {
    let key = key();
    let report =
        explain(&Explanation { fields: &[], key: &key, sign_type: SignType::HmacSha256, previous_key: None });
    assert!(report.ends_with("received sign: none\n"), "{report}");
}

#[test]
fn bytes_that_are_no_text_are_shown_without_harm() {
    let fields: [BytePair<'_>; 2] = [(b"a\n\x1b", b"\xFF\0"), (b"sign", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF")];
    let key = key();
    let report =
        explain(&Explanation { fields: &fields, key: &key, sign_type: SignType::Md5, previous_key: None });
    assert!(
        report.lines().next().unwrap().contains("a\u{FFFD}\u{FFFD}=\u{FFFD}\u{FFFD}&key=***"),
        "{report}"
    );
    assert!(!report.contains(['\0', '\u{1b}']));
}

#[test]
fn a_key_that_was_put_among_the_fields_is_masked() {
    for name in ["key", "attach", "sign"] {
        let report = explained_with(&[(name, SECRET)], SECRET);
        assert!(!report.contains(&SECRET[..8]), "{report}");
    }
    let report = explained_with(&[("key", "the-key-before-0123456789-abcdef")], "0");
    assert!(!report.contains("the-key-before"), "{report}");
}
