//! unifiedorder: places an order that the payer's client pays (protocol.md C.1).

use super::form;
use crate::error::{Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::model::order_id::new_out_trade_no;
use crate::model::ours::{Echo, Ours};
use crate::model::prepay::Prepay;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::read::FieldError;
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use crate::wire::words;
use serde_json::{Map, Value};

mod v3;

/// Places one order. Repeating it with the same arguments is safe: it gives a fresh `prepay_id` and `code_url`.
#[derive(Debug, Clone)]
pub struct UnifiedOrder {
    fields: Fields,
    out_trade_no: String,
    /// What only APIv3 has, in its own names.
    further: Map<String, Value>,
}

/// What every order needs.
#[derive(Debug, Clone, Copy)]
pub struct Basics<'a> {
    /// NATIVE, JSAPI, APP or MWEB.
    pub trade_type: &'static str,
    /// The shop's number.
    pub out_trade_no: &'a str,
    /// Fen.
    pub total_fee: i64,
    /// What is bought, shown to the payer.
    pub body: &'a str,
    /// Where the notice goes.
    pub notify_url: &'a str,
    /// The payer's address (the shop's for NATIVE).
    pub spbill_create_ip: &'a str,
}

/// Optional fields that have an argument of their own; any other is an entry of `extra`.
const OPTIONAL: [&str; 13] = [
    "product_id",
    "device_info",
    "detail",
    "attach",
    "fee_type",
    "time_start",
    "time_expire",
    "goods_tag",
    "limit_pay",
    "receipt",
    "scene_info",
    "openid",
    "sub_openid",
];

/// The gateway's own fields: what one order says must not change who signs it, and how.
const COMMON: [&str; 7] = ["appid", "mch_id", "sub_appid", "sub_mch_id", "nonce_str", "sign_type", "sign"];

impl UnifiedOrder {
    /// Checks what can be checked here, by the argument's name.
    pub fn new(basics: &Basics<'_>, optional: &[(&str, &str)]) -> Result<Self, BadArgument> {
        new_out_trade_no(basics.out_trade_no)?;
        if basics.total_fee < 1 {
            return Err(BadArgument::new("total_fee", "must be at least 1 fen"));
        }
        let mut fields = Self::basic_fields(basics)?;
        for (name, value) in optional {
            let value = match OPTIONAL.iter().find(|known| *known == name) {
                Some(known) => form::argument(known, value)?,
                None => form::entry("extra", name, value)?,
            };
            if COMMON.contains(name) || fields.get(name).is_some() {
                return Err(BadArgument::new(
                    "extra",
                    format!("must not contain {name}, which is set already"),
                ));
            }
            fields.set(name, value);
        }
        form::times(&fields)?;
        Ok(Self { fields, out_trade_no: basics.out_trade_no.to_owned(), further: Map::new() })
    }

    /// The same with what only APIv3 has, in its own names and places.
    #[must_use]
    pub fn with(self, further: Map<String, Value>) -> Self {
        Self { further, ..self }
    }

    fn basic_fields(basics: &Basics<'_>) -> Result<Fields, BadArgument> {
        let mut fields = Fields::new();
        let total_fee = basics.total_fee.to_string();
        let pairs = [
            ("trade_type", basics.trade_type),
            ("out_trade_no", basics.out_trade_no),
            ("total_fee", &total_fee),
            ("body", &form::argument("body", basics.body)?),
            ("notify_url", &form::argument("notify_url", basics.notify_url)?),
            ("spbill_create_ip", &form::argument("spbill_create_ip", basics.spbill_create_ip)?),
        ];
        for (name, value) in pairs {
            fields.set(name, value);
        }
        Ok(fields)
    }
}

impl Endpoint for UnifiedOrder {
    type Answer = Prepay;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/pay/unifiedorder", Repeat::SameNumbers)
    }

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo { field: "out_trade_no".into(), asked: self.out_trade_no.clone(), required: false }]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Prepay>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        Some(&self.out_trade_no)
    }

    /// A trade type that the account may not use is a likely cause of half an answer.
    fn read(&self, answer: Ours<Fields>) -> Result<Prepay, Error> {
        Prepay::from_answer(&answer, self.trade_type()).map_err(|e| self.half(&e))
    }
}

impl V3Endpoint for UnifiedOrder {
    type Answer = Prepay;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        v3::request(&self.fields, &self.further, merchant)
    }

    /// It names no order: nothing to compare.
    fn read(&self, answer: &Verified<JsonObject>, _: &Merchant) -> Result<Prepay, Error> {
        let told = Ours::answering(words::prepay(answer)?, &Fields::new(), &[], true)?;
        Prepay::from_v3(&told, self.trade_type()).map_err(|e| self.half(&e))
    }
}

impl UnifiedOrder {
    fn trade_type(&self) -> &str {
        self.fields.text("trade_type").unwrap_or("")
    }

