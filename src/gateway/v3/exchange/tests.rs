//! Each fault on a network that answers from a list; the vectors through the same calls.

mod answered_no;
mod any_call;
mod code_pay;
mod many;
mod packed;
mod vectors;

use super::*;
use crate::api::close_order::CloseOrder;
use crate::api::order_query::OrderQuery;
use crate::api::refund::{Refund, RefundOptions};
use crate::api::refund_query::{RefundQuery, RefundsOf};
use crate::api::unified_order::{Basics, UnifiedOrder};
use crate::clock::Clock;
use crate::error::{Advice, Fault, TransportError};
use crate::gateway::client::{ApiClient, MerchantClient};
use crate::gateway::endpoint::Endpoint;
use crate::gateway::fixtures::v3::{NOW, merchant, provider, signed, signed_by, unsigned};
use crate::gateway::transport::{HttpMethod, HttpRequest, Transport};
use crate::model::order_id::OrderId;
use crate::model::trade_state::TradeState;
use crate::wire::v3::signature::HeaderError;
use crate::wire::v3::vectors::{body, group, keys, text};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const NUMBER: &str = "T20260301235779";
const REFUND_NUMBER: &str = "R20260301255479";

#[derive(Default)]
struct StillClock(AtomicU64);

impl Clock for StillClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn unix_seconds(&self) -> i64 {
        NOW + i64::try_from(self.now_ms() / 1000).unwrap()
    }

    fn sleep_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// One request as it reached the network.
#[derive(Debug, Clone)]
struct Arrived {
    method: HttpMethod,
    target: String,
    head: Vec<(String, String)>,
    body: String,
}

impl Arrived {
    fn header(&self, name: &str) -> &str {
        self.head.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }
}

/// A network that answers from a list; the last one stays.
struct ListedAnswers {
    answers: Mutex<VecDeque<HttpResponse>>,
    arrived: Mutex<Vec<Arrived>>,
}

impl Transport for ListedAnswers {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.arrived.lock().unwrap().push(Arrived {
            method: request.method,
            target: request.target.to_owned(),
            head: request.headers.iter().map(pair).collect(),
            body: String::from_utf8(request.body.to_vec()).unwrap(),
        });
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Ok(answer.unwrap())
    }
}

fn client(network: &Arc<ListedAnswers>, merchant: &Merchant) -> MerchantClient<'static> {
    let nonces = || {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("nonce{}", NEXT.fetch_add(1, Ordering::SeqCst))
    };
    let api = ApiClient {
        merchant: Arc::new(merchant.clone()),
        transport: network.clone(),
        clock: Arc::new(StillClock::default()),
        health: Arc::default(),
        url: "https://api.test".into(),
        backup_url: None,
        connect_timeout_ms: 1000,
        timeout_ms: 8000,
        nonce: nonces,
    };
    api.observed_by(None)
}

/// Asks with these answers in a row; gives the end, and what arrived.
fn asked<C: Endpoint>(
    merchant: &Merchant,
    call: &C,
    answers: impl Into<VecDeque<HttpResponse>>,
) -> (Result<C::Answer, Fault>, Vec<Arrived>) {
    let network = Arc::new(ListedAnswers { answers: Mutex::new(answers.into()), arrived: Mutex::default() });
    let ended = client(&network, merchant).ask(call);
    let arrived = network.arrived.lock().unwrap().clone();
    (ended, arrived)
}

fn fault<C: Endpoint>(call: &C, answers: impl Into<VecDeque<HttpResponse>>) -> Fault {
    asked(&merchant(), call, answers).0.err().unwrap()
}

fn query() -> OrderQuery {
    OrderQuery(OrderId::out_trade_no(NUMBER).unwrap())
}

fn close() -> CloseOrder {
    CloseOrder { out_trade_no: OrderId::out_trade_no(NUMBER).unwrap() }
}

fn refund_of(fee: i64) -> Refund {
    Refund::new(OrderId::out_trade_no(NUMBER).unwrap(), REFUND_NUMBER, 1230, fee).unwrap()
}

