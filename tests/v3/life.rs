//! One shop and one gateway: orders from their first question to their refund, and faults on the way.

use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::Arc;
use wechatpay::api::any_v3_call::AnyV3Call;
use wechatpay::api::close_order::CloseOrder;
use wechatpay::api::download_bill::{Download, DownloadKind};
use wechatpay::api::order_query::OrderQuery;
use wechatpay::api::refund::Refund;
use wechatpay::api::refund_query::RefundsOf;
use wechatpay::api::unified_order::{Basics, UnifiedOrder};
use wechatpay::bill::document::AccountType;
use wechatpay::bill::header::BillType;
use wechatpay::clock::{SystemClock, beijing_day};
use wechatpay::gateway::attempt::Attempt;
use wechatpay::gateway::client::{ApiClient, MerchantClient, random_nonce};
use wechatpay::gateway::endpoint::Endpoint;
use wechatpay::gateway::http::PooledAgent;
use wechatpay::gateway::tls;
use wechatpay::model::merchant::{Credentials, V2Credentials};
use wechatpay::model::order_id::OrderId;
use wechatpay::model::refund::RefundStatus;
use wechatpay::model::v3_keys::{OwnKey, V3Credentials, V3Keys};
use wechatpay::simulator::{Account, Options, SimulatedKey, Simulator, V3_MATERIAL};
use wechatpay::wire::key::Key;
use wechatpay::wire::v3::key_ring::KeyRing;
use wechatpay::wire::v3::key_store::KeyStore;
use wechatpay::wire::v3::request_key::RequestKey;
use wechatpay::{Advice, Error, Fault, Merchant, SignType, TradeState};

/// A shop of APIv3 with a gateway of its own.
struct Shop {
    simulator: Simulator,
    client: ApiClient,
}

impl Shop {
    fn open() -> Self {
        let simulator = Simulator::start(&Options { seed: Some(1), ..Options::default() }).unwrap();
        let roots = tls::roots(simulator.ca_pem().as_bytes()).unwrap();
        let agent = PooledAgent::new(tls::config(Some(roots), None).unwrap(), Arc::default(), None);
        let client = ApiClient {
            merchant: Arc::new(merchant(V3_MATERIAL.private_key)),
            transport: Arc::new(agent),
            clock: Arc::new(SystemClock),
            health: Arc::default(),
            url: simulator.url(),
            backup_url: Some(simulator.backup_url()),
            connect_timeout_ms: 3000,
            timeout_ms: 8000,
            nonce: random_nonce,
        };
        Self { simulator, client }
    }

    fn tell(&self, path: &str, body: &Value) {
        ureq::post(format!("{}{path}", self.simulator.control_url())).send(body.to_string()).unwrap();
    }

    fn fault(&self, name: &str, times: u32) {
        self.tell("/faults", &json!({ "fault": name, "times": times }));
    }

    fn ask<C: Endpoint>(&self, call: &C) -> (Result<C::Answer, Fault>, Vec<Attempt>) {
        self.noting(|client| client.ask(call))
    }

    /// What a call ends in, and its tries.
    fn noting<T>(&self, call: impl FnOnce(MerchantClient<'_>) -> T) -> (T, Vec<Attempt>) {
        let attempts = RefCell::new(Vec::new());
        let note = |attempt: &Attempt| attempts.borrow_mut().push(attempt.clone());
        let ended = call(self.client.clone().observed_by(Some(&note)));
        (ended, attempts.into_inner())
    }

    /// The same for another merchant.
    fn of(&self, merchant: &Merchant) -> MerchantClient<'static> {
        ApiClient { merchant: Arc::new(merchant.clone()), ..self.client.clone() }.observed_by(None)
    }

    fn unobserved(&self) -> MerchantClient<'static> {
        self.client.clone().observed_by(None)
    }

    fn refund(&self, number: &str, refund_no: &str, fee: i64) -> Result<RefundStatus, Fault> {
        let call = Refund::new(by(number), refund_no, 1230, fee).unwrap();
        let receipt = self.unobserved().refund(&call)?;
        assert_eq!((receipt.typed().refund_fee, receipt.typed().total_fee), (Some(fee), Some(1230)));
        Ok(receipt.refund_status().unwrap())
    }
}

fn merchant(private_key: &str) -> Merchant {
    let mut ring = KeyRing::default();
    ring.add_public_key(V3_MATERIAL.public_key_id, V3_MATERIAL.public_key.as_bytes()).unwrap();
    with(private_key, ring, Some(V3_MATERIAL.public_key_id.into()))
}

