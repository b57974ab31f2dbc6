//! Any answer of APIv3, headers and body: nothing verifies that our key has not signed, and what it has signed does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use wechatpay::wire::v3::answer::{AnswerError, SignedAnswer};
use wechatpay::wire::v3::key_ring::KeyRing;
use wechatpay::wire::v3::message::of_answer;
use wechatpay::wire::v3::request_key::RequestKey;

const NOW: i64 = 1_795_000_000;
const NAME: &str = "PUB_KEY_ID_01";

static SIGNER: LazyLock<RequestKey> =
    LazyLock::new(|| RequestKey::new(include_bytes!("../keys/private.pem"), "").expect("a private key"));
static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let mut ring = KeyRing::default();
    ring.add_public_key(NAME, include_bytes!("../keys/public.pem")).expect("its public half");
    ring
});

fuzz_target!(|message: &[u8]| {
    let text = String::from_utf8_lossy(message);
    let (head, body) = text.split_once("\n\n").unwrap_or(("200", &text));
    let (status, lines) = head.split_once('\n').unwrap_or((head, ""));
    let status = status.trim().parse().unwrap_or(200);
    let headers: Vec<(&str, &str)> = lines.lines().filter_map(|line| line.split_once(':')).collect();
    let forged = SignedAnswer { status, headers: &headers, body: body.as_bytes() }.verified(&RING, NOW);
    let is_believed = matches!(forged, Ok(_) | Err(AnswerError::Refused(_) | AnswerError::Malformed(_)));
    assert!(!is_believed, "forged: {headers:?}");

    let (timestamp, nonce) = (NOW.to_string(), "0123456789abcdef");
    let signature = SIGNER.sign(&of_answer(&timestamp, nonce, body.as_bytes())).expect("signed");
    let signed = [
        ("wechatpay-timestamp", timestamp.as_str()),
        ("Wechatpay-Nonce", nonce),
        ("WECHATPAY-SERIAL", NAME),
        ("Wechatpay-Signature", &signature),
    ];
    let read = SignedAnswer { status, headers: &signed, body: body.as_bytes() }.verified(&RING, NOW);
    assert!(!matches!(read, Err(AnswerError::Signature(_) | AnswerError::Unsigned(_))), "signed");
});
