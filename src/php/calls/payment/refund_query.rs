//! `WechatPay\RefundQuery`.

use crate::api::refund_query::RefundsOf;
use crate::model::merchant::ApiVersion;
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::refund_list;
use ext_php_rs::flags::DataType;

caller_class!(PhpRefundQuery, "WechatPay\\RefundQuery");

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");
const TRANSACTION_ID: Param<Text> = text("transactionId");
const OUT_REFUND_NO: Param<Text> = text("outRefundNo");
const REFUND_ID: Param<Text> = text("refundId");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const LIST: Option<Returns> = Some(Returns(DataType::object("WechatPay\\RefundList"), false));
    let methods = [
        method!("byOutTradeNo", by_out_trade_no, [OUT_TRADE_NO], LIST),
        method!("byTransactionId", by_transaction_id, [TRANSACTION_ID], LIST),
        method!("byOutRefundNo", by_out_refund_no, [OUT_REFUND_NO], LIST),
        method!("byRefundId", by_refund_id, [REFUND_ID], LIST),
    ];
    register::<PhpRefundQuery, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::Order(OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?);
    ask(call, &of)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::Order(OrderId::transaction_id(call.get(TRANSACTION_ID)?)?);
    ask(call, &of)
}

fn by_out_refund_no(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::out_refund_no(call.get(OUT_REFUND_NO)?)?;
    ask(call, &of)
}

fn by_refund_id(call: &mut Call<'_>) -> Outcome {
    let of = RefundsOf::refund_id(call.get(REFUND_ID)?)?;
    ask(call, &of)
}

const BY_NUMBER_ONLY: &str = "APIv3 tells one refund, by the shop's number of it, and has no list of an order's refunds: \
                              ask byOutRefundNo() for each number that you have stored, or ask with a Merchant of v2";

fn ask(call: &mut Call<'_>, of: &RefundsOf) -> Outcome {
    let caller = &call.this::<PhpRefundQuery>()?.0;
    if caller.merchant.api_version() == ApiVersion::V3 && !matches!(of, RefundsOf::OutRefundNo(_)) {
        return Err(Raise::Logic(BY_NUMBER_ONLY.into()));
    }
    let list = door::ended(caller.client(false, None)?.refunds(of))?;
    refund_list::to_php(list, matches!(of, RefundsOf::Order(_)))
}