/// The merchant with these keys of WeChat Pay.
fn with(private_key: &str, ring: KeyRing, answer_key: Option<String>) -> Merchant {
    let account = Account::default();
    Merchant {
        appid: account.appid,
        mch_id: account.mch_id,
        sub_appid: None,
        sub_mch_id: None,
        credentials: Credentials::V3(Arc::new(V3Keys::from(V3Credentials {
            own: Ok(OwnKey {
                key: RequestKey::new(private_key.as_bytes(), V3_MATERIAL.serial).unwrap(),
                not_after: None,
            }),
            ring,
            answer_key,
            key: Key::new(V3_MATERIAL.api_v3_key.as_bytes()).unwrap(),
            previous_key: None,
        }))),
    }
}

/// The merchant that loads the platform's certificates.
fn by_certificates() -> Merchant {
    let ring = KeyRing::default().with_downloads(Arc::new(KeyStore::default()));
    with(V3_MATERIAL.private_key, ring, None)
}

/// The same merchant in v2.
fn in_v2() -> Merchant {
    let key = Key::new(Account::default().key.as_bytes()).unwrap();
    Merchant {
        credentials: Credentials::V2(V2Credentials {
            sign_type: SignType::HmacSha256,
            key,
            previous_key: None,
            accept_md5: false,
            certificate: None,
        }),
        ..merchant(V3_MATERIAL.private_key)
    }
}

fn by(number: &str) -> OrderId {
    OrderId::out_trade_no(number).unwrap()
}

fn order(number: &str, trade_type: &'static str, attach: &str) -> UnifiedOrder {
    let basics = Basics {
        trade_type,
        out_trade_no: number,
        total_fee: 1230,
        body: "茶",
        notify_url: "https://shop.example/notice",
        spbill_create_ip: "203.0.113.7",
    };
    let h5 = r#"{"h5_info":{"type":"Wap","wap_url":"https://shop.example","wap_name":"shop"}}"#;
    let own: &[(&str, &str)] = match trade_type {
        "JSAPI" => &[("openid", "oUpF8uJ5wmrZo5Mkvgw5Tu786xDp")],
        "MWEB" => &[("scene_info", h5)],
        _ => &[],
    };
    let expires = [("attach", attach), ("time_expire", "20990301100001")];
    UnifiedOrder::new(&basics, &[&expires, own].concat()).unwrap()
}

#[test]
fn an_order_lives_its_whole_life() {
    let shop = Shop::open();
    let query = OrderQuery(by("T000001"));
    let unknown = shop.ask(&query).0.unwrap_err();
    assert_eq!((unknown.advice, unknown.retryable), (Advice::Wait, true));
    let prepay = shop.ask(&order("T000001", "NATIVE", "桌号 7/\"\\")).0.unwrap();
    assert!(prepay.code_url.is_some() && prepay.prepay_id.is_none());
    assert_eq!(shop.ask(&query).0.unwrap().trade_state(), TradeState::NotPay);
    let coupons =
        json!([{ "id": "C1", "type": "CASH", "fee": 100 }, { "id": "C2", "type": "NO_CASH", "fee": 30 }]);
    shop.tell("/pay", &json!({ "out_trade_no": "T000001", "coupons": coupons }));
    let paid = shop.ask(&query).0.unwrap();
    let typed = paid.typed();
    assert_eq!(paid.trade_state(), TradeState::Success);
    assert_eq!((typed.total_fee, typed.coupon_fee, typed.fee_type), (Some(1230), Some(130), Some("CNY")));
    assert_eq!((typed.attach, typed.settlement_total_fee), (Some("桌号 7/\"\\"), None));
    assert!(typed.time_end().is_some() && typed.openid.is_some() && typed.transaction_id.is_some());
    let kinds: Vec<_> =
        paid.coupons().into_iter().map(|c| (c.coupon_type.unwrap().into_owned(), c.fee)).collect();
    assert_eq!(kinds, [("CASH".into(), Some(100)), ("NO_CASH".into(), Some(30))]);
    assert_eq!(shop.refund("T000001", "R1", 230).unwrap(), RefundStatus::Processing);
    assert_eq!(shop.refund("T000001", "R1", 230).unwrap(), RefundStatus::Processing, "the same number again");
    assert!(matches!(shop.refund("T000001", "R1", 231).unwrap_err().error, Error::Service { .. }));
    shop.tell("/clock", &json!({ "advance_ms": 60_000 }));
    let refunds = RefundsOf::out_refund_no("R1").unwrap();
    let list = shop.unobserved().refunds(&refunds).unwrap();
    assert_eq!((list.entries().len(), list.entries()[0].refund_status), (1, RefundStatus::Success));
    assert!(list.entries()[0].refund_success_time.is_some());
    assert_eq!(shop.ask(&query).0.unwrap().trade_state(), TradeState::Refund);
    let closed = shop.ask(&CloseOrder { out_trade_no: by("T000001") }).0.unwrap_err();
    assert_eq!(closed.advice, Advice::QueryOrder);
}

