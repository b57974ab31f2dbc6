//! closeorder: no payment is wanted any more (protocol.md C.3).

use crate::error::{ErrCode, Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::model::order_id::OrderId;
use crate::model::ours::{Echo, Ours};
use crate::wire::v2::fields::Fields;

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

    fn out_trade_no(&self) -> Option<&str> {
        Some(self.out_trade_no.number())
    }

    fn read(&self, _: Ours<Fields>) -> Result<(), Error> {
        Ok(())
    }

    fn refused(&self, _: &Ours<Fields>, refusal: Error) -> Result<(), Error> {
        if refusal.code() == Some(ErrCode::OrderClosed) { Ok(()) } else { Err(refusal) }
    }
}
