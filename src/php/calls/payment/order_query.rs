//! `WechatPay\OrderQuery`.

use crate::api::flows::poll::PollLimits;
use crate::api::order_query::OrderQuery;
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::calls::polling::Polling;
use crate::php::engine::convert::{array, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{
    Array, Callback, Int, Optional, Param, Text, array, callback, int, text,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::{exception, order};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::ZendHashTable;

caller_class!(PhpOrderQuery, "WechatPay\\OrderQuery");

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");
const TRANSACTION_ID: Param<Text> = text("transactionId");
const OUT_TRADE_NOS: Param<Array> = array("outTradeNos");
const CONCURRENCY: Param<Int> = int("concurrency").or("16");
const TIMEOUT_MS: Param<Int> = int("timeoutMs");
const INTERVAL_MS: Param<Int> = int("intervalMs").or("5000");
const ON_POLL: Param<Optional<Callback>> = callback("onPoll").or_null();

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ORDER: Option<Returns> = Some(Returns(DataType::object("WechatPay\\Order"), false));
    register::<PhpOrderQuery, _>(
        NONE,
        &[
            method!("byOutTradeNo", by_out_trade_no, [OUT_TRADE_NO], ORDER),
            method!("byTransactionId", by_transaction_id, [TRANSACTION_ID], ORDER),
            method!("many", query_many, [OUT_TRADE_NOS, CONCURRENCY], Some(Returns(DataType::Array, false))),
            method!("untilFinal", query_until_final, [OUT_TRADE_NO, TIMEOUT_MS, INTERVAL_MS, ON_POLL], ORDER),
        ],
        &[],
    )
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?;
    order::to_php(call.this::<PhpOrderQuery>()?.0.ask(&OrderQuery(id))?)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::transaction_id(call.get(TRANSACTION_ID)?)?;
    order::to_php(call.this::<PhpOrderQuery>()?.0.ask(&OrderQuery(id))?)
}

fn query_many(call: &mut Call<'_>) -> Outcome {
    let queries = distinct(call, call.get(OUT_TRADE_NOS)?)?;
    let threads = usize::try_from(call.get(CONCURRENCY)?).ok().filter(|n| (1..=64).contains(n));
    let threads = threads.ok_or_else(|| call.bad(CONCURRENCY, "must be between 1 and 64"))?;
    let answers = call.this::<PhpOrderQuery>()?.0.client(false, None)?.orders(&queries, threads);
    door::interruption()?;
    if door::is_copy() {
        return Err(Raise::Logic(door::FORKED.into()));
    }
    let mut table = ZendHashTable::with_capacity(u32::try_from(queries.len()).unwrap_or(0));
    for (query, answer) in queries.iter().zip(answers) {
        let answer = match answer {
            Ok(order) => order::to_php(order)?,
            Err(fault) => exception::to_php(&fault),
        };
        value::insert(&mut table, query.0.number(), answer)?;
    }
    Ok(value::array(table))
}

/// Every number once, in the order of the input; a wrong one is refused by its key before anything is sent.
fn distinct(call: &Call<'_>, numbers: &ZendHashTable) -> Result<Vec<OrderQuery>, Raise> {
    let mut seen = std::collections::HashSet::new();
    let mut queries = Vec::new();
    for (key, number) in array::entries(numbers) {
        let key = String::from_utf8_lossy(&key);
        let Some(number) = number.zend_str() else {
            let what =
                format!("must contain only strings, {} given for key \"{key}\"", value::type_name(number));
            return Err(call.type_error(OUT_TRADE_NOS, &what));
        };
        let wrong = || {
            call.bad(OUT_TRADE_NOS, format!("must contain order numbers of 1 to 32 characters of 0-9A-Za-z_-|*@, key \"{key}\" has none"))
        };
        let number = std::str::from_utf8(number.as_bytes()).map_err(|_| wrong())?;
        let id = OrderId::out_trade_no(number).map_err(|_| wrong())?;
        if seen.insert(number.to_owned()) {
            queries.push(OrderQuery(id));
        }
    }
    Ok(queries)
}

fn query_until_final(call: &mut Call<'_>) -> Outcome {
    let query = OrderQuery(OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?);
    let limits =
        PollLimits { timeout_ms: positive(call, TIMEOUT_MS)?, interval_ms: positive(call, INTERVAL_MS)? };
    let on_poll = call.get(ON_POLL)?;
    let mut watch = Polling::new(on_poll);
    let client = call.this::<PhpOrderQuery>()?.0.client(false, query.0.as_out_trade_no())?;
    let end = client.until_final(&query, limits, &mut watch);
    door::interruption()?;
    match watch.raised {
        Some(raise) => Err(raise),
        None => order::to_php(end?),
    }
}

fn positive(call: &Call<'_>, param: Param<Int>) -> Result<u64, Raise> {
    let ms = u64::try_from(call.get(param)?).ok().filter(|ms| (1..=86_400_000).contains(ms));
    ms.ok_or_else(|| call.bad(param, "must be between 1 and 86400000 milliseconds"))
}
