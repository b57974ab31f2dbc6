//! Signs: the vectors, what is accepted, and random messages.

use super::*;
use crate::wire::v2::xml::{self, Root};
use proptest::prelude::*;
use serde_json::Value;

const SECRET: &[u8; 32] = b"0123456789abcdefghijKLMNOPQRSTUV";
const BOTH: [SignType; 2] = [SignType::Md5, SignType::HmacSha256];

fn key() -> Key {
    Key::new(SECRET).unwrap()
}

fn other_key() -> Key {
    Key::new(b"another-merchants-key-0123456789").unwrap()
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::from_pairs(pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect()).unwrap()
}

fn pin(key: &Key, sign_type: SignType) -> SignaturePolicy<'_> {
    SignaturePolicy { sign_type, fixed: false, accept_md5: false, key, previous_key: None }
}

fn message() -> Fields {
    fields(&[("appid", "wx1"), ("total_fee", "100"), ("attach", ""), ("coupon_fee", "0")])
}

fn sealed(sign_type: SignType) -> Fields {
    let mut fields = message();
    add_sign(&mut fields, &key(), sign_type);
    fields
}

fn with(mut fields: Fields, name: &str, text: &str) -> Fields {
    fields.set(name, text);
    fields
}

fn group(name: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../../../php-tests/fixtures/vectors.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

/// The parameters of a vector; null reads as the empty text, which is left out just the same.
fn params(vector: &Value) -> Fields {
    let all = vector["params"].as_object().unwrap();
    let text =
        |v: &Value| v.as_str().map_or_else(|| v.as_null().map(|()| String::new()).unwrap(), str::to_owned);
    Fields::from_pairs(all.iter().map(|(n, v)| (n.clone(), text(v))).collect()).unwrap()
}

fn key_of(vector: &Value) -> Key {
    Key::new(vector["key"].as_str().unwrap().as_bytes()).unwrap()
}

/// The whole string that is digested.
fn keyed<'a>(sorted: impl Iterator<Item = (&'a [u8], &'a [u8])>, key: &Key) -> Vec<u8> {
    [&*canonical(sorted).bytes, b"key=", key.expose()].concat()
}

fn canonical_of(vector: &Value) -> String {
    String::from_utf8(keyed(byte_pairs(&params(vector)), &key_of(vector))).unwrap()
}

#[test]
fn every_v2_sign_vector_gives_its_string_and_both_its_digests() {
    let vectors = group("v2_sign");
    assert!(vectors.len() >= 18);
    for vector in &vectors {
        let signed = |sign_type| sign(byte_pairs(&params(vector)), &key_of(vector), sign_type).to_string();
        assert_eq!(canonical_of(vector), vector["string_to_sign"].as_str().unwrap(), "{}", vector["id"]);
        assert_eq!(signed(SignType::Md5), vector["md5"].as_str().unwrap(), "{}", vector["id"]);
        assert_eq!(signed(SignType::HmacSha256), vector["hmac_sha256"].as_str().unwrap(), "{}", vector["id"]);
        for (name, digest) in vector["published"].as_object().into_iter().flatten() {
            assert_eq!(vector[name], *digest, "{}", vector["id"]);
        }
    }
}

#[test]
fn every_v2_client_sign_vector_gives_its_string_and_its_signature() {
    let vectors = group("v2_client_sign");
    assert!(vectors.len() >= 5);
    for vector in &vectors {
        let sign_type = SignType::from_wire(vector["sign_type"].as_str().unwrap()).unwrap();
        assert_eq!(canonical_of(vector), vector["string_to_sign"].as_str().unwrap(), "{}", vector["id"]);
        let signature = sign(byte_pairs(&params(vector)), &key_of(vector), sign_type).to_string();
        assert_eq!(signature, vector["signature"].as_str().unwrap(), "{}", vector["id"]);
    }
}

#[test]
fn p1_a_message_without_a_sign_or_with_an_empty_one_is_refused() {
    for unsigned in [message(), with(message(), "sign", "")] {
        assert_eq!(verify(unsigned, &pin(&key(), SignType::Md5)).err(), Some(SignatureError::Missing.into()));
    }
}

#[test]
fn p2_a_sign_that_is_wrong_in_any_one_character_is_refused() {
    for sign_type in BOTH {
        let right = sealed(sign_type);
        let sign = right.get("sign").unwrap().to_owned();
        for at in 0..sign.len() {
            let mut wrong = sign.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            let wrong = with(right.clone(), "sign", std::str::from_utf8(&wrong).unwrap());
            assert_eq!(verify(wrong, &pin(&key(), sign_type)).err(), Some(SignatureError::Wrong.into()));
        }
    }
}

