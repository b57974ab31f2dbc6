//! `WechatPay\CloseOrder`.

use crate::api::close_order::CloseOrder;
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(PhpCloseOrder, "WechatPay\\CloseOrder");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const NOTHING: Option<Returns> = Some(Returns(DataType::Void, false));
    let methods =
        [method!("byOutTradeNo", by_out_trade_no, [param("outTradeNo", DataType::String)], NOTHING)];
    register::<PhpCloseOrder, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let out_trade_no = OrderId::out_trade_no(call.text(0)?)?;
    call.this::<PhpCloseOrder>()?.0.ask(&CloseOrder { out_trade_no })?;
    Ok(Zval::null())
}
