//! The control: plain HTTP on loopback, JSON in and out, for whoever scripts the simulator.

mod fault_desk;
mod order_desk;
mod server;

pub use server::serve;

use super::hub::Hub;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
pub async fn respond(hub: &Hub, verb: &str, path: &str, body: &[u8]) -> Told {
    match (verb, path) {
        ("GET", "/orders") => Ok(order_desk::list(&mut hub.world())),
        ("POST", "/orders") => order_desk::create(&mut hub.world(), wanted(body)?),
        ("POST", "/pay") => order_desk::pay(&mut hub.world(), wanted(body)?),
        ("POST", "/state") => order_desk::force(&mut hub.world(), &wanted(body)?),
        ("GET", "/clock") => Ok(order_desk::clock(&hub.world())),
        ("POST", "/clock") => Ok(order_desk::advance(&mut hub.world(), &wanted(body)?)),
        ("POST", "/manners") => order_desk::manners(&mut hub.world(), &wanted(body)?),
        ("GET", "/faults") => Ok(fault_desk::list(&hub.world())),
        ("POST", "/faults") => fault_desk::add(hub, wanted(body)?).await,
        ("DELETE", "/faults") => fault_desk::delete(hub, wanted(body)?).await,
        ("GET", "/requests") => Ok(hub.world().log.shown()),
        ("GET", "/connections") => Ok(fault_desk::connections(hub)),
        ("DELETE", "/connections") => {
            hub.renew().await;
            Ok(fault_desk::connections(hub))
        }
        ("POST", "/reset") => fault_desk::reset(hub).await,
        (_, path) => Err(objection(404, format!("no control call {verb} {path}"))),
    }
}
