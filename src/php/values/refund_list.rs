//! `WechatPay\RefundList` and `WechatPay\RefundEntry`: verified.

use crate::model::refund::{RefundEntry, RefundList, RefundStatus};
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, Outcome, Raise};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property, register};
use crate::php::values::enums::{self, PhpEnum};
use crate::php::values::order;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

/// What a PHP `RefundList` holds: the list, and whether it has all refunds of its order.
pub struct PhpRefundList(pub RefundList, pub bool);

/// What a PHP `RefundEntry` holds: nothing beside its properties.
pub struct PhpRefundEntry;

php_class!(PhpRefundList, "WechatPay\\RefundList", private);
php_class!(PhpRefundEntry, "WechatPay\\RefundEntry", private);

const LIST: [Property; 13] = [
    property("appid", DataType::String),
    property("mchId", DataType::String),
    nullable("subAppid", DataType::String),
    nullable("subMchId", DataType::String),
    nullable("outTradeNo", DataType::String),
    nullable("transactionId", DataType::String),
    nullable("totalFee", DataType::Long),
    nullable("settlementTotalFee", DataType::Long),
    nullable("feeType", DataType::String),
    nullable("cashFee", DataType::Long),
    property("refundedFee", DataType::Long),
    property("pendingFee", DataType::Long),
    property("entries", DataType::Array),
];

const ENTRY: [Property; 11] = [
    nullable("outRefundNo", DataType::String),
    nullable("refundId", DataType::String),
    property("refundStatus", DataType::object(RefundStatus::NAME)),
    nullable("refundChannel", DataType::String),
    nullable("refundFee", DataType::Long),
    nullable("settlementRefundFee", DataType::Long),
    nullable("refundAccount", DataType::String),
    nullable("refundRecvAccout", DataType::String),
    nullable("refundSuccessTime", DataType::object("DateTimeImmutable")),
    nullable("couponRefundFee", DataType::Long),
    property("coupons", DataType::Array),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let json = [method!("jsonSerialize", value::json_serialize, [], ARRAY)];
    register::<PhpRefundEntry>(&ENTRY, &json, &[(value::json_serializable, "\\JsonSerializable")])?;
    register::<PhpRefundList>(
        &LIST,
        &[
            method!("count", count, [], Some(Returns(DataType::Long, false))),
            method!("getIterator", iterator, [], Some(Returns(DataType::object("ArrayIterator"), false))),
            method!("fields", fields, [], ARRAY),
        ],
        &[(value::countable, "\\Countable"), (value::iterator_aggregate, "\\IteratorAggregate")],
    )
}

/// A PHP `RefundList`; `whole` if an order was asked for and not one refund.
pub fn to_php(list: RefundList, whole: bool) -> Result<Zval, Raise> {
    let trade = &list.trade;
    let text = |field: &Option<String>| value::text_or_null(field.as_deref());
    let always = |field: &Option<String>| value::text(field.as_deref().unwrap_or_default());
    let properties = [
        always(&trade.appid),
        always(&trade.mch_id),
        text(&trade.sub_appid),
        text(&trade.sub_mch_id),
        text(&trade.out_trade_no),
        text(&trade.transaction_id),
        value::int_or_null(trade.total_fee),
        value::int_or_null(trade.settlement_total_fee),
        text(&trade.fee_type),
        value::int_or_null(trade.cash_fee),
        value::int(list.sum(|status| status == RefundStatus::Success)),
        value::int(list.sum(|status| matches!(status, RefundStatus::Processing | RefundStatus::Change))),
        entries(&list.entries)?,
    ];
    value::object(PhpRefundList(list, whole), properties)
}

fn entries(entries: &[RefundEntry]) -> Result<Zval, Raise> {
    let made: Result<Vec<Zval>, Raise> = entries.iter().map(entry).collect();
    value::list(made?)
}

fn entry(entry: &RefundEntry) -> Result<Zval, Raise> {
    let text = |field: &Option<String>| value::text_or_null(field.as_deref());
    let properties = [
        text(&entry.out_refund_no),
        text(&entry.refund_id),
        enums::to_php(entry.refund_status),
        text(&entry.refund_channel),
        value::int_or_null(entry.refund_fee),
        value::int_or_null(entry.settlement_refund_fee),
        text(&entry.refund_account),
        text(&entry.refund_recv_accout),
        value::beijing_or_null(entry.refund_success_time)?,
        value::int_or_null(entry.coupon_refund_fee),
        order::coupons(&entry.coupons)?,
    ];
    value::object(PhpRefundEntry, properties)
}

fn count(call: &mut Call<'_>) -> Outcome {
    let entries = call.this::<PhpRefundList>()?.0.entries.len();
    Ok(value::int(i64::try_from(entries).unwrap_or(i64::MAX)))
}

/// Over the very objects of `entries`.
fn iterator(call: &mut Call<'_>) -> Outcome {
    let entries = call.this_object()?.get_properties()?.get("entries");
    let entries = entries.map(|zval| zval.indirect().unwrap_or(zval).shallow_clone());
    value::array_iterator(&entries.ok_or_else(|| Raise::Engine("property entries is missing".into()))?)
}

/// The fields of every page, one array a page.
fn fields(call: &mut Call<'_>) -> Outcome {
    let pages = &call.this::<PhpRefundList>()?.0.pages;
    value::list(pages.iter().map(|page| value::texts(page.iter())))
}
