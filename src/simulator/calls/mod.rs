//! The calls of the gateway: who calls, with which right, and what is answered.

mod auth_code_to_openid;
mod caller;
mod close_order;
mod download_bill;
mod field;
mod link;
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

pub use caller::{CallRefusal, CallingMerchant, RequestBody};
pub use link::decoded;

use super::answer::{CallEnd, Response};
use super::fault::FaultKind;
use super::request::Request;
use super::world::GatewayState;

type CallHandler = fn(&mut GatewayState, &CallingMerchant) -> Result<CallEnd, CallRefusal>;

/// Answers a request as an unspoiled gateway does.
pub fn respond(world: &mut GatewayState, request: &Request, body: &RequestBody) -> CallEnd {
    let Some(call) = call_at(&request.path) else {
        return CallEnd::Page(404);
    };
    let secure = request.path.starts_with("/secapi/") || request.path == "/pay/downloadfundflow";
    if secure && request.certificate.is_none() {
        return Response::bare_fail("证书未传，请检查证书配置").into();
    }
    let caller = match caller::identified(world, request, body) {
        Ok(caller) => caller,
        Err(answer) => return answer.into(),
    };
    if secure && request.certificate.as_ref() != Some(&caller.account.mch_id) {
        return Response::bare_fail("证书与商户号不匹配，请检查证书配置").into();
    }
    call(world, &caller).unwrap_or_else(|refusal| caller.refused(world, refusal).into())
}

/// Makes the call of this path for a merchant who is known already.
pub fn made(world: &mut GatewayState, path: &str, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    call_at(path).map_or(Ok(CallEnd::Page(404)), |call| call(world, caller))
}

fn call_at(path: &str) -> Option<CallHandler> {
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
pub fn made_up(
    world: &mut GatewayState,
    fault: FaultKind,
    request: &Request,
    body: &RequestBody,
) -> Option<CallEnd> {
    match fault {
        FaultKind::ReturnFail => Some(Response::bare_fail("系统繁忙，请稍后再试").into()),
        FaultKind::ReturnSystemError => Some(Response::bare("SYSTEMERROR", "系统错误").into()),
        FaultKind::SystemError => Some(match caller::identified(world, request, body) {
            Ok(caller) => {
                let refusal = CallRefusal::service("SYSTEMERROR", "系统超时");
                caller.refused(world, refusal).into()
            }
            Err(answer) => answer.into(),
        }),
        _ => None,
    }
}

/// Stands in for an answer that a page replaces.
pub fn placeholder() -> Response {
    Response::bare_fail("")
}
