//! `WechatPay\OrderQuery`.

use crate::api::flows::poll::{Plan, until_final};
use crate::api::order_query::{OrderQuery, many};
use crate::gateway::attempt::{Attempt, OnAttempt};
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::calls::polling::Polling;
use crate::php::engine::convert::{array, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::{exception, order};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::ZendHashTable;

caller_class!(PhpOrderQuery, "WechatPay\\OrderQuery");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ORDER: Option<Returns> = Some(Returns(DataType::object("WechatPay\\Order"), false));
    register::<PhpOrderQuery, _>(
        NONE,
        &[
            method!("byOutTradeNo", by_out_trade_no, [param("outTradeNo", DataType::String)], ORDER),
            method!("byTransactionId", by_transaction_id, [param("transactionId", DataType::String)], ORDER),
            method!(
                "many",
                query_many,
                [param("outTradeNos", DataType::Array), param("concurrency", DataType::Long).or("16")],
                Some(Returns(DataType::Array, false))
            ),
            method!(
                "untilFinal",
                query_until_final,
                [
                    param("outTradeNo", DataType::String),
                    param("timeoutMs", DataType::Long),
                    param("intervalMs", DataType::Long).or("5000"),
                    param("onPoll", DataType::Callable).or_null(),
                ],
                ORDER
            ),
        ],
        &[],
    )
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::out_trade_no(call.text(0)?)?;
    order::to_php(call.this::<PhpOrderQuery>()?.0.ask(&OrderQuery(id))?)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::transaction_id(call.text(0)?)?;
    order::to_php(call.this::<PhpOrderQuery>()?.0.ask(&OrderQuery(id))?)
}

fn query_many(call: &mut Call<'_>) -> Outcome {
    let queries = distinct(call, call.array(0)?)?;
    let concurrency = call.int_or(1, 16)?;
    let threads = usize::try_from(concurrency).ok().filter(|n| (1..=64).contains(n));
    let threads = threads.ok_or_else(|| call.bad(1, "must be between 1 and 64"))?;
    let caller = &call.this::<PhpOrderQuery>()?.0;
    let line = caller.line(false, None)?;
    let mut observe = |attempt: &Attempt| caller.observe(attempt);
    let on_attempt = caller.is_observed().then_some(&mut observe as OnAttempt<'_>);
    let answers = many(&line, &caller.merchant, &queries, threads, on_attempt);
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
            return Err(Call::type_error(0, &what));
        };
        let wrong = || {
            call.bad(0, format!("must contain order numbers of 1 to 32 characters of 0-9A-Za-z_-|*@, key \"{key}\" has none"))
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
    let query = OrderQuery(OrderId::out_trade_no(call.text(0)?)?);
    let plan = Plan { timeout_ms: positive(call, 1)?, interval_ms: positive_or(call, 2, 5000)? };
    let on_poll = call.callable_or(3)?;
    let caller = &call.this::<PhpOrderQuery>()?.0;
    let mut watch = Polling::new(caller, on_poll);
    let line = caller.line(false, query.0.as_out_trade_no())?;
    let end = until_final(&line, &caller.merchant, &query, plan, &mut watch);
    door::interruption()?;
    match watch.raised {
        Some(raise) => Err(raise),
        None => order::to_php(end?),
    }
}

fn positive(call: &Call<'_>, n: usize) -> Result<u64, Raise> {
    positive_or(call, n, 0)
}

fn positive_or(call: &Call<'_>, n: usize, default: i64) -> Result<u64, Raise> {
    let ms = call.int_or(n, default)?;
    u64::try_from(ms)
        .ok()
        .filter(|ms| (1..=86_400_000).contains(ms))
        .ok_or_else(|| call.bad(n, "must be between 1 and 86400000 milliseconds"))
}
