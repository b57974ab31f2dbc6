//! Notices of APIv3 as WeChat Pay would post them, for a shop's own tests.

use crate::api::v3::{ids, mch_ids};
use crate::clock;
use crate::error::Error;
use crate::model::argument::BadArgument;
use crate::model::client_sign::Fresh;
use crate::model::merchant::{Credentials, Merchant};
use crate::model::v3_keys::V3Credentials;
use crate::wire::v3::message;
use crate::wire::v3::resource;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use time::OffsetDateTime;

/// The body. What is given wins over what is added; a `refund_status` makes it a refund's.
pub fn body(mut told: Map<String, Value>, merchant: &Merchant, fresh: Fresh<'_>) -> Result<String, Error> {
    let refund_status = told.get("refund_status").and_then(Value::as_str).map(str::to_owned);
    let (own, kind, event) = match refund_status {
        Some(status) => (mch_ids(merchant), "refund", format!("REFUND.{status}")),
        None => (ids(merchant), "transaction", "TRANSACTION.SUCCESS".to_owned()),
    };
    let state = (kind == "transaction").then_some(("trade_state", "SUCCESS"));
    for (name, text) in own.into_iter().chain(state) {
        told.entry(name).or_insert_with(|| Value::from(text));
    }
    told.retain(|_, value| !value.is_null());
    let text = Value::Object(told).to_string();
    let short = fresh.nonce.as_bytes().first_chunk().ok_or_else(|| not_made("the nonce is too short"))?;
    let ciphertext = resource::seal(&keys(merchant)?.key, short, kind, text.as_bytes());
    let at = OffsetDateTime::from_unix_timestamp(fresh.seconds).ok();
    let envelope = json!({
        "id": fresh.nonce,
        "create_time": at.and_then(clock::write_rfc3339),
        "resource_type": "encrypt-resource",
        "event_type": event,
        "summary": kind,
        "resource": {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext.ok_or_else(|| not_made("it cannot be sealed"))?,
            "associated_data": kind,
            "nonce": String::from_utf8_lossy(short),
        },
    });
    Ok(envelope.to_string())
}

/// Its headers, signed with the merchant's own key: a merchant made for tests has the public half of that as WeChat Pay's
/// public key.
pub fn headers(
    body: &[u8],
    merchant: &Merchant,
    fresh: Fresh<'_>,
) -> Result<[(&'static str, String); 5], Error> {
    let (keys, timestamp) = (keys(merchant)?, fresh.seconds.to_string());
    let message = message::of_answer(&timestamp, fresh.nonce, body);
    let signature =
        keys.request_key(fresh.seconds)?.sign(&message).map_err(|why| not_made(&why.to_string()))?;
    let id = keys.answer_key.as_deref().filter(|id| keys.has_signed(id, &message, &signature));
    let id = id.ok_or_else(|| {
        BadArgument::new(
            "merchant",
            "must have the public half of its own private key as publicKey, to sign for tests",
        )
    })?;
    Ok([
        ("Content-Type", "application/json".into()),
        ("Wechatpay-Nonce", fresh.nonce.into()),
        ("Wechatpay-Serial", id.into()),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Timestamp", timestamp),
    ])
}

fn keys(merchant: &Merchant) -> Result<Arc<V3Credentials>, Error> {
    match &merchant.credentials {
        Credentials::V3(keys) => Ok(keys.get()?),
        Credentials::V2(_) => Err(BadArgument::new("merchant", "must be one of APIv3").into()),
    }
}

fn not_made(why: &str) -> Error {
    Error::Configuration(format!("the notice cannot be made: {why}"))
}
