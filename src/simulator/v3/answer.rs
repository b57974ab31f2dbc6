//! What the calls of v2 answer, told in APIv3's words; refusals with their status.

use super::super::answer::CallEnd;
use super::super::calls::{self, CallRefusal, CallingMerchant};
use super::super::document::XmlDocument;
use super::super::fault::{FaultKind, FaultRule};
use super::super::platform::{SERIAL, SignatureFault, signed};
use super::super::request::Request;
use super::super::script::Page;
use super::super::told;
use super::super::world::GatewayState;
use super::route::{REFUND_QUERY, Route, V3Call};
use super::{spoil, writer};
use serde_json::{Map, Value, json};

/// An answer before anything spoils it.
#[derive(Debug, Clone, PartialEq)]
pub struct V3Answer {
    status: u16,
    body: V3Body,
    is_signed: bool,
}

/// What it says.
#[derive(Debug, Clone, PartialEq)]
enum V3Body {
    /// It never comes.
    Silence,
    Nothing,
    Told(Map<String, Value>),
    File(Vec<u8>),
}

impl V3Answer {
    /// A refusal in words, signed.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self::told(status, json!({ "code": code, "message": message }))
    }

    /// The same before anybody knows who calls.
    pub fn unsigned(self) -> Self {
        Self { is_signed: false, ..self }
    }

    /// A status without a word.
    pub fn bare(status: u16) -> Self {
        Self { status, body: V3Body::Nothing, is_signed: false }
    }

    /// No answer: the connection hangs.
    pub fn silence() -> Self {
        Self { body: V3Body::Silence, ..Self::bare(200) }
    }

    /// Does it never come?
    pub fn is_silence(&self) -> bool {
        self.body == V3Body::Silence
    }

    /// A file, which nobody signs.
    pub fn file(bytes: Vec<u8>) -> Self {
        Self { status: 200, body: V3Body::File(bytes), is_signed: false }
    }

    /// An object, signed; anything else is nothing, signed.
    pub fn told(status: u16, told: Value) -> Self {
        let body = match told {
            Value::Object(told) => V3Body::Told(told),
            _ => V3Body::Nothing,
        };
        Self { status, body, is_signed: true }
    }

    /// What comes instead of the honest answer under some faults.
    pub fn instead(fault: FaultKind) -> Option<Self> {
        Some(match fault {
            FaultKind::ReturnFail => Self::refusal(400, "INVALID_REQUEST", "系统繁忙，请稍后再试").unsigned(),
            FaultKind::ReturnSystemError => Self::refusal(500, "SYSTEM_ERROR", "系统错误").unsigned(),
            FaultKind::SystemError => Self::refusal(500, "SYSTEM_ERROR", "系统超时"),
            _ => return None,
        })
    }

    /// Under a lie.
    pub fn spoiled(mut self, rule: &FaultRule) -> Self {
        if let V3Body::Told(told) = &mut self.body {
            spoil::content(rule, told);
        }
        self
    }

    /// The page of it, signed now as the request and the fault want it.
    pub fn page(self, world: &mut GatewayState, request: &Request, fault: Option<FaultKind>) -> Page {
        let body = match self.body {
            V3Body::File(body) => return Page { status: self.status, ..Page::plain(body) },
            V3Body::Nothing | V3Body::Silence => String::new(),
            V3Body::Told(told) => spoil::text(fault, writer::write(&told.into(), &mut world.dice)),
        };
        let mut headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        if self.is_signed {
            let named = request.header(SERIAL);
            let key = world.platform.key_for(named, &mut world.dice);
            let is_probe = world.platform.is_probe(&request.target, &mut world.dice);
            let fault = if is_probe { SignatureFault::Probe } else { spoil::signature(fault) };
            headers.push(("request-id", format!("08{}-0", world.dice.hex(28).to_uppercase())));
            headers.extend(signed(&mut world.dice, &body, key, fault));
        }
        Page { status: self.status, headers, body: body.into_bytes() }
    }
}

