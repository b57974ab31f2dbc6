//! `WechatPay\Prepay`: a placed order.

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::random_nonce;
use crate::model::client_sign::{self, Fresh};
use crate::model::merchant::Merchant;
use crate::model::prepay::Prepay;
use crate::model::qr_code::{qr_png, qr_svg, qr_text};
use crate::model::v3_keys::UnusableKeys;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{Int, Param, int};
use crate::php::engine::object::property::{PropertyOf, STRING, nullable, object};
use crate::php::engine::raise::{Outcome, Raise};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::sync::Arc;

/// What a PHP `Prepay` holds: the answer, and whose order it is.
pub struct PhpPrepay {
    prepay: Prepay,
    merchant: Arc<Merchant>,
    /// The order was placed for `sub_openid`: the sub-merchant's app asks for the payment.
    for_sub_app: bool,
}

php_class!(PhpPrepay, "WechatPay\\Prepay", private);

const PROPERTIES: &[PropertyOf<Prepay>] = &[
    nullable("tradeType", STRING, |p| p.trade_type.to_php()),
    nullable("prepayId", STRING, |p| p.prepay_id.to_php()),
    nullable("codeUrl", STRING, |p| p.code_url.to_php()),
    nullable("h5Url", STRING, |p| p.mweb_url.to_php()),
];

const SIZE: Param<Int> = int("size").or("256");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    let methods = [
        method!("qrSvg", svg, [SIZE], STRING),
        method!("qrPng", png, [SIZE], STRING),
        method!("qrText", text, [], STRING),
        method!("jsapiParams", jsapi_params, [], Some(Returns(DataType::Array, false))),
        method!("appParams", app_params, [], Some(Returns(DataType::Array, false))),
    ];
    register::<PhpPrepay, _>(PROPERTIES, &methods, &[])
}

/// A PHP `Prepay`.
pub fn to_php(prepay: Prepay, merchant: Arc<Merchant>, for_sub_app: bool) -> Result<Zval, Raise> {
    object(PhpPrepay { prepay, merchant, for_sub_app }, PROPERTIES, |get, placed| get(&placed.prepay))
}

/// The text the QR code holds; only NATIVE orders have one.
fn code_url<'a>(call: &mut Call<'a>) -> Result<&'a str, Raise> {
    let code_url = call.this::<PhpPrepay>()?.prepay.code_url.as_deref();
    code_url.ok_or_else(|| Raise::Logic("Only a NATIVE order has a codeUrl to draw".into()))
}

/// The parameters for `wx.requestPayment`; timeStamp and nonceStr are made now.
fn jsapi_params(call: &mut Call<'_>) -> Outcome {
    let placed = call.this::<PhpPrepay>()?;
    let merchant = &placed.merchant;
    let sub_appid = merchant.sub_appid.as_deref().filter(|_| placed.for_sub_app);
    let nonce = random_nonce();
    let appid = sub_appid.unwrap_or(&merchant.appid);
    let params = client_sign::jsapi(merchant, appid, prepay_id(placed)?, fresh(&nonce));
    Ok(value::texts(params.map_err(unsigned)?.iter()))
}

/// The parameters for the app's SDK; timestamp and noncestr are made now.
fn app_params(call: &mut Call<'_>) -> Outcome {
    let placed = call.this::<PhpPrepay>()?;
    let nonce = random_nonce();
    let params = client_sign::app(&placed.merchant, prepay_id(placed)?, fresh(&nonce));
    Ok(value::texts(params.map_err(unsigned)?.iter()))
}

fn unsigned(why: UnusableKeys) -> Fault {
    Fault::new(Error::from(why), Repeat::Query, None)
}

fn prepay_id(placed: &PhpPrepay) -> Result<&str, Raise> {
    placed
        .prepay
        .prepay_id
        .as_deref()
        .ok_or_else(|| Raise::Logic("The answer has no prepayId to sign".into()))
}

fn fresh(nonce: &str) -> Fresh<'_> {
    Fresh { seconds: SystemClock.unix_seconds(), nonce }
}

fn size(call: &Call<'_>) -> Result<u32, Raise> {
    let size = u32::try_from(call.get(SIZE)?).ok().filter(|s| (32..=4096).contains(s));
    size.ok_or_else(|| call.bad(SIZE, "must be between 32 and 4096 pixels"))
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
