//! One exchange: request -> bytes, and bytes -> verified answer. Pure; each step has one way to fail.

use super::endpoint::Endpoint;
use crate::error::Error;
use crate::model::merchant::{Merchant, NotV2};
use crate::model::ours::Ours;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{add_sign, verify};
use crate::wire::v2::xml::{self, Root};

/// Puts a request together: ids, nonce, sign type and sign, each unless the call brings or omits it.
pub fn build_request<C: Endpoint>(merchant: &Merchant, call: &C, nonce: &str) -> Result<Fields, NotV2> {
    let (spec, keys) = (call.spec(), merchant.v2()?);
    let sign_type = spec.fixed.unwrap_or(keys.sign_type);
    let mut fields = call.fields();
    let common = merchant.ids().into_iter().chain([
        ("nonce_str", Some(nonce)),
        ("sign_type", Some(sign_type.wire()).filter(|_| spec.names_sign_type)),
    ]);
    let is_wanted = |fields: &Fields, name: &str| {
        fields.get(name).is_none() && !call.omitted().iter().any(|omitted| omitted == name)
    };
    for (name, value) in common {
        if is_wanted(&fields, name) {
            fields.set_some(name, value);
        }
    }
    if is_wanted(&fields, "sign") {
        add_sign(&mut fields, &keys.key, sign_type);
    }
    Ok(fields)
}

/// Climbs from the body of a 200 answer to what the call makes of it.
pub fn read_answer<C: Endpoint>(
    merchant: &Merchant,
    call: &C,
    sent: &Fields,
    body: &[u8],
) -> Result<C::Answer, Error> {
    let answer = match check_return_code(body) {
        Err(Error::Malformed(why)) => return nested(call, body).unwrap_or(Err(Error::Malformed(why))),
        other => other?,
    };
    if answer.text("sign").is_none()
        && let Some(unsigned) = call.read_unsigned(&answer)
    {
        return unsigned_refusal(&answer)?.map_or(Ok(unsigned), Err);
    }
    let answer = verify(answer, &merchant.v2()?.signature_policy(call.spec().fixed))?;
    let refusal = result_code(&answer)?;
    let answer = Ours::answering(answer, sent, &call.echoes(), refusal.is_none())?;
    match refusal {
        None => call.read(answer),
        Some(refusal) => call.refused(&answer, refusal),
    }
}

/// An answer with elements inside its fields, if the call may get one.
fn nested<C: Endpoint>(call: &C, body: &[u8]) -> Option<Result<C::Answer, Error>> {
    let (fields, answer) = call.read_nested(body)?;
    let judged = said_success(fields).and_then(|fields| Ok((answer?, unsigned_refusal(&fields)?)));
    Some(judged.and_then(|(answer, refusal)| refusal.map_or(Ok(answer), Err)))
}

/// What is not signed may lack a `result_code`.
fn unsigned_refusal(answer: &Fields) -> Result<Option<Error>, Error> {
    if answer.text("result_code").is_some() { result_code(answer) } else { Ok(None) }
}

/// The body as fields of a stranger who at least says SUCCESS.
pub fn check_return_code(body: &[u8]) -> Result<Fields, Error> {
    said_success(xml::decode(body, Root::Xml)?)
}

fn said_success(fields: Fields) -> Result<Fields, Error> {
    match fields.text("return_code") {
        Some("SUCCESS") => Ok(fields),
        Some(code @ ("FAIL" | "SYSTEMERROR")) => Err(refused(&fields, code)),
        Some(_) => Err(Error::Malformed("return_code is neither SUCCESS nor FAIL".into())),
        None => Err(Error::Malformed("return_code is missing".into())),
    }
}

fn refused(fields: &Fields, code: &str) -> Error {
    Error::gateway(reason(fields, code))
}

/// Whatever an unsigned refusal says of itself: the code unless it is FAIL, `return_msg`, `error_code`, `error_msg`.
/// Empty if it says nothing.
pub(crate) fn reason(fields: &Fields, code: &str) -> String {
    let code = Some(code).filter(|code| *code != "FAIL");
    let names = ["return_msg", "error_code", "error_msg", "err_code", "err_code_des"];
    let mut said: Vec<&str> = Vec::new();
    for text in code.into_iter().chain(names.iter().filter_map(|name| fields.text(name))) {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said.join(": ").chars().take(256).collect()
}

/// `None` for SUCCESS, WeChat's refusal for FAIL.
pub(crate) fn result_code(answer: &Fields) -> Result<Option<Error>, Error> {
    match answer.text("result_code") {
        Some("SUCCESS") => Ok(None),
        Some("FAIL") => Ok(Some(Error::service(
            answer.text("err_code").unwrap_or(""),
            answer.text("err_code_des").map(str::to_owned),
        ))),
        Some(_) => Err(Error::Malformed("result_code is neither SUCCESS nor FAIL".into())),
        None => Err(Error::Malformed("result_code is missing".into())),
    }
}

#[cfg(test)]
mod tests;
