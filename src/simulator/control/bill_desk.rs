//! Control calls about bills.

use super::super::bill_rules::BillRule;
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, objection};
use serde_json::json;

/// `POST /bills`: what happens to the next ones.
pub fn add(world: &mut GatewayState, rule: BillRule) -> ControlAnswer {
    if rule.times == 0 || rule.row == 0 {
        return Err(objection(400, "times and row are at least 1"));
    }
    let told = json!({"row": rule.row, "after": rule.after, "times": rule.times});
    world.bills.add(rule);
    Ok(told)
}