#[test]
fn p2_a_sign_of_another_length_is_wrong() {
    let sign = sealed(SignType::HmacSha256).get("sign").unwrap().to_owned();
    for wrong in [&sign[..63], &sign[1..], &format!("{sign}0"), &format!(" {sign}"), "0", &sign[..31]] {
        let message = with(message(), "sign", wrong);
        assert_eq!(
            verify(message, &pin(&key(), SignType::HmacSha256)).err(),
            Some(SignatureError::Wrong.into())
        );
    }
}

#[test]
fn p3_a_sign_made_with_another_key_is_refused() {
    for sign_type in BOTH {
        let refused = verify(sealed(sign_type), &pin(&other_key(), sign_type)).err();
        assert_eq!(refused, Some(SignatureError::Wrong.into()));
    }
}

#[test]
fn p3_the_previous_key_is_accepted_beside_the_key_for_either_algorithm() {
    let (new, old) = (other_key(), key());
    for sign_type in BOTH {
        let rotating = SignaturePolicy { previous_key: Some(&old), ..pin(&new, sign_type) };
        assert!(verify(sealed(sign_type), &rotating).is_ok());
        let forward = SignaturePolicy { previous_key: Some(&new), ..pin(&old, sign_type) };
        assert!(verify(sealed(sign_type), &forward).is_ok());
    }
}

#[test]
fn p4_an_answer_signed_with_md5_is_refused_by_an_hmac_merchant() {
    let refused = verify(sealed(SignType::Md5), &pin(&key(), SignType::HmacSha256)).err();
    assert_eq!(refused, Some(SignatureError::Algorithm { got: "MD5", pinned: "HMAC-SHA256" }.into()));
}

#[test]
fn p4_which_algorithms_a_merchant_accepts() {
    use SignType::{HmacSha256, Md5};
    for (own, fixed, accept_md5, got, accepted) in [
        (HmacSha256, false, false, HmacSha256, true),
        (HmacSha256, false, false, Md5, false),
        (HmacSha256, false, true, Md5, true),
        (HmacSha256, true, true, Md5, false),
        (Md5, false, false, Md5, true),
        (Md5, false, false, HmacSha256, true),
        (Md5, true, false, HmacSha256, false),
        (Md5, true, true, HmacSha256, false),
    ] {
        let key = key();
        let pin = SignaturePolicy { fixed, accept_md5, ..pin(&key, own) };
        assert_eq!(verify(sealed(got), &pin).is_ok(), accepted, "{own:?} {fixed} {accept_md5} {got:?}");
    }
}

#[test]
fn p4_a_sign_type_inside_the_message_must_name_the_algorithm_that_was_used() {
    for (named, used, accepted) in [
        ("MD5", SignType::Md5, true),
        ("HMAC-SHA256", SignType::HmacSha256, true),
        ("HMAC-SHA256", SignType::Md5, false),
        ("MD5", SignType::HmacSha256, false),
        ("md5", SignType::Md5, false),
        ("RSA", SignType::HmacSha256, false),
        ("", SignType::Md5, true),
    ] {
        let mut message = with(message(), "sign_type", named);
        add_sign(&mut message, &key(), used);
        let key = key();
        let checked =
            verify(message, &SignaturePolicy { accept_md5: true, ..pin(&key, SignType::HmacSha256) });
        assert_eq!(checked.is_ok(), accepted, "{named} {used:?} {checked:?}");
    }
}

#[test]
fn p5_a_lower_case_sign_is_refused() {
    for sign_type in BOTH {
        let sealed = sealed(sign_type);
        let lower = sealed.get("sign").unwrap().to_ascii_lowercase();
        let refused = verify(with(sealed, "sign", &lower), &pin(&key(), sign_type)).err();
        assert_eq!(refused, Some(SignatureError::Wrong.into()));
    }
}

#[test]
fn p12_an_unknown_field_is_part_of_the_sign_and_is_kept() {
    let mut message = with(message(), "brand_new_field", "x");
    add_sign(&mut message, &key(), SignType::HmacSha256);
    let verified = verify(message, &pin(&key(), SignType::HmacSha256)).unwrap();
    assert_eq!(verified.get("brand_new_field"), Some("x"));
    let added = with(sealed(SignType::HmacSha256), "brand_new_field", "x");
    assert_eq!(verify(added, &pin(&key(), SignType::HmacSha256)).err(), Some(SignatureError::Wrong.into()));
}

#[test]
fn p13_an_empty_field_is_left_out_of_the_sign_but_kept_in_the_message() {
    let verified = verify(sealed(SignType::Md5), &pin(&key(), SignType::Md5)).unwrap();
    assert_eq!(verified.get("attach"), Some(""));
    let without = fields(&[("appid", "wx1"), ("total_fee", "100"), ("coupon_fee", "0")]);
    let signed = |fields: &Fields| sign(byte_pairs(fields), &key(), SignType::Md5);
    assert_eq!(signed(&without), signed(&message()));
}

