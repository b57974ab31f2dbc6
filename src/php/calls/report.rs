//! `WechatPay\Report`.

use crate::api::report::{Measured, Report};
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(PhpReport, "WechatPay\\Report");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [method!(
        "send",
        send,
        [
            param("interfaceUrl", DataType::String),
            param("executeTimeMs", DataType::Long),
            param("returnCode", DataType::String),
            param("resultCode", DataType::String),
            param("userIp", DataType::String),
            param("options", DataType::Array).or("[]"),
        ],
        Some(Returns(DataType::Void, false))
    )];
    register::<PhpReport, _>(NONE, &methods, &[])
}

fn send(call: &mut Call<'_>) -> Outcome {
    let measured = Measured {
        interface_url: call.text(0)?,
        execute_time_ms: call.int(1)?,
        return_code: call.text(2)?,
        result_code: call.text(3)?,
        user_ip: call.text(4)?,
    };
    let report = Report::new(&measured, &fields::options(call, 5)?)?;
    call.this::<PhpReport>()?.0.ask(&report)?;
    Ok(Zval::null())
}
