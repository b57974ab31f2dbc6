//! The one way in which a request meets the gateway: a fault may wait for it.

use super::answer::CallEnd;
use super::calls;
use super::fault::FaultRule;
use super::reader;
use super::request::Request;
use super::sabotage;
use super::script::ResponsePlan;
use super::v3;
use super::world::GatewayState;

/// Answers one request of a merchant.
pub fn serve(world: &mut GatewayState, request: &Request) -> ResponsePlan {
    let rule = world.faults.take(&request.path, request.side);
    world.pass_time();
    if v3::is_ours(request) {
        let play = v3::serve(world, request, rule.as_ref());
        world.log.note(request, None, rule.map(|rule| rule.fault), play.status);
        return play;
    }
    let fields = reader::read(&request.body);
    let play = match &rule {
        Some(rule) => sabotage::spoiled(rule, outcome_under(world, rule, request, &fields)),
        None => sabotage::honest(&calls::respond(world, request, &fields)),
    };
    let fault = rule.map(|rule| rule.fault);
    world.log.note(request, fields.ok(), fault, play.status);
    play
}

fn outcome_under(
    world: &mut GatewayState,
    rule: &FaultRule,
    request: &Request,
    fields: &calls::RequestBody,
) -> CallEnd {
    let made_up = calls::made_up(world, rule.fault, request, fields);
    let carries_out = rule.processed.unwrap_or(rule.fault.carries_out());
    if carries_out {
        let outcome = calls::respond(world, request, fields);
        return made_up.unwrap_or(outcome);
    }
    made_up.unwrap_or_else(|| calls::placeholder().into())
}
