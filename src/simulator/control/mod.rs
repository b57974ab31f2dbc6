//! The control: plain HTTP on loopback, JSON in and out, for whoever scripts the simulator.

mod fault_desk;
mod notice_desk;
mod order_desk;
mod refund_desk;
mod scan_desk;
mod server;
mod till_desk;

pub use server::serve;

use super::hub::Hub;
use super::world::World;
use serde::de::DeserializeOwned;
use serde_json::Value;
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
pub type Told = Result<Value, Objection>;

/// An objection with a status.
pub fn objection(status: u16, sentence: impl Into<String>) -> Objection {
    Objection {
        status,
        sentence: sentence.into(),
    }
}

/// Reads a body into the shape that a call wants; an empty one reads as `{}`.
pub fn wanted<T: DeserializeOwned>(body: &[u8]) -> Result<T, Objection> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|fault| objection(400, fault.to_string()))
}

/// Answers one control call.
pub async fn respond(hub: &Arc<Hub>, verb: &str, path: &str, body: &[u8]) -> Told {
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

fn look(world: &mut World, path: &str) -> Told {
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

fn change(world: &mut World, path: &str, body: &[u8]) -> Told {
    match path {
        "/orders" => order_desk::create(world, wanted(body)?),
        "/pay" => order_desk::pay(world, wanted(body)?),
        "/state" => order_desk::force(world, &wanted(body)?),
        "/clock" => Ok(order_desk::advance(world, &wanted(body)?)),
        "/manners" => order_desk::manners(world, &wanted(body)?),
        "/micropay" => till_desk::script(world, wanted(body)?),
        "/reverse" => Ok(till_desk::reversal(world, wanted(body)?)),
        "/refunds" => refund_desk::settle(world, &wanted(body)?),
        "/balance" => Ok(refund_desk::set_balance(world, wanted(body)?)),
        _ => Err(unknown("POST", path)),
    }
}
