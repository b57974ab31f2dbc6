//! `WechatPay\Order` and `WechatPay\Coupon`: verified, typed, read-only.

use crate::model::order::{Coupon, Order};
use crate::model::trade_state::TradeState;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, Outcome, Raise};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property, register};
use crate::php::values::enums::{self, PhpEnum};
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ClassEntry;
use std::sync::Arc;

/// What a PHP `Order` holds.
pub struct PhpOrder(pub Arc<Order>);

/// What a PHP `Coupon` holds: nothing beside its properties.
pub struct PhpCoupon;

php_class!(PhpOrder, "WechatPay\\Order", private);
php_class!(PhpCoupon, "WechatPay\\Coupon", private);

const DATE: DataType = DataType::object("DateTimeImmutable");

const PROPERTIES: [Property; 24] = [
    property("appid", DataType::String),
    property("mchId", DataType::String),
    nullable("subAppid", DataType::String),
    nullable("subMchId", DataType::String),
    nullable("outTradeNo", DataType::String),
    nullable("transactionId", DataType::String),
    property("tradeState", DataType::object(TradeState::NAME)),
    nullable("tradeStateDesc", DataType::String),
    nullable("tradeType", DataType::String),
    nullable("totalFee", DataType::Long),
    nullable("settlementTotalFee", DataType::Long),
    nullable("feeType", DataType::String),
    nullable("cashFee", DataType::Long),
    nullable("cashFeeType", DataType::String),
    nullable("couponFee", DataType::Long),
    property("coupons", DataType::Array),
    nullable("bankType", DataType::String),
    nullable("openid", DataType::String),
    nullable("isSubscribe", DataType::Bool),
    nullable("subOpenid", DataType::String),
    nullable("attach", DataType::String),
    nullable("deviceInfo", DataType::String),
    nullable("timeEnd", DATE),
    nullable("promotionDetail", DataType::Array),
];

const COUPON: [Property; 3] =
    [nullable("id", DataType::String), nullable("type", DataType::String), nullable("fee", DataType::Long)];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    register::<PhpCoupon>(&COUPON, &[], &[])?;
    register::<PhpOrder>(
        &PROPERTIES,
        &[
            method!("fields", fields, [], ARRAY),
            method!("isPaid", is_paid, [], Some(Returns(DataType::Bool, false))),
            method!("jsonSerialize", value::json_serialize, [], ARRAY),
        ],
        &[(value::json_serializable, "\\JsonSerializable")],
    )
}

/// The class of orders.
pub fn class() -> &'static ClassEntry {
    PhpOrder::get_metadata().ce()
}

/// A PHP `Order`.
pub fn to_php(order: impl Into<Arc<Order>>) -> Result<Zval, Raise> {
    let order = order.into();
    let properties = properties(&order)?;
    value::object(PhpOrder(order), properties)
}

fn properties(order: &Order) -> Result<[Zval; 24], Raise> {
    let told = order.typed();
    let text = |field: Option<&str>| value::text_or_null(field);
    let always = |field: Option<&str>| value::text(field.unwrap_or_default());
    Ok([
        always(told.appid),
        always(told.mch_id),
        text(told.sub_appid),
        text(told.sub_mch_id),
        text(told.out_trade_no),
        text(told.transaction_id),
        enums::to_php(order.trade_state),
        text(told.trade_state_desc),
        text(told.trade_type),
        value::int_or_null(told.total_fee),
        value::int_or_null(told.settlement_total_fee),
        text(told.fee_type),
        value::int_or_null(told.cash_fee),
        text(told.cash_fee_type),
        value::int_or_null(told.coupon_fee),
        coupons(&order.coupons())?,
        text(told.bank_type),
        text(told.openid),
        value::bool_or_null(told.is_subscribe),
        text(told.sub_openid),
        text(told.attach),
        text(told.device_info),
        value::beijing_or_null(told.time_end())?,
        promotions(told.promotions().as_deref())?,
    ])
}

/// A list of PHP `Coupon`s.
pub fn coupons(coupons: &[Coupon<'_>]) -> Result<Zval, Raise> {
    let made: Result<Vec<Zval>, Raise> = coupons.iter().map(coupon).collect();
    value::list(made?)
}

fn coupon(coupon: &Coupon<'_>) -> Result<Zval, Raise> {
    let properties = [
        value::text_or_null(coupon.id.as_deref()),
        value::text_or_null(coupon.coupon_type.as_deref()),
        value::int_or_null(coupon.fee),
    ];
    value::object(PhpCoupon, properties)
}

fn promotions(list: Option<&[serde_json::Value]>) -> Result<Zval, Raise> {
    let Some(list) = list else { return Ok(Zval::null()) };
    let made: Result<Vec<Zval>, Raise> = list.iter().map(value::json).collect();
    value::list(made?)
}

fn fields(call: &mut Call<'_>) -> Outcome {
    Ok(value::texts(call.this::<PhpOrder>()?.0.fields.iter()))
}

fn is_paid(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this::<PhpOrder>()?.0.is_paid()))
}