fn refund_query() -> RefundQuery {
    RefundQuery { of: RefundsOf::out_refund_no(REFUND_NUMBER).unwrap(), offset: 0 }
}

fn placing(trade_type: &'static str, optional: &[(&str, &str)]) -> UnifiedOrder {
    let basics = Basics {
        trade_type,
        out_trade_no: NUMBER,
        total_fee: 1230,
        body: "茶",
        notify_url: "https://shop.example/notice",
        spbill_create_ip: "203.0.113.7",
    };
    UnifiedOrder::new(&basics, optional).unwrap()
}

fn paid() -> String {
    text(&group("orders")[0]["inputs"]["body"]).to_owned()
}

/// The word of the vectors.
fn word(error: &Error) -> &'static str {
    match error {
        Error::Headers(_) => "signature",
        Error::Unsigned { .. } => "gateway",
        Error::Transport(_) => "transport",
        Error::Malformed(_) => "malformed",
        Error::Mismatch { .. } => "mismatch",
        Error::Service { .. } => "service",
        _ => "another",
    }
}

#[test]
fn a_question_is_asked_where_and_as_apiv3_wants_it() {
    let (_, arrived) = asked(&merchant(), &query(), [signed(200, paid())]);
    let request = &arrived[0];
    let target = format!("/v3/pay/transactions/out-trade-no/{NUMBER}?mchid=1900007291");
    assert_eq!(
        (request.method, request.target.as_str(), request.body.as_str()),
        (HttpMethod::Get, &*target, "")
    );
    assert_eq!(request.header("accept"), "application/json");
    assert_eq!(request.header("content-type"), "");
    assert_eq!(request.header("wechatpay-serial"), text(&keys()["wechatpay_public"]["id"]));
    assert!(request.header("authorization").starts_with("WECHATPAY2-SHA256-RSA2048 mchid=\"1900007291\","));
    let (_, arrived) = asked(&provider(), &query(), [signed(200, "{}")]);
    let ids = "sp_mchid=1900007291&sub_mchid=1900000109";
    assert_eq!(arrived[0].target, format!("/v3/pay/partner/transactions/out-trade-no/{NUMBER}?{ids}"));
}

