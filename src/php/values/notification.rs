//! `WechatPay\Notification` and `WechatPay\RefundNotice`.

use crate::error::Fault;
use crate::gateway::client::random_nonce;
use crate::model::merchant::Merchant;
use crate::model::refund::{RefundNotice, RefundStatus};
use crate::notification::{self, Notification, Subject};
use crate::php::engine::convert::{fields, value};
use crate::php::engine::object::call::{Call, Outcome, Raise, param};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property, register};
use crate::php::values::enums::{self, PhpEnum};
use crate::php::values::merchant::PhpMerchant;
use crate::php::values::order;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::sync::Arc;

/// What a PHP `Notification` holds: what was read, and for whom.
pub struct PhpNotification(pub Notification, pub Arc<Merchant>);

/// What a PHP `RefundNotice` holds.
pub struct PhpRefundNotice(pub RefundNotice);

php_class!(PhpNotification, "WechatPay\\Notification", private);
php_class!(PhpRefundNotice, "WechatPay\\RefundNotice", private);

const NOTIFICATION: [Property; 4] = [
    nullable("order", DataType::object("WechatPay\\Order")),
    nullable("refund", DataType::object("WechatPay\\RefundNotice")),
    property("merchant", DataType::object("WechatPay\\Merchant")),
    property("dedupeKey", DataType::String),
];

const REFUND: [Property; 14] = [
    property("outTradeNo", DataType::String),
    nullable("transactionId", DataType::String),
    property("outRefundNo", DataType::String),
    property("refundId", DataType::String),
    property("refundStatus", DataType::object(RefundStatus::NAME)),
    nullable("totalFee", DataType::Long),
    nullable("settlementTotalFee", DataType::Long),
    nullable("refundFee", DataType::Long),
    nullable("settlementRefundFee", DataType::Long),
    nullable("cashRefundFee", DataType::Long),
    nullable("successTime", DataType::object("DateTimeImmutable")),
    nullable("refundRecvAccout", DataType::String),
    nullable("refundAccount", DataType::String),
    nullable("refundRequestSource", DataType::String),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    const MERCHANT: DataType = DataType::object("WechatPay\\Merchant");
    let methods = [
        method!("fields", refund_fields, [], ARRAY),
        method!("jsonSerialize", value::json_serialize, [], ARRAY),
    ];
    register::<PhpRefundNotice>(&REFUND, &methods, &[(value::json_serializable, "\\JsonSerializable")])?;
    let methods = [
        method!(
            static "read",
            read,
            [param("body", DataType::String), param("merchants", MERCHANT).rest()],
            Some(Returns(DataType::object("WechatPay\\Notification"), false))
        ),
        method!(static "success", success, [], STRING),
        method!(static "fail", fail, [param("reason", DataType::String)], STRING),
        method!(static "sign", sign, [param("fields", DataType::Array), param("merchant", MERCHANT)], STRING),
    ];
    register::<PhpNotification>(&NOTIFICATION, &methods, &[])
}

fn read(call: &mut Call<'_>) -> Outcome {
    let body = call.bytes(0)?;
    let merchants = merchants(call)?;
    let known: Vec<&Merchant> = merchants.iter().map(|(merchant, _)| &**merchant).collect();
    let read = notification::read(body, &known).map_err(Fault::of_notice)?;
    to_php(read, merchants)
}

fn merchants(call: &Call<'_>) -> Result<Vec<(Arc<Merchant>, Zval)>, Raise> {
    if call.count() < 2 {
        return Err(call.bad(1, "must be at least one Merchant"));
    }
    let merchant = |n: usize| {
        let zval = call.zval(n).map_or_else(Zval::null, |zval| zval.shallow_clone());
        Ok((call.object::<PhpMerchant>(n)?.0.clone(), zval))
    };
    (1..call.count()).map(merchant).collect()
}

fn to_php(read: Notification, merchants: Vec<(Arc<Merchant>, Zval)>) -> Result<Zval, Raise> {
    let addressee = merchants.into_iter().nth(read.merchant);
    let (merchant, zval) = addressee.ok_or_else(|| Raise::Engine("the notice's merchant is gone".into()))?;
    let (order, refund) = match &read.subject {
        Subject::Payment(order) => (order::to_php(order.clone())?, Zval::null()),
        Subject::Refund(notice) => (Zval::null(), refund_to_php((**notice).clone())?),
    };
    let properties = [order, refund, zval, value::text(&read.dedupe_key)];
    value::object(PhpNotification(read, merchant), properties)
}

fn refund_to_php(notice: RefundNotice) -> Result<Zval, Raise> {
    let claimed = &notice.claimed;
    let text = |field: &Option<String>| value::text_or_null(field.as_deref());
    let properties = [
        value::text(&claimed.out_trade_no),
        text(&claimed.transaction_id),
        value::text(&claimed.out_refund_no),
        value::text(&claimed.refund_id),
        enums::to_php(notice.refund_status),
        value::int_or_null(claimed.total_fee),
        value::int_or_null(claimed.settlement_total_fee),
        value::int_or_null(claimed.refund_fee),
        value::int_or_null(claimed.settlement_refund_fee),
        value::int_or_null(claimed.cash_refund_fee),
        value::beijing_or_null(notice.success_time)?,
        text(&claimed.refund_recv_accout),
        text(&claimed.refund_account),
        text(&claimed.refund_request_source),
    ];
    value::object(PhpRefundNotice(notice), properties)
}

fn refund_fields(call: &mut Call<'_>) -> Outcome {
    Ok(value::texts(call.this::<PhpRefundNotice>()?.0.fields.iter()))
}

#[allow(clippy::unnecessary_wraps, reason = "every method has this shape")]
fn success(_: &mut Call<'_>) -> Outcome {
    Ok(value::text(notification::SUCCESS))
}

fn fail(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(notification::fail(&String::from_utf8_lossy(call.bytes(0)?))))
}

fn sign(call: &mut Call<'_>) -> Outcome {
    let (fields, _) = fields::sendable(call, 0)?;
    let merchant = &call.object::<PhpMerchant>(1)?.0;
    Ok(value::text(notification::sign(fields, merchant, &random_nonce())?))
}
