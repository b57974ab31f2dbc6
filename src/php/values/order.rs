//! `WechatPay\Order` and `WechatPay\Coupon`: verified, typed, read-only.

use crate::model::order::{Coupon, Order, OrderFields};
use crate::model::trade_state::TradeState;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::interfaces;
use crate::php::engine::object::property::{
    ARRAY, BOOL, INT, Property, STRING, TIME, nullable, object, property,
};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::PhpEnum;
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

/// An order, with its typed fields read once.
struct OrderView<'a> {
    order: &'a Order,
    typed: OrderFields<'a>,
}

type OrderGetter = fn(&OrderView<'_>) -> Outcome;
type CouponGetter = fn(&Coupon<'_>) -> Outcome;

const PROPERTIES: &[Property<OrderGetter>] = &[
    property("appid", STRING, |o| o.typed.appid.unwrap_or_default().to_php()),
    property("mchId", STRING, |o| o.typed.mch_id.unwrap_or_default().to_php()),
    nullable("subAppid", STRING, |o| o.typed.sub_appid.to_php()),
    nullable("subMchId", STRING, |o| o.typed.sub_mch_id.to_php()),
    nullable("outTradeNo", STRING, |o| o.typed.out_trade_no.to_php()),
    nullable("transactionId", STRING, |o| o.typed.transaction_id.to_php()),
    property("tradeState", DataType::object(TradeState::NAME), |o| o.order.trade_state().to_php()),
    nullable("tradeStateDesc", STRING, |o| o.typed.trade_state_desc.to_php()),
    nullable("tradeType", STRING, |o| o.typed.trade_type.to_php()),
    nullable("totalFee", INT, |o| o.typed.total_fee.to_php()),
    nullable("settlementTotalFee", INT, |o| o.typed.settlement_total_fee.to_php()),
    nullable("feeType", STRING, |o| o.typed.fee_type.to_php()),
    nullable("cashFee", INT, |o| o.typed.cash_fee.to_php()),
    nullable("cashFeeType", STRING, |o| o.typed.cash_fee_type.to_php()),
    nullable("couponFee", INT, |o| o.typed.coupon_fee.to_php()),
    property("coupons", ARRAY, |o| coupons(&o.order.coupons())),
    nullable("bankType", STRING, |o| o.typed.bank_type.to_php()),
    nullable("openid", STRING, |o| o.typed.openid.to_php()),
    nullable("isSubscribe", BOOL, |o| o.typed.is_subscribe.to_php()),
    nullable("subOpenid", STRING, |o| o.typed.sub_openid.to_php()),
    nullable("attach", STRING, |o| o.typed.attach.to_php()),
    nullable("deviceInfo", STRING, |o| o.typed.device_info.to_php()),
    nullable("timeEnd", TIME, |o| o.typed.time_end().to_php()),
    nullable("promotionDetail", ARRAY, |o| promotions(o.typed.promotions().as_deref())),
];

const COUPON: &[Property<CouponGetter>] = &[
    nullable("id", STRING, |c| c.id.as_deref().to_php()),
    nullable("type", STRING, |c| c.coupon_type.as_deref().to_php()),
    nullable("fee", INT, |c| c.fee.to_php()),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    register::<PhpCoupon, _>(COUPON, &[], &[])?;
    register::<PhpOrder, _>(
        PROPERTIES,
        &[
            method!("fields", fields, [], ARRAY),
            method!("isPaid", is_paid, [], Some(Returns(DataType::Bool, false))),
            method!("jsonSerialize", interfaces::json_serialize, [], ARRAY),
        ],
        &[(interfaces::json_serializable, "\\JsonSerializable")],
    )
}

/// The class of orders.
pub fn class() -> &'static ClassEntry {
    PhpOrder::get_metadata().ce()
}

/// A PHP `Order`.
pub fn to_php(order: impl Into<Arc<Order>>) -> Outcome {
    let order = order.into();
    let view = OrderView { order: &order, typed: order.typed() };
    object(PhpOrder(order.clone()), PROPERTIES, |get, _| get(&view))
}

/// A list of PHP `Coupon`s.
pub fn coupons(coupons: &[Coupon<'_>]) -> Result<Zval, Raise> {
    let made: Result<Vec<Zval>, Raise> = coupons.iter().map(coupon).collect();
    value::list(made?)
}

fn coupon(coupon: &Coupon<'_>) -> Outcome {
    object(PhpCoupon, COUPON, |get, _| get(coupon))
}

fn promotions(list: Option<&[serde_json::Value]>) -> Result<Zval, Raise> {
    let Some(list) = list else { return Ok(Zval::null()) };
    let made: Result<Vec<Zval>, Raise> = list.iter().map(elements::json).collect();
    value::list(made?)
}

fn fields(call: &mut Call<'_>) -> Outcome {
    let order = &call.this::<PhpOrder>()?.0;
    order.told().map_or_else(|| Ok(value::texts(order.fields().iter())), elements::told)
}

fn is_paid(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this::<PhpOrder>()?.0.is_paid()))
}