#[test]
fn an_order_says_in_v3s_places_what_it_said_in_v2s() {
    let options = [
        ("attach", "桌号 7"),
        ("time_expire", "20990301100001"),
        ("limit_pay", "no_credit"),
        ("product_id", "P1"),
        ("openid", "oUpF8uJ5wmrZo5Mkvgw5Tu786xDp"),
        ("detail", r#"{"cost_price":1230,"goods_detail":[{"goods_id":"1","quantity":1,"price":1230}]}"#),
        ("profit_sharing", "Y"),
    ];
    let (_, arrived) = asked(&merchant(), &placing("JSAPI", &options), [signed(200, "{}")]);
    assert_eq!(arrived[0].target, "/v3/pay/transactions/jsapi");
    assert_eq!(arrived[0].header("content-type"), "application/json");
    let wanted = json!({
        "appid": "wx2421b1c4370ec43b", "mchid": "1900007291", "out_trade_no": NUMBER, "description": "茶",
        "notify_url": "https://shop.example/notice", "attach": "桌号 7",
        "amount": { "total": 1230, "currency": "CNY" },
        "scene_info": { "payer_client_ip": "203.0.113.7" },
        "time_expire": "2099-03-01T10:00:01+08:00", "limit_pay": ["no_credit"],
        "settle_info": { "profit_sharing": true },
        "detail": {
            "cost_price": 1230,
            "goods_detail": [{ "merchant_goods_id": "1", "quantity": 1, "unit_price": 1230 }],
        },
        "payer": { "openid": "oUpF8uJ5wmrZo5Mkvgw5Tu786xDp" },
    });
    assert_eq!(serde_json::from_str::<Value>(&arrived[0].body).unwrap(), wanted);
    let page = r#"{"h5_info":{"type":"IOS","app_name":"x","bundle_id":"y"}}"#;
    let (_, arrived) = asked(&provider(), &placing("MWEB", &[("scene_info", page)]), [signed(200, "{}")]);
    assert_eq!(arrived[0].target, "/v3/pay/partner/transactions/h5");
    let sent: Value = serde_json::from_str(&arrived[0].body).unwrap();
    assert_eq!(sent["scene_info"]["h5_info"]["type"], "iOS");
    assert_eq!((&sent["sp_mchid"], &sent["sub_mchid"]), (&json!("1900007291"), &json!("1900000109")));
    assert!(sent["mchid"].is_null() && sent["sub_appid"].is_string());
    let unknown = fault(&placing("NATIVE", &[("deposit", "Y")]), [signed(200, "{}")]);
    assert!(matches!(&unknown.error, Error::Argument(bad) if bad.what.contains("deposit")), "{unknown:?}");
}

#[test]
fn a_refund_and_its_question_say_in_v3s_places_what_they_said_in_v2s() {
    let options = [
        ("refund_desc", "退货"),
        ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
        ("op_user_id", "10000100"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let order = OrderId::transaction_id("4200931165729665809443042506").unwrap();
    let refund = Refund::new(order, REFUND_NUMBER, 1230, 100)
        .unwrap()
        .with_options(&RefundOptions::new(&options).unwrap());
    let (_, arrived) = asked(&provider(), &refund, [signed(200, "{}")]);
    assert_eq!(arrived[0].target, "/v3/refund/domestic/refunds");
    let wanted = json!({
        "transaction_id": "4200931165729665809443042506", "out_refund_no": REFUND_NUMBER,
        "reason": "退货", "funds_account": "AVAILABLE", "sub_mchid": "1900000109",
        "amount": { "refund": 100, "total": 1230, "currency": "CNY" },
    });
    assert_eq!(serde_json::from_str::<Value>(&arrived[0].body).unwrap(), wanted);
    let (_, arrived) = asked(&provider(), &refund_query(), [signed(200, "{}")]);
    assert_eq!(
        arrived[0].target,
        format!("/v3/refund/domestic/refunds/{REFUND_NUMBER}?sub_mchid=1900000109")
    );
    let of_order = RefundQuery { of: RefundsOf::Order(OrderId::out_trade_no(NUMBER).unwrap()), offset: 0 };
    let (ended, arrived) = asked(&merchant(), &of_order, [signed(200, "{}")]);
    assert!(matches!(ended.unwrap_err().error, Error::Configuration(_)) && arrived.is_empty());
}

#[test]
fn v3_a_probe_is_refused_and_a_question_is_asked_once_more() {
    let genuine = signed(200, paid());
    let mut probe = genuine.clone();
    let signature = "WECHATPAY/SIGNTEST/5ce1b2ed1ee54ae0b3ce3ea0d5f6e8b0".parse().unwrap();
    probe.headers.insert("wechatpay-signature", signature);
    let (ended, arrived) = asked(&merchant(), &query(), [probe.clone(), genuine]);
    assert_eq!((ended.unwrap().trade_state(), arrived.len()), (TradeState::Success, 2));
    let (ended, arrived) = asked(&merchant(), &query(), [probe.clone()]);
    assert!(matches!(ended.unwrap_err().error, Error::Headers(HeaderError::Encoding)));
    assert_eq!(arrived.len(), 2, "once more, and not again");
    let (ended, arrived) = asked(&merchant(), &refund_of(100), [probe]);
    assert!(ended.unwrap_err().maybe_processed && arrived.len() == 1, "what acts is sent once");
}

#[test]
fn v5_an_answer_that_is_played_back_is_stale() {
    let old = signed_by(&keys()["wechatpay_public"], NOW - 360, 200, paid().as_bytes());
    assert!(matches!(fault(&query(), [old]).error, Error::Headers(HeaderError::Stale(360))));
}

#[test]
fn an_answer_signed_with_another_key_than_ours_is_refused_even_if_that_is_genuine() {
    let other = signed_by(&keys()["platform_old"], NOW, 200, paid().as_bytes());
    assert!(matches!(fault(&query(), [other]).error, Error::Headers(HeaderError::UnknownSerial(_))));
}

#[test]
fn v11_a_close_that_is_not_signed_rightly_stays_open() {
    assert!(asked(&merchant(), &close(), [signed(204, "")]).0.is_ok());
    let stranger = json!({
        "private_pem": keys()["stranger"]["private_pem"], "id": keys()["wechatpay_public"]["id"],
    });
    let fault = fault(&close(), [signed_by(&stranger, NOW, 204, b"")]);
    assert!(matches!(fault.error, Error::Headers(HeaderError::Wrong)) && fault.maybe_processed, "{fault:?}");
}

#[test]
fn v11_a_closed_order_is_closed_and_a_paid_one_is_not() {
    let closed = r#"{"code":"ORDER_CLOSED","message":"该订单已关闭"}"#;
    assert!(asked(&merchant(), &close(), [signed(400, closed)]).0.is_ok());
    assert!(asked(&merchant(), &close(), [unsigned(400, closed)]).0.is_err(), "nobody has signed that");
    let paid = fault(&close(), [signed(400, r#"{"code":"ORDER_PAID","message":"该订单已支付"}"#)]);
    assert_eq!(paid.advice, Advice::QueryOrder);
}

#[test]
fn v12_accepted_is_not_done() {
    let fault = fault(&refund_of(100), [signed(202, "")]);
    assert!(fault.maybe_processed && fault.retryable, "{fault:?}");
    assert!(fault.error.to_string().contains("not done yet"), "{}", fault.error);
}

#[test]
fn v14_a_refund_answer_of_another_total_currency_or_merchant_is_not_the_one_that_was_asked_for() {
    let told = |further: &Value| {
        let mut told = json!({
            "refund_id": "50", "out_refund_no": REFUND_NUMBER, "transaction_id": "42", "out_trade_no": NUMBER,
            "status": "PROCESSING", "amount": { "refund": 100, "total": 1230, "currency": "CNY" },
        });
        for (name, value) in further.as_object().unwrap() {
            told[name] = value.clone();
        }
        told.to_string()
    };
    let own = json!({ "mchid": merchant().mch_id });
    let less = json!({ "amount": { "refund": 100 } });
    for fine in [json!({}), own, less] {
        assert!(asked(&merchant(), &refund_of(100), [signed(200, told(&fine))]).0.is_ok(), "{fine}");
    }
    for (further, wrong) in [
        (json!({ "amount": { "refund": 100, "total": 1231, "currency": "CNY" } }), "total_fee"),
        (json!({ "amount": { "refund": 100, "total": 1230, "currency": "HKD" } }), "fee_type"),
        (json!({ "mchid": "1" }), "mch_id"),
        (json!({ "sp_mchid": "1" }), "mch_id"),
        (json!({ "sub_mchid": "190" }), "sub_mch_id"),
    ] {
        let fault = fault(&refund_of(100), [signed(200, told(&further))]);
        assert!(
            matches!(&fault.error, Error::Mismatch { field, .. } if field == wrong),
            "{wrong}: {fault:?}"
        );
        assert!(fault.maybe_processed, "{fault:?}");
    }
}

#[test]
fn v14_a_refund_of_another_amount_is_not_the_one_that_was_asked_for() {
    let vector = &group("refunds")[0];
    let fault = fault(&refund_of(200), [signed(200, body(&vector["inputs"]))]);
    assert!(matches!(&fault.error, Error::Mismatch { field, .. } if field == "refund_fee"), "{fault:?}");
}

#[test]
fn v17_each_try_is_signed_anew() {
    let answers = [unsigned(502, "<html>"), unsigned(503, ""), signed(200, paid())];
    let (ended, arrived) = asked(&merchant(), &query(), answers);
    assert!(ended.is_ok());
    let mut heads: Vec<_> = arrived.iter().map(|a| a.header("authorization").to_owned()).collect();
    heads.sort();
    heads.dedup();
    assert_eq!(heads.len(), 3);
}

#[test]
fn v23_a_header_that_is_there_twice_is_refused() {
    let mut twice = signed(200, paid());
    let signature = twice.headers["wechatpay-signature"].clone();
    twice.headers.append("wechatpay-signature", signature);
    assert!(matches!(fault(&query(), [twice]).error, Error::Headers(HeaderError::Duplicate(_))));
}

#[test]
fn v25_no_secret_is_in_what_is_shown_of_a_merchant() {
    let shown = format!("{:?}", merchant());
    let secrets = [&keys()["apiv3_key"], &keys()["merchant"]["private_pem"], &keys()["merchant"]["serial"]];
    assert!(secrets.into_iter().all(|secret| !shown.contains(text(secret))), "{shown}");
}

#[test]
fn what_v2_has_alone_says_so_to_a_merchant_of_apiv3() {
    let owner = crate::api::auth_code_to_openid::AuthCodeToOpenId::new("134567890123456789").unwrap();
    let (ended, arrived) = asked(&merchant(), &owner, [signed(200, "{}")]);
    let fault = ended.err().unwrap();
    assert!(fault.error.to_string().contains("does not exist in APIv3") && arrived.is_empty(), "{fault:?}");
    assert_eq!((fault.advice, fault.maybe_processed), (Advice::FixConfiguration, false));
}

#[test]
fn a_flow_goes_the_same_way_in_both_dialects() {
    let busy = signed(500, r#"{"code":"SYSTEM_ERROR","message":"系统异常"}"#);
    let accepted = signed(200, body(&group("refunds")[0]["inputs"]));
    let network =
        Arc::new(ListedAnswers { answers: Mutex::new([busy, accepted].into()), arrived: Mutex::default() });
    let client = client(&network, &merchant());
    let receipt = client.refund(&refund_of(100)).unwrap();
    assert_eq!(receipt.typed().out_refund_no.as_deref(), Some(REFUND_NUMBER));
    assert_eq!(network.arrived.lock().unwrap().len(), 2);
    let list = RefundsOf::out_refund_no(REFUND_NUMBER).unwrap();
    let list = client.refunds(&list).unwrap();
    assert_eq!((list.entries().len(), list.is_whole()), (1, true));
}

/// An answer with a `Date` that many seconds after this machine's clock.
fn dated(mut answer: HttpResponse, later: i64) -> HttpResponse {
    let at = time::OffsetDateTime::from_unix_timestamp(NOW + later).unwrap();
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    answer.headers.insert("date", at.format(format).unwrap().parse().unwrap());
    answer
}

#[test]
fn v6_a_clock_that_is_wrong_is_named_by_the_answers_date() {
    let refusal = r#"{"code":"SIGN_ERROR","message":"timestamp"}"#;
    let refused = |later| fault(&query(), [dated(unsigned(401, refusal), later)]);
    assert_eq!(refused(600).advice, Advice::FixConfiguration);
    assert!(refused(600).error.to_string().contains("600 seconds behind the Date"), "{}", refused(600).error);
    assert!(refused(-600).error.to_string().contains("600 seconds ahead of the Date"));
    assert!(!refused(299).error.to_string().contains("Date"), "it is another fault");
    let late = |later| {
        let answer = signed_by(&keys()["wechatpay_public"], NOW + 600, 200, paid().as_bytes());
        dated(answer, later)
    };
    let ours = fault(&query(), [late(600)]).error;
    assert!(matches!(ours, Error::Headers(HeaderError::ClockOff { apart: 600, ahead: -600 })), "{ours:?}");
    let theirs = fault(&query(), [late(0)]).error;
    assert!(matches!(theirs, Error::Headers(HeaderError::Stale(600))), "{theirs:?}");
}
