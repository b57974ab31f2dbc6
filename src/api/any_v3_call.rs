//! Any other endpoint of APIv3, by its method and target.

use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::transport::HttpMethod;
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::model::argument::BadArgument;
use crate::model::merchant::{Credentials, Merchant};
use crate::model::ours::shown;
use crate::wire::v3::json::JsonObject;
use crate::wire::v3::target;
use crate::wire::verified::Verified;
use serde_json::Value;

/// The longest target that is sent.
const MOST_TARGET: usize = 2048;
/// Names of the merchant in answers: it is the one that calls, unless the request names another in this place.
const OWN: [&str; 4] = ["mchid", "sp_mchid", "mch_id", "combine_mchid"];
/// Ids and numbers of body and query that must come back unchanged if they come back at all.
const ECHOED: [&str; 29] = [
    "appid",
    "sp_appid",
    "sub_appid",
    "combine_appid",
    "sub_mchid",
    "out_trade_no",
    "transaction_id",
    "combine_out_trade_no",
    "out_refund_no",
    "refund_id",
    "out_order_no",
    "order_id",
    "out_return_no",
    "return_id",
    "out_bill_no",
    "transfer_bill_no",
    "out_batch_no",
    "batch_id",
    "out_detail_no",
    "detail_id",
    "complaint_id",
    "out_request_no",
    "withdraw_id",
    "applyment_id",
    "business_code",
    "contract_id",
    "out_contract_code",
    "stock_id",
    "coupon_code",
];
/// What follows these segments of a path, and what an answer may call it. One of these names must tell it.
const NUMBERED: [(&[&str], &[&str]); 14] = [
    (&["transactions", "id"], &["transaction_id"]),
    (&["profitsharing", "transactions"], &["transaction_id"]),
    (&["combine-transactions"], &["combine_out_trade_no"]),
    (&["refunds"], &["out_refund_no", "refund_id"]),
    (&["profitsharing", "orders"], &["out_order_no", "order_id"]),
    (&["return-orders"], &["out_return_no", "return_id"]),
    (&["serviceorder"], &["out_order_no", "order_id"]),
    (&["complaints-v2"], &["complaint_id"]),
    (&["applyments"], &["out_request_no", "applyment_id"]),
    (&["fund", "withdraw"], &["out_request_no", "withdraw_id"]),
    (&["ecommerce", "fund", "balance"], &["sub_mchid"]),
    (&["sub_merchants"], &["sub_mchid"]),
    (&["stocks"], &["stock_id"]),
    (&["coupons"], &["coupon_id", "coupon_code"]),
];

/// One call of an endpoint that has no class of its own. What acts is sent once.
#[derive(Debug, Clone)]
pub struct AnyV3Call {
    request: V3Request,
    asked: Vec<(String, String)>,
    numbered: Option<Numbered>,
}

/// A path that says what it is about without its name: all that follows the segments which say so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbered {
    names: &'static [&'static str],
    rest: Vec<String>,
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
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path: Vec<String> = path.split('/').map(target::decoded).collect();
        let asked = of_body(body).chain(of_query(query)).chain(of_path(&path)).collect();
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = V3Request::of(method, target.to_owned(), body);
        Ok(Self { request, asked, numbered: numbered(&path) })
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

fn of_body(body: Option<&Value>) -> impl Iterator<Item = (String, String)> {
    let members = body.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), written(value)?))).filter(is_echoed)
}

fn of_query(query: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (target::decoded(name), target::decoded(value))).filter(is_echoed)
}

/// Segments that name what follows them: `out-trade-no/T1`, `applyment_id/1`.
fn of_path(path: &[String]) -> impl Iterator<Item = (String, String)> {
    let pairs = path.iter().zip(path.iter().skip(1));
    let named = pairs.map(|(name, number)| (name.replace('-', "_"), number.clone()));
    named.filter(|(name, number)| {
        ["_no", "_id", "_code"].iter().any(|end| name.ends_with(end)) && !number.is_empty()
    })
}

fn is_echoed((name, number): &(String, String)) -> bool {
    (ECHOED.contains(&name.as_str()) || OWN.contains(&name.as_str())) && !number.is_empty()
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn numbered(path: &[String]) -> Option<Numbered> {
    NUMBERED.iter().find_map(|(segments, names)| {
        let at = path.windows(segments.len()).position(|window| window == *segments)?;
        let rest: Vec<_> = path.iter().skip(at + segments.len()).filter(|s| !s.is_empty()).cloned().collect();
        (!rest.is_empty()).then_some(Numbered { names, rest })
    })
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
        self.compare(answer, merchant)?;
        Ok(answer.clone())
    }
}

