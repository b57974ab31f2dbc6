//! APIv3 over the same book: its own canonical texts, signer and JSON writer, so that it judges the client's.
//!
//! A request is checked in the order of protocol-v3.md A.4, put into the fields that the calls of v2 take, and what they
//! answer is told in v3's words.

mod answer;
mod authorization;
mod certificates;
mod keys;
mod request;
mod route;
mod writer;

pub use certificates::{V3Certificates, certificates};
pub use keys::{PlatformKey, V3_MATERIAL, V3Material};

use super::calls;
use super::fault::{FaultKind, FaultRule};
use super::request::Request;
use super::sabotage;
use super::script::{Page, ResponsePlan};
use super::world::GatewayState;
use answer::V3Answer;
use route::Route;

/// Is this for APIv3?
pub fn is_ours(request: &Request) -> bool {
    request.path.starts_with("/v3/")
}

/// Answers one request of a merchant.
pub fn serve(world: &mut GatewayState, request: &Request, rule: Option<&FaultRule>) -> ResponsePlan {
    let Some(rule) = rule else {
        let answer = respond(world, request);
        return ResponsePlan::page(answer.page(world));
    };
    let acts = rule.processed.unwrap_or(rule.fault.carries_out());
    let answer =
        if acts { respond(world, request) } else { V3Answer::refusal(500, "SYSTEM_ERROR", "系统异常") };
    let page = answer.page(world);
    sabotage::page_of(rule).unwrap_or_else(|| sabotage::travel_of(rule, spoiled(rule.fault, page)))
}

/// Faults of the signature; all others are of the way.
fn spoiled(fault: FaultKind, mut page: Page) -> Page {
    let mut set = |value: &dyn Fn(&str) -> String| {
        let signature = page.headers.iter_mut().find(|(name, _)| *name == keys::SIGNATURE);
        if let Some((_, signature)) = signature {
            *signature = value(signature);
        }
    };
    match fault {
        FaultKind::NoSign => page.headers.retain(|(name, _)| !name.starts_with("wechatpay-")),
        FaultKind::EmptySign => set(&|_| String::new()),
        FaultKind::BadSign => set(&|signature| {
            let flipped = if signature.starts_with('A') { "B" } else { "A" };
            flipped.to_owned() + signature.get(1..).unwrap_or_default()
        }),
        // As WeChat Pay looks now and then whether anybody looks.
        FaultKind::LowerSign => set(&|_| "WECHATPAY/SIGNTEST/5ce1b2ed1ee54ae0b3ce3ea0d5f6e8b0".to_owned()),
        FaultKind::OtherKeySign => {
            page.headers.retain(|(name, _)| *name != keys::SERIAL);
            page.headers.push((keys::SERIAL, "PUB_KEY_ID_0000000000000000000000000000000000".to_owned()));
        }
        _ => {}
    }
    page
}

fn respond(world: &mut GatewayState, request: &Request) -> V3Answer {
    let route = match Route::of(request) {
        Ok(route) => route,
        Err(status) => return V3Answer::bare(status),
    };
    let account = match authorization::checked(world, request, route.is_about_orders()) {
        Ok(account) => account,
        Err(refusal) => return refusal.unsigned(),
    };
    let answered = request::caller(&route, request, account).and_then(|caller| {
        let end = calls::made(world, route.in_v2(), &caller);
        let end = end.map_err(|refusal| answer::refused(&route, refusal))?;
        answer::told(world, &route, &caller, end)
    });
    answered.unwrap_or_else(|refusal| refusal)
}

#[cfg(test)]
mod tests;
