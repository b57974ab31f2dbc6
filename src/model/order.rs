//! An order as WeChat Pay tells it (protocol.md D.3).

use super::money::{fen, lenient_fen};
use super::trade_state::TradeState;
use crate::time;
use crate::wire::fields::Fields;
use crate::wire::read::{FieldError, digits, read};
use crate::wire::sign::Verified;
use ::time::OffsetDateTime;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;

/// A verified order. What the wire lacks is `None`, never 0 or an empty text; amounts are fen.
#[derive(Debug, Clone)]
pub struct Order {
    /// The typed fields.
    pub told: Told,
    /// What became of it.
    pub trade_state: TradeState,
    /// The coupons used, in the order of their index.
    pub coupons: Vec<Coupon>,
    /// The list inside `promotion_detail`, if it is there and is JSON.
    pub promotion_detail: Option<Vec<serde_json::Value>>,
    /// Every field that was verified.
    pub fields: Verified<Fields>,
}

/// The typed fields of an order, each as the wire has it.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md D.3")]
pub struct Told {
    pub appid: Option<String>,
    pub mch_id: Option<String>,
    pub sub_appid: Option<String>,
    pub sub_mch_id: Option<String>,
    pub out_trade_no: Option<String>,
    pub transaction_id: Option<String>,
    pub trade_state: Option<TradeState>,
    pub trade_state_desc: Option<String>,
    pub trade_type: Option<String>,
    #[serde(default, deserialize_with = "fen")]
    pub total_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_total_fee: Option<i64>,
    pub fee_type: Option<String>,
    #[serde(default, deserialize_with = "fen")]
    pub cash_fee: Option<i64>,
    pub cash_fee_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub coupon_fee: Option<i64>,
    pub bank_type: Option<String>,
    pub openid: Option<String>,
    #[serde(default, deserialize_with = "yes_or_no")]
    pub is_subscribe: Option<bool>,
    pub sub_openid: Option<String>,
    pub attach: Option<String>,
    pub device_info: Option<String>,
    #[serde(default, deserialize_with = "beijing")]
    pub time_end: Option<OffsetDateTime>,
    promotion_detail: Option<String>,
}

/// One coupon of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// `coupon_id_$n`.
    pub id: Option<String>,
    /// `coupon_type_$n`: CASH or NO_CASH; may be missing for instant discounts.
    pub coupon_type: Option<String>,
    /// `coupon_fee_$n`, fen.
    pub fee: Option<i64>,
}

fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match <&str>::deserialize(deserializer)? {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    })
}

fn beijing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(time::compact(<&str>::deserialize(deserializer)?))
}

impl Order {
    /// Reads the answer of orderquery: a state that is absent or unknown is `Unknown`.
    pub fn from_query(fields: &Verified<Fields>) -> Result<Self, FieldError> {
        Self::read(fields, TradeState::Unknown)
    }

    /// Reads a payment notice or a micropay answer with `result_code` SUCCESS, which says "paid" without a
    /// `trade_state` (decisions.md 1.7); a state that is there wins.
    pub fn from_payment(fields: &Verified<Fields>) -> Result<Self, FieldError> {
        Self::read(fields, TradeState::Success)
    }

    fn read(fields: &Verified<Fields>, silent: TradeState) -> Result<Self, FieldError> {
        let told: Told = read(fields)?;
        Ok(Self {
            trade_state: told.trade_state.unwrap_or(silent),
            coupons: coupons(fields),
            promotion_detail: told.promotion_detail.as_deref().and_then(promotions),
            told,
            fields: fields.clone(),
        })
    }

    /// Was the money paid? True after a full refund too.
    pub fn is_paid(&self) -> bool {
        self.trade_state.is_paid()
    }
}

/// Every index that the wire has, also after a gap.
fn coupons(fields: &Fields) -> Vec<Coupon> {
    let indexes: BTreeSet<i64> = fields.iter().filter_map(|(name, _)| coupon_index(name)).collect();
    indexes.into_iter().filter_map(|n| coupon(fields, n)).collect()
}

/// `$n` of `coupon_id_$n`, `coupon_type_$n`, `coupon_fee_$n`.
fn coupon_index(name: &str) -> Option<i64> {
    let (what, index) = name.strip_prefix("coupon_")?.split_once('_')?;
    digits(index).filter(|_| matches!(what, "id" | "type" | "fee"))
}

fn coupon(fields: &Fields, n: i64) -> Option<Coupon> {
    let text = |name: &str| fields.text(&format!("{name}_{n}"));
    let (id, coupon_type, fee) = (text("coupon_id"), text("coupon_type"), text("coupon_fee"));
    (id.is_some() || coupon_type.is_some() || fee.is_some()).then(|| Coupon {
        id: id.map(str::to_owned),
        coupon_type: coupon_type.map(str::to_owned),
        fee: fee.and_then(digits),
    })
}

/// `{"promotion_detail":[...]}`, or the list alone.
fn promotions(json: &str) -> Option<Vec<serde_json::Value>> {
    match serde_json::from_str(json).ok()? {
        serde_json::Value::Array(list) => Some(list),
        serde_json::Value::Object(mut outer) => match outer.remove("promotion_detail")? {
            serde_json::Value::Array(list) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
