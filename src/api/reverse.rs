//! reverse: undoes a code payment (protocol.md C.7).

use super::v3::{ids, object, takes_codes, transactions};
use crate::error::{Advice, ErrCode, Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::gateway::v3::exchange::ours;
use crate::model::merchant::Merchant;
use crate::model::order_id::OrderId;
use crate::model::ours::{Echo, Ours, shown};
use crate::wire::v2::fields::Fields;
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use crate::wire::words;

/// How often a reverse is repeated.
pub const MOST_TRIES: u32 = 10;
/// Milliseconds between repeats.
const PAUSE_MS: u64 = 1000;

/// Reverses one order.
#[derive(Debug, Clone)]
pub struct Reverse(pub OrderId);

/// What a verified answer of reverse says.
#[derive(Debug, Clone)]
pub enum Reversal {
    /// Done: not paid and closed, or the money goes back.
    Done,
    /// `recall` = Y: call again.
    Again(Error),
}

impl Endpoint for Reverse {
    type Answer = Reversal;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec { certificate: true, ..EndpointSpec::new("/secapi/pay/reverse", Repeat::SameNumbers) }
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set(self.0.field(), self.0.number());
        fields
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo { field: self.0.field().into(), asked: self.0.number().to_owned(), required: false }]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Reversal>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.0.as_out_trade_no()
    }

    fn read(&self, answer: Ours<Fields>) -> Result<Reversal, Error> {
        if answer.text("recall") == Some("Y") {
            let asked = "the gateway asks to call again (recall=Y)".to_owned();
            return Ok(Reversal::Again(Error::service("SYSTEMERROR", Some(asked))));
        }
        Ok(Reversal::Done)
    }

    /// No payer can help here; and a payer who is typing the password ends that soon.
    fn advise(&self, fault: &mut Fault) {
        if fault.code() == Some(ErrCode::UserPaying) {
            (fault.advice, fault.retryable) = (Advice::Wait, true);
        } else if fault.advice == Advice::AskPayer {
            fault.advice = Advice::QueryOrder;
        }
    }

    fn refused(&self, answer: &Ours<Fields>, refusal: Error) -> Result<Reversal, Error> {
        if answer.text("recall") == Some("Y") { Ok(Reversal::Again(refusal)) } else { Err(refusal) }
    }
}

impl V3Endpoint for Reverse {
    type Answer = Reversal;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        takes_codes(merchant)?;
        let Some(number) = self.0.as_out_trade_no() else {
            return Err(Error::Configuration("APIv3 reverses by out_trade_no only".into()));
        };
        let target = transactions(merchant, &["out-trade-no", number, "reverse"], []);
        Ok(V3Request::post(target, &object(ids(merchant)).into()))
    }

    /// It has no `recall`: what it says is done. It names the order, which must be ours.
    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<Reversal, Error> {
        let asked = self.0.number().to_owned();
        let echo = Echo { field: self.0.field().into(), asked, required: true };
        ours(words::reversal(answer, &merchant.appid)?, merchant, &[echo])?;
        is_undone(answer.text("trade_state")?)?;
        Ok(Reversal::Done)
    }
}

/// An answer that tells a state, as that of a question does, tells one which a reversal leaves.
fn is_undone(state: Option<&str>) -> Result<(), Error> {
    match state {
        None | Some("REVOKED" | "CLOSED") => Ok(()),
        Some(other) => {
            Err(Error::Mismatch { field: "trade_state".into(), asked: "REVOKED".into(), got: shown(other) })
        }
    }
}

/// Is the outcome of this reverse open, so that it must be called again?
pub fn is_open(fault: &Fault) -> bool {
    match &fault.error {
        Error::Transport(e) => !e.phase.is_for_the_operator(),
        Error::Malformed(_) => true,
        Error::Gateway { system_error, .. } => *system_error,
        error => {
            matches!(error.code(), Some(ErrCode::SystemError | ErrCode::UserPaying | ErrCode::Limited))
        }
    }
}

impl MerchantClient<'_> {
    /// Calls until it is done: again on `recall` = Y, on USERPAYING and when the outcome is unknown, ten times at most
    /// and within the client's deadline from the first call on.
    pub fn reverse(&self, call: &Reverse) -> Result<(), Fault> {
        let api = &self.api;
        let patience = api.timeout_ms.max(u64::from(MOST_TRIES) * PAUSE_MS * 2);
        let deadline = api.clock.now_ms().saturating_add(patience);
        let (mut tries, mut left_open) = (1, false);
        loop {
            let (fault, again) = match self.ask(call) {
                Ok(Reversal::Done) => return Ok(()),
                Ok(Reversal::Again(refusal)) => {
                    (Fault::new(refusal, Repeat::SameNumbers, call.out_trade_no()), true)
                }
                Err(fault) => {
                    let again = is_open(&fault);
                    (fault, again)
                }
            };
            let fault = if left_open { fault.after_an_open_try() } else { fault };
            if !again || tries >= MOST_TRIES || api.clock.now_ms() + PAUSE_MS >= deadline {
                return Err(fault);
            }
            left_open = fault.maybe_processed;
            api.clock.sleep_ms(PAUSE_MS);
            tries += 1;
        }
    }
}
