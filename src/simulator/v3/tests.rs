//! The rules of APIv3, tried on the world itself.

use super::*;
use crate::simulator::fault::GatewaySide;
use crate::simulator::gateway;
use crate::simulator::options::{Account, Options};
use crate::simulator::platform::{V3_MATERIAL, certificates, pair_for_tests};
use crate::simulator::script::{Page, ResponseAct};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

fn world() -> GatewayState {
    GatewayState::new(&Options::default(), 7)
}

fn now() -> String {
    (crate::simulator::clock::real_now() / 1000).to_string()
}

/// A request whose head says what a client's does; each has a nonce of its own.
fn request(verb: &str, target: &str, body: &str) -> Request {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nonce = format!("n{}", NEXT.fetch_add(1, Ordering::SeqCst));
    signed(verb, target, body, &nonce, &now())
}

fn signed(verb: &str, target: &str, body: &str, nonce: &str, timestamp: &str) -> Request {
    let text = format!("{verb}\n{target}\n{timestamp}\n{nonce}\n{body}\n");
    let key = pair_for_tests(V3_MATERIAL.private_key);
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    let (mch_id, signature) = (Account::default().mch_id, STANDARD.encode(signature));
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mch_id}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
         timestamp=\"{timestamp}\",serial_no=\"{}\"",
        V3_MATERIAL.serial
    );
    let mut headers = HeaderMap::new();
    headers.insert("accept", "application/json".parse().unwrap());
    headers.insert("user-agent", "test".parse().unwrap());
    headers.insert("authorization", authorization.parse().unwrap());
    headers.insert("wechatpay-serial", V3_MATERIAL.public_key_id.parse().unwrap());
    Request {
        side: GatewaySide::Api,
        connection: 1,
        verb: verb.to_owned(),
        path: target.split('?').next().unwrap().to_owned(),
        target: target.to_owned(),
        headers,
        body: body.as_bytes().to_vec(),
        certificate: None,
        negative_test: None,
    }
}

/// Status, headers and body of what is answered.
fn page(world: &mut GatewayState, request: &Request) -> Page {
    match gateway::serve(world, request).act {
        ResponseAct::Page(page) => page,
        ResponseAct::Raw(steps) => panic!("{steps:?}"),
    }
}

fn told(world: &mut GatewayState, request: &Request) -> (u16, Value) {
    let page = page(world, request);
    (page.status, serde_json::from_slice(&page.body).unwrap_or_default())
}

fn is_signed(page: &Page) -> bool {
    page.headers.iter().any(|(name, _)| *name == "wechatpay-signature")
}

fn order(number: &str) -> Value {
    let account = Account::default();
    json!({
        "appid": account.appid, "mchid": account.mch_id, "description": "茶", "out_trade_no": number,
        "notify_url": "https://shop.example/n", "amount": { "total": 100, "currency": "CNY" },
    })
}

fn query(number: &str) -> Request {
    let mch_id = Account::default().mch_id;
    request("GET", &format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mch_id}"), "")
}

#[test]
fn what_is_refused_before_anybody_is_known_is_not_signed() {
    let mut world = world();
    let mut wrong = Vec::new();
    let mut bare = query("T000001");
    bare.headers.remove("authorization");
    wrong.push((bare, 401));
    let mut other = query("T000001");
    other.target.push_str("&x=1");
    wrong.push((other, 401));
    wrong.push((signed("GET", &query("T000001").target, "", "old", "1700000000"), 401));
    let mut nameless = query("T000001");
    nameless.headers.remove("wechatpay-serial");
    wrong.push((nameless, 400));
    wrong.push((request("GET", "/v3/nothing", ""), 404));
    wrong.push((request("POST", "/v3/refund/domestic/refunds/R1", ""), 405));
    for (request, status) in wrong {
        let page = page(&mut world, &request);
        assert_eq!((page.status, is_signed(&page)), (status, false), "{}", request.target);
    }
    let unknown = page(&mut world, &query("T000001"));
    assert_eq!((unknown.status, is_signed(&unknown)), (404, true));
}

#[test]
fn a_request_that_comes_again_is_refused() {
    let (mut world, request) = (world(), query("T000001"));
    assert_eq!(told(&mut world, &request).0, 404);
    assert_eq!(told(&mut world, &request).0, 401);
}

