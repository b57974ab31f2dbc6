//! refund: gives money back (protocol.md C.4). An answer means accepted, not refunded.

use super::form;
use super::v3::{merge, object};
use crate::error::{Advice, ErrCode, Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::gateway::v3::exchange::ours;
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::model::order_id::{OrderId, out_refund_no};
use crate::model::ours::{Echo, Ours};
use crate::model::refund::RefundReceipt;
use crate::model::sendable::sendable;
use crate::wire::v2::fields::Fields;
use crate::wire::v3::json::JsonObject;
use crate::wire::v3::target::build;
use crate::wire::verified::Verified;
use crate::wire::words;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One refund. Its number makes repeats safe: the same number never refunds twice.
#[derive(Debug, Clone)]
pub struct Refund {
    order: OrderId,
    out_refund_no: String,
    fields: Fields,
    /// What only APIv3 has, in its own names.
    further: Map<String, Value>,
}

/// Optional fields of a refund.
pub const OPTIONAL: [&str; 7] =
    ["refund_fee_type", "refund_desc", "refund_account", "notify_url", "op_user_id", "device_info", "detail"];

/// Further fields of a refund, each in its documented form: read once, and then kept and sent as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundOptions(BTreeMap<String, String>);

impl RefundOptions {
    /// Checks names and forms.
    pub fn new(options: &[(String, String)]) -> Result<Self, BadArgument> {
        let mut fields = Fields::new();
        for (name, value) in options {
            if !OPTIONAL.contains(&name.as_str()) {
                let what = format!("must have only {} as keys", OPTIONAL.join(", "));
                return Err(BadArgument::new("options", what));
            }
            fields.set(name, form::entry("options", name, value)?);
        }
        sendable("options", &fields)?;
        Ok(Self(fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// Options that were checked before they were kept.
    pub const fn known(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }

    /// Name and text of each.
    pub const fn fields(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Refund {
    /// Checks numbers and amounts: `1 <= refund_fee <= total_fee`.
    pub fn new(order: OrderId, number: &str, total_fee: i64, refund_fee: i64) -> Result<Self, BadArgument> {
        out_refund_no(number)?;
        if total_fee < 1 {
            return Err(BadArgument::new("total_fee", "must be at least 1 fen"));
        }
        if !(1..=total_fee).contains(&refund_fee) {
            return Err(BadArgument::new("refund_fee", "must be between 1 fen and $total_fee"));
        }
        let mut fields = Fields::new();
        fields.set(order.field(), order.number());
        fields.set("out_refund_no", number);
        fields.set("total_fee", total_fee.to_string());
        fields.set("refund_fee", refund_fee.to_string());
        Ok(Self { order, out_refund_no: number.to_owned(), fields, further: Map::new() })
    }

    /// The same with further fields.
    #[must_use]
    pub fn with_options(mut self, options: &RefundOptions) -> Self {
        options.0.iter().for_each(|(name, value)| self.fields.set(name, value));
        self
    }

    /// The same with what only APIv3 has, in its own names and places.
    #[must_use]
    pub fn with(self, further: Map<String, Value>) -> Self {
        Self { further, ..self }
    }
}

impl MerchantClient<'_> {
    /// Asks for the refund; SYSTEMERROR and BIZERR_NEED_RETRY are repeated with the same number, inside the deadline.
    pub fn refund(&self, refund: &Refund) -> Result<RefundReceipt, Fault> {
        self.resend_on(ErrCode::SystemError, refund)
    }
}

impl Endpoint for Refund {
    type Answer = RefundReceipt;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec { certificate: true, ..EndpointSpec::new("/secapi/pay/refund", Repeat::SameNumbers) }
    }

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn echoes(&self) -> Vec<Echo> {
        let echo = |field: &'static str, asked: &str| Echo {
            field: field.into(),
            asked: asked.to_owned(),
            required: true,
        };
        vec![echo(self.order.field(), self.order.number()), echo("out_refund_no", &self.out_refund_no)]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = RefundReceipt>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.order.as_out_trade_no()
    }

    fn read(&self, answer: Ours<Fields>) -> Result<RefundReceipt, Error> {
        Ok(RefundReceipt::from_answer(answer)?)
    }

    /// NOTENOUGH is about the merchant's balance here, not the payer's purse.
    fn advise(&self, fault: &mut Fault) {
        if fault.code() == Some(ErrCode::NotEnough) {
            (fault.advice, fault.retryable) = (Advice::Wait, true);
        }
    }
}

/// What is sent under the name that it has in v2, or another one.
const TEXTS: [(&str, &str); 5] = [
    ("transaction_id", "transaction_id"),
    ("out_trade_no", "out_trade_no"),
    ("out_refund_no", "out_refund_no"),
    ("refund_desc", "reason"),
    ("notify_url", "notify_url"),
];

impl V3Endpoint for Refund {
    type Answer = RefundReceipt;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        if self.fields.text("detail").is_some() {
            return Err(
                BadArgument::new("options", "must not contain detail, which APIv3 does not have").into()
            );
        }
        let text = |name: &str| self.fields.text(name);
        let mut body = object(TEXTS.iter().filter_map(|(v2, v3)| Some((*v3, text(v2)?))));
        body.extend(object(merchant.sub_mch_id.as_deref().map(|id| ("sub_mchid", id))));
        body.extend(object(text("refund_account").map(|account| ("funds_account", funds(account)))));
        let fen = |name: &str| text(name).and_then(|fen| fen.parse::<i64>().ok());
        body.insert(
            "amount".into(),
            json!({
                "refund": fen("refund_fee"),
                "total": fen("total_fee"),
                "currency": text("refund_fee_type").unwrap_or("CNY"),
            }),
        );
        merge(&mut body, &self.further, "options")?;
        Ok(V3Request::post(build(["v3", "refund", "domestic", "refunds"], []), &Value::Object(body)))
    }

    /// A number that was used before, for another amount perhaps, is answered with that refund.
    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<RefundReceipt, Error> {
        let fields = words::refund(answer, &merchant.ids())?;
        let text = |name: &str| self.fields.text(name);
        let amounts = [
            ("refund_fee", text("refund_fee"), true),
            ("total_fee", text("total_fee"), false),
            ("fee_type", text("refund_fee_type").or(Some("CNY")), false),
        ];
        let amounts = amounts.map(|(field, asked, required)| Echo {
            field: field.into(),
            asked: asked.unwrap_or_default().to_owned(),
            required,
        });
        let echoes = [self.echoes(), amounts.into()].concat();
        Ok(RefundReceipt::from_answer(ours(fields, merchant, &echoes)?)?.as_told(answer))
    }

    /// There is no such order here, or it is not paid; and a refund that came too often may be accepted yet.
    fn advise(&self, fault: &mut Fault) {
        match fault.code() {
            Some(ErrCode::RefundNotExist) => fault.advice = Advice::QueryOrder,
            Some(ErrCode::Limited) => fault.maybe_processed = true,
            _ => {}
        }
    }
}

/// What v2 calls the account, in APIv3's word.
fn funds(account: &str) -> &str {
    match account {
        "REFUND_SOURCE_RECHARGE_FUNDS" => "AVAILABLE",
        _ => "UNSETTLED",
    }
}