#[test]
fn every_product_gives_what_its_client_needs() {
    let shop = Shop::open();
    for (number, trade_type) in [("T000001", "JSAPI"), ("T000002", "APP"), ("T000003", "MWEB")] {
        let prepay = shop.ask(&order(number, trade_type, "x")).0.unwrap();
        assert_eq!(prepay.trade_type.as_deref(), Some(trade_type));
        assert_eq!(prepay.prepay_id.is_some(), trade_type != "MWEB");
        assert_eq!(prepay.mweb_url.is_some(), trade_type == "MWEB");
    }
    let again = shop.ask(&order("T000002", "NATIVE", "x")).0.unwrap_err();
    assert!(matches!(&again.error, Error::Service { err_code, .. } if err_code == "OUT_TRADE_NO_USED"));
    let close = CloseOrder { out_trade_no: by("T000001") };
    assert!(shop.ask(&close).0.is_ok() && shop.ask(&close).0.is_ok(), "closed is closed");
    assert_eq!(shop.ask(&OrderQuery(by("T000001"))).0.unwrap().trade_state(), TradeState::Closed);
}

#[test]
fn a_service_provider_acts_for_its_sub_merchant_only() {
    let mut shop = Shop::open();
    let provider = Merchant { sub_mch_id: Some("1900000109".into()), ..(*shop.client.merchant).clone() };
    let direct = std::mem::replace(&mut shop.client.merchant, Arc::new(provider));
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    let query = OrderQuery(by("T000001"));
    let seen = shop.ask(&query).0.unwrap();
    assert_eq!(seen.typed().sub_mch_id, Some("1900000109"));
    shop.tell("/pay", &json!({ "out_trade_no": "T000001", "sub_mch_id": "1900000109" }));
    assert_eq!(shop.refund("T000001", "R1", 230).unwrap(), RefundStatus::Processing);
    shop.client.merchant = direct;
    assert!(shop.ask(&query).0.is_err());
}

#[test]
fn what_v2_placed_is_queried_and_refunded_by_v3() {
    let shop = Shop::open();
    let placed = shop.of(&in_v2()).ask(&order("T000001", "NATIVE", "x")).unwrap();
    assert!(placed.prepay_id.is_some() && placed.code_url.is_some());
    shop.tell("/pay", &json!({ "out_trade_no": "T000001" }));
    let query = OrderQuery(by("T000001"));
    let (v2, v3) = (shop.of(&in_v2()).ask(&query).unwrap(), shop.ask(&query).0.unwrap());
    let told = |order: &wechatpay::Order| {
        let typed = order.typed();
        let ids = (typed.transaction_id.map(str::to_owned), typed.openid.map(str::to_owned));
        (order.trade_state(), ids, typed.total_fee, typed.cash_fee, typed.time_end())
    };
    assert_eq!(told(&v2), told(&v3));
    assert_eq!(shop.refund("T000001", "R1", 1230).unwrap(), RefundStatus::Processing);
}

#[test]
fn v1_v3_v11_what_is_not_signed_rightly_is_never_believed() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    let query = OrderQuery(by("T000001"));
    for (fault, asked) in [("no_sign", 1), ("empty_sign", 1), ("other_key_sign", 1)] {
        shop.fault(fault, 1);
        let (ended, attempts) = shop.ask(&query);
        assert!(matches!(ended.unwrap_err().error, Error::Headers(_)), "{fault}");
        assert_eq!((attempts.len(), attempts[0].outcome), (asked, "signature"), "{fault}");
    }
    // What may be a probe is asked once more.
    for (number, fault) in [("T000002", "bad_sign"), ("T000003", "lower_sign")] {
        shop.ask(&order(number, "NATIVE", "x")).0.unwrap();
        shop.fault(fault, 1);
        let (ended, attempts) = shop.ask(&OrderQuery(by(number)));
        assert_eq!(ended.unwrap().trade_state(), TradeState::NotPay, "{fault}");
        assert_eq!((attempts[0].outcome, attempts[1].outcome), ("signature", "ok"), "{fault}");
        shop.fault(fault, 1);
        let close = CloseOrder { out_trade_no: by(number) };
        let (ended, attempts) = shop.ask(&close);
        assert!(matches!(ended.unwrap_err().error, Error::Headers(_)) && attempts.len() == 1, "{fault}");
    }
}

