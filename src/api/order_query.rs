//! orderquery: what became of an order (protocol.md D).

use super::flows::concurrent;
use super::v3::{mch_ids, transactions};
use crate::error::{Error, Fault, Repeat};
use crate::gateway::attempt::OnAttempt;
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::gateway::v3::exchange::ours;
use crate::model::merchant::Merchant;
use crate::model::order::Order;
use crate::model::order_id::OrderId;
use crate::model::ours::{Echo, Ours};
use crate::wire::v2::fields::Fields;
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use crate::wire::words;

/// Asks for one order.
#[derive(Debug, Clone)]
pub struct OrderQuery(pub OrderId);

impl Endpoint for OrderQuery {
    type Answer = Order;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/pay/orderquery", Repeat::Query)
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set(self.0.field(), self.0.number());
        fields.set("version", "1.0");
        fields
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo { field: self.0.field().into(), asked: self.0.number().to_owned(), required: true }]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Order>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.0.as_out_trade_no()
    }

    fn read(&self, answer: Ours<Fields>) -> Result<Order, Error> {
        Ok(Order::from_query(answer)?)
    }
}

impl V3Endpoint for OrderQuery {
    type Answer = Order;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        let by = if self.0.as_out_trade_no().is_some() { "out-trade-no" } else { "id" };
        Ok(V3Request::get(transactions(merchant, &[by, self.0.number()], mch_ids(merchant))))
    }

    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<Order, Error> {
        let fields = words::order(answer, &merchant.appid)?;
        Ok(Order::from_query(ours(fields, merchant, &self.echoes())?)?.as_told(answer))
    }
}

impl MerchantClient<'_> {
    /// Asks for many orders, up to `concurrency` at once; the answers keep the order of the questions. Tries are
    /// reported on the calling thread.
    pub fn orders(&self, queries: &[OrderQuery], concurrency: usize) -> Vec<Result<Order, Fault>> {
        let api = self.api.clone();
        let ask = move |query: &OrderQuery, on_attempt: OnAttempt<'_>| {
            api.clone().observed_by(on_attempt).ask(query)
        };
        let answers = concurrent::map(queries.to_vec(), concurrency, ask, self.on_attempt);
        let answers = answers.into_iter().zip(queries);
        answers.map(|(answer, query)| answer.unwrap_or_else(|| unanswered(query))).collect()
    }
}

fn unanswered(query: &OrderQuery) -> Result<Order, Fault> {
    let error = Error::Configuration("no thread could be started for this query".into());
    Err(Fault::new(error, Repeat::Query, query.out_trade_no()))
}