#[test]
fn an_order_is_placed_by_one_dialect_and_told_by_the_other() {
    let mut world = world();
    let native = |body: &Value| request("POST", "/v3/pay/transactions/native", &body.to_string());
    let (status, prepay) = told(&mut world, &native(&order("T000001")));
    assert!(status == 200 && prepay["code_url"].is_string() && prepay["prepay_id"].is_null(), "{prepay}");
    let (status, seen) = told(&mut world, &query("T000001"));
    assert_eq!(
        (status, &seen["trade_state"], &seen["amount"]["total"]),
        (200, &json!("NOTPAY"), &json!(100))
    );
    let mut dearer = order("T000001");
    dearer["amount"]["total"] = json!(200);
    assert_eq!(told(&mut world, &native(&dearer)).0, 403);
    assert_eq!(world.book.all().len(), 1);
}

#[test]
fn what_is_not_in_the_table_is_refused_by_its_place() {
    let mut world = world();
    for (name, value) in [
        ("trade_type", json!("NATIVE")),
        ("attach", Value::Null),
        ("attach", json!(7)),
        ("amount", json!({ "total": "100" })),
        ("sp_appid", json!("wx1")),
        ("description", json!("😀")),
    ] {
        let mut body = order("T000001");
        body[name] = value;
        let (status, refusal) =
            told(&mut world, &request("POST", "/v3/pay/transactions/native", &body.to_string()));
        assert_eq!((status, &refusal["code"]), (400, &json!("PARAM_ERROR")), "{name}: {refusal}");
    }
}

#[test]
fn one_meaning_is_written_in_many_ways() {
    let value = json!({ "b": "茶/\"\\\n", "a": [1, null, true], "c": { "d": "x" } });
    let mut dice = crate::simulator::dice::Rng::new(7);
    let texts: Vec<String> = (0..64).map(|_| writer::write(&value, &mut dice)).collect();
    for text in &texts {
        let mut read: Value = serde_json::from_str(text).unwrap();
        read.as_object_mut().unwrap().remove("new_field");
        assert_eq!(read, value, "{text}");
    }
    let distinct: std::collections::HashSet<&String> = texts.iter().collect();
    assert!(distinct.len() >= 16, "{}", distinct.len());
}

#[test]
fn each_certificate_names_its_key_and_serial_number() {
    use x509_parser::pem::parse_x509_pem;
    let certificates = certificates().unwrap();
    let [old, new] = &certificates.platform;
    for (pem, serial, key) in [
        (&certificates.merchant, V3_MATERIAL.serial, V3_MATERIAL.private_key),
        (&old.pem, old.key.id(), old.key.pem()),
        (&new.pem, new.key.id(), new.key.pem()),
    ] {
        let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        let told = certificate.raw_serial_as_string().replace(':', "").to_uppercase();
        assert_eq!(told, serial);
        let key = pair_for_tests(key);
        assert_eq!(certificate.public_key().subject_public_key.data.as_ref(), key.public_key().as_ref());
    }
}

fn set(world: &mut GatewayState, setting: &Value) {
    world.platform.set(&serde_json::from_value(setting.clone()).unwrap());
}

fn serial(page: &Page) -> &str {
    page.headers.iter().find(|(name, _)| *name == "wechatpay-serial").map_or("", |(_, id)| id)
}

