//! Answers that a proxy has packed on the way.

use super::*;
use crate::error::Phase;
use crate::wire::v2::xml::MAX_BYTES;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;

type Packer = fn(&[u8]) -> Vec<u8>;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

const WAYS: [(&str, Packer); 4] = [("gzip", gzip), ("GZIP", gzip), ("deflate", zlib), ("deflate", deflate)];

/// A genuine answer, packed after it was signed.
fn packed(status: u16, text: &str, encoding: &str, bytes: Vec<u8>) -> HttpResponse {
    let mut answer = signed(status, text);
    answer.headers.insert("content-encoding", encoding.parse().unwrap());
    answer.body = Body::Message(bytes);
    answer
}

fn transport(fault: &Fault) -> &TransportError {
    match &fault.error {
        Error::Transport(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn v27_a_packed_answer_is_unpacked_and_verified_as_it_was_signed() {
    for (encoding, pack) in WAYS {
        let (ended, _) =
            asked(&merchant(), &query(), [packed(200, &paid(), encoding, pack(paid().as_bytes()))]);
        assert_eq!(ended.unwrap().trade_state(), TradeState::Success, "{encoding}");
        let refusal = r#"{"code":"ORDER_NOT_EXIST","message":"订单不存在"}"#;
        let refused = fault(&query(), [packed(404, refusal, encoding, pack(refusal.as_bytes()))]);
        assert!(matches!(refused.error, Error::Service { .. }), "{refused:?}");
        let other = paid().replace("1230", "1231");
        let changed = fault(&query(), [packed(200, &paid(), encoding, pack(other.as_bytes()))]);
        assert!(matches!(changed.error, Error::Headers(HeaderError::Wrong)), "{changed:?}");
    }
}

#[test]
fn v27_a_bomb_is_not_unpacked_beyond_the_limit() {
    let bomb = " ".repeat(20 * MAX_BYTES);
    for (encoding, pack) in WAYS {
        let fault = fault(&refund_of(100), [packed(200, "{}", encoding, pack(bomb.as_bytes()))]);
        let error = transport(&fault);
        assert_eq!(error.phase, Phase::Protocol);
        assert!(error.message.contains("larger than 1 MiB") && fault.maybe_processed, "{fault:?}");
    }
    let most = " ".repeat(MAX_BYTES);
    let fault = fault(&query(), [packed(200, &most, "gzip", gzip(most.as_bytes()))]);
    assert!(matches!(fault.error, Error::Malformed(_)), "it is verified and read: {fault:?}");
}

#[test]
fn v27_what_cannot_be_unpacked_is_a_transport_fault() {
    let text = paid();
    let whole = gzip(text.as_bytes());
    let cut = whole[..whole.len() / 2].to_vec();
    for (encoding, bytes) in [("gzip", cut), ("gzip", text.clone().into_bytes()), ("br", whole)] {
        let fault = fault(&query(), [packed(200, &text, encoding, bytes)]);
        assert_eq!(transport(&fault).phase, Phase::Protocol, "{encoding}: {fault:?}");
    }
}

#[test]
fn v27_a_page_of_the_gateways_trouble_is_its_status_however_it_is_packed() {
    for status in [302, 429, 500, 502, 503] {
        for (encoding, bytes) in [("br", b"\x0bpage".to_vec()), ("gzip", b"no gzip".to_vec())] {
            let answer = || packed(status, "", encoding, bytes.clone());
            let fault = fault(&query(), [answer(), answer(), answer()]);
            assert_eq!(transport(&fault).phase, Phase::Status(status), "{encoding}: {fault:?}");
        }
    }
    let refused = fault(&query(), [packed(404, "{}", "br", b"\x0bpage".to_vec())]);
    assert_eq!(
        transport(&refused).phase,
        Phase::Protocol,
        "a word of WeChat Pay's may be in it: {refused:?}"
    );
    assert!(transport(&refused).message.contains("HTTP 404"), "{refused:?}");
}

#[test]
fn v27_all_headers_that_say_how_it_is_packed_count() {
    let text = paid();
    let of = |encodings: &[&str], bytes: &[u8]| {
        let mut answer = packed(200, &text, encodings[0], bytes.to_vec());
        for encoding in &encodings[1..] {
            answer.headers.append("content-encoding", encoding.parse().unwrap());
        }
        answer
    };
    let zipped = gzip(text.as_bytes());
    for fine in [["identity", "gzip"], ["gzip", "identity"], ["", "gzip"], ["gzip, identity", "identity"]] {
        let (ended, _) = asked(&merchant(), &query(), [of(&fine, &zipped)]);
        assert_eq!(ended.unwrap().trade_state(), TradeState::Success, "{fine:?}");
    }
    for twice in [["gzip", "br"], ["identity", "br"], ["gzip, gzip", ""]] {
        let fault = fault(&query(), [of(&twice, &zipped)]);
        assert_eq!(transport(&fault).phase, Phase::Protocol, "{twice:?}: {fault:?}");
    }
}
