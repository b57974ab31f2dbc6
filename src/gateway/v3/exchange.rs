//! One exchange in APIv3: request -> signed head, and answer -> what the call reads of it.

use super::endpoint::{V3Endpoint, V3Request};
use super::packed::unpacked;
use crate::error::{ErrCode, Error, RefusalDetail};
use crate::gateway::refused;
use crate::gateway::transport::{Body, HttpResponse, Inbox};
use crate::model::merchant::Merchant;
use crate::model::ours::{Echo, Ours};
use crate::model::v3_keys::V3Credentials;
use crate::wire::v2::fields::Fields;
use crate::wire::v3::answer::{AnswerError, RefusalWords, SignedAnswer, refusal};
use crate::wire::v3::json::{Json, JsonObject};
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::request_key::Unauthorized;
use crate::wire::v3::signature::{HeaderError, SignatureHeaders, WINDOW, clock_is_off};
use crate::wire::verified::Verified;
use ureq::http::HeaderMap;

/// The `Authorization` of one try: each is signed anew.
pub fn authorization(
    merchant: &Merchant,
    keys: &V3Credentials,
    request: &V3Request,
    (unix_seconds, nonce): (i64, &str),
) -> Result<String, Error> {
    let unauthorized = Unauthorized {
        method: request.method.name(),
        target: &request.target,
        timestamp: &unix_seconds.to_string(),
        nonce,
        body: &request.body,
    };
    keys.request_key(unix_seconds)?
        .authorization(&merchant.mch_id, &unauthorized)
        .map_err(|e| Error::Configuration(e.to_string()))
}

/// The head of one try. It names the key that the answer is to be signed with, or that fields are encrypted for.
pub fn head<'a>(
    authorization: &'a str,
    keys: &'a V3Credentials,
    request: &'a V3Request,
) -> Vec<(&'static str, &'a str)> {
    let body = (!request.body.is_empty()).then_some(("content-type", "application/json"));
    let serial = request.serial.as_deref().or(keys.answer_key.as_deref());
    let serial = serial.map(|id| ("wechatpay-serial", id));
    let accept = if request.takes_file { "*/*" } else { "application/json" };
    let always = [("accept", accept), ("authorization", authorization)];
    always.into_iter().chain(body).chain(serial).collect()
}

/// Climbs from an answer of any status to what the call makes of it; `now` is in seconds since 1970.
pub fn read_answer<A>(
    call: &dyn V3Endpoint<Answer = A>,
    merchant: &Merchant,
    keys: &V3Credentials,
    response: &HttpResponse,
    (url, now): (&str, i64),
) -> Result<A, Error> {
    if matches!(response.body, Body::Cut(_)) {
        return Err(refused::fault(response, url).into());
    }
    let headers = texts(&response.headers);
    let body = match unpacked(response) {
        // The status says it all; the page comes from whoever stands in front.
        Err(_) if is_no_word(response.status) => return Err(refused::fault(response, url).into()),
        body => body?,
    };
    let answer = SignedAnswer { status: response.status, headers: &headers, body: &body };
    let ended = match call.judge(&answer, now) {
        Some(judged) => judged,
        None => match answer.verified(&keys.ring, now) {
            Ok(told) => return said_yes(call, merchant, &told, response),
            Err(error) => Err(error),
        },
    };
    ended.or_else(|error| said_no(call, error, response, (url, now)))
}

/// Is the status of a kind that says what happened without a word of WeChat Pay's?
const fn is_no_word(status: u16) -> bool {
    !matches!(status, 200..=299 | 400..=499) || status == 429
}

/// What an answer is that gives nothing to read.
fn said_no<A>(
    call: &dyn V3Endpoint<Answer = A>,
    error: AnswerError,
    response: &HttpResponse,
    (url, now): (&str, i64),
) -> Result<A, Error> {
    match error {
        AnswerError::Refused(said) if response.status == 202 && decides(&said) => {
            Err(refused::fault(response, url).into())
        }
        AnswerError::Refused(said) => call.refused(service(said, response)),
        AnswerError::Unsigned(said) => Err(unsigned(said, ahead(response, now))),
        AnswerError::Signature(error) => Err(clocked(error.into(), ahead(response, now))),
        AnswerError::List(error) => Err(clocked(error.into(), ahead(response, now))),
        AnswerError::Malformed(error) => Err(error.into()),
        AnswerError::Status => Err(refused::fault(response, url).into()),
    }
}

