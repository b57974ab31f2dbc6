//! `WechatPay\Reverse`.

use crate::api::reverse::{Reverse, reverse};
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(PhpReverse, "WechatPay\\Reverse");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const NOTHING: Option<Returns> = Some(Returns(DataType::Void, false));
    let methods = [
        method!("byOutTradeNo", by_out_trade_no, [param("outTradeNo", DataType::String)], NOTHING),
        method!("byTransactionId", by_transaction_id, [param("transactionId", DataType::String)], NOTHING),
    ];
    register::<PhpReverse, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::out_trade_no(call.text(0)?)?;
    undo(call, id)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::transaction_id(call.text(0)?)?;
    undo(call, id)
}

fn undo(call: &mut Call<'_>, id: OrderId) -> Outcome {
    let caller = &call.this::<PhpReverse>()?.0;
    let line = caller.line(true, id.as_out_trade_no())?;
    door::ended(reverse(&line, &caller.merchant, &Reverse(id), &mut |attempt| caller.observe(attempt)))?;
    Ok::<Zval, Raise>(Zval::null())
}
