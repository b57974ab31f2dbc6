//! `WechatPay\RefundQuery`.

use crate::api::refund_query::{RefundsOf, all};
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use crate::php::values::refund_list;
use ext_php_rs::flags::DataType;

caller_class!(PhpRefundQuery, "WechatPay\\RefundQuery");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const LIST: Option<Returns> = Some(Returns(DataType::object("WechatPay\\RefundList"), false));
    let methods = [
        method!("byOutTradeNo", by_out_trade_no, [param("outTradeNo", DataType::String)], LIST),
        method!("byTransactionId", by_transaction_id, [param("transactionId", DataType::String)], LIST),
        method!("byOutRefundNo", by_out_refund_no, [param("outRefundNo", DataType::String)], LIST),
        method!("byRefundId", by_refund_id, [param("refundId", DataType::String)], LIST),
    ];
    register::<PhpRefundQuery, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::Order(OrderId::out_trade_no(call.text(0)?)?);
    ask(call, &of)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::Order(OrderId::transaction_id(call.text(0)?)?);
    ask(call, &of)
}

fn by_out_refund_no(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::out_refund_no(call.text(0)?)?;
    ask(call, &of)
}

fn by_refund_id(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::refund_id(call.text(0)?)?;
    ask(call, &of)
}

fn ask(call: &mut Call<'_>, of: &RefundsOf) -> Outcome {
    let caller = &call.this::<PhpRefundQuery>()?.0;
    let line = caller.line(false, None)?;
    let list = all(&line, &caller.merchant, of, &mut |attempt| caller.observe(attempt));
    refund_list::to_php(door::ended(list)?, matches!(of, RefundsOf::Order(_)))
}
