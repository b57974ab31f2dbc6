//! An order as WeChat Pay tells it (protocol.md D.3).

use super::money::{fen, lenient_fen};
use super::ours::Ours;
use super::trade_state::TradeState;
use crate::clock;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::read::{FieldError, digits, read};
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A verified order: what it tells is read from its fields.
#[derive(Debug, Clone)]
pub struct Order {
    trade_state: TradeState,
    fields: Ours<Fields>,
    told: Option<Box<JsonObject>>,
}

/// The typed fields of an order, each as the wire has it. What the wire lacks is `None`, never 0 or an empty text;
/// amounts are fen.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md D.3")]
pub struct OrderFields<'a> {
    pub appid: Option<&'a str>,
    pub mch_id: Option<&'a str>,
    pub sub_appid: Option<&'a str>,
    pub sub_mch_id: Option<&'a str>,
    pub out_trade_no: Option<&'a str>,
    pub transaction_id: Option<&'a str>,
    pub trade_state: Option<TradeState>,
    pub trade_state_desc: Option<&'a str>,
    pub trade_type: Option<&'a str>,
    #[serde(default, deserialize_with = "fen")]
    pub total_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_total_fee: Option<i64>,
    pub fee_type: Option<&'a str>,
    #[serde(default, deserialize_with = "fen")]
    pub cash_fee: Option<i64>,
    pub cash_fee_type: Option<&'a str>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub coupon_fee: Option<i64>,
    pub bank_type: Option<&'a str>,
    pub openid: Option<&'a str>,
    #[serde(default, deserialize_with = "yes_or_no")]
    pub is_subscribe: Option<bool>,
    pub sub_openid: Option<&'a str>,
    pub attach: Option<&'a str>,
    pub device_info: Option<&'a str>,
    time_end: Option<&'a str>,
    promotion_detail: Option<&'a str>,
}

/// One coupon of a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coupon<'a> {
    /// `coupon_id_$n`.
    pub id: Option<Cow<'a, str>>,
    /// `coupon_type_$n`: CASH or NO_CASH; may be missing for instant discounts.
    pub coupon_type: Option<Cow<'a, str>>,
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

impl Order {
    /// Takes the answer of orderquery: a state that is absent or unknown is `Unknown`.
    pub fn from_query(fields: Ours<Fields>) -> Result<Self, FieldError> {
        Self::take(fields, TradeState::Unknown)
    }

    /// Takes a payment notice or a micropay answer with `result_code` SUCCESS, which says "paid" without a
    /// `trade_state` (decisions.md 1.7); a state that is there wins.
    pub fn from_payment(fields: Ours<Fields>) -> Result<Self, FieldError> {
        Self::take(fields, TradeState::Success)
    }

    fn take(fields: Ours<Fields>, default_state: TradeState) -> Result<Self, FieldError> {
        let typed: OrderFields<'_> = read(&fields)?;
        Ok(Self { trade_state: typed.trade_state.unwrap_or(default_state), fields, told: None })
    }

    /// The same, which APIv3 told in these words.
    #[must_use]
    pub fn as_told(self, told: &Verified<JsonObject>) -> Self {
        Self { told: Some(Box::new((**told).clone())), ..self }
    }

    /// APIv3's own words.
    pub fn told(&self) -> Option<&JsonObject> {
        self.told.as_deref()
    }

    /// What became of it.
    pub fn trade_state(&self) -> TradeState {
        self.trade_state
    }

    /// Every field that was verified.
    pub fn fields(&self) -> &Ours<Fields> {
        &self.fields
    }

    /// The typed fields. Reading them cannot fail any more: it has been tried when the order was taken.
    pub fn typed(&self) -> OrderFields<'_> {
        read(&self.fields).unwrap_or_default()
    }

    /// The coupons used, in the order of their index, also after a gap.
    pub fn coupons(&self) -> Vec<Coupon<'_>> {
        let mut coupons = BTreeMap::<i64, Coupon<'_>>::new();
        for (name, text) in self.fields.iter().filter(|(_, text)| !text.is_empty()) {
            if let Some((what, index)) = coupon_field(name) {
                coupons.entry(index).or_default().set(what, text);
            }
        }
        coupons.into_values().collect()
    }

    /// Was the money paid? True after a full refund too.
    pub fn is_paid(&self) -> bool {
        self.trade_state.is_paid()
    }
}

impl OrderFields<'_> {
    /// When it was paid.
    pub fn time_end(&self) -> Option<OffsetDateTime> {
        self.time_end.and_then(clock::compact)
    }

    /// The list inside `promotion_detail`, if it is there and is JSON.
    pub fn promotions(&self) -> Option<Vec<serde_json::Value>> {
        self.promotion_detail.and_then(promotions)
    }
}

/// `id` and `$n` of `coupon_id_$n`, likewise of `coupon_type_$n` and `coupon_fee_$n`.
fn coupon_field(name: &str) -> Option<(&str, i64)> {
    let (what, index) = name.strip_prefix("coupon_")?.split_once('_')?;
    let is_known = matches!(what, "id" | "type" | "fee");
    is_known.then_some(what).zip(digits(index))
}

impl<'a> Coupon<'a> {
    fn set(&mut self, what: &str, text: &'a str) {
        match what {
            "id" => self.id = Some(text.into()),
            "type" => self.coupon_type = Some(text.into()),
            _ => self.fee = digits(text),
        }
    }
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