    fn half(&self, why: &FieldError) -> Error {
        let trade_type = self.trade_type();
        Error::Malformed(format!(
            "{why} (is {trade_type} opened for this merchant, in the merchant platform?)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn basics() -> Basics<'static> {
        Basics {
            trade_type: "NATIVE",
            out_trade_no: "T20260301000001",
            total_fee: 1,
            body: "茶",
            notify_url: "https://shop.example/notify",
            spbill_create_ip: "127.0.0.1",
        }
    }

    /// The argument that is refused.
    fn refused(basics: &Basics<'_>, optional: &[(&str, &str)]) -> Cow<'static, str> {
        UnifiedOrder::new(basics, optional).unwrap_err().name
    }

    #[test]
    fn an_order_sends_exactly_what_it_was_given() {
        let order = UnifiedOrder::new(&basics(), &[("product_id", "P1"), ("attach", "x"), ("x_new", "1")]);
        let fields = order.unwrap().fields();
        let sent: Vec<_> = fields.iter().collect();
        let expected = [
            ("trade_type", "NATIVE"),
            ("out_trade_no", "T20260301000001"),
            ("total_fee", "1"),
            ("body", "茶"),
            ("notify_url", "https://shop.example/notify"),
            ("spbill_create_ip", "127.0.0.1"),
            ("product_id", "P1"),
            ("attach", "x"),
            ("x_new", "1"),
        ];
        assert_eq!(sent, expected);
    }

    #[test]
    fn each_wrong_argument_is_refused_by_its_name() {
        let long = "x".repeat(257);
        for (wrong, name) in [
            (Basics { out_trade_no: "12345", ..basics() }, "out_trade_no"),
            (Basics { out_trade_no: "a|b*c@d", ..basics() }, "out_trade_no"),
            (Basics { total_fee: 0, ..basics() }, "total_fee"),
            (Basics { total_fee: -1, ..basics() }, "total_fee"),
            (Basics { body: "", ..basics() }, "body"),
            (Basics { body: &long, ..basics() }, "body"),
            (Basics { body: "😀", ..basics() }, "body"),
            (Basics { body: "a\0", ..basics() }, "body"),
            (Basics { notify_url: "http://shop.example/", ..basics() }, "notify_url"),
            (Basics { spbill_create_ip: "", ..basics() }, "spbill_create_ip"),
        ] {
            assert_eq!(refused(&wrong, &[]), name, "{wrong:?}");
        }
        for field in ["product_id", "attach", "scene_info"] {
            assert_eq!(refused(&basics(), &[(field, "")]), field);
            assert_eq!(refused(&basics(), &[(field, &long)]), field);
        }
    }

    #[test]
    fn a_body_is_measured_in_bytes() {
        assert!(UnifiedOrder::new(&Basics { body: &"茶".repeat(42), ..basics() }, &[]).is_ok());
        assert_eq!(refused(&Basics { body: &"茶".repeat(43), ..basics() }, &[]), "body");
    }

    #[test]
    fn a_notify_url_is_https_without_a_query_or_http_to_this_machine() {
        for fine in
            ["https://a.b/c", "http://127.0.0.1:80/n", "http://localhost/", "http://[::1]:8/", "https://a"]
        {
            assert!(UnifiedOrder::new(&Basics { notify_url: fine, ..basics() }, &[]).is_ok(), "{fine}");
        }
        for wrong in [
            "",
            "shop.example",
            "/notify",
            "ftp://a/",
            "http://a/",
            "https://a/?b",
            "https://a/#b",
            "https://",
            "http://127.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://a b/",
        ] {
            assert_eq!(refused(&Basics { notify_url: wrong, ..basics() }, &[]), "notify_url", "{wrong}");
        }
    }

    #[test]
    fn extra_fields_cannot_replace_what_the_order_or_the_merchant_says() {
        for name in
            ["total_fee", "out_trade_no", "trade_type", "appid", "mch_id", "sub_mch_id", "sign", "sign_type"]
        {
            assert_eq!(refused(&basics(), &[(name, "1")]), "extra", "{name}");
        }
        assert_eq!(refused(&basics(), &[("product_id", "1"), ("product_id", "2")]), "extra");
        assert_eq!(refused(&basics(), &[("x_new", "😀")]), "extra");
    }

    #[test]
    fn the_terms_are_those_of_the_documents() {
        let order = UnifiedOrder::new(&basics(), &[]).unwrap();
        let spec = order.spec();
        assert_eq!((&*spec.path, spec.repeat), ("/pay/unifiedorder", Repeat::SameNumbers));
        assert!(!spec.certificate && spec.fixed.is_none() && spec.names_sign_type);
        assert_eq!(order.out_trade_no(), Some("T20260301000001"));
        let echoes = order.echoes();
        assert!(echoes.len() == 1 && echoes[0].field == "out_trade_no" && !echoes[0].required);
    }
}
