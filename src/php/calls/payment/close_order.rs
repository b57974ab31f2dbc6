//! `WechatPay\CloseOrder`.

use crate::api::close_order::CloseOrder;
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(PhpCloseOrder, "WechatPay\\CloseOrder");

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const NOTHING: Option<Returns> = Some(Returns(DataType::Void, false));
    let methods = [method!("byOutTradeNo", by_out_trade_no, [OUT_TRADE_NO], NOTHING)];
    register::<PhpCloseOrder, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let out_trade_no = OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?;
    call.this::<PhpCloseOrder>()?.0.ask(&CloseOrder { out_trade_no })?;
    Ok(Zval::null())
}
