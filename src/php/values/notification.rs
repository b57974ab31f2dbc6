//! `WechatPay\Notification` and `WechatPay\RefundNotice`.

use crate::error::Fault;
use crate::gateway::client::random_nonce;
use crate::model::merchant::Merchant;
use crate::model::refund::{RefundNotice, RefundStatus};
use crate::notification::{self, Notification, Subject};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{Array, Bytes, Object, Param, array, bytes, object as object_param};
use crate::php::engine::object::property::{
    INT, Property, PropertyOf, STRING, TIME, nullable, object, property,
};
use crate::php::engine::object::{fields, interfaces};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::PhpEnum;
use crate::php::values::merchant::{PhpMerchant, merchants};
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

/// A notice, with the PHP object of its addressee.
struct NotificationView<'a> {
    read: &'a Notification,
    merchant: &'a Zval,
}

fn paid_order(view: &NotificationView<'_>) -> Outcome {
    match &view.read.subject {
        Subject::Payment(paid) => order::to_php(paid.clone()),
        Subject::Refund(_) => Ok(Zval::null()),
    }
}

fn refund_notice(view: &NotificationView<'_>) -> Outcome {
    match &view.read.subject {
        Subject::Payment(_) => Ok(Zval::null()),
        Subject::Refund(notice) => {
            object(PhpRefundNotice((**notice).clone()), REFUND, |get, held| get(&held.0))
        }
    }
}

type Getter = fn(&NotificationView<'_>) -> Outcome;

const NOTIFICATION: &[Property<Getter>] = &[
    nullable("order", DataType::object("WechatPay\\Order"), paid_order),
    nullable("refund", DataType::object("WechatPay\\RefundNotice"), refund_notice),
    property("merchant", DataType::object("WechatPay\\Merchant"), |n| Ok(n.merchant.shallow_clone())),
    property("dedupeKey", STRING, |n| n.read.dedupe_key.to_php()),
];

const REFUND: &[PropertyOf<RefundNotice>] = &[
    property("outTradeNo", STRING, |n| n.typed().out_trade_no.to_php()),
    nullable("transactionId", STRING, |n| n.typed().transaction_id.to_php()),
    property("outRefundNo", STRING, |n| n.typed().out_refund_no.to_php()),
    property("refundId", STRING, |n| n.typed().refund_id.to_php()),
    property("refundStatus", DataType::object(RefundStatus::NAME), |n| n.refund_status().to_php()),
    nullable("totalFee", INT, |n| n.typed().total_fee.to_php()),
    nullable("settlementTotalFee", INT, |n| n.typed().settlement_total_fee.to_php()),
    nullable("refundFee", INT, |n| n.typed().refund_fee.to_php()),
    nullable("settlementRefundFee", INT, |n| n.typed().settlement_refund_fee.to_php()),
    nullable("cashRefundFee", INT, |n| n.typed().cash_refund_fee.to_php()),
    nullable("successTime", TIME, |n| n.success_time().to_php()),
    nullable("refundRecvAccout", STRING, |n| n.typed().refund_recv_accout.to_php()),
    nullable("refundAccount", STRING, |n| n.typed().refund_account.to_php()),
    nullable("refundRequestSource", STRING, |n| n.typed().refund_request_source.to_php()),
];

const BODY: Param<Bytes> = bytes("body");
const MERCHANTS: Param<Object<PhpMerchant>> = object_param("merchants").rest();
const REASON: Param<Bytes> = bytes("reason");
const FIELDS: Param<Array> = array("fields");
const MERCHANT: Param<Object<PhpMerchant>> = object_param("merchant");

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let methods = [
        method!("fields", refund_fields, [], ARRAY),
        method!("jsonSerialize", interfaces::json_serialize, [], ARRAY),
    ];
    register::<PhpRefundNotice, _>(
        REFUND,
        &methods,
        &[(interfaces::json_serializable, "\\JsonSerializable")],
    )?;
    let methods = [
        method!(
            static "read",
            read,
            [BODY, MERCHANTS],
            Some(Returns(DataType::object("WechatPay\\Notification"), false))
        ),
        method!(static "success", success, [], STRING),
        method!(static "fail", fail, [REASON], STRING),
        method!(static "sign", sign, [FIELDS, MERCHANT], STRING),
    ];
    register::<PhpNotification, _>(NOTIFICATION, &methods, &[])
}

fn read(call: &mut Call<'_>) -> Outcome {
    let body = call.get(BODY)?;
    let merchants = merchants(call, MERCHANTS)?;
    let known: Vec<&Merchant> = merchants.iter().map(|(merchant, _)| &**merchant).collect();
    let read = notification::read(body, &known).map_err(Fault::of_notice)?;
    to_php(read, merchants)
}

fn to_php(read: Notification, merchants: Vec<(Arc<Merchant>, Zval)>) -> Result<Zval, Raise> {
    let addressee = merchants.into_iter().nth(read.merchant);
    let (merchant, zval) = addressee.ok_or_else(|| Raise::Engine("the notice's merchant is gone".into()))?;
    let made =
        |get: &Getter, held: &PhpNotification| get(&NotificationView { read: &held.0, merchant: &zval });
    object(PhpNotification(read, merchant), NOTIFICATION, made)
}

fn refund_fields(call: &mut Call<'_>) -> Outcome {
    Ok(value::texts(call.this::<PhpRefundNotice>()?.0.fields().iter()))
}

#[allow(clippy::unnecessary_wraps, reason = "every method has this shape")]
fn success(_: &mut Call<'_>) -> Outcome {
    Ok(value::text(notification::SUCCESS))
}

fn fail(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(notification::fail(&String::from_utf8_lossy(call.get(REASON)?))))
}

fn sign(call: &mut Call<'_>) -> Outcome {
    let (fields, _) = fields::sendable(call, FIELDS)?;
    let merchant = &call.get(MERCHANT)?.0;
    Ok(value::text(notification::sign(fields, merchant, &random_nonce())?))
}
