//! Control calls about code payments and reverses.

use super::super::till::{ReversalScript, Script};
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, objection};
use serde_json::{Value, json};

/// `POST /micropay`
pub fn script(world: &mut GatewayState, script: Script) -> ControlAnswer {
    if script.course().is_none() {
        let name = &script.scenario;
        return Err(objection(400, format!("no scenario is called {name}")));
    }
    if script.times == Some(0) || script.pay_after_ms.is_some_and(|ms| ms < 0) {
        return Err(objection(400, "times is at least 1 and pay_after_ms at least 0"));
    }
    let told = json!({"auth_code": script.auth_code, "scenario": script.scenario});
    world.till.add(script);
    Ok(told)
}

/// `POST /reverse`
pub fn reversal(world: &mut GatewayState, reversal: ReversalScript) -> Value {
    let told = json!({"out_trade_no": reversal.out_trade_no});
    world.till.set_reversal(reversal);
    told
}
