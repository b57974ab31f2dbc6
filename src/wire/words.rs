//! What APIv3 tells in the words of v2 (protocol-v3.md D.4, D.5): above this floor there is one vocabulary, and one
//! way to read an order. One table for each kind of answer says where each word stands.

use super::v2::fields::Fields;
use super::v3::json::{Json, JsonError, JsonObject};
use super::verified::Verified;
use crate::clock;
use time::OffsetDateTime;

/// What a place may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaceKind {
    /// A text that decides; anything else there is malformed.
    Id,
    /// Fen; anything else there is malformed.
    Amount,
    /// A text that tells; anything else there reads as absent.
    Word,
}

/// Where a word of v2 stands in APIv3.
type WordPlace = (&'static [&'static str], &'static str, PlaceKind);

/// Whom it is about.
const IDS: [WordPlace; 6] = [
    (&["appid"], "appid", PlaceKind::Id),
    (&["sp_appid"], "appid", PlaceKind::Id),
    (&["mchid"], "mch_id", PlaceKind::Id),
    (&["sp_mchid"], "mch_id", PlaceKind::Id),
    (&["sub_appid"], "sub_appid", PlaceKind::Id),
    (&["sub_mchid"], "sub_mch_id", PlaceKind::Id),
];

const ORDER: [WordPlace; 15] = [
    (&["out_trade_no"], "out_trade_no", PlaceKind::Id),
    (&["transaction_id"], "transaction_id", PlaceKind::Id),
    (&["trade_state"], "trade_state", PlaceKind::Id),
    (&["trade_state_desc"], "trade_state_desc", PlaceKind::Word),
    (&["trade_type"], "trade_type", PlaceKind::Word),
    (&["bank_type"], "bank_type", PlaceKind::Word),
    (&["attach"], "attach", PlaceKind::Word),
    (&["payer", "openid"], "openid", PlaceKind::Word),
    (&["payer", "sp_openid"], "openid", PlaceKind::Word),
    (&["payer", "sub_openid"], "sub_openid", PlaceKind::Word),
    (&["scene_info", "device_id"], "device_info", PlaceKind::Word),
    (&["amount", "total"], "total_fee", PlaceKind::Amount),
    (&["amount", "currency"], "fee_type", PlaceKind::Word),
    (&["amount", "payer_total"], "cash_fee", PlaceKind::Amount),
    (&["amount", "payer_currency"], "cash_fee_type", PlaceKind::Word),
];

/// What a refund tells of its trade.
const REFUNDED_TRADE: [WordPlace; 6] = [
    (&["out_trade_no"], "out_trade_no", PlaceKind::Id),
    (&["transaction_id"], "transaction_id", PlaceKind::Id),
    (&["amount", "total"], "total_fee", PlaceKind::Amount),
    (&["amount", "settlement_total"], "settlement_total_fee", PlaceKind::Amount),
    (&["amount", "currency"], "fee_type", PlaceKind::Word),
    (&["amount", "payer_total"], "cash_fee", PlaceKind::Amount),
];

/// What it tells of itself.
const REFUND: [WordPlace; 9] = [
    (&["out_refund_no"], "out_refund_no", PlaceKind::Id),
    (&["refund_id"], "refund_id", PlaceKind::Id),
    (&["channel"], "refund_channel", PlaceKind::Word),
    (&["user_received_account"], "refund_recv_accout", PlaceKind::Word),
    (&["funds_account"], "refund_account", PlaceKind::Word),
    (&["amount", "refund"], "refund_fee", PlaceKind::Amount),
    (&["amount", "settlement_refund"], "settlement_refund_fee", PlaceKind::Amount),
    (&["amount", "payer_refund"], "cash_refund_fee", PlaceKind::Amount),
    (&["amount", "discount_refund"], "coupon_refund_fee", PlaceKind::Amount),
];

const PREPAY: [WordPlace; 3] = [
    (&["prepay_id"], "prepay_id", PlaceKind::Id),
    (&["code_url"], "code_url", PlaceKind::Id),
    (&["h5_url"], "mweb_url", PlaceKind::Id),
];