#[test]
fn p13_a_zero_and_a_blank_are_not_empty() {
    let signed = |text: &str| sign(byte_pairs(&fields(&[("a", text)])), &key(), SignType::Md5);
    let empty = signed("");
    assert!(["0", " ", "\n"].into_iter().all(|text| signed(text) != empty));
}

#[test]
fn a_message_without_any_signed_field_is_signed_over_the_key_alone() {
    assert_eq!(keyed(byte_pairs(&Fields::new()), &key()), b"key=0123456789abcdefghijKLMNOPQRSTUV");
}

#[test]
fn values_that_are_no_utf8_are_signed_as_bytes() {
    let pairs: [(&[u8], &[u8]); 2] = [(b"a", b"\xFF\xFE"), (b"b", b"\0")];
    let signed = keyed(pairs.into_iter(), &key());
    assert_eq!(signed, [b"a=\xFF\xFE&b=\0&key=".as_slice(), SECRET].concat());
}

#[test]
fn no_error_and_no_debug_text_shows_a_digest_or_a_key() {
    let own = sealed(SignType::HmacSha256).get("sign").unwrap().to_owned();
    let wrong =
        verify(with(message(), "sign", &"0".repeat(64)), &pin(&key(), SignType::HmacSha256)).unwrap_err();
    let key = key();
    let verified = verify(sealed(SignType::HmacSha256), &pin(&key, SignType::HmacSha256)).unwrap();
    let shown = format!("{wrong} {wrong:?} {:?} {key:?} {verified:?}", pin(&key, SignType::HmacSha256));
    assert!(!shown.contains(&own[..6]) && !shown.contains("0123456789abcdef"), "{shown}");
}

#[test]
fn a_sign_type_from_a_stranger_is_shown_short_and_printable() {
    let mut message = with(message(), "sign_type", &format!("<b>\n{}", "x".repeat(1000)));
    add_sign(&mut message, &key(), SignType::Md5);
    match verify(message, &pin(&key(), SignType::Md5)).unwrap_err() {
        NotVerified::Sign(SignatureError::Confused { named, .. }) => {
            assert!(named.len() <= 32 && !named.contains('\n'));
        }
        other => panic!("{other:?}"),
    }
}

fn messages() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_]{0,6}", "[ -~中0\n]{0,12}", 1..10)
        .prop_map(|map| map.into_iter().filter(|(n, _)| n != "sign" && n != "sign_type").collect())
}

fn types() -> impl Strategy<Value = SignType> {
    prop::sample::select(BOTH.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_fields_does_not_matter(
        (pairs, shuffled) in messages().prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle())),
        sign_type in types(),
    ) {
        let signed = |p| sign(byte_pairs(&Fields::from_pairs(p).unwrap()), &key(), sign_type);
        prop_assert_eq!(signed(pairs), signed(shuffled));
    }

    #[test]
    fn what_was_signed_verifies_with_that_key_and_algorithm_and_no_other(pairs in messages(), sign_type in types()) {
        let mut fields = Fields::from_pairs(pairs).unwrap();
        add_sign(&mut fields, &key(), sign_type);
        prop_assert!(verify(fields.clone(), &pin(&key(), sign_type)).is_ok());
        prop_assert!(verify(fields.clone(), &pin(&other_key(), sign_type)).is_err());
        let (key, other) = (key(), if sign_type == SignType::Md5 { SignType::HmacSha256 } else { SignType::Md5 });
        let fixed = SignaturePolicy { fixed: true, ..pin(&key, other) };
        prop_assert!(verify(fields, &fixed).is_err());
    }

    #[test]
    fn no_byte_of_a_signed_document_can_be_changed_so_that_other_content_verifies(
        pairs in messages(),
        sign_type in types(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut fields = Fields::from_pairs(pairs).unwrap();
        add_sign(&mut fields, &key(), sign_type);
        let mut document = xml::encode(&fields).unwrap();
        let at = at.index(document.len());
        document[at] = byte;
        if let Ok(changed) = xml::decode(&document, Root::Xml)
            && let Ok(verified) = verify(changed, &pin(&key(), sign_type))
        {
            let told = |f: &Fields| f.sorted().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<Vec<_>>();
            prop_assert_eq!(told(&verified), told(&fields));
        }
    }

    #[test]
    fn a_sign_is_upper_case_hex_of_its_algorithms_length(pairs in messages(), sign_type in types()) {
        let sign = sign(byte_pairs(&Fields::from_pairs(pairs).unwrap()), &key(), sign_type);
        prop_assert_eq!(sign.len(), sign_type.length());
        prop_assert!(sign.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
    }
}
