//! `WechatPay\Report`.

use crate::api::report::{Measured, Report};
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::param::{Array, Int, Optional, Param, Text, array, int, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(
    PhpReport,
    "WechatPay\\Report",
    v2_only: "leave the report out, nobody waits for it"
);

const INTERFACE_URL: Param<Text> = text("interfaceUrl");
const EXECUTE_TIME_MS: Param<Int> = int("executeTimeMs");
const RETURN_CODE: Param<Text> = text("returnCode");
const RESULT_CODE: Param<Text> = text("resultCode");
const USER_IP: Param<Text> = text("userIp");
const OPTIONS: Param<Optional<Array>> = array("options").or_empty();

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [method!(
        "send",
        send,
        [INTERFACE_URL, EXECUTE_TIME_MS, RETURN_CODE, RESULT_CODE, USER_IP, OPTIONS],
        Some(Returns(DataType::Void, false))
    )];
    register::<PhpReport, _>(NONE, &methods, &[])
}

fn send(call: &mut Call<'_>) -> Outcome {
    let measured = Measured {
        interface_url: call.get(INTERFACE_URL)?,
        execute_time_ms: call.get(EXECUTE_TIME_MS)?,
        return_code: call.get(RETURN_CODE)?,
        result_code: call.get(RESULT_CODE)?,
        user_ip: call.get(USER_IP)?,
    };
    let report = Report::new(&measured, &fields::options(call, OPTIONS)?)?;
    call.this::<PhpReport>()?.0.ask(&report)?;
    Ok(Zval::null())
}