/// An order. `appid` is shown where the answer leaves its own out, as it may.
pub fn order(answer: &Verified<JsonObject>, appid: &str) -> Result<Verified<Fields>, JsonError> {
    let mut fields = Fields::new();
    fields.set("appid", appid);
    rows(&IDS, answer, "", &mut fields)?;
    rows(&ORDER, answer, "", &mut fields)?;
    required(&fields, "trade_state", "trade_state")?;
    fields.set_some("time_end", time(answer).and_then(|at| clock::write_compact(at.unix_timestamp())));
    coupons(answer, &mut fields)?;
    Ok(Verified::by_check(fields))
}

/// An order that was reversed: whose it is, and which.
pub fn reversal(answer: &Verified<JsonObject>, appid: &str) -> Result<Verified<Fields>, JsonError> {
    let mut fields = Fields::new();
    fields.set("appid", appid);
    rows(&IDS, answer, "", &mut fields)?;
    rows(&[(&["out_trade_no"], "out_trade_no", PlaceKind::Id)], answer, "", &mut fields)?;
    Ok(Verified::by_check(fields))
}

/// What an order is paid with.
pub fn prepay(answer: &Verified<JsonObject>) -> Result<Verified<Fields>, JsonError> {
    let mut fields = Fields::new();
    rows(&PREPAY, answer, "", &mut fields)?;
    Ok(Verified::by_check(fields))
}