/// A refusal of v2 with v3's status and code.
pub fn refused(route: &Route, refusal: CallRefusal) -> V3Answer {
    let (code, message) = match refusal {
        CallRefusal::Bare(message) => ("PARAM_ERROR".to_owned(), message),
        CallRefusal::Service(code, message) => (code, message),
    };
    let is_refund = !route.is_about_orders();
    let (status, code) = match code.as_str() {
        "ORDERNOTEXIST" if is_refund => (404, "RESOURCE_NOT_EXISTS"),
        "REFUNDNOTEXIST" => (404, "RESOURCE_NOT_EXISTS"),
        "ORDERNOTEXIST" => (404, "ORDER_NOT_EXIST"),
        "ORDERPAID" => (400, "ORDER_PAID"),
        "ORDERCLOSED" => (400, "ORDER_CLOSED"),
        "OUT_TRADE_NO_USED" => (403, "OUT_TRADE_NO_USED"),
        "INVALID_REQUEST" if message.starts_with("201 ") => (403, "OUT_TRADE_NO_USED"),
        "NOTENOUGH" => (403, "NOT_ENOUGH"),
        "TRADE_OVERDUE" => (403, "TRADE_OVERDUE"),
        "FREQUENCY_LIMITED" => (429, "FREQUENCY_LIMITED"),
        "USERPAYING" => (202, "USERPAYING"),
        "BANKERROR" => (500, "BANK_ERROR"),
        "NOAUTH" => (403, "NO_AUTH"),
        "BUYER_MISMATCH" => (500, "OPENID_MISMATCH"),
        // APIv3's list has no word for a code that is used up or wrong.
        "AUTHCODEEXPIRE" | "AUTH_CODE_ERROR" | "AUTH_CODE_INVALID" | "NOTSUPORTCARD" | "ORDERREVERSED"
        | "TRADE_ERROR" => (403, "TRADE_ERROR"),
        "SYSTEMERROR" => (500, "SYSTEM_ERROR"),
        "PARAM_ERROR" | "LACK_PARAMS" => (400, "PARAM_ERROR"),
        _ => (400, "INVALID_REQUEST"),
    };
    V3Answer::refusal(status, code, &message)
}

/// A reverse names the order. It has no `recall`: what v2 asks for again is a refusal here.
fn reversed(route: &Route, caller: &CallingMerchant, document: &XmlDocument) -> Result<V3Answer, V3Answer> {
    if let Some(code) = document.get("err_code") {
        let words = document.get("err_code_des").unwrap_or_default();
        return Err(refused(route, CallRefusal::service(code, words)));
    }
    let mut named = document.clone();
    named.text("out_trade_no", caller.get("out_trade_no"));
    Ok(V3Answer::told(200, told::named(&named, route.is_partner)))
}

/// A success of v2 in v3's words.
pub fn told(
    world: &mut GatewayState,
    route: &Route,
    caller: &CallingMerchant,
    end: CallEnd,
) -> Result<V3Answer, V3Answer> {
    let answer = match end {
        CallEnd::Answer(answer) => answer,
        CallEnd::Silence => return Ok(V3Answer::silence()),
        _ => return Ok(V3Answer::bare(502)),
    };
    let document = answer.document;
    Ok(match route.call {
        V3Call::Order(trade_type) => V3Answer::told(200, told::prepay(&document, trade_type)),
        V3Call::Query(_) | V3Call::QueryById(_) | V3Call::CodePay => {
            V3Answer::told(200, told::order(&document, route.is_partner))
        }
        V3Call::Close(_) => V3Answer::told(204, Value::Null),
        V3Call::Reverse(_) => reversed(route, caller, &document)?,
        V3Call::RefundQuery(_) => V3Answer::told(200, told::refund(&document)),
        V3Call::Bill(_) | V3Call::File(_) | V3Call::Certificates => V3Answer::bare(404),
        V3Call::Refund => {
            let mut again = caller.fields.clone();
            for name in ["transaction_id", "out_trade_no"] {
                again.remove(name);
            }
            let asks = CallingMerchant {
                account: caller.account.clone(),
                method: caller.method,
                fields: again,
                negative_test: None,
            };
            match calls::made(world, REFUND_QUERY, &asks).map_err(|why| refused(route, why))? {
                CallEnd::Answer(answer) => V3Answer::told(200, told::refund(&answer.document)),
                _ => V3Answer::bare(502),
            }
        }
    })
}
