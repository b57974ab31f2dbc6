//! `/payitil/report`: the merchant reports how a call went; the answer is unsigned.

use super::super::answer::{Answer, Outcome};
use super::super::document::Document;
use super::super::world::World;
use super::caller::{Caller, Refusal};
use super::field;

/// Answers the call; a refusal is a bare one, since nothing here is signed.
pub fn answer(_: &mut World, caller: &Caller) -> Result<Outcome, Refusal> {
    check(caller).map_err(|refusal| match refusal {
        Refusal::Service(_, text) | Refusal::Bare(text) => Refusal::Bare(text),
    })?;
    let answer = Answer { document: received(), seal: None };
    Ok(answer.into())
}

fn received() -> Document {
    let mut document = Document::default();
    document
        .text("return_code", "SUCCESS")
        .text("return_msg", "")
        .text("result_code", "SUCCESS")
        .text("err_code", "0");
    document
}

fn check(caller: &Caller) -> Result<(), Refusal> {
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
