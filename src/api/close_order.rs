//! closeorder: no payment is wanted any more (protocol.md C.3).

use super::v3::{mch_ids, object, transactions};
use crate::error::{ErrCode, Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::gateway::v3::exchange::ours;
use crate::model::merchant::Merchant;
use crate::model::order_id::OrderId;
use crate::model::ours::{Echo, Ours};
use crate::wire::v2::fields::Fields;
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use crate::wire::words;

/// Closes one order. An order that is closed already is success.
#[derive(Debug, Clone)]
pub struct CloseOrder {
    /// The shop's number.
    pub out_trade_no: OrderId,
}

impl Endpoint for CloseOrder {
    type Answer = ();

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/pay/closeorder", Repeat::SameNumbers)
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set(self.out_trade_no.field(), self.out_trade_no.number());
        fields
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo {
            field: "out_trade_no".into(),
            asked: self.out_trade_no.number().to_owned(),
            required: false,
        }]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = ()>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        Some(self.out_trade_no.number())
    }

    fn read(&self, _: Ours<Fields>) -> Result<(), Error> {
        Ok(())
    }

    fn refused(&self, _: &Ours<Fields>, refusal: Error) -> Result<(), Error> {
        unless_closed(refusal)
    }
}

impl V3Endpoint for CloseOrder {
    type Answer = ();

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        let rest = ["out-trade-no", self.out_trade_no.number(), "close"];
        Ok(V3Request::post(transactions(merchant, &rest, []), &object(mch_ids(merchant)).into()))
    }

    /// 204, which names no order: nothing to compare. An answer that tells one tells ours, and that it is closed.
    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<(), Error> {
        if answer.iter().next().is_none() {
            return Ok(());
        }
        let asked = self.out_trade_no.number().to_owned();
        let number = Echo { field: "out_trade_no".into(), asked, required: true };
        let state = Echo { field: "trade_state".into(), asked: "CLOSED".into(), required: true };
        ours(words::order(answer, &merchant.appid)?, merchant, &[number, state])?;
        Ok(())
    }

    fn refused(&self, refusal: Error) -> Result<(), Error> {
        unless_closed(refusal)
    }
}

fn unless_closed(refusal: Error) -> Result<(), Error> {
    if refusal.code() == Some(ErrCode::OrderClosed) { Ok(()) } else { Err(refusal) }
}
