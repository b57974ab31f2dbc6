//! Any other endpoint of APIv3, by its method and target.

use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::transport::HttpMethod;
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::model::argument::BadArgument;
use crate::model::merchant::{Credentials, Merchant};
use crate::wire::v3::json::JsonObject;
use crate::wire::v3::target;
use crate::wire::verified::Verified;
use serde_json::Value;

/// The longest target that is sent.
const MOST_TARGET: usize = 2048;
/// Ids and numbers that, once asked with, must come back unchanged if they come back at all.
const ECHOED: [&str; 16] = [
    "appid",
    "sp_appid",
    "sub_appid",
    "sub_mchid",
    "out_trade_no",
    "transaction_id",
    "combine_out_trade_no",
    "out_refund_no",
    "refund_id",
    "out_order_no",
    "out_return_no",
    "out_bill_no",
    "transfer_bill_no",
    "out_batch_no",
    "complaint_id",
    "out_request_no",
];

/// One call of an endpoint that has no class of its own. What acts is sent once.
#[derive(Debug, Clone)]
pub struct AnyV3Call {
    request: V3Request,
    asked: Vec<(String, String)>,
}

impl AnyV3Call {
    /// A call: a method in capitals, path and query as they are to be signed and sent, and a JSON object unless there is
    /// no body.
    pub fn new(method: &str, target: &str, body: Option<&Value>) -> Result<Self, BadArgument> {
        let method = HttpMethod::named(method)
            .ok_or_else(|| BadArgument::new("method", "must be GET, POST, PUT, PATCH or DELETE"))?;
        if !is_target(target) {
            let what =
                "must be a path like /v3/pay/transactions/id/1, with a query if need be, percent-encoded";
            return Err(BadArgument::new("target", what));
        }
        if body.is_some() && matches!(method, HttpMethod::Get | HttpMethod::Delete) {
            return Err(BadArgument::new("body", "must be null: this method has none"));
        }
        if body.is_some_and(|body| !body.is_object()) {
            return Err(BadArgument::new("body", "must be an object"));
        }
        let asked = asked(target, body);
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        Ok(Self { request: V3Request::of(method, target.to_owned(), body), asked })
    }

    /// The same with fields that are encrypted for the key of this name.
    #[must_use]
    pub fn encrypted_for(mut self, serial: &str) -> Self {
        self.request.serial = Some(serial.to_owned());
        self
    }

    fn number(&self, name: &str) -> Option<&str> {
        self.asked.iter().find(|(own, _)| own == name).map(|(_, number)| number.as_str())
    }
}

impl MerchantClient<'_> {
    /// Makes the call for a merchant, who must be one of APIv3.
    pub fn any_v3(&self, call: &AnyV3Call) -> Result<Verified<JsonObject>, Fault> {
        match &self.api.merchant.credentials {
            Credentials::V3(_) => self.ask(call),
            Credentials::V2(_) => {
                let error = BadArgument::new("merchant", "must be one of APIv3");
                Err(Fault::new(error.into(), Repeat::Never, call.out_trade_no()))
            }
        }
    }
}

fn is_target(target: &str) -> bool {
    let is_plain =
        |b: u8| b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`');
    target.starts_with("/v3/") && target.len() <= MOST_TARGET && target.bytes().all(is_plain)
}

/// What it is about, by the names of the body and the query, and of path segments that say what follows them.
fn asked(target: &str, body: Option<&Value>) -> Vec<(String, String)> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments: Vec<&str> = path.split('/').collect();
    let of_path = segments.windows(2).filter_map(|pair| match pair {
        ["id", number] => Some(("transaction_id".to_owned(), target::decoded(number))),
        [name, number] => Some((name.replace('-', "_"), target::decoded(number))),
        _ => None,
    });
    let of_query = query.split('&').filter_map(|pair| pair.split_once('='));
    let of_query = of_query.map(|(name, value)| (target::decoded(name), target::decoded(value)));
    let of_body = body.and_then(Value::as_object).into_iter().flatten();
    let of_body = of_body.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let all = of_body.chain(of_query).chain(of_path);
    all.filter(|(name, number)| ECHOED.contains(&name.as_str()) && !number.is_empty()).collect()
}

impl Endpoint for AnyV3Call {
    type Answer = Verified<JsonObject>;

    fn spec(&self) -> EndpointSpec {
        let asks = self.request.method == HttpMethod::Get;
        let repeat = if asks { Repeat::Query } else { Repeat::Never };
        EndpointSpec { path: self.request.path().to_owned().into(), ..EndpointSpec::new("", repeat) }
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Self::Answer>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.number("out_trade_no")
    }
}

impl V3Endpoint for AnyV3Call {
    type Answer = Verified<JsonObject>;

    fn request(&self, _: &Merchant) -> Result<V3Request, Error> {
        Ok(self.request.clone())
    }

    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<Self::Answer, Error> {
        let ours = ["mchid", "sp_mchid"].map(|name| (name, merchant.mch_id.as_str()));
        let asked = self.asked.iter().map(|(name, asked)| (name.as_str(), asked.as_str()));
        ours.into_iter().chain(asked).try_for_each(|(name, asked)| same(answer, name, asked))?;
        Ok(answer.clone())
    }
}

fn same(answer: &JsonObject, name: &str, asked: &str) -> Result<(), Error> {
    match answer.get(name).and_then(|told| told.text()) {
        Some(got) if got != asked => Err(Error::Mismatch {
            field: name.to_owned(),
            asked: asked.to_owned(),
            got: got.chars().take(64).collect(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_target_is_of_apiv3_and_goes_as_it_stands() {
        for fine in ["/v3/certificates", "/v3/a/b?c=%E4%B8%AD&d=1,2", "/v3/x/"] {
            assert!(AnyV3Call::new("GET", fine, None).is_ok(), "{fine}");
        }
        let long = format!("/v3/{}", "a".repeat(MOST_TARGET));
        for wrong in
            ["", "/", "/pay/orderquery", "v3/a", "/v3/a b", "/v3/中", "/v3/a#b", "/v3/\n", "//h/v3/", &long]
        {
            assert_eq!(AnyV3Call::new("GET", wrong, None).unwrap_err().name, "target", "{wrong:?}");
        }
        assert_eq!(AnyV3Call::new("get", "/v3/a", None).unwrap_err().name, "method");
        assert_eq!(AnyV3Call::new("GET", "/v3/a", Some(&json!({}))).unwrap_err().name, "body");
        assert_eq!(AnyV3Call::new("POST", "/v3/a", Some(&json!([1]))).unwrap_err().name, "body");
    }

    #[test]
    fn v4_what_it_asks_with_must_not_come_back_changed() {
        let target = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/B%2D1?sub_mchid=190";
        let call = AnyV3Call::new("POST", target, Some(&json!({ "out_trade_no": "T1", "x": 1 }))).unwrap();
        let asked: Vec<_> =
            call.asked.iter().map(|(name, number)| (name.as_str(), number.as_str())).collect();
        assert_eq!(asked, [("out_trade_no", "T1"), ("sub_mchid", "190"), ("out_bill_no", "B-1")]);
        assert_eq!(call.out_trade_no(), Some("T1"));
        assert_eq!(
            (call.spec().repeat, &*call.spec().path),
            (Repeat::Never, target.split('?').next().unwrap())
        );
        let by_id = AnyV3Call::new("GET", "/v3/pay/transactions/id/420?mchid=1", None).unwrap();
        assert_eq!(by_id.number("transaction_id"), Some("420"));
        assert_eq!(by_id.spec().repeat, Repeat::Query);
    }
}