impl AnyV3Call {
    /// The answer is for this merchant or the one asked about, and about what was asked, as far as it tells it.
    fn compare(&self, answer: &JsonObject, merchant: &Merchant) -> Result<(), Error> {
        let own = OWN.into_iter().filter(|name| self.number(name).is_none());
        let own = own.map(|name| (name, merchant.mch_id.as_str()));
        let asked = self.asked.iter().map(|(name, asked)| (name.as_str(), asked.as_str()));
        own.chain(asked).try_for_each(|(name, asked)| same(answer, name, &[asked]))?;
        self.numbered.iter().try_for_each(|numbered| self.same_number(answer, numbered))
    }

    /// One of the names must tell what the path is about; or what the body or the query calls so, which was compared.
    fn same_number(&self, answer: &JsonObject, numbered: &Numbered) -> Result<(), Error> {
        let asked: Vec<&str> = numbered.rest.iter().map(String::as_str).collect();
        let told = || numbered.names.iter().filter(|name| answer.get(name).is_some());
        let fits = |name: &&str| self.number(name).is_some() || same(answer, name, &asked).is_ok();
        if told().any(fits) { Ok(()) } else { told().try_for_each(|name| same(answer, name, &asked)) }
    }
}

/// What is told under a name, if anything is, is what was asked.
fn same(answer: &JsonObject, name: &str, asked: &[&str]) -> Result<(), Error> {
    let Some(told) = answer.get(name) else { return Ok(()) };
    if told.written().is_some_and(|told| asked.contains(&told)) {
        return Ok(());
    }
    Err(Error::Mismatch {
        field: name.to_owned(),
        asked: asked.first().copied().map(shown).unwrap_or_default(),
        got: told.written().map_or_else(|| "no text and no number".to_owned(), shown),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::v3::merchant;
    use crate::wire::v3::json;
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
        assert_eq!(by_id.spec().repeat, Repeat::Query);
    }

    fn reads(method: &str, target: &str, body: Option<&Value>, answer: &Value) -> Result<(), String> {
        let call = AnyV3Call::new(method, target, body).unwrap();
        match call.compare(&json::object(answer.to_string().as_bytes()).unwrap(), &merchant()) {
            Ok(()) => Ok(()),
            Err(Error::Mismatch { field, .. }) => Err(field),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn v4_an_answer_about_another_number_is_refused_however_the_path_says_the_number() {
        let get = [
            ("/v3/pay/transactions/id/1", "transaction_id"),
            ("/v3/pay/transactions/out-trade-no/1?mchid=1900007291", "out_trade_no"),
            ("/v3/profitsharing/transactions/1/amounts", "transaction_id"),
            ("/v3/combine-transactions/out-trade-no/1", "combine_out_trade_no"),
            ("/v3/combine-transactions/1/close", "combine_out_trade_no"),
            ("/v3/refund/domestic/refunds/%31", "out_refund_no"),
            ("/v3/refund/domestic/refunds/1/apply-abnormal-refund", "refund_id"),
            ("/v3/ecommerce/refunds/id/1", "refund_id"),
            ("/v3/profitsharing/orders/1?transaction_id=2", "out_order_no"),
            ("/v3/profitsharing/return-orders/1?out_order_no=2", "out_return_no"),
            ("/v3/payscore/serviceorder/1/cancel", "order_id"),
            ("/v3/merchant-service/complaints-v2/1", "complaint_id"),
            ("/v3/transfer/batches/batch-id/1/details/detail-id/2", "batch_id"),
            ("/v3/applyment4sub/applyment/business_code/1", "business_code"),
            ("/v3/marketing/favor/stocks/1", "stock_id"),
        ];
        for (target, name) in get {
            for told in [json!("1"), json!(1)] {
                assert_eq!(reads("GET", target, None, &json!({ name: told })), Ok(()), "{target}");
            }
            for told in [json!("9"), json!(9), json!(["1"]), json!({ "x": "1" })] {
                let read = reads("GET", target, None, &json!({ name: told }));
                assert_eq!(read, Err(name.to_owned()), "{target}: {told}");
            }
            assert_eq!(reads("GET", target, None, &json!({ "state": "x", name: null })), Ok(()), "{target}");
        }
    }

    #[test]
    fn v4_one_of_several_names_must_tell_what_the_path_or_the_body_says() {
        let both = |one: &str, other: &str| json!({ "out_refund_no": one, "refund_id": other });
        for (target, one, other, fits) in [
            ("/v3/refund/domestic/refunds/R1", "R1", "50", true),
            ("/v3/refund/domestic/refunds/50/apply-abnormal-refund", "R1", "50", true),
            ("/v3/refund/domestic/refunds/R1", "R2", "51", false),
        ] {
            assert_eq!(reads("GET", target, None, &both(one, other)).is_ok(), fits, "{target} {one}");
        }
        let unfreeze = "/v3/profitsharing/orders/unfreeze";
        let asked = json!({ "out_order_no": "P1", "transaction_id": "42" });
        let told =
            |number: &str| json!({ "out_order_no": number, "order_id": "300", "transaction_id": "42" });
        assert_eq!(reads("POST", unfreeze, Some(&asked), &told("P1")), Ok(()));
        assert_eq!(reads("POST", unfreeze, Some(&asked), &told("P2")), Err("out_order_no".into()));
        let codepay = json!({ "transaction_id": "42", "out_trade_no": "T1" });
        let asked = json!({ "out_trade_no": "T1" });
        assert_eq!(reads("POST", "/v3/pay/transactions/codepay", Some(&asked), &codepay), Ok(()));
        assert_eq!(reads("GET", "/v3/x/id/7", None, &json!({ "transaction_id": "42" })), Ok(()));
    }

    #[test]
    fn v4_a_number_counts_as_it_is_written_on_both_sides_and_each_name_of_the_merchant_is_compared() {
        let asked = json!({ "sub_mchid": 190, "transaction_id": "42" });
        for (told, refused) in [
            (json!({ "sub_mchid": "190", "transaction_id": 42 }), None),
            (json!({ "sub_mchid": 191 }), Some("sub_mchid")),
            (json!({ "sub_mchid": 190.0 }), Some("sub_mchid")),
            (json!({ "transaction_id": 43 }), Some("transaction_id")),
            (json!({ "mchid": 1_900_007_291, "sp_mchid": "1900007291" }), None),
            (json!({ "mchid": 1 }), Some("mchid")),
            (json!({ "sp_mchid": "1" }), Some("sp_mchid")),
            (json!({ "mch_id": "1" }), Some("mch_id")),
            (json!({ "combine_mchid": "1" }), Some("combine_mchid")),
        ] {
            let read = reads("POST", "/v3/x", Some(&asked), &told);
            assert_eq!(read.err().as_deref(), refused, "{told}");
        }
    }

    #[test]
    fn v4_an_answer_names_the_merchant_that_was_asked_about_or_else_the_one_that_calls() {
        let callbacks = "/v3/marketing/busifavor/callbacks";
        let (asks, body) = (format!("{callbacks}?mchid=98568888"), json!({ "mchid": "98568888" }));
        for (told, read) in [("98568888", Ok(())), ("1900007291", Err("mchid".to_owned()))] {
            let told = json!({ "mchid": told, "notify_url": "https://shop.example/" });
            assert_eq!(reads("GET", &asks, None, &told), read, "{told}");
            assert_eq!(reads("POST", callbacks, Some(&body), &told), read, "{told}");
        }
        for name in OWN {
            let (asked, other) = (json!({ name: "2" }), json!({ name: "1" }));
            assert_eq!(reads("POST", "/v3/x", Some(&asked), &asked), Ok(()), "{name}");
            assert_eq!(reads("POST", "/v3/x", Some(&asked), &other), Err(name.to_owned()));
            assert_eq!(reads("POST", "/v3/x", Some(&json!({})), &asked), Err(name.to_owned()));
        }
        let asked = json!({ "mchid": "2", "sp_mchid": "1900007291" });
        let of_another = json!({ "mchid": "2", "sp_mchid": "2" });
        assert_eq!(reads("POST", "/v3/x", Some(&asked), &of_another), Err("sp_mchid".to_owned()));
    }

    #[test]
    fn what_came_is_shown_short_and_without_what_moves_a_cursor() {
        let answer = json!({ "out_trade_no": format!("\u{1b}[2J{}", "9".repeat(99)) });
        let call = AnyV3Call::new("GET", "/v3/pay/transactions/out-trade-no/1", None).unwrap();
        let answer = json::object(answer.to_string().as_bytes()).unwrap();
        let Err(Error::Mismatch { got, asked, .. }) = call.compare(&answer, &merchant()) else { panic!() };
        assert_eq!((asked.as_str(), got.len(), &got[..4]), ("1", 64, "[2J9"));
    }
}
