//! Any notice of APIv3, signed rightly: whatever it holds is read or refused; and what is sealed for our key opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use wechatpay::wire::key::Key;
use wechatpay::wire::v3::json;
use wechatpay::wire::v3::key_ring::KeyRing;
use wechatpay::wire::v3::message::of_answer;
use wechatpay::wire::v3::notice::{NoticeError, OpenedNotice, open};
use wechatpay::wire::v3::request_key::RequestKey;
use wechatpay::wire::v3::resource;

const NOW: i64 = 1_795_000_000;
const NAME: &str = "PUB_KEY_ID_01";

static KEY: LazyLock<Key> =
    LazyLock::new(|| Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").expect("32 bytes"));
static SIGNER: LazyLock<RequestKey> =
    LazyLock::new(|| RequestKey::new(include_bytes!("../keys/private.pem"), "").expect("a private key"));
static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let mut ring = KeyRing::default();
    ring.add_public_key(NAME, include_bytes!("../keys/public.pem")).expect("its public half");
    ring
});

fn received(body: &[u8]) -> Result<OpenedNotice, NoticeError> {
    let (timestamp, nonce) = (NOW.to_string(), "0123456789abcdef");
    let signature = SIGNER.sign(&of_answer(&timestamp, nonce, body)).expect("signed");
    let headers = [
        ("Wechatpay-Timestamp", timestamp.as_str()),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Serial", NAME),
        ("Wechatpay-Signature", &signature),
    ];
    open(&headers, body, &RING, NOW, |sealed| resource::open(sealed, &[&KEY]))
}

fn sealed(inside: &[u8]) -> Vec<u8> {
    let ciphertext = resource::seal(&KEY, b"0123456789ab", "transaction", inside).expect("sealed");
    serde_json::json!({
        "id": "1", "event_type": "TRANSACTION.SUCCESS",
        "resource": {
            "algorithm": "AEAD_AES_256_GCM", "nonce": "0123456789ab", "associated_data": "transaction",
            "ciphertext": ciphertext,
        },
    })
    .to_string()
    .into_bytes()
}

fuzz_target!(|bytes: &[u8]| {
    assert!(!matches!(received(bytes), Err(NoticeError::Signature(_))), "signed");
    if bytes.len() > 500_000 {
        return;
    }
    match (received(&sealed(bytes)), json::object(bytes)) {
        (Ok(opened), Ok(inside)) => assert_eq!(*opened.resource, inside),
        (Err(NoticeError::Malformed(told)), Err(why)) => assert_eq!(told, why),
        (told, inside) => panic!("{told:?} of {inside:?}"),
    }
});