/// A refund that was accepted. It need name no merchant: `asked_by` are the ids of the one who asked.
pub fn refund(
    answer: &Verified<JsonObject>,
    asked_by: &[(&'static str, Option<&str>)],
) -> Result<Verified<Fields>, JsonError> {
    let mut fields = trade(answer, asked_by)?;
    one_refund(answer, "status", "", &mut fields)?;
    Ok(Verified::by_check(fields))
}

/// The same as a list of one, as refundquery tells it.
pub fn refund_list(
    answer: &Verified<JsonObject>,
    asked_by: &[(&'static str, Option<&str>)],
) -> Result<Verified<Fields>, JsonError> {
    let mut fields = trade(answer, asked_by)?;
    fields.set("refund_count", "1");
    one_refund(answer, "status", "_0", &mut fields)?;
    Ok(Verified::by_check(fields))
}

/// A refund that a notice tells, as a list of one. It names its merchant, and no app: `appid` is the one who reads it.
pub fn refund_notice(told: &Verified<JsonObject>, appid: &str) -> Result<Verified<Fields>, JsonError> {
    let mut fields = trade(told, &[("appid", Some(appid))])?;
    fields.set("refund_count", "1");
    one_refund(told, "refund_status", "_0", &mut fields)?;
    Ok(Verified::by_check(fields))
}

fn trade(answer: &JsonObject, asked_by: &[(&'static str, Option<&str>)]) -> Result<Fields, JsonError> {
    let mut fields = Fields::new();
    for (name, id) in asked_by {
        fields.set_some(name, *id);
    }
    rows(&IDS, answer, "", &mut fields)?;
    rows(&REFUNDED_TRADE, answer, "", &mut fields)?;
    Ok(fields)
}

fn one_refund(
    answer: &JsonObject,
    named: &'static str,
    suffix: &str,
    fields: &mut Fields,
) -> Result<(), JsonError> {
    rows(&REFUND, answer, suffix, fields)?;
    let status = answer.text(named)?.ok_or(JsonError::Missing(named))?;
    fields.set(&format!("refund_status{suffix}"), refund_status(status));
    required(fields, &format!("refund_fee{suffix}"), "amount.refund")?;
    let succeeded = time(answer).and_then(clock::write_spaced);
    fields.set_some(&format!("refund_success_time{suffix}"), succeeded);
    refunded_coupons(answer, suffix, fields)
}

/// A word that is new means nothing to v2's readers.
fn refund_status(status: &str) -> &'static str {
    match status {
        "SUCCESS" => "SUCCESS",
        "PROCESSING" => "PROCESSING",
        "CLOSED" => "REFUNDCLOSE",
        "ABNORMAL" => "CHANGE",
        _ => "UNKNOWN",
    }
}

fn required(fields: &Fields, name: &str, what: &'static str) -> Result<(), JsonError> {
    if fields.text(name).is_some() { Ok(()) } else { Err(JsonError::Missing(what)) }
}

fn rows(rows: &[WordPlace], answer: &JsonObject, suffix: &str, fields: &mut Fields) -> Result<(), JsonError> {
    for (path, name, kind) in rows {
        if let Some(text) = read(answer, path, *kind)? {
            fields.set(&format!("{name}{suffix}"), text);
        }
    }
    Ok(())
}

/// What stands at a path, as text.
fn read(object: &JsonObject, path: &[&'static str], kind: PlaceKind) -> Result<Option<String>, JsonError> {
    match path {
        [name] => value(object, name, kind),
        [name, rest @ ..] => match object.object(name) {
            Ok(Some(inner)) => read(inner, rest, kind),
            Err(_) if matches!(kind, PlaceKind::Word) => Ok(None),
            other => other.map(|_| None),
        },
        [] => Ok(None),
    }
}

fn value(object: &JsonObject, name: &'static str, kind: PlaceKind) -> Result<Option<String>, JsonError> {
    match kind {
        PlaceKind::Id => Ok(object.text(name)?.map(str::to_owned)),
        PlaceKind::Amount => Ok(object.amount(name)?.map(|fen| fen.to_string())),
        PlaceKind::Word => Ok(object.get(name).and_then(Json::text).map(str::to_owned)),
    }
}

fn time(answer: &JsonObject) -> Option<OffsetDateTime> {
    answer.get("success_time").and_then(Json::text).and_then(clock::rfc3339)
}

/// The promotions as v2's JSON text, and their coupons; their sum is `coupon_fee`.
fn coupons(answer: &JsonObject, fields: &mut Fields) -> Result<(), JsonError> {
    let Some(list) = answer.get("promotion_detail").and_then(Json::list).filter(|list| !list.is_empty())
    else {
        return Ok(());
    };
    let mut sum = 0_i64;
    for (n, coupon) in list.iter().filter_map(Json::object).enumerate() {
        let kind = match coupon.get("type").and_then(Json::text) {
            Some("NOCASH") => Some("NO_CASH"),
            other => other,
        };
        let fee = coupon.amount("amount")?;
        sum = sum.saturating_add(fee.unwrap_or(0));
        fields.set_some(&format!("coupon_id_{n}"), coupon.get("coupon_id").and_then(Json::text));
        fields.set_some(&format!("coupon_type_{n}"), kind);
        fields.set_some(&format!("coupon_fee_{n}"), fee.map(|fee| fee.to_string()));
    }
    fields.set("coupon_fee", sum.to_string());
    fields.set_some("promotion_detail", serde_json::to_string(list).ok());
    Ok(())
}

fn refunded_coupons(answer: &JsonObject, suffix: &str, fields: &mut Fields) -> Result<(), JsonError> {
    let list = answer.get("promotion_detail").and_then(Json::list).unwrap_or_default();
    for (n, coupon) in list.iter().filter_map(Json::object).enumerate() {
        let kind = match coupon.get("type").and_then(Json::text) {
            Some("COUPON") => Some("CASH"),
            Some("DISCOUNT") => Some("NO_CASH"),
            other => other,
        };
        let fee = coupon.amount("refund_amount")?.map(|fee| fee.to_string());
        let id = coupon.get("promotion_id").and_then(Json::text);
        fields.set_some(&format!("coupon_refund_id{suffix}_{n}"), id);
        fields.set_some(&format!("coupon_type{suffix}_{n}"), kind);
        fields.set_some(&format!("coupon_refund_fee{suffix}_{n}"), fee);
    }
    Ok(())
}
