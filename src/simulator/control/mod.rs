//! The control: plain HTTP on loopback, JSON in and out, for whoever scripts the simulator.
//!
//! A wrong call answers 4xx and `{"error": sentence}`; keys that are not known are wrong. `?` marks
//! what may be absent. An order is named by `out_trade_no`, and by `mch_id?` and `sub_mch_id?` where
//! several bear the number.
//!
//! | call | body | does |
//! |---|---|---|
//! | `GET /` | | the payer's phone: a page for a browser |
//! | `POST /orders` | order, `total_fee`, `trade_state?`, `trade_type?`, `appid?`, `sub_appid?`, `attach?`, `body?`, `device_info?`, `openid?`, `sub_openid?`, `notify_url?`, `sign_type?`, `created_ago_ms?`, and as `/pay` | an order without unifiedorder |
//! | `GET /orders`, `GET /refunds` | | the book |
//! | `POST /pay` | order, `coupons?` `[{"id","type","fee"}]`, `cash_fee?`, `bank_type?`, `openid?`, `transaction_id?`, `promotion_detail?` | the payer pays; the notice goes out |
//! | `POST /state` | order, `trade_state` | forces any state, without a notice |
//! | `POST /micropay` | `scenario`, `auth_code?`, `pay_after_ms?`, `times?`, `err_code?`, `err_code_des?` | what the next code payment comes to |
//! | `POST /reverse` | `out_trade_no?`, `recall?`, `userpaying?`, `system_error?`, `page_502?`, `silent?`, `carried_out?`, `early?` | what the next reverses come to |
//! | `POST /refunds` | `out_refund_no`, `status` | ends the processing; the notice goes out |
//! | `POST /balance` | `fen`, `account?`, `mch_id?` | what refunds are paid from; never set is enough |
//! | `POST /bills` | `damage`, `flow?`, `row?`, `after?`, `times?` | what happens to the next bills |
//! | `GET /balance` | | the accounts that were set |
//! | `POST /manners` | `closeorder?` (`documented`, `captured`), `pace?` (`any`, `documented`), `other_appid?` (`answered`, `not_exist`), `refund_ms?` | how the gateway behaves |
//! | `POST /clock` | `advance_ms` | moves the virtual clock |
//! | `GET /clock` | | `now_ms`, `beijing`, `offset_ms` |
//! | `POST /faults` | `fault`, `path?`, `times?`, `ms?`, `listener?`, `retry_after?`, `processed?`, `name?`, `value?`, `body?` | lets the next requests fail |
//! | `GET /faults`, `DELETE /faults` | `path?`, `fault?` | the faults that wait |
//! | `GET /requests` | | what arrived, oldest first |
//! | `GET /connections`, `DELETE /connections` | | counts them; closes all |
//! | `POST /notify` | order, `kind?`, `mutate?`, `copies?`, `out_refund_no?`, `notify_url?` | sends a notice now and tells the replies |
//! | `GET /notifications` | | what was sent and what came back |
//! | `POST /settle` | | waits until no notice is due or under way, then as above |
//! | `POST /scan` | `url`, `notify_url`, `openid?`, `mutate?` (`forged`, `no_sign`) | a product link of Native mode 1 |
//! | `POST /reset` | | forgets everything but the merchants |

mod bill_desk;
mod fault_desk;
mod notice_desk;
mod order_desk;
mod refund_desk;
mod scan_desk;
mod server;
mod till_desk;

pub use server::serve;

use super::hub::SharedState;
use super::world::GatewayState;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;
use std::sync::Arc;

/// Why the control did nothing: an HTTP status and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// 400, 404, 405 or 409.
    pub status: u16,
    /// What is wrong.
    pub sentence: String,
}

/// What a control call gives.
pub type ControlAnswer = Result<Value, Objection>;

/// An objection with a status.
pub fn objection(status: u16, sentence: impl Into<String>) -> Objection {
    Objection { status, sentence: sentence.into() }
}

/// Enters an order that is given as the JSON of `POST /orders`.
pub fn enter_order(world: &mut GatewayState, order: &str) -> io::Result<()> {
    let entered = wanted(order.as_bytes()).and_then(|order| order_desk::create(world, order));
    entered.map(drop).map_err(|objection| io::Error::other(format!("{order}: {}", objection.sentence)))
}

/// Reads a body into the shape that a call wants; an empty one reads as `{}`.
pub fn wanted<T: DeserializeOwned>(body: &[u8]) -> Result<T, Objection> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|fault| objection(400, fault.to_string()))
}

/// Answers one control call.
pub async fn respond(hub: &Arc<SharedState>, verb: &str, path: &str, body: &[u8]) -> ControlAnswer {
    let told = match (verb, path) {
        ("POST", "/faults") => fault_desk::add(hub, wanted(body)?).await,
        ("DELETE", "/faults") => fault_desk::delete(hub, wanted(body)?).await,
        ("DELETE", "/connections") => fault_desk::close_all(hub).await,
        ("POST", "/reset") => fault_desk::reset(hub).await,
        ("POST", "/notify") => notice_desk::notify(hub, wanted(body)?).await,
        ("POST", "/scan") => scan_desk::scan(hub, wanted(body)?).await,
        ("POST", "/settle") => notice_desk::settle(hub).await,
        ("GET", "/connections") => Ok(fault_desk::connections(hub)),
        ("GET", _) => look(&mut hub.world(), path),
        ("POST", _) => change(&mut hub.world(), path, body),
        _ => Err(unknown(verb, path)),
    };
    hub.stirred.notify_one();
    told
}

fn unknown(verb: &str, path: &str) -> Objection {
    objection(404, format!("no control call {verb} {path}"))
}

fn look(world: &mut GatewayState, path: &str) -> ControlAnswer {
    Ok(match path {
        "/orders" => order_desk::list(world),
        "/refunds" => refund_desk::list(world),
        "/balance" => world.balances.shown(),
        "/clock" => order_desk::clock(world),
        "/faults" => fault_desk::list(world),
        "/requests" => world.log.shown(),
        "/notifications" => world.outbox.shown(),
        _ => return Err(unknown("GET", path)),
    })
}

fn change(world: &mut GatewayState, path: &str, body: &[u8]) -> ControlAnswer {
    match path {
        "/orders" => order_desk::create(world, wanted(body)?),
        "/pay" => order_desk::pay(world, wanted(body)?),
        "/state" => order_desk::force(world, &wanted(body)?),
        "/clock" => Ok(order_desk::advance(world, &wanted(body)?)),
        "/manners" => order_desk::manners(world, &wanted(body)?),
        "/micropay" => till_desk::script(world, wanted(body)?),
        "/reverse" => Ok(till_desk::reversal(world, wanted(body)?)),
        "/refunds" => refund_desk::settle(world, &wanted(body)?),
        "/bills" => bill_desk::add(world, wanted(body)?),
        "/balance" => Ok(refund_desk::set_balance(world, wanted(body)?)),
        _ => Err(unknown("POST", path)),
    }
}
