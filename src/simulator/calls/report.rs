//! `/payitil/report`: the merchant reports how a call went; the answer is unsigned.

use super::super::answer::{CallEnd, Response};
use super::super::document::XmlDocument;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::field;

/// Answers the call; a refusal is a bare one, since nothing here is signed.
pub fn answer(_: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    check(caller).map_err(|refusal| match refusal {
        CallRefusal::Service(_, text) | CallRefusal::Bare(text) => CallRefusal::Bare(text),
    })?;
    let answer = Response { document: received(), seal: None };
    Ok(answer.into())
}

fn received() -> XmlDocument {
    let mut document = XmlDocument::default();
    document
        .text("return_code", "SUCCESS")
        .text("return_msg", "")
        .text("result_code", "SUCCESS")
        .text("err_code", "0");
    document
}

fn check(caller: &CallingMerchant) -> Result<(), CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    field::required(caller, "interface_url", 127)?;
    field::required(caller, "user_ip", 16)?;
    if !caller.get("trades").is_empty() {
        return field::json(caller, "trades", 1_024);
    }
    field::required(caller, "return_code", 16)?;
    field::required(caller, "result_code", 16)?;
    let time = field::required(caller, "execute_time_", 12)?;
    match time.parse::<u32>() {
        Ok(_) => Ok(()),
        Err(_) => Err(field::wrong("execute_time_参数错误")),
    }
}
