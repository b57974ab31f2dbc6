//! `WechatPay\Micropay`.

use crate::api::micropay::{Clients, Micropay, Patience, Sale, pay};
use crate::php::calls::gateway::caller_class;
use crate::php::calls::polling::Polling;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::order;
use ext_php_rs::flags::DataType;

caller_class!(PhpMicropay, "WechatPay\\Micropay");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [method!(
        "pay",
        charge,
        [
            param("outTradeNo", DataType::String),
            param("authCode", DataType::String).secret(),
            param("totalFee", DataType::Long),
            param("body", DataType::String),
            param("spbillCreateIp", DataType::String),
            param("timeoutMs", DataType::Long).or("30000"),
            param("intervalMs", DataType::Long).or("5000"),
            param("onPoll", DataType::Callable).or_null(),
            param("options", DataType::Array).or("[]"),
        ],
        Some(Returns(DataType::object("WechatPay\\Order"), false))
    )];
    register::<PhpMicropay, _>(NONE, &methods, &[])
}

fn charge(call: &mut Call<'_>) -> Outcome {
    let sale = Sale {
        out_trade_no: call.text(0)?,
        auth_code: call.text(1)?,
        total_fee: call.fen(2)?,
        body: call.text(3)?,
        spbill_create_ip: call.text(4)?,
    };
    let patience = Patience::new(call.int_or(5, 30_000)?, call.int_or(6, 5000)?)?;
    let on_poll = call.callable_or(7)?;
    let payment = Micropay::new(&sale, &fields::options(call, 8)?)?;
    let caller = &call.this::<PhpMicropay>()?.0;
    // The sale may have to be reversed: without a usable certificate nothing is charged at all.
    let certified = caller.line(true, Some(sale.out_trade_no))?;
    let plain = caller.line(false, Some(sale.out_trade_no))?;
    let mut watch = Polling::new(caller, on_poll).of_one_process();
    let lines = Clients { plain: &plain, certified: &certified };
    let end = pay(lines, &caller.merchant, &payment, patience, &mut watch);
    door::interruption()?;
    match watch.raised {
        Some(raise) => Err(raise),
        None => order::to_php(end.map_err(Raise::from)?),
    }
}
