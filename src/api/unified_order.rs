//! unifiedorder: places an order that the payer's client pays (protocol.md C.1).

use crate::error::{Error, Repeat};
use crate::gateway::call::{Call, Echo, Terms};
use crate::model::numbers::{BadArgument, new_out_trade_no};
use crate::model::prepay::Prepay;
use crate::wire::fields::Fields;
use crate::wire::sign::Verified;

/// Places one order. Repeating it with the same arguments is safe: it gives a fresh `prepay_id` and `code_url`.
#[derive(Debug, Clone)]
pub struct UnifiedOrder {
    fields: Fields,
    out_trade_no: String,
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

/// Optional fields: their names on the wire and as PHP arguments, and the most bytes they may have.
const OPTIONAL: [(&str, &str, usize); 13] = [
    ("product_id", "productId", 32),
    ("device_info", "deviceInfo", 32),
    ("detail", "detail", 6000),
    ("attach", "attach", 127),
    ("fee_type", "feeType", 16),
    ("time_start", "timeStart", 14),
    ("time_expire", "timeExpire", 14),
    ("goods_tag", "goodsTag", 32),
    ("limit_pay", "limitPay", 32),
    ("receipt", "receipt", 8),
    ("scene_info", "sceneInfo", 256),
    ("openid", "openid", 128),
    ("sub_openid", "subOpenid", 128),
];

impl UnifiedOrder {
    /// Checks what can be checked here, by the argument's name.
    pub fn new(basics: &Basics<'_>, optional: &[(&str, &str)]) -> Result<Self, BadArgument> {
        new_out_trade_no(basics.out_trade_no)?;
        if basics.total_fee < 1 {
            return Err(BadArgument::new("totalFee", "must be at least 1 fen"));
        }
        text("body", basics.body, 127)?;
        notify_url(basics.notify_url)?;
        text("spbillCreateIp", basics.spbill_create_ip, 64)?;
        let mut fields = Self::basic_fields(basics);
        for (name, value) in optional {
            let known = OPTIONAL.iter().find(|(wire, ..)| wire == name);
            if let Some((_, argument, most)) = known {
                text(argument, value, *most)?;
            }
            fields.set(name, *value);
        }
        Ok(Self { fields, out_trade_no: basics.out_trade_no.to_owned() })
    }

    fn basic_fields(basics: &Basics<'_>) -> Fields {
        let mut fields = Fields::new();
        let total_fee = basics.total_fee.to_string();
        let pairs = [
            ("trade_type", basics.trade_type),
            ("out_trade_no", basics.out_trade_no),
            ("total_fee", &total_fee),
            ("body", basics.body),
            ("notify_url", basics.notify_url),
            ("spbill_create_ip", basics.spbill_create_ip),
        ];
        for (name, value) in pairs {
            fields.set(name, value);
        }
        fields
    }
}

fn text(name: &'static str, value: &str, most: usize) -> Result<(), BadArgument> {
    if value.is_empty() || value.len() > most {
        return Err(BadArgument::new(name, format!("must be 1 to {most} bytes long")));
    }
    if value.chars().any(|c| c.len_utf8() == 4) {
        return Err(BadArgument::new(name, "must not contain characters of 4 UTF-8 bytes (emoji, say)"));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(BadArgument::new(name, "must not contain control characters"));
    }
    Ok(())
}

/// https without query; plain http only to this machine, for tests.
fn notify_url(url: &str) -> Result<(), BadArgument> {
    text("notifyUrl", url, 256)?;
    let parsed = ureq::http::Uri::try_from(url).ok();
    let is_loopback = |host: &str| host == "localhost" || host == "[::1]" || host.starts_with("127.");
    let is_fine = parsed.as_ref().is_some_and(|uri| {
        let host = uri.host().unwrap_or("");
        let scheme = uri.scheme_str().unwrap_or("");
        !host.is_empty()
            && uri.query().is_none()
            && (scheme == "https" || scheme == "http" && is_loopback(host))
    });
    if is_fine && !url.contains(['?', '#']) {
        return Ok(());
    }
    Err(BadArgument::new(
        "notifyUrl",
        "must be an https URL without a query (http only to this machine, for tests)",
    ))
}

impl Call for UnifiedOrder {
    type Answer = Prepay;

    fn terms(&self) -> Terms {
        Terms::new("/pay/unifiedorder", Repeat::SameNumbers)
    }

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo { field: "out_trade_no".into(), asked: self.out_trade_no.clone(), required: false }]
    }

    fn out_trade_no(&self) -> Option<&str> {
        Some(&self.out_trade_no)
    }

    fn read(&self, answer: &Verified<Fields>) -> Result<Prepay, Error> {
        Ok(Prepay::from_answer(answer)?)
    }
}
