//! What the documents of v2 say, told in APIv3's words.

use super::document::XmlDocument;
use serde_json::{Map, Value, json};

const PARTNER_IDS: &[(&str, &str)] = &[("sp_mchid", "mch_id"), ("sub_mchid", "sub_mch_id")];
const REFUND_NOTICE: &[(&str, &str)] = &[
    ("out_trade_no", "out_trade_no"),
    ("transaction_id", "transaction_id"),
    ("out_refund_no", "out_refund_no"),
    ("refund_id", "refund_id"),
    ("user_received_account", "refund_recv_accout"),
    ("amount.total", "total_fee"),
    ("amount.refund", "refund_fee"),
    ("amount.payer_total", "settlement_total_fee"),
    ("amount.payer_refund", "cash_refund_fee"),
];

/// What an order needs to be paid.
pub fn prepay(document: &XmlDocument, trade_type: &str) -> Value {
    let (v3, v2) = match trade_type {
        "NATIVE" => ("code_url", "code_url"),
        "MWEB" => ("h5_url", "mweb_url"),
        _ => ("prepay_id", "prepay_id"),
    };
    json!({ v3: document.get(v2) })
}

/// What an order tells, by the names of both; a place with a dot is one level down.
const ORDER: &[(&str, &str)] = &[
    ("out_trade_no", "out_trade_no"),
    ("transaction_id", "transaction_id"),
    ("trade_type", "trade_type"),
    ("trade_state", "trade_state"),
    ("trade_state_desc", "trade_state_desc"),
    ("bank_type", "bank_type"),
    ("attach", "attach"),
    ("scene_info.device_id", "device_info"),
    ("amount.total", "total_fee"),
    ("amount.currency", "fee_type"),
    ("amount.payer_total", "cash_fee"),
    ("amount.payer_currency", "cash_fee_type"),
    ("payer.sub_openid", "sub_openid"),
];
const REFUND: &[(&str, &str)] = &[
    ("refund_id", "refund_id_0"),
    ("out_refund_no", "out_refund_no_0"),
    ("transaction_id", "transaction_id"),
    ("out_trade_no", "out_trade_no"),
    ("channel", "refund_channel_0"),
    ("user_received_account", "refund_recv_accout_0"),
    ("amount.total", "total_fee"),
    ("amount.refund", "refund_fee_0"),
    ("amount.payer_total", "cash_fee"),
];

/// Whose a message is.
fn ids(is_partner: bool) -> &'static [(&'static str, &'static str)] {
    if is_partner {
        return &[
            ("sp_appid", "appid"),
            ("sp_mchid", "mch_id"),
            ("sub_appid", "sub_appid"),
            ("sub_mchid", "sub_mch_id"),
        ];
    }
    &[("appid", "appid"), ("mchid", "mch_id")]
}

/// An order by nothing but its name.
pub fn named(document: &XmlDocument, is_partner: bool) -> Value {
    let mut told = Map::new();
    fill(&mut told, document, ids(is_partner));
    fill(&mut told, document, &[("out_trade_no", "out_trade_no")]);
    told.into()
}

/// An order.
pub fn order(document: &XmlDocument, is_partner: bool) -> Value {
    let mut told = Map::new();
    fill(&mut told, document, ids(is_partner));
    let payer = if is_partner { "payer.sp_openid" } else { "payer.openid" };
    fill(&mut told, document, &[(payer, "openid")]);
    fill(&mut told, document, ORDER);
    if let Some(at) = document.get("time_end") {
        told.insert("success_time".into(), from_compact(at).into());
    }
    told.insert("promotion_detail".into(), coupons(document));
    told.into()
}

