//! The group `v2_xml` of the shared vectors: what they say is what we do.

use super::{Fields, Root, decode};
use crate::wire::key::Key;
use crate::wire::v2::sign::{
    NotVerified, SignType, SignatureError, SignaturePolicy, byte_pairs, sign, verify,
};
use crate::wire::verified::Verified;
use serde_json::Value;

fn group() -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../../../../php-tests/fixtures/vectors.json")).unwrap();
    all["v2_xml"].as_array().unwrap().clone()
}

fn word<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or("")
}

fn decoded(vector: &Value) -> Fields {
    decode(word(vector, "xml").as_bytes(), Root::Xml)
        .unwrap_or_else(|e| panic!("{}: {e}", word(vector, "id")))
}

/// Verifies as the merchant whose algorithm the vector names.
fn verified(vector: &Value) -> Result<Verified<Fields>, NotVerified> {
    let key = Key::new(word(vector, "key").as_bytes()).unwrap();
    let sign_type = SignType::from_wire(word(vector, "sign_type")).unwrap_or(SignType::Md5);
    let pin = SignaturePolicy { sign_type, fixed: false, accept_md5: false, key: &key, previous_key: None };
    verify(decoded(vector), &pin)
}

fn expecting(what: &'static str) -> impl Iterator<Item = Value> {
    let found: Vec<_> = group().into_iter().filter(|v| v["expect"] == what).collect();
    assert!(!found.is_empty(), "{what}");
    found.into_iter()
}

#[test]
fn every_vector_expects_something_that_is_tested_here() {
    let known = ["valid", "bad-signature", "reject-xml", "unsigned-fail"];
    assert!(group().iter().all(|v| known.contains(&word(v, "expect"))));
    assert!(group().len() >= 50);
}

#[test]
fn valid_documents_verify_and_hold_exactly_the_fields_of_the_vector() {
    for vector in expecting("valid") {
        let fields = verified(&vector).unwrap_or_else(|e| panic!("{}: {e}", word(&vector, "id")));
        let expected = vector["fields"].as_object().unwrap();
        assert_eq!(fields.len(), expected.len(), "{}", word(&vector, "id"));
        assert!(expected.iter().all(|(n, v)| fields.get(n) == v.as_str()), "{}", word(&vector, "id"));
    }
}

#[test]
fn valid_documents_are_signed_over_the_string_of_the_vector() {
    for vector in expecting("valid") {
        let fields = decoded(&vector);
        let parts = fields.sorted().filter(|(n, v)| *n != "sign" && !v.is_empty());
        let mut text: String = parts.flat_map(|(n, v)| [n, "=", v, "&"]).collect();
        text.push_str("key=");
        text.push_str(word(&vector, "key"));
        assert_eq!(text, word(&vector, "string_to_sign"), "{}", word(&vector, "id"));
        let key = Key::new(word(&vector, "key").as_bytes()).unwrap();
        let sign_type = SignType::from_wire(word(&vector, "sign_type")).unwrap();
        assert_eq!(Some(&*sign(byte_pairs(&fields), &key, sign_type)), fields.get("sign"));
    }
}

#[test]
fn p1_p2_p3_documents_with_a_bad_sign_decode_but_do_not_verify() {
    for vector in expecting("bad-signature") {
        assert!(verified(&vector).is_err(), "{}", word(&vector, "id"));
    }
}

#[test]
fn documents_outside_the_subset_are_refused_unverified() {
    for vector in expecting("reject-xml") {
        let refused = decode(word(&vector, "xml").as_bytes(), Root::Xml);
        assert!(refused.is_err(), "{}: {refused:?}", word(&vector, "id"));
    }
}

#[test]
fn p7_unsigned_refusals_decode_to_the_fields_of_the_vector_and_never_verify() {
    for vector in expecting("unsigned-fail") {
        let fields = decoded(&vector);
        let expected = vector["fields"].as_object().unwrap();
        assert_eq!(fields.len(), expected.len());
        assert!(expected.iter().all(|(n, v)| fields.get(n) == v.as_str()), "{}", word(&vector, "id"));
        assert_eq!(fields.get("return_code"), Some("FAIL"));
        assert_eq!(verified(&vector).err(), Some(SignatureError::Missing.into()));
    }
}
