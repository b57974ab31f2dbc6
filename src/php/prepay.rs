//! `WechatPay\Prepay`: a placed order.

use super::call::{Call, Outcome, Raise, param};
use super::class::{Property, Returns, method, nullable, php_class, register};
use super::value;
use crate::model::prepay::{Prepay, qr_png, qr_svg, qr_text};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

/// What a PHP `Prepay` holds.
pub struct PhpPrepay(Prepay);

php_class!(PhpPrepay, "WechatPay\\Prepay", private);

const PROPERTIES: [Property; 4] = [
    nullable("tradeType", DataType::String),
    nullable("prepayId", DataType::String),
    nullable("codeUrl", DataType::String),
    nullable("h5Url", DataType::String),
];

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    const SIZE: super::call::Param = param("size", DataType::Long).or("256");
    let methods = [
        method!("qrSvg", svg, [SIZE], STRING),
        method!("qrPng", png, [SIZE], STRING),
        method!("qrText", text, [], STRING),
    ];
    register::<PhpPrepay>(&PROPERTIES, &methods, &[])
}

/// A PHP `Prepay`.
pub fn to_php(prepay: Prepay) -> Result<Zval, Raise> {
    let properties = [&prepay.trade_type, &prepay.prepay_id, &prepay.code_url, &prepay.mweb_url]
        .map(|field| value::text_or_null(field.as_deref()));
    value::object(PhpPrepay(prepay), properties)
}

/// The text the QR code holds; only NATIVE orders have one.
fn code_url<'a>(call: &mut Call<'a>) -> Result<&'a str, Raise> {
    let code_url = call.this::<PhpPrepay>()?.0.code_url.as_deref();
    code_url.ok_or_else(|| Raise::Logic("Only an order with a codeUrl has a QR code".into()))
}

fn size(call: &Call<'_>) -> Result<u32, Raise> {
    let size = u32::try_from(call.int_or(0, 256)?).ok().filter(|s| (32..=4096).contains(s));
    size.ok_or_else(|| call.bad(0, "must be between 32 and 4096 pixels"))
}

fn svg(call: &mut Call<'_>) -> Outcome {
    let size = size(call)?;
    Ok(value::text(qr_svg(code_url(call)?, size).map_err(|e| Raise::Logic(e.to_string()))?))
}

fn png(call: &mut Call<'_>) -> Outcome {
    let size = size(call)?;
    Ok(value::text(qr_png(code_url(call)?, size).map_err(|e| Raise::Logic(e.to_string()))?))
}

fn text(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(qr_text(code_url(call)?).map_err(|e| Raise::Logic(e.to_string()))?))
}