#[test]
fn v2_a_refusal_that_nobody_signed_says_nothing_about_the_order() {
    let shop = Shop::open();
    shop.fault("no_sign", 1);
    let fault = shop.ask(&OrderQuery(by("T000001"))).0.unwrap_err();
    assert!(matches!(&fault.error, Error::Unsigned { code, .. } if code == "ORDER_NOT_EXIST"), "{fault:?}");
    assert_eq!((fault.advice, fault.retryable, fault.code()), (Advice::Retry, true, None));
}

#[test]
fn v17_a_question_is_asked_again_and_signed_anew() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    for fault in ["status_502", "status_503", "truncate"] {
        shop.fault(fault, 1);
        let (ended, attempts) = shop.ask(&OrderQuery(by("T000001")));
        // The simulator refuses a nonce that it has seen.
        assert_eq!((ended.unwrap().trade_state(), attempts.len()), (TradeState::NotPay, 2), "{fault}");
    }
}

#[test]
fn v24_a_key_that_is_not_the_serials_is_the_operators_to_mend() {
    let mut shop = Shop::open();
    let vectors: Value =
        serde_json::from_str(include_str!("../../php-tests/fixtures/vectors-v3.json")).unwrap();
    shop.client.merchant = Arc::new(merchant(vectors["keys"]["stranger"]["private_pem"].as_str().unwrap()));
    let fault = shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap_err();
    assert!(matches!(&fault.error, Error::Unsigned { code, .. } if code == "SIGN_ERROR"), "{fault:?}");
    assert_eq!((fault.advice, fault.retryable), (Advice::FixConfiguration, false));
}

#[test]
fn many_are_asked_at_once() {
    let shop = Shop::open();
    let numbers: Vec<String> = (0..12).map(|n| format!("T0000{n:02}")).collect();
    for number in &numbers {
        shop.ask(&order(number, "NATIVE", number)).0.unwrap();
    }
    let queries: Vec<OrderQuery> = numbers.iter().map(|number| OrderQuery(by(number))).collect();
    let answers = shop.unobserved().orders(&queries, 4);
    for (answer, number) in answers.into_iter().zip(&numbers) {
        assert_eq!(answer.unwrap().typed().out_trade_no, Some(number.as_str()));
    }
}

#[test]
fn v8_a_rotation_while_the_shop_runs_fails_no_call() {
    let mut shop = Shop::open();
    shop.tell("/platform", &json!({ "mode": "certificates" }));
    shop.client.merchant = Arc::new(by_certificates());
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    let query = OrderQuery(by("T000001"));
    let (ended, attempts) = shop.ask(&query);
    assert!(ended.is_ok() && attempts.len() == 1, "the list is loaded once: {attempts:?}");
    shop.tell("/platform", &json!({ "certificates": "both" }));
    let asked: Vec<_> = (0..12).map(|_| shop.ask(&query)).collect();
    let missed = asked.iter().filter(|(ended, _)| ended.is_err()).count();
    // The list was loaded less than a minute ago: whoever meets the new one so early is refused, and asks again.
    assert!(missed < 12);
    shop.client.merchant = Arc::new(by_certificates());
    for certificates in ["both", "new", "both"] {
        shop.tell("/platform", &json!({ "certificates": certificates }));
        let (ended, attempts) = shop.ask(&query);
        assert!(ended.is_ok(), "{certificates}: {attempts:?}");
    }
}

#[test]
fn v9_the_switch_to_the_public_key_and_the_way_back() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    let pem = std::fs::read(shop.simulator.platform_certificate_file(SimulatedKey::Old)).unwrap();
    let mut ring = KeyRing::default();
    ring.add_public_key(V3_MATERIAL.public_key_id, V3_MATERIAL.public_key.as_bytes()).unwrap();
    ring.add_certificate(&pem).unwrap();
    let both = with(V3_MATERIAL.private_key, ring, Some(V3_MATERIAL.public_key_id.into()));
    for mode in ["public_key", "switching", "certificates", "switching", "public_key"] {
        shop.tell("/platform", &json!({ "mode": mode }));
        let query = OrderQuery(by("T000001"));
        assert!(shop.of(&both).ask(&query).is_ok(), "{mode}");
    }
}

