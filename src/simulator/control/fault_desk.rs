//! Control calls about faults and connections.

use super::super::fault::{FaultKind, FaultRule};
use super::super::hub::SharedState;
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, objection};
use serde::Deserialize;
use serde_json::{Value, json};

/// Which faults to delete; nothing given means all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    path: Option<String>,
    fault: Option<String>,
}

/// `GET /faults`
pub fn list(world: &GatewayState) -> Value {
    world.faults.rules().iter().map(FaultRule::shown).collect()
}

/// `POST /faults`
pub async fn add(hub: &SharedState, rule: FaultRule) -> ControlAnswer {
    if rule.times == Some(0) {
        return Err(objection(400, "times must be at least 1"));
    }
    if !(rule.path == "*" || rule.path.starts_with('/')) {
        return Err(objection(400, "path must be * or begin with a slash"));
    }
    let at_the_door = rule.fault.is_at_the_door();
    hub.world().faults.add(rule);
    if at_the_door {
        hub.renew().await;
    }
    Ok(list(&hub.world()))
}

/// `DELETE /faults`
pub async fn delete(hub: &SharedState, deletion: Deletion) -> ControlAnswer {
    let fault = match deletion.fault.as_deref().map(FaultKind::named) {
        Some(None) => return Err(objection(400, "no fault has this name")),
        other => other.flatten(),
    };
    let closes = {
        let mut world = hub.world();
        let before = world.faults.at_the_door();
        world.faults.delete(deletion.path.as_deref(), fault);
        before != world.faults.at_the_door()
    };
    if closes {
        hub.renew().await;
    }
    Ok(list(&hub.world()))
}

/// `POST /reset`: closes connections only if a fault stood at the door.
pub async fn reset(hub: &SharedState) -> ControlAnswer {
    let closes = {
        let mut world = hub.world();
        let doors = world.faults.at_the_door();
        world.reset();
        doors > 0
    };
    if closes {
        hub.renew().await;
    }
    Ok(json!({}))
}

/// `DELETE /connections`: closes every open one.
pub async fn close_all(hub: &SharedState) -> ControlAnswer {
    hub.renew().await;
    Ok(connections(hub))
}

/// `GET /connections`
pub fn connections(hub: &SharedState) -> Value {
    let (opened, open) = hub.connections();
    json!({"opened": opened, "open": open})
}