/// A status that means yes says it for what is read only: words of a refusal and nothing else are one.
fn said_yes<A>(
    call: &dyn V3Endpoint<Answer = A>,
    merchant: &Merchant,
    told: &Verified<JsonObject>,
    response: &HttpResponse,
) -> Result<A, Error> {
    match refusal(told) {
        Ok(said) if is_refusal_only(told) => call.refused(service(said, response)),
        _ => call.read(told, merchant).or_else(|fault| call.refused(otherwise(told, fault, response))),
    }
}

fn is_refusal_only(told: &JsonObject) -> bool {
    told.iter()
        .all(|(name, value)| matches!(name, "code" | "message" | "detail") || matches!(value, Json::Null))
}

/// Would this code be a verdict? With 202 none is one: what was accepted goes on.
fn decides(said: &RefusalWords) -> bool {
    use ErrCode::{BankError, SystemError, Unknown, UserPaying};
    !matches!(ErrCode::of(&said.code), SystemError | BankError | UserPaying | Unknown)
}

/// A file that nobody has signed is taken: its SHA-1 decides. One that has any of the headers must be signed rightly.
pub fn file(response: &HttpResponse, inbox: Option<&Inbox>, ring: &KeyRing, now: i64) -> Result<(), Error> {
    let headers = texts(&response.headers);
    let signed = SignatureHeaders::of(&headers).and_then(|found| {
        let bytes = inbox.and_then(|inbox| inbox.bytes().ok()).ok_or(HeaderError::Wrong)?;
        found.verify(&bytes, ring, now)
    });
    match signed {
        Ok(()) | Err(HeaderError::Unsigned) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How far our clock is from the answer's `Date`, if that is more than signatures allow.
fn ahead(response: &HttpResponse, now: i64) -> Option<i64> {
    let date = crate::clock::http_date(response.header("date")?)?;
    Some(now.saturating_sub(date)).filter(|ahead| ahead.unsigned_abs() > WINDOW)
}

/// A refusal of our signature may be for our clock only.
fn unsigned(said: RefusalWords, ahead: Option<i64>) -> Error {
    let ahead = ahead.filter(|_| said.code == "SIGN_ERROR");
    let hint = ahead.map(|ahead| format!("(this machine's clock {})", clock_is_off(ahead)));
    let words: Vec<String> = said.message.into_iter().chain(hint).collect();
    Error::Unsigned { code: said.code, message: (!words.is_empty()).then(|| words.join(" ")) }
}

/// What is too old by our clock only is not played back.
fn clocked(error: Error, ahead: Option<i64>) -> Error {
    match (error, ahead) {
        (Error::Headers(HeaderError::Stale(apart)), Some(ahead)) => {
            HeaderError::ClockOff { apart, ahead }.into()
        }
        (error, _) => error,
    }
}

/// An answer that has a code and not what the call needs is a refusal, whatever its status says.
fn otherwise(told: &JsonObject, fault: Error, response: &HttpResponse) -> Error {
    refusal(told).map_or(fault, |said| service(said, response))
}

fn service(said: RefusalWords, response: &HttpResponse) -> Error {
    let more = RefusalDetail {
        status: response.status,
        retry_after_ms: refused::retry_after(response),
        detail: said.detail,
        request_id: response.header("request-id").map(|id| id.chars().take(64).collect()),
    };
    Error::Service { err_code: said.code, err_code_des: said.message, more: Some(Box::new(more)) }
}

/// What is no text in a header is no signature either.
fn texts(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or("?"))).collect()
}

/// Verified is not enough: it must be for us, and about what we asked.
pub fn ours(fields: Verified<Fields>, merchant: &Merchant, echoes: &[Echo]) -> Result<Ours<Fields>, Error> {
    let mut asked_by = Fields::new();
    for (name, id) in merchant.ids() {
        asked_by.set_some(name, id);
    }
    Ok(Ours::answering(fields, &asked_by, echoes, true)?)
}

#[cfg(test)]
mod tests;
