//! What the calls of v2 answer, told in APIv3's words; refusals with their status.

use super::super::answer::CallEnd;
use super::super::calls::{self, CallRefusal, CallingMerchant};
use super::super::clock::{self, SECOND};
use super::super::document::XmlDocument;
use super::super::script::Page;
use super::super::world::GatewayState;
use super::keys::{self, PlatformKey};
use super::route::{REFUND_QUERY, Route, V3Call};
use super::writer;
use serde_json::{Map, Value, json};

/// An answer before anything spoils it.
#[derive(Debug, Clone, PartialEq)]
pub struct V3Answer {
    status: u16,
    body: Value,
    is_signed: bool,
}

impl V3Answer {
    /// A refusal in words, signed.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self { status, body: json!({ "code": code, "message": message }), is_signed: true }
    }

    /// The same before anybody knows who calls.
    pub fn unsigned(self) -> Self {
        Self { is_signed: false, ..self }
    }

    /// A status without a word.
    pub fn bare(status: u16) -> Self {
        Self { status, body: Value::Null, is_signed: false }
    }

    /// The page of it, signed now.
    pub fn page(&self, world: &mut GatewayState) -> Page {
        let body =
            if self.body.is_null() { String::new() } else { writer::write(&self.body, &mut world.dice) };
        let mut headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        if self.is_signed {
            let (timestamp, nonce) = ((clock::real_now() / SECOND).to_string(), world.dice.hex(32));
            let key = PlatformKey::Public;
            let signature = key.signature(&timestamp, &nonce, &body);
            headers.extend([
                ("request-id", format!("08{}-0", world.dice.hex(28).to_uppercase())),
                ("wechatpay-timestamp", timestamp),
                ("wechatpay-nonce", nonce),
                (keys::SIGNATURE, signature),
                (keys::SERIAL, key.id().to_owned()),
                ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
            ]);
        }
        Page { status: self.status, headers, body: body.into_bytes() }
    }

    fn of(status: u16, body: Value) -> Self {
        Self { status, body, is_signed: true }
    }
}

/// A refusal of v2 with v3's status and code.
pub fn refused(route: &Route, refusal: CallRefusal) -> V3Answer {
    let (code, message) = match refusal {
        CallRefusal::Bare(message) => ("PARAM_ERROR".to_owned(), message),
        CallRefusal::Service(code, message) => (code, message),
    };
    let is_refund = !route.is_about_orders();
    let (status, code) = match code.as_str() {
        "ORDERNOTEXIST" if is_refund => (404, "RESOURCE_NOT_EXISTS"),
        "REFUNDNOTEXIST" => (404, "RESOURCE_NOT_EXISTS"),
        "ORDERNOTEXIST" => (404, "ORDER_NOT_EXIST"),
        "ORDERPAID" => (400, "ORDER_PAID"),
        "ORDERCLOSED" => (400, "ORDER_CLOSED"),
        "OUT_TRADE_NO_USED" => (403, "OUT_TRADE_NO_USED"),
        "INVALID_REQUEST" if message.starts_with("201 ") => (403, "OUT_TRADE_NO_USED"),
        "NOTENOUGH" => (403, "NOT_ENOUGH"),
        "TRADE_OVERDUE" => (403, "TRADE_OVERDUE"),
        "FREQUENCY_LIMITED" => (429, "FREQUENCY_LIMITED"),
        "SYSTEMERROR" => (500, "SYSTEM_ERROR"),
        "PARAM_ERROR" | "LACK_PARAMS" => (400, "PARAM_ERROR"),
        _ => (400, "INVALID_REQUEST"),
    };
    V3Answer::refusal(status, code, &message)
}

/// A success of v2 in v3's words.
pub fn told(
    world: &mut GatewayState,
    route: &Route,
    caller: &CallingMerchant,
    end: CallEnd,
) -> Result<V3Answer, V3Answer> {
    let CallEnd::Answer(answer) = end else { return Ok(V3Answer::bare(502)) };
    let document = answer.document;
    Ok(match route.call {
        V3Call::Order(trade_type) => V3Answer::of(200, prepay(&document, trade_type)),
        V3Call::Query(_) | V3Call::QueryById(_) => V3Answer::of(200, order(&document, route.is_partner)),
        V3Call::Close(_) => V3Answer::of(204, Value::Null),
        V3Call::RefundQuery(_) => V3Answer::of(200, refund(&document)),
        V3Call::Refund => {
            let mut again = caller.fields.clone();
            for name in ["transaction_id", "out_trade_no"] {
                again.remove(name);
            }
            let asks = CallingMerchant {
                account: caller.account.clone(),
                method: caller.method,
                fields: again,
                negative_test: None,
            };
            match calls::made(world, REFUND_QUERY, &asks).map_err(|why| refused(route, why))? {
                CallEnd::Answer(answer) => V3Answer::of(200, refund(&answer.document)),
                _ => V3Answer::bare(502),
            }
        }
    })
}

fn prepay(document: &XmlDocument, trade_type: &str) -> Value {
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

fn order(document: &XmlDocument, is_partner: bool) -> Value {
    let mut told = Map::new();
    let whose: &[(&str, &str)] = if is_partner {
        &[
            ("sp_appid", "appid"),
            ("sp_mchid", "mch_id"),
            ("sub_appid", "sub_appid"),
            ("sub_mchid", "sub_mch_id"),
            ("payer.sp_openid", "openid"),
        ]
    } else {
        &[("appid", "appid"), ("mchid", "mch_id"), ("payer.openid", "openid")]
    };
    fill(&mut told, document, whose);
    fill(&mut told, document, ORDER);
    if let Some(at) = document.get("time_end") {
        told.insert("success_time".into(), from_compact(at).into());
    }
    told.insert("promotion_detail".into(), coupons(document));
    told.into()
}

fn refund(document: &XmlDocument) -> Value {
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
    let status = match document.get("refund_status_0") {
        Some("REFUNDCLOSE") => "CLOSED",
        Some("CHANGE") => "ABNORMAL",
        Some(word) => word,
        None => "PROCESSING",
    };
    told.insert("status".into(), status.into());
    told.insert("funds_account".into(), "AVAILABLE".into());
    if let Some(at) = document.get("refund_success_time_0") {
        told.insert("success_time".into(), format!("{}+08:00", at.replace(' ', "T")).into());
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
