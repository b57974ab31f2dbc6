//! `WechatPay\Micropay`.

use crate::api::micropay::{Clients, Micropay, OPTIONAL, Patience, Sale};
use crate::model::merchant::ApiVersion;
use crate::php::calls::gateway::caller_class;
use crate::php::calls::polling::Polling;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{
    Array, Callback, Fen, Int, Optional, Param, Text, array, callback, fen, int, text,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::object::{body, fields, json};
use crate::php::engine::raise::Outcome;
use crate::php::values::order;
use ext_php_rs::flags::DataType;
use serde_json::Map;

caller_class!(
    PhpMicropay,
    "WechatPay\\Micropay",
    by_code: "take code payments with a Merchant of v2, or with Merchant::v3(codePay: true) if WeChat Pay has opened them to \
              you; query and refund them with either"
);

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");
const AUTH_CODE: Param<Text> = text("authCode").secret();
const TOTAL_FEE: Param<Fen> = fen("totalFee");
const BODY: Param<Text> = text("body");
const SPBILL_CREATE_IP: Param<Text> = text("spbillCreateIp");
const TIMEOUT_MS: Param<Int> = int("timeoutMs").or("30000");
const INTERVAL_MS: Param<Int> = int("intervalMs").or("5000");
const ON_POLL: Param<Optional<Callback>> = callback("onPoll").or_null();
const OPTIONS: Param<Optional<Array>> = array("options").or_empty();

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [method!(
        "pay",
        charge,
        [
            OUT_TRADE_NO,
            AUTH_CODE,
            TOTAL_FEE,
            BODY,
            SPBILL_CREATE_IP,
            TIMEOUT_MS,
            INTERVAL_MS,
            ON_POLL,
            OPTIONS
        ],
        Some(Returns(DataType::object("WechatPay\\Order"), false))
    )];
    register::<PhpMicropay, _>(NONE, &methods, &[])
}

fn charge(call: &mut Call<'_>) -> Outcome {
    let sale = Sale {
        out_trade_no: call.get(OUT_TRADE_NO)?,
        auth_code: call.get(AUTH_CODE)?,
        total_fee: call.get(TOTAL_FEE)?,
        body: call.get(BODY)?,
        spbill_create_ip: call.get(SPBILL_CREATE_IP)?,
    };
    let patience = Patience::new(call.get(TIMEOUT_MS)?, call.get(INTERVAL_MS)?)?;
    let on_poll = call.get(ON_POLL)?;
    let caller = &call.this::<PhpMicropay>()?.0;
    let (options, further) = match caller.merchant.api_version() {
        ApiVersion::V2 => (fields::options(call, OPTIONS)?, Map::new()),
        ApiVersion::V3 => json::sorted(body::members(call, OPTIONS)?, &OPTIONAL),
    };
    let payment = Micropay::new(&sale, &options)?.with(further);
    // The sale may have to be reversed: without a usable certificate nothing is charged at all.
    let certified = caller.client(true, Some(sale.out_trade_no))?;
    let plain = caller.client(false, Some(sale.out_trade_no))?;
    let mut watch = Polling::new(on_poll).of_one_process();
    let end = Clients { plain: &plain, certified: &certified }.pay(&payment, patience, &mut watch);
    door::interruption()?;
    match watch.raised {
        Some(raise) => Err(raise),
        None => order::to_php(door::acted(end)?),
    }
}