#[test]
fn the_platforms_keys_follow_its_mode_and_its_rotation() {
    let mut world = world();
    let list = |world: &mut GatewayState| {
        let (status, told) = told(world, &request("GET", "/v3/certificates", ""));
        (status, told["data"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(list(&mut world), (404, 0));
    let [old, new] = [&certificates().unwrap().platform[0], &certificates().unwrap().platform[1]];
    for (certificates, serials, count) in [
        ("old", vec![old.key.id()], 1),
        ("both", vec![old.key.id(), new.key.id()], 2),
        ("new", vec![new.key.id()], 1),
    ] {
        set(&mut world, &json!({ "mode": "certificates", "certificates": certificates }));
        assert_eq!(list(&mut world), (200, count));
        for _ in 0..8 {
            let page = page(&mut world, &query("T000001"));
            assert!(serials.contains(&serial(&page)), "{certificates}");
        }
    }
    set(&mut world, &json!({ "mode": "switching" }));
    assert_eq!(serial(&page(&mut world, &query("T000001"))), V3_MATERIAL.public_key_id);
    let mut nameless = query("T000001");
    nameless.headers.remove("wechatpay-serial");
    assert_eq!(serial(&page(&mut world, &nameless)), new.key.id());
}

#[test]
fn a_probe_comes_once_for_each_request() {
    let mut world = world();
    set(&mut world, &json!({ "probes": 100 }));
    let is_probe = |page: Page| {
        page.headers.iter().any(|(name, value)| *name == "wechatpay-signature" && value.contains("SIGNTEST"))
    };
    assert!(is_probe(page(&mut world, &query("T000001"))));
    assert!(!is_probe(page(&mut world, &query("T000001"))), "the repeat is not probed");
}

#[test]
fn a_bill_is_behind_a_link_that_is_one_merchants() {
    let mut world = world();
    let (_, _) =
        told(&mut world, &request("POST", "/v3/pay/transactions/native", &order("T000001").to_string()));
    world.pay(0, crate::simulator::order::PaymentDetails::default());
    let day = crate::simulator::clock::spaced(world.clock.now())[..10].to_owned();
    world.clock.advance(2 * crate::simulator::clock::DAY);
    let target = format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP");
    let mut asks = request("GET", &target, "");
    asks.headers.insert("host", "127.0.0.1:1".parse().unwrap());
    let (status, linked) = told(&mut world, &asks);
    assert_eq!((status, linked["hash_value"].as_str().map(str::len)), (200, Some(40)), "{linked}");
    let link = linked["download_url"].as_str().unwrap().strip_prefix("https://127.0.0.1:1").unwrap();
    let file = page(&mut world, &request("GET", link, ""));
    assert!(file.status == 200 && !is_signed(&file) && file.body.starts_with(&[0x1f, 0x8b]));
    let (status, refusal) = told(&mut world, &request("GET", "/v3/billdownload/file?token=x", ""));
    assert_eq!((status, &refusal["code"]), (400, &json!("INVALID_REQUEST")));
}

/// A request as a vector gives it.
fn vector_request(inputs: &Value) -> Request {
    let mut headers = HeaderMap::new();
    for pair in inputs["headers"].as_array().unwrap() {
        let name = hyper::header::HeaderName::try_from(pair[0].as_str().unwrap()).unwrap();
        headers.append(name, pair[1].as_str().unwrap().parse().unwrap());
    }
    let target = inputs["target"].as_str().unwrap();
    Request {
        side: GatewaySide::Api,
        connection: 1,
        verb: inputs["method"].as_str().unwrap().to_owned(),
        path: target.split('?').next().unwrap().to_owned(),
        target: target.to_owned(),
        headers,
        body: inputs["body"].as_str().unwrap().as_bytes().to_vec(),
        certificate: None,
        negative_test: None,
    }
}

#[test]
fn every_request_of_the_vectors_is_let_in_or_refused_as_it_says() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../php-tests/fixtures/vectors-v3.json")).unwrap();
    let keys = &vectors["keys"];
    let pair = pair_for_tests(keys["merchant"]["private_pem"].as_str().unwrap());
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    let has_signed = |text: &[u8], signature: &str| {
        STANDARD.decode(signature).is_ok_and(|signature| public.verify(text, &signature).is_ok())
    };
    for vector in vectors["request_verify"].as_array().unwrap() {
        let inputs = &vector["inputs"];
        let account = Account {
            appid: keys["appid"].as_str().unwrap().to_owned(),
            mch_id: keys["mchid"].as_str().unwrap().to_owned(),
            ..Account::default()
        };
        let mut world = GatewayState::new(&Options { accounts: vec![account], ..Options::default() }, 7);
        let known = authorization::KnownMerchant {
            serial: keys["merchant"]["serial"].as_str().unwrap(),
            has_signed: &has_signed,
            now: inputs["now"].as_i64().unwrap(),
        };
        let request = vector_request(inputs);
        let ended = Route::of(&request).map_err(V3Answer::bare).and_then(|route| {
            let account = authorization::signed_by(&mut world, &request, &route, known)?;
            request::caller(&route, &request, account).map(|caller| caller.account.mch_id)
        });
        match (ended, &vector["expected"]["refuse"]) {
            (Ok(mch_id), Value::Null) => {
                assert_eq!(mch_id, vector["expected"]["accept"]["mchid"], "{}", vector["id"]);
            }
            (Err(answer), refusal) => {
                let page = answer.page(&mut world, &request, None);
                let told: Value = serde_json::from_slice(&page.body).unwrap_or_default();
                assert_eq!(page.status, refusal["status"], "{}: {told}", vector["id"]);
                assert_eq!(told["code"], refusal["code"], "{}", vector["id"]);
                assert_eq!(told["message"], refusal["message"], "{}", vector["id"]);
            }
            (ended, refusal) => panic!("{}: {ended:?}, not {refusal}", vector["id"]),
        }
    }
}