/// A refund.
pub fn refund(document: &XmlDocument) -> Value {
    let mut told = Map::new();
    fill(&mut told, document, REFUND);
    let fen = |name: &str| document.get(name).and_then(|fen| fen.parse::<i64>().ok());
    let (refund, coupons) = (fen("refund_fee_0").unwrap_or(0), fen("coupon_refund_fee_0").unwrap_or(0));
    if let Some(Value::Object(amount)) = told.get_mut("amount") {
        amount.insert("payer_refund".into(), (refund - coupons).into());
        amount.insert("discount_refund".into(), coupons.into());
        amount.insert("settlement_refund".into(), fen("settlement_refund_fee_0").unwrap_or(refund).into());
        amount.insert("settlement_total".into(), fen("settlement_total_fee").or(fen("total_fee")).into());
        amount.insert("currency".into(), "CNY".into());
        amount.insert("refund_fee".into(), 0.into());
        amount.insert("from".into(), json!([]));
    }
    told.insert("status".into(), status(document.get("refund_status_0")).into());
    told.insert("funds_account".into(), "AVAILABLE".into());
    if let Some(at) = document.get("refund_success_time_0") {
        told.insert("success_time".into(), from_spaced(at).into());
    }
    let parts = (0..).map_while(|n| {
        let part = |name: &str| document.get(&format!("{name}_0_{n}"));
        let kind = if part("coupon_type") == Some("CASH") { "COUPON" } else { "DISCOUNT" };
        let fee = part("coupon_refund_fee")?.parse::<i64>().ok()?;
        let id = part("coupon_refund_id");
        Some(json!({ "promotion_id": id, "scope": "GLOBAL", "type": kind, "amount": fee, "refund_amount": fee }))
    });
    told.insert("promotion_detail".into(), parts.collect());
    told.into()
}

/// A refund as its notice tells it.
pub fn refund_notice(document: &XmlDocument) -> Value {
    let is_partner = document.filled("sub_mch_id").is_some();
    let mut told = Map::new();
    fill(&mut told, document, if is_partner { PARTNER_IDS } else { &[("mchid", "mch_id")] });
    fill(&mut told, document, REFUND_NOTICE);
    told.insert("refund_status".into(), status(document.get("refund_status")).into());
    if let Some(at) = document.get("success_time") {
        told.insert("success_time".into(), from_spaced(at).into());
    }
    told.into()
}

/// The word of v3 for where a refund stands.
fn status(in_v2: Option<&str>) -> &str {
    match in_v2 {
        Some("REFUNDCLOSE") => "CLOSED",
        Some("CHANGE") => "ABNORMAL",
        Some(word) => word,
        None => "PROCESSING",
    }
}

/// `2026-03-01 10:00:01` as `2026-03-01T10:00:01+08:00`.
fn from_spaced(text: &str) -> String {
    format!("{}+08:00", text.replace(' ', "T"))
}

fn coupons(document: &XmlDocument) -> Value {
    let coupons = (0..).map_while(|n| {
        let part = |name: &str| document.get(&format!("{name}_{n}"));
        let kind = if part("coupon_type") == Some("CASH") { "CASH" } else { "NOCASH" };
        let fee = part("coupon_fee")?.parse::<i64>().ok()?;
        Some(json!({ "coupon_id": part("coupon_id"), "scope": "GLOBAL", "type": kind, "amount": fee }))
    });
    coupons.collect()
}

/// Texts stay texts; what is under `amount` and digits is a number.
fn fill(told: &mut Map<String, Value>, document: &XmlDocument, places: &[(&str, &str)]) {
    for (path, name) in places {
        let Some(text) = document.filled(name) else { continue };
        match path.split_once('.') {
            None => drop(told.insert((*path).to_owned(), text.into())),
            Some((outer, inner)) => {
                let number = text.parse::<i64>().ok().filter(|_| outer == "amount");
                let value = number.map_or_else(|| Value::from(text), Value::from);
                let below = told.entry(outer).or_insert_with(|| json!({}));
                if let Value::Object(below) = below {
                    below.insert(inner.to_owned(), value);
                }
            }
        }
    }
}

/// `20260301100001` as `2026-03-01T10:00:01+08:00`.
fn from_compact(text: &str) -> String {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}T{}:{}:{}+08:00",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    )
}
