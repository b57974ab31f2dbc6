//! One codec operation, so many times: counted under callgrind by `benches/instructions.php`. It is a test of the crate so
//! that it is in the program that the ledger's simulation is built into, minutes, anyway.
//!
//! ```text
//! OPERATION='encode 12 fields' TIMES=600 cargo test --release --no-default-features --lib -- instructions --ignored
//! ```

use crate::wire::key::Key;
use crate::wire::v2::sign::{SignaturePolicy, byte_pairs, sign, verify};
use crate::wire::v2::xml::{Root, decode, encode};
use crate::{Fields, Order, Ours, SignType};
use std::hint::black_box;

const REQUEST: [(&str, &str); 12] = [
    ("appid", "wx2421b1c4370ec43b"),
    ("mch_id", "10000100"),
    ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
    ("sign_type", "HMAC-SHA256"),
    ("body", "腾讯充值中心-QQ会员充值"),
    ("out_trade_no", "20150806125346000012"),
    ("fee_type", "CNY"),
    ("total_fee", "8880"),
    ("spbill_create_ip", "123.12.12.123"),
    ("notify_url", "https://www.example.com/wxpay/notify?shop=17"),
    ("trade_type", "NATIVE"),
    ("product_id", "12235413214070356458058"),
];

const ANSWER: [(&str, &str); 30] = [
    ("return_code", "SUCCESS"),
    ("return_msg", "OK"),
    ("appid", "wx2421b1c4370ec43b"),
    ("mch_id", "10000100"),
    ("device_info", "013467007045764"),
    ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
    ("result_code", "SUCCESS"),
    ("openid", "oUpF8uN95-Ptaags6E_roPHg7AG0"),
    ("is_subscribe", "Y"),
    ("trade_type", "MICROPAY"),
    ("trade_state", "SUCCESS"),
    ("bank_type", "CCB_DEBIT"),
    ("total_fee", "8880"),
    ("settlement_total_fee", "8800"),
    ("fee_type", "CNY"),
    ("cash_fee", "8700"),
    ("cash_fee_type", "CNY"),
    ("coupon_fee", "180"),
    ("coupon_count", "2"),
    ("coupon_id_0", "10000000000000000001"),
    ("coupon_type_0", "CASH"),
    ("coupon_fee_0", "100"),
    ("coupon_id_1", "10000000000000000002"),
    ("coupon_type_1", "NO_CASH"),
    ("coupon_fee_1", "80"),
    ("transaction_id", "1008450740201411110005820873"),
    ("out_trade_no", "20150806125346000012"),
    ("attach", "订单额外描述，原样返回"),
    ("time_end", "20141111170043"),
    ("trade_state_desc", "支付成功"),
];

#[test]
#[ignore = "benches/instructions.php counts it"]
fn operation() {
    let said = |name| std::env::var(name).unwrap();
    let run = operation_called(&said("OPERATION")).unwrap();
    let material = Material::new(Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap());
    (0..said("TIMES").parse().unwrap()).for_each(|_: usize| run(&material));
}

/// What the operations work on.
struct Material {
    key: Key,
    request: Fields,
    answer: Fields,
    /// A request that names nobody.
    nobody: Fields,
    document: Vec<u8>,
    entities: Vec<u8>,
}

impl Material {
    fn new(key: Key) -> Self {
        let fields = |pairs: &[(&str, &str)]| Fields::from_texts(pairs.iter().copied()).unwrap();
        let mut answer = fields(&ANSWER);
        let sign = sign(byte_pairs(&answer), &key, SignType::HmacSha256);
        answer.set("sign", &*sign);
        let document = encode(&answer).unwrap();
        let entities =
            String::from_utf8_lossy(&document).replace("<![CDATA[CCB_DEBIT]]>", "&#67;CB_DEBIT").into_bytes();
        Self { key, request: fields(&REQUEST), answer, nobody: Fields::new(), document, entities }
    }
}

fn operation_called(name: &str) -> Option<fn(&Material)> {
    Some(match name {
        "sign 12 fields, MD5" => |m| {
            black_box(sign(byte_pairs(&m.request), &m.key, SignType::Md5));
        },
        "sign 12 fields, HMAC-SHA256" => |m| {
            black_box(sign(byte_pairs(&m.request), &m.key, SignType::HmacSha256));
        },
        "encode 12 fields" => |m| drop(black_box(encode(&m.request))),
        "decode 31 fields" => |m| drop(black_box(decode(&m.document, Root::Xml))),
        "decode 31 fields, strict parser" => |m| drop(black_box(decode(&m.entities, Root::Xml))),
        "verify 31 fields and read the order" => |m| {
            let pin = SignaturePolicy {
                sign_type: SignType::HmacSha256,
                fixed: false,
                accept_md5: false,
                key: &m.key,
                previous_key: None,
            };
            let ours =
                verify(m.answer.clone(), &pin).map(|answer| Ours::answering(answer, &m.nobody, &[], true));
            drop(black_box(ours.map(|answer| answer.map(|answer| Order::from_query(answer).is_ok()))));
        },
        _ => return None,
    })
}
