//! APIv3 over the same book: its own canonical texts, signer and JSON writer, so that it judges the client's.
//!
//! A request is checked in the order of protocol-v3.md A.4, put into the fields that the calls of v2 take, and what they
//! answer is told in v3's words.

mod answer;
mod authorization;
mod bill;
mod certificates;
mod request;
mod route;
mod spoil;
mod writer;

use super::answer::CallEnd;
use super::calls;
use super::fault::FaultRule;
use super::options::Account;
use super::request::Request;
use super::sabotage;
use super::script::ResponsePlan;
use super::world::GatewayState;
use answer::V3Answer;
use route::{ORDER_QUERY, Route, V3Call};

/// Is this for APIv3?
pub fn is_ours(request: &Request) -> bool {
    request.path.starts_with("/v3/")
}

/// Answers one request of a merchant.
pub fn serve(world: &mut GatewayState, request: &Request, rule: Option<&FaultRule>) -> ResponsePlan {
    let Some(rule) = rule else {
        let answer = respond(world, request);
        if answer.is_silence() {
            return sabotage::honest(&CallEnd::Silence);
        }
        return ResponsePlan::page(answer.page(world, request, None));
    };
    let acts = rule.processed.unwrap_or(rule.fault.carries_out());
    let honest =
        if acts { respond(world, request) } else { V3Answer::refusal(500, "SYSTEM_ERROR", "系统异常") };
    let answer = V3Answer::instead(rule.fault).unwrap_or_else(|| honest.spoiled(rule));
    let page = answer.page(world, request, Some(rule.fault));
    sabotage::page_of(rule).unwrap_or_else(|| sabotage::travel_of(rule, page))
}

fn respond(world: &mut GatewayState, request: &Request) -> V3Answer {
    let route = match Route::of(request) {
        Ok(route) => route,
        Err(status) => return V3Answer::bare(status),
    };
    let account = match authorization::checked(world, request, &route) {
        Ok(account) => account,
        Err(refusal) => return refusal.unsigned(),
    };
    match &route.call {
        V3Call::Certificates => certificates::listed(world),
        V3Call::File(token) => bill::file(world, &account, token),
        _ => called(world, request, &route, account).unwrap_or_else(|refusal| refusal),
    }
}

/// A call that v2 has as well.
fn called(
    world: &mut GatewayState,
    request: &Request,
    route: &Route,
    account: Account,
) -> Result<V3Answer, V3Answer> {
    let caller = request::caller(route, request, account)?;
    let end = match calls::made(world, route.in_v2(), &caller) {
        // A payer who is asked for the password is told as a state of the order.
        Err(refusal) if route.call == V3Call::CodePay && refusal.is("USERPAYING") => {
            calls::made(world, ORDER_QUERY, &caller)
        }
        end => end,
    };
    let end = end.map_err(|refusal| answer::refused(route, refusal))?;
    match route.call {
        V3Call::Bill(_) => Ok(bill::linked(world, request, &caller.account, end)),
        _ => answer::told(world, route, &caller, end),
    }
}

#[cfg(test)]
mod tests;
