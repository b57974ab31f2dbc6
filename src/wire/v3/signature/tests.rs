use super::super::request_key::{RequestKey, Unauthorized};
use super::super::vectors::{body, group, headers, keys, refusal, ring, text};
use super::*;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// The word of the vectors for a refusal.
fn word(error: &HeaderError) -> &'static str {
    match error {
        HeaderError::Unsigned => "unsigned",
        HeaderError::Incomplete(_) => "incomplete_headers",
        HeaderError::Duplicate(_) => "duplicate_header",
        HeaderError::SignatureType => "unsupported_signature_type",
        HeaderError::Nonce => "bad_nonce",
        HeaderError::Timestamp => "bad_timestamp",
        HeaderError::Stale(_) | HeaderError::ClockOff { .. } => "stale",
        HeaderError::OtherFile => "hash_mismatch",
        HeaderError::UnknownSerial(_) => "unknown_serial",
        HeaderError::ExpiredKey(_) => "expired_key",
        HeaderError::Encoding => "bad_signature_encoding",
        HeaderError::Wrong => "bad_signature",
        HeaderError::Unlisted(_) | HeaderError::OfList(_) => "of the list",
    }
}

#[test]
fn v3_v5_v23_every_answer_of_the_vectors_verifies_or_is_refused_as_it_says() {
    for vector in group("answer_verify") {
        let inputs = &vector["inputs"];
        let (headers, body) = (headers(&inputs["headers"]), body(inputs));
        let found = SignatureHeaders::of(&headers);
        if vector["expected"]["accept"]["verified_by"].is_null() && vector["expected"]["accept"].is_object() {
            assert_eq!(found, Err(HeaderError::Unsigned), "{}: nothing is verified", vector["id"]);
            continue;
        }
        let ring = ring(&inputs["keys"]);
        let now = inputs["now"].as_i64().unwrap();
        let ended = found.and_then(|found| found.verify(&body, &ring, now).map(|()| found.serial));
        match (&ended, refusal(vector)) {
            (Ok(serial), None) => {
                let key = &ring.named(serial).unwrap().id;
                assert_eq!(key, text(&vector["expected"]["accept"]["verified_by"]), "{}", vector["id"]);
            }
            (Err(error), Some(wanted)) => assert_eq!(word(error), wanted, "{}", vector["id"]),
            (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
        }
    }
}

fn merchant_key() -> RequestKey {
    let merchant = &keys()["merchant"];
    RequestKey::new(text(&merchant["private_pem"]).as_bytes(), text(&merchant["serial"])).unwrap()
}

#[test]
fn every_request_of_the_vectors_is_signed_to_the_letter() {
    let key = merchant_key();
    let signed: Vec<_> = group("request_sign").iter().filter(|v| v["inputs"]["nonce"].is_string()).collect();
    assert!(signed.len() > 20);
    for vector in signed {
        let inputs = &vector["inputs"];
        let body = body(inputs);
        let request = Unauthorized {
            method: text(&inputs["method"]),
            target: text(&inputs["target"]),
            timestamp: text(&inputs["timestamp"]),
            nonce: text(&inputs["nonce"]),
            body: &body,
        };
        let expected = &vector["expected"]["accept"];
        let header = key.authorization(text(&keys()["mchid"]), &request).unwrap();
        assert_eq!(header, text(&expected["authorization"]), "{}", vector["id"]);
    }
}

#[test]
fn the_parameters_of_clients_are_signed_to_the_letter() {
    let key = merchant_key();
    for vector in group("client_params").iter().filter(|v| v["expected"]["accept"]["message"].is_string()) {
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]["accept"]);
        let prepay_id = text(&inputs["prepay_id"]);
        let package =
            if inputs["kind"] == "app" { prepay_id.to_owned() } else { format!("prepay_id={prepay_id}") };
        let message = message::of_client(
            text(&inputs["appid"]),
            text(&inputs["timestamp"]),
            text(&inputs["nonce"]),
            &package,
        );
        assert_eq!(message, text(&expected["message"]).as_bytes(), "{}", vector["id"]);
        let signature = key.sign(&message).unwrap();
        let params = expected["params"].as_object().unwrap();
        assert!(params.values().any(|value| value == &signature), "{}", vector["id"]);
    }
}

#[test]
fn what_official_pages_and_sdks_published_verifies() {
    let published: Vec<_> =
        group("published").iter().filter(|v| v["inputs"]["signature"].is_string()).collect();
    assert_eq!(published.len(), 7);
    for vector in published {
        let inputs = &vector["inputs"];
        let part = super::super::key_file::public(text(&inputs["public_pem"]).as_bytes()).unwrap();
        let signature = STANDARD.decode(text(&inputs["signature"])).unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &part.pkcs1);
        let verified = key.verify(text(&inputs["message"]).as_bytes(), &signature).is_ok();
        assert!(verified, "{}", vector["id"]);
    }
}

#[test]
fn a_key_text_is_read_or_refused_as_the_vectors_say() {
    use super::super::key_file::{KeyFileError, public};
    for vector in group("keys_load") {
        let given = text(&vector["inputs"]["text"]).as_bytes();
        let ended = match text(&vector["inputs"]["want"]) {
            "private" => RequestKey::new(given, "1").map(|_| None),
            _ => public(given).map(|part| part.serial),
        };
        match (ended, refusal(vector)) {
            (Ok(serial), None) => {
                let wanted = vector["expected"]["accept"]["serial"].as_str();
                assert!(wanted.is_none() || serial.as_deref() == wanted, "{}: {serial:?}", vector["id"]);
            }
            (Err(KeyFileError::NotPrivate(_)), Some("not_a_private_key"))
            | (Err(KeyFileError::Weak), Some("weak_key"))
            | (Err(KeyFileError::Empty | KeyFileError::Unreadable | KeyFileError::NotRsa), Some("bad_key")) =>
                {}
            (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
        }
    }
}
