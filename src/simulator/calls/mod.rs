//! The calls of the gateway: who calls, with which right, and what is answered.

mod auth_code_to_openid;
mod caller;
mod close_order;
mod download_bill;
mod field;
mod micropay;
mod order_query;
mod refund;
mod refund_query;
mod report;
mod reverse;
mod short_url;
mod trade;
mod unified_order;

#[cfg(test)]
mod tests;

pub use caller::{Caller, Refusal};
pub use short_url::decoded;

use super::answer::{Answer, Outcome};
use super::document::Document;
use super::fault::Fault;
use super::reader::Malformed;
use super::request::Request;
use super::world::World;

/// A request's body: its fields, or why it has none.
pub type Body = Result<Document, Malformed>;

type Call = fn(&mut World, &Caller) -> Result<Outcome, Refusal>;

/// Answers a request as an unspoiled gateway does.
pub fn respond(world: &mut World, request: &Request, body: &Body) -> Outcome {
    let Some(call) = call_at(&request.path) else {
        return Outcome::Page(404);
    };
    let secure = request.path.starts_with("/secapi/") || request.path == "/pay/downloadfundflow";
    if secure && request.certificate.is_none() {
        return Answer::bare_fail("证书未传，请检查证书配置").into();
    }
    let caller = match caller::identified(world, request, body) {
        Ok(caller) => caller,
        Err(answer) => return answer.into(),
    };
    if secure && request.certificate.as_ref() != Some(&caller.account.mch_id) {
        return Answer::bare_fail("证书与商户号不匹配，请检查证书配置").into();
    }
    call(world, &caller).unwrap_or_else(|refusal| caller.refused(world, refusal).into())
}

fn call_at(path: &str) -> Option<Call> {
    Some(match path {
        "/pay/unifiedorder" => unified_order::answer,
        "/pay/orderquery" => order_query::answer,
        "/pay/closeorder" => close_order::answer,
        "/pay/downloadbill" => download_bill::trades,
        "/pay/downloadfundflow" => download_bill::flows,
        "/pay/micropay" => micropay::answer,
        "/pay/refundquery" => refund_query::answer,
        "/secapi/pay/refund" => refund::answer,
        "/secapi/pay/reverse" => reverse::answer,
        "/tools/authcodetoopenid" => auth_code_to_openid::answer,
        "/tools/shorturl" => short_url::answer,
        "/payitil/report" => report::answer,
        _ => return None,
    })
}

/// The answer that a fault makes up instead of the honest one.
pub fn made_up(world: &mut World, fault: Fault, request: &Request, body: &Body) -> Option<Outcome> {
    match fault {
        Fault::ReturnFail => Some(Answer::bare_fail("系统繁忙，请稍后再试").into()),
        Fault::ReturnSystemError => Some(Answer::bare("SYSTEMERROR", "系统错误").into()),
        Fault::SystemError => Some(match caller::identified(world, request, body) {
            Ok(caller) => {
                let refusal = Refusal::service("SYSTEMERROR", "系统超时");
                caller.refused(world, refusal).into()
            }
            Err(answer) => answer.into(),
        }),
        _ => None,
    }
}

/// Stands in for an answer that a page replaces.
pub fn placeholder() -> Answer {
    Answer::bare_fail("")
}
