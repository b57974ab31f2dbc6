//! `WechatPay\RefundList` and `WechatPay\RefundEntry`: verified.

use crate::model::refund::{RefundEntry, RefundList, RefundStatus};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::interfaces;
use crate::php::engine::object::property::{
    ARRAY, INT, PropertyOf, STRING, TIME, nullable, object, property,
};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::PhpEnum;
use crate::php::values::order;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

/// What a PHP `RefundList` holds: the list, and whether it has all refunds of its order.
pub struct PhpRefundList(pub RefundList, pub bool);

/// What a PHP `RefundEntry` holds: nothing beside its properties.
pub struct PhpRefundEntry;

php_class!(PhpRefundList, "WechatPay\\RefundList", private);
php_class!(PhpRefundEntry, "WechatPay\\RefundEntry", private);

const LIST: &[PropertyOf<RefundList>] = &[
    property("appid", STRING, |l| l.trade().appid.as_deref().unwrap_or_default().to_php()),
    property("mchId", STRING, |l| l.trade().mch_id.as_deref().unwrap_or_default().to_php()),
    nullable("subAppid", STRING, |l| l.trade().sub_appid.to_php()),
    nullable("subMchId", STRING, |l| l.trade().sub_mch_id.to_php()),
    nullable("outTradeNo", STRING, |l| l.trade().out_trade_no.to_php()),
    nullable("transactionId", STRING, |l| l.trade().transaction_id.to_php()),
    nullable("totalFee", INT, |l| l.trade().total_fee.to_php()),
    nullable("settlementTotalFee", INT, |l| l.trade().settlement_total_fee.to_php()),
    nullable("feeType", STRING, |l| l.trade().fee_type.to_php()),
    nullable("cashFee", INT, |l| l.trade().cash_fee.to_php()),
    property("refundedFee", INT, |l| l.sum(|status| status == RefundStatus::Success).to_php()),
    property("pendingFee", INT, |l| l.sum(is_pending).to_php()),
    property("entries", ARRAY, |l| entries(l.entries())),
];

const ENTRY: &[PropertyOf<RefundEntry>] = &[
    nullable("outRefundNo", STRING, |e| e.out_refund_no.to_php()),
    nullable("refundId", STRING, |e| e.refund_id.to_php()),
    property("refundStatus", DataType::object(RefundStatus::NAME), |e| e.refund_status.to_php()),
    nullable("refundChannel", STRING, |e| e.refund_channel.to_php()),
    nullable("refundFee", INT, |e| e.refund_fee.to_php()),
    nullable("settlementRefundFee", INT, |e| e.settlement_refund_fee.to_php()),
    nullable("refundAccount", STRING, |e| e.refund_account.to_php()),
    nullable("refundRecvAccout", STRING, |e| e.refund_recv_accout.to_php()),
    nullable("refundSuccessTime", TIME, |e| e.refund_success_time.to_php()),
    nullable("couponRefundFee", INT, |e| e.coupon_refund_fee.to_php()),
    property("coupons", ARRAY, |e| order::coupons(&e.coupons)),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let json = [method!("jsonSerialize", interfaces::json_serialize, [], ARRAY)];
    register::<PhpRefundEntry, _>(ENTRY, &json, &[(interfaces::json_serializable, "\\JsonSerializable")])?;
    register::<PhpRefundList, _>(
        LIST,
        &[
            method!("count", count, [], Some(Returns(DataType::Long, false))),
            method!("getIterator", iterator, [], Some(Returns(DataType::object("ArrayIterator"), false))),
            method!("fields", fields, [], ARRAY),
        ],
        &[(interfaces::countable, "\\Countable"), (interfaces::iterator_aggregate, "\\IteratorAggregate")],
    )
}

/// A PHP `RefundList`; `whole` if an order was asked for and not one refund.
pub fn to_php(list: RefundList, whole: bool) -> Result<Zval, Raise> {
    object(PhpRefundList(list, whole), LIST, |get, list| get(&list.0))
}

fn is_pending(status: RefundStatus) -> bool {
    matches!(status, RefundStatus::Processing | RefundStatus::Change)
}

fn entries(entries: &[RefundEntry]) -> Result<Zval, Raise> {
    let made: Result<Vec<Zval>, Raise> = entries.iter().map(entry).collect();
    value::list(made?)
}

fn entry(entry: &RefundEntry) -> Outcome {
    object(PhpRefundEntry, ENTRY, |get, _| get(entry))
}

fn count(call: &mut Call<'_>) -> Outcome {
    let entries = call.this::<PhpRefundList>()?.0.entries().len();
    Ok(value::int(i64::try_from(entries).unwrap_or(i64::MAX)))
}

/// Over the very objects of `entries`.
fn iterator(call: &mut Call<'_>) -> Outcome {
    let entries = call.this_object()?.get_properties()?.get("entries");
    let entries = entries.map(|zval| zval.indirect().unwrap_or(zval).shallow_clone());
    interfaces::array_iterator(&entries.ok_or_else(|| Raise::Engine("property entries is missing".into()))?)
}

/// The fields of every page, one array a page.
fn fields(call: &mut Call<'_>) -> Outcome {
    let list = &call.this::<PhpRefundList>()?.0;
    match list.told() {
        Some(told) => value::list([elements::told(told)?]),
        None => value::list(list.pages().iter().map(|page| value::texts(page.iter()))),
    }
}
