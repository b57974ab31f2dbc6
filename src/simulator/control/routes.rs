//! Which call does what.

use super::super::hub::SharedState;
use super::super::platform::PlatformSetting;
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, Objection, objection};
use super::{bill_desk, fault_desk, notice_desk, order_desk, refund_desk, scan_desk, till_desk};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;
use std::sync::Arc;

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
        "/platform" => world.platform.shown(),
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
        "/platform" => Ok(set_platform(world, &wanted(body)?)),
        "/bills" => bill_desk::add(world, wanted(body)?),
        "/balance" => Ok(refund_desk::set_balance(world, wanted(body)?)),
        _ => Err(unknown("POST", path)),
    }
}

/// `POST /platform`
fn set_platform(world: &mut GatewayState, setting: &PlatformSetting) -> Value {
    world.platform.set(setting);
    world.platform.shown()
}