#[test]
fn v10_a_merchant_that_has_a_public_key_is_told_so() {
    let mut shop = Shop::open();
    shop.client.merchant = Arc::new(by_certificates());
    let (ended, attempts) = shop.ask(&OrderQuery(by("T000001")));
    let fault = ended.unwrap_err();
    assert!(fault.error.to_string().contains("public key"), "{}", fault.error);
    assert_eq!((fault.advice, attempts.len()), (Advice::FixConfiguration, 1));
    assert_eq!((attempts[0].path.as_str(), attempts[0].outcome), ("/v3/certificates", "configuration"));
}

#[test]
fn v3_probes_at_a_rate_cost_a_question_a_second_try() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    shop.tell("/platform", &json!({ "probes": 100 }));
    let (ended, attempts) = shop.ask(&OrderQuery(by("T000001")));
    assert!(ended.is_ok());
    assert_eq!(attempts.iter().map(|attempt| attempt.outcome).collect::<Vec<_>>(), ["signature", "ok"]);
}

#[test]
fn v16_a_host_that_refuses_is_left_for_the_second_one_and_the_request_is_signed_anew() {
    let shop = Shop::open();
    shop.tell("/faults", &json!({ "fault": "refuse", "listener": "api" }));
    let (ended, attempts) = shop.ask(&order("T000001", "NATIVE", "x"));
    assert!(ended.is_ok() && attempts.len() == 2, "{attempts:?}");
    assert_ne!(attempts[0].host, attempts[1].host);
}

#[test]
fn b4_v18_a_bill_comes_by_a_link_and_has_its_sha1() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    shop.tell("/pay", &json!({ "out_trade_no": "T000001" }));
    let now = time::OffsetDateTime::now_utc();
    let day = beijing_day(now.unix_timestamp()).unwrap();
    shop.tell("/clock", &json!({ "advance_ms": 48 * 3_600_000_i64 }));
    let bill = |kind| {
        let later = now + time::Duration::hours(48);
        let wanted = Download::new(kind, day, later, &std::env::temp_dir()).unwrap();
        shop.noting(|client| client.download(&wanted))
    };
    let trades = DownloadKind::Bill(BillType::All);
    let (ended, attempts) = bill(trades);
    assert_eq!(ended.unwrap().count().unwrap(), 1);
    assert_eq!(attempts.iter().map(|a| a.outcome).collect::<Vec<_>>(), ["ok", "ok"]);
    let (ended, _) = bill(DownloadKind::FundFlow(AccountType::Basic));
    assert!(ended.unwrap().count().unwrap() >= 1);
    shop.tell("/bills", &json!({ "damage": "wrong_digest" }));
    assert!(matches!(bill(trades).0.unwrap_err().error, Error::Headers(_)));
    shop.tell("/bills", &json!({ "damage": "creating" }));
    let creating = bill(trades).0.unwrap_err();
    assert_eq!((creating.advice, creating.retryable), (Advice::Wait, true));
    shop.tell("/bills", &json!({ "damage": "no_bill" }));
    assert_eq!(bill(trades).0.unwrap().count().unwrap(), 0, "a day without trade");
}

#[test]
fn any_other_endpoint_answers_too() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    let target = format!("/v3/pay/transactions/out-trade-no/T000001?mchid={}", shop.client.merchant.mch_id);
    let query = AnyV3Call::new("GET", &target, None).unwrap();
    let told = shop.unobserved().any_v3(&query).unwrap();
    assert_eq!(told.text("trade_state").unwrap(), Some("NOTPAY"));
    shop.fault("swapped_order", 1);
    let fault = shop.unobserved().any_v3(&query).unwrap_err();
    assert!(matches!(fault.error, Error::Mismatch { .. }), "{fault:?}");
}

#[test]
fn v4_v5_v22_v23_genuine_signatures_around_the_wrong_things() {
    let shop = Shop::open();
    shop.ask(&order("T000001", "NATIVE", "x")).0.unwrap();
    for (fault, outcome) in [
        ("swapped_order", "mismatch"),
        ("swapped_merchant", "mismatch"),
        ("stale_sign", "signature"),
        ("future_sign", "signature"),
        ("double_sign", "signature"),
        ("duplicate_field", "malformed"),
        ("doctype", "malformed"),
    ] {
        shop.fault(fault, 1);
        let (ended, attempts) = shop.ask(&OrderQuery(by("T000001")));
        assert!(ended.is_err() && attempts[0].outcome == outcome, "{fault}: {attempts:?}");
    }
}
