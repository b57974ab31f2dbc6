//! `WechatPay\Refund` and `WechatPay\RefundReceipt`.

use crate::api::refund::{Refund, refund};
use crate::model::order_id::OrderId;
use crate::model::refund::RefundReceipt;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::{options, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, Outcome, Param, Raise, param};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property, register};
use crate::php::values::order;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(PhpRefund, "WechatPay\\Refund");

/// What a PHP `RefundReceipt` holds.
pub struct PhpReceipt(RefundReceipt);

php_class!(PhpReceipt, "WechatPay\\RefundReceipt", private);

const PROPERTIES: [Property; 13] = [
    nullable("outTradeNo", DataType::String),
    nullable("transactionId", DataType::String),
    nullable("outRefundNo", DataType::String),
    nullable("refundId", DataType::String),
    nullable("refundFee", DataType::Long),
    nullable("settlementRefundFee", DataType::Long),
    nullable("totalFee", DataType::Long),
    nullable("settlementTotalFee", DataType::Long),
    nullable("feeType", DataType::String),
    nullable("cashFee", DataType::Long),
    nullable("cashRefundFee", DataType::Long),
    nullable("couponRefundFee", DataType::Long),
    property("coupons", DataType::Array),
];

const OUT_REFUND_NO: Param = param("outRefundNo", DataType::String);
const TOTAL_FEE: Param = param("totalFee", DataType::Long);
const REFUND_FEE: Param = param("refundFee", DataType::Long);
const OPTIONS: Param = param("options", DataType::Array).or("[]");

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const RECEIPT: Option<Returns> = Some(Returns(DataType::object("WechatPay\\RefundReceipt"), false));
    let fields = method!("fields", fields, [], Some(Returns(DataType::Array, false)));
    register::<PhpReceipt>(&PROPERTIES, &[fields], &[])?;
    let methods = [
        method!(
            "byOutTradeNo",
            by_out_trade_no,
            [param("outTradeNo", DataType::String), OUT_REFUND_NO, TOTAL_FEE, REFUND_FEE, OPTIONS],
            RECEIPT
        ),
        method!(
            "byTransactionId",
            by_transaction_id,
            [param("transactionId", DataType::String), OUT_REFUND_NO, TOTAL_FEE, REFUND_FEE, OPTIONS],
            RECEIPT
        ),
    ];
    register::<PhpRefund>(&[], &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::out_trade_no(call.text(0)?)?;
    give_back(call, id)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::transaction_id(call.text(0)?)?;
    give_back(call, id)
}

fn give_back(call: &mut Call<'_>, id: OrderId) -> Outcome {
    let asked = Refund::new(id, call.text(1)?, call.fen(2)?, call.fen(3)?, &options::given(call, 4)?)?;
    let caller = &call.this::<PhpRefund>()?.0;
    let line = caller.line(true, crate::gateway::endpoint::Endpoint::out_trade_no(&asked))?;
    let receipt = refund(&line, &caller.merchant, &asked, &mut |attempt| caller.observe(attempt));
    to_php(door::ended(receipt)?)
}

fn to_php(receipt: RefundReceipt) -> Result<Zval, Raise> {
    let told = &receipt.told;
    let text = |field: &Option<String>| value::text_or_null(field.as_deref());
    let properties = [
        text(&told.out_trade_no),
        text(&told.transaction_id),
        text(&told.out_refund_no),
        text(&told.refund_id),
        value::int_or_null(told.refund_fee),
        value::int_or_null(told.settlement_refund_fee),
        value::int_or_null(told.total_fee),
        value::int_or_null(told.settlement_total_fee),
        text(&told.fee_type),
        value::int_or_null(told.cash_fee),
        value::int_or_null(told.cash_refund_fee),
        value::int_or_null(told.coupon_refund_fee),
        order::coupons(&receipt.coupons)?,
    ];
    value::object(PhpReceipt(receipt), properties)
}

fn fields(call: &mut Call<'_>) -> Outcome {
    Ok(value::texts(call.this::<PhpReceipt>()?.0.fields.iter()))
}
