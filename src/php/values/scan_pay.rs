//! `WechatPay\ScanPay` (Native mode 1) and `WechatPay\ScannedProduct`.

use crate::clock::{Clock, SystemClock};
use crate::error::Fault;
use crate::gateway::client::random_nonce;
use crate::model::client_sign::{Fresh, product_url};
use crate::model::merchant::Merchant;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{Bytes, Object, Param, Text, bytes, object as object_param, text};
use crate::php::engine::object::property::{BOOL, NONE, PropertyOf, STRING, nullable, object, property};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::merchant::{PhpMerchant, of_v2};
use crate::scan_pay::{self, Scanned};
use ext_php_rs::flags::DataType;
use std::sync::Arc;

/// What a PHP `ScanPay` holds.
pub struct PhpScanPay(Arc<Merchant>);

/// What a PHP `ScannedProduct` holds: nothing beside its properties.
pub struct PhpScanned;

php_class!(PhpScanned, "WechatPay\\ScannedProduct", private);
php_class!(PhpScanPay, "WechatPay\\ScanPay", construct, PARAMS);

const MERCHANT: Param<Object<PhpMerchant>> = object_param("merchant");
const PRODUCT_ID: Param<Text> = text("productId");
const BODY: Param<Bytes> = bytes("body");
const PREPAY_ID: Param<Text> = text("prepayId");
const REASON: Param<Text> = text("reason");

const PARAMS: &[Shown] = &[MERCHANT.shown];

const SCANNED: &[PropertyOf<Scanned>] = &[
    property("productId", STRING, |s| s.product_id.to_php()),
    property("openid", STRING, |s| s.openid.to_php()),
    nullable("isSubscribe", BOOL, |s| s.is_subscribe.to_php()),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    register::<PhpScanned, _>(SCANNED, &[], &[])?;
    let methods = [
        method!("productUrl", url, [PRODUCT_ID], STRING),
        method!("read", read, [BODY], Some(Returns(DataType::object("WechatPay\\ScannedProduct"), false))),
        method!("answer", answer, [PREPAY_ID], STRING),
        method!("refuse", refuse, [REASON], STRING),
    ];
    register::<PhpScanPay, _>(NONE, &methods, &[])
}

fn construct(call: &mut Call<'_>) -> Result<PhpScanPay, Raise> {
    let merchant = &call.get(MERCHANT)?.0;
    of_v2(
        merchant,
        "WechatPay\\ScanPay",
        "place the order with UnifiedOrder::native(), and draw its codeUrl",
    )?;
    Ok(PhpScanPay(merchant.clone()))
}

fn url(call: &mut Call<'_>) -> Outcome {
    let product_id = call.get(PRODUCT_ID)?;
    let fresh = Fresh { seconds: SystemClock.unix_seconds(), nonce: &random_nonce() };
    Ok(value::text(product_url(&call.this::<PhpScanPay>()?.0, product_id, fresh)?))
}

fn read(call: &mut Call<'_>) -> Outcome {
    let body = call.get(BODY)?;
    let scanned = scan_pay::read(body, &call.this::<PhpScanPay>()?.0).map_err(Fault::of_notice)?;
    object(PhpScanned, SCANNED, |get, _| get(&scanned))
}

fn answer(call: &mut Call<'_>) -> Outcome {
    let prepay_id = call.get(PREPAY_ID)?;
    Ok(value::text(scan_pay::answer(&call.this::<PhpScanPay>()?.0, prepay_id, &random_nonce())?))
}

fn refuse(call: &mut Call<'_>) -> Outcome {
    let reason = call.get(REASON)?;
    Ok(value::text(scan_pay::refuse(&call.this::<PhpScanPay>()?.0, reason, &random_nonce())?))
}
