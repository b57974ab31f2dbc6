//! What the tests of this floor share: merchants, and answers as WeChat Pay would sign them.

pub mod certificates;
pub mod v3;

use super::transport::{Body, HttpResponse};
use crate::model::merchant::{Credentials, Merchant, V2Credentials};
use crate::wire::key::Key;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{SignType, add_sign};
use crate::wire::v2::xml;
use ureq::http::HeaderMap;

pub const APPID: &str = "wx2421b1c4370ec43b";
pub const MCH_ID: &str = "10000100";
pub const NUMBER: &str = "T20260301000001";

pub fn key() -> Key {
    Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap()
}

pub fn other_key() -> Key {
    Key::new(b"another-merchants-key-0123456789").unwrap()
}

/// A direct merchant who signs with HMAC-SHA256.
pub fn merchant() -> Merchant {
    Merchant {
        appid: APPID.into(),
        mch_id: MCH_ID.into(),
        sub_appid: None,
        sub_mch_id: None,
        credentials: Credentials::V2(V2Credentials {
            sign_type: SignType::HmacSha256,
            key: key(),
            previous_key: None,
            accept_md5: false,
            certificate: None,
        }),
    }
}

/// The same with other keys.
pub fn with(change: impl FnOnce(&mut V2Credentials)) -> Merchant {
    let mut merchant = merchant();
    if let Credentials::V2(keys) = &mut merchant.credentials {
        change(keys);
    }
    merchant
}

pub fn md5_merchant() -> Merchant {
    with(|keys| keys.sign_type = SignType::Md5)
}

/// A service provider acting for a sub-merchant.
pub fn provider() -> Merchant {
    Merchant {
        sub_appid: Some("wx8888888888888888".into()),
        sub_mch_id: Some("1900000109".into()),
        ..merchant()
    }
}

pub fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::from_pairs(pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect()).unwrap()
}

/// An answer with both codes SUCCESS for our merchant; `pairs` add to that or replace it, an empty text removes.
pub fn success(pairs: &[(&str, &str)]) -> Fields {
    let mut all = fields(&[
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("appid", APPID),
        ("mch_id", MCH_ID),
        ("nonce_str", "5d2b6c2a8db53831"),
        ("result_code", "SUCCESS"),
    ]);
    for (name, text) in pairs {
        all.set(name, *text);
    }
    let kept = all.iter().filter(|(_, text)| !text.is_empty());
    Fields::from_pairs(kept.map(|(n, v)| (n.into(), v.into())).collect()).unwrap()
}

/// The same with `result_code` FAIL.
pub fn failure(err_code: &str) -> Fields {
    success(&[("result_code", "FAIL"), ("err_code", err_code), ("err_code_des", "words")])
}

/// A paid order.
pub fn paid(number: &str) -> Fields {
    success(&[
        ("out_trade_no", number),
        ("trade_state", "SUCCESS"),
        ("total_fee", "100"),
        ("cash_fee", "100"),
    ])
}

/// Signed as this merchant would have it, and written.
pub fn signed(fields: &Fields, merchant: &Merchant) -> Vec<u8> {
    let keys = merchant.v2().unwrap();
    signed_with(fields, &keys.key, keys.sign_type)
}

pub fn signed_with(fields: &Fields, key: &Key, sign_type: SignType) -> Vec<u8> {
    let mut fields = fields.clone();
    add_sign(&mut fields, key, sign_type);
    written(&fields)
}

/// What the network brings: this body under status 200.
pub fn answered(body: Vec<u8>) -> HttpResponse {
    HttpResponse {
        status: 200,
        headers: HeaderMap::new(),
        body: Body::Message(body),
        reused: true,
        has_certificate: false,
    }
}

pub fn written(fields: &Fields) -> Vec<u8> {
    xml::encode(fields).unwrap()
}
