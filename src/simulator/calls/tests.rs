//! The rules of the calls, tried on the world itself.

use super::super::clock::{DAY, MINUTE, SECOND};
use super::super::document::XmlDocument;
use super::super::fault::GatewaySide;
use super::super::gateway;
use super::super::options::{Account, Options};
use super::super::order::PaymentDetails;
use super::super::reader;
use super::super::request::Request;
use super::super::script::ResponseAct;
use super::super::signer::SignMethod;
use super::super::till::{ReversalScript, Script};
use super::super::world::GatewayState;

const PATHS: &[(&str, &str)] = &[
    ("order", "/pay/unifiedorder"),
    ("query", "/pay/orderquery"),
    ("close", "/pay/closeorder"),
    ("micropay", "/pay/micropay"),
    ("reverse", "/secapi/pay/reverse"),
    ("refund", "/secapi/pay/refund"),
    ("refunds", "/pay/refundquery"),
];

fn world() -> GatewayState {
    GatewayState::new(&Options::default(), 7)
}

fn request(path: &str, body: &str) -> Request {
    Request {
        side: GatewaySide::Api,
        connection: 1,
        verb: "POST".to_owned(),
        path: path.to_owned(),
        target: path.to_owned(),
        headers: hyper::HeaderMap::new(),
        body: body.as_bytes().to_vec(),
        certificate: Some(Account::default().mch_id),
        negative_test: None,
    }
}

fn asked(fields: &[(&str, &str)]) -> XmlDocument {
    let account = Account::default();
    let mut document = XmlDocument::default();
    document.text("appid", account.appid).text("mch_id", account.mch_id).text("nonce_str", "n");
    for (name, text) in fields {
        document.set(name, *text);
    }
    document.seal(&account.key, SignMethod::Md5);
    document
}

/// The body of the answer, if there is one.
fn sent(world: &mut GatewayState, call: &str, fields: &[(&str, &str)]) -> Option<String> {
    let (_, path) = PATHS.iter().find(|(name, _)| *name == call).unwrap();
    let play = gateway::serve(world, &request(path, &asked(fields).to_xml()));
    match play.act {
        ResponseAct::Page(page) => Some(String::from_utf8(page.body).unwrap()),
        ResponseAct::Raw(_) => None,
    }
}

/// The verified answer.
fn call(world: &mut GatewayState, name: &str, fields: &[(&str, &str)]) -> XmlDocument {
    let body = sent(world, name, fields).expect("an answer");
    let answer = reader::read(body.as_bytes()).expect("a document");
    let sign = answer.sign_with(&Account::default().key, SignMethod::Md5);
    assert_eq!(answer.get("sign"), Some(sign.as_str()), "{body}");
    answer
}

/// The err_code of a refusal, or the result_code of a success.
fn code(world: &mut GatewayState, name: &str, fields: &[(&str, &str)]) -> String {
    let answer = call(world, name, fields);
    let code = answer.get("err_code").or(answer.get("result_code"));
    code.unwrap_or_default().to_owned()
}

fn order<'a>(number: &'a str, fee: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("body", "咖啡"),
        ("out_trade_no", number),
        ("total_fee", fee),
        ("spbill_create_ip", "127.0.0.1"),
        ("notify_url", "https://example.test/notify"),
        ("trade_type", "NATIVE"),
    ]
}

fn till<'a>(number: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("body", "咖啡"),
        ("out_trade_no", number),
        ("total_fee", "100"),
        ("spbill_create_ip", "127.0.0.1"),
        ("auth_code", code),
    ]
}

fn state(world: &mut GatewayState, number: &str) -> String {
    let answer = call(world, "query", &[("out_trade_no", number)]);
    let state = answer.get("trade_state").or(answer.get("err_code"));
    state.unwrap_or_default().to_owned()
}

fn paid(world: &mut GatewayState, number: &str, fee: &str) {
    let answer = call(world, "order", &order(number, fee));
    assert_eq!(answer.get("result_code"), Some("SUCCESS"));
    let place = world.book.all().len() - 1;
    world.pay(place, PaymentDetails::default());
}

#[test]
fn a_repeated_order_gets_a_fresh_code_and_other_terms_are_refused() {
    let mut world = world();
    let first = call(&mut world, "order", &order("T000001", "100"));
    let second = call(&mut world, "order", &order("T000001", "100"));
    for name in ["prepay_id", "code_url"] {
        assert_ne!(first.get(name).unwrap(), second.get(name).unwrap());
    }
    assert_eq!(code(&mut world, "order", &order("T000001", "101")), "INVALID_REQUEST");
    world.pay(0, PaymentDetails::default());
    assert_eq!(code(&mut world, "order", &order("T000001", "100")), "ORDERPAID");
}

#[test]
fn fields_are_checked_by_name() {
    let mut world = world();
    let mut changed = |name: &str, text: &str| {
        let mut fields = order("T000001", "100");
        fields.retain(|(known, _)| *known != name);
        fields.push((name, text));
        code(&mut world, "order", &fields)
    };
    assert_eq!(changed("body", ""), "LACK_PARAMS");
    assert_eq!(changed("total_fee", "0"), "PARAM_ERROR");
    assert_eq!(changed("total_fee", "+1"), "PARAM_ERROR");
    assert_eq!(changed("out_trade_no", "T0001"), "PARAM_ERROR");
    assert_eq!(changed("out_trade_no", "T00001#"), "PARAM_ERROR");
    assert_eq!(changed("notify_url", "https://a.test/?q"), "PARAM_ERROR");
    assert_eq!(changed("trade_type", "JSAPI"), "PARAM_ERROR");
    assert_eq!(changed("attach", &"a".repeat(128)), "PARAM_ERROR");
    assert_eq!(changed("attach", &"a".repeat(127)), "SUCCESS");
}

#[test]
fn a_wrong_sign_and_a_stranger_get_bare_failures() {
    let mut world = world();
    let mut bare = |document: XmlDocument| {
        let play = gateway::serve(&mut world, &request("/pay/orderquery", &document.to_xml()));
        let ResponseAct::Page(page) = play.act else { panic!() };
        let answer = reader::read(&page.body).unwrap();
        assert_eq!(answer.get("return_code"), Some("FAIL"));
        assert_eq!(answer.get("sign"), None);
        answer.get("return_msg").unwrap().to_owned()
    };
    let mut tampered = asked(&[("out_trade_no", "T1")]);
    tampered.set("out_trade_no", "T2");
    assert_eq!(bare(tampered), "签名错误，请检查后再试");
    let mut lower = asked(&[("out_trade_no", "T1")]);
    let sign = lower.get("sign").unwrap().to_ascii_lowercase();
    lower.set("sign", sign);
    assert_eq!(bare(lower), "签名错误，请检查后再试");
    assert_eq!(bare(asked(&[("mch_id", "12x")])), "mch_id参数格式错误");
    assert_eq!(bare(asked(&[("appid", "wxother")])), "appid不存在");
}

#[test]
fn an_unpaid_order_closes_once_and_by_age() {
    let mut world = world();
    call(&mut world, "order", &order("T000001", "100"));
    assert_eq!(state(&mut world, "T000001"), "NOTPAY");
    let number = [("out_trade_no", "T000001")];
    assert_eq!(code(&mut world, "close", &number), "SUCCESS");
    assert_eq!(code(&mut world, "close", &number), "ORDERCLOSED");
    assert_eq!(code(&mut world, "close", &[("out_trade_no", "X")]), "ORDERNOTEXIST");
    assert_eq!(code(&mut world, "order", &order("T000001", "100")), "ORDERCLOSED");
    call(&mut world, "order", &order("T000002", "100"));
    world.clock.advance(7 * DAY);
    assert_eq!(state(&mut world, "T000002"), "CLOSED");
    paid(&mut world, "T000003", "100");
    let paid = [("out_trade_no", "T000003")];
    assert_eq!(code(&mut world, "close", &paid), "ORDERPAID");
    world.captured_manners = true;
    assert_eq!(code(&mut world, "close", &number), "SUCCESS");
    assert_eq!(code(&mut world, "close", &[("out_trade_no", "X")]), "SUCCESS");
}

#[test]
fn another_sub_merchant_has_another_order() {
    let mut world = world();
    let mut fields = order("T000001", "100");
    fields.push(("sub_mch_id", "77"));
    assert_eq!(call(&mut world, "order", &fields).get("sub_mch_id"), Some("77"));
    assert_eq!(state(&mut world, "T000001"), "ORDERNOTEXIST");
    let found = call(&mut world, "query", &[("out_trade_no", "T000001"), ("sub_mch_id", "77")]);
    assert_eq!(found.get("trade_state"), Some("NOTPAY"));
}

#[test]
fn a_code_is_charged_once_and_its_prefix_must_be_known() {
    let mut world = world();
    let good = "134567890123456789";
    let answer = call(&mut world, "micropay", &till("M00001", good));
    assert_eq!(answer.get("trade_state"), Some("SUCCESS"));
    assert_eq!(code(&mut world, "micropay", &till("M00002", good)), "AUTH_CODE_INVALID");
    assert_eq!(code(&mut world, "micropay", &till("M00001", good)), "ORDERPAID");
    let bad = "994567890123456789";
    assert_eq!(code(&mut world, "micropay", &till("M00003", bad)), "AUTH_CODE_INVALID");
}

#[test]
fn a_password_comes_late_or_never() {
    let mut world = world();
    let mut late = Script::named("password");
    late.pay_after_ms = Some(MINUTE);
    world.till.add(late);
    assert_eq!(code(&mut world, "micropay", &till("M00001", "130000000000000001")), "USERPAYING");
    assert_eq!(state(&mut world, "M00001"), "USERPAYING");
    world.clock.advance(MINUTE);
    assert_eq!(state(&mut world, "M00001"), "SUCCESS");
    world.till.add(Script::named("password_never"));
    call(&mut world, "micropay", &till("M00002", "130000000000000002"));
    world.clock.advance(MINUTE);
    assert_eq!(state(&mut world, "M00002"), "NOTPAY");
    world.till.add(Script::named("payerror"));
    call(&mut world, "micropay", &till("M00003", "130000000000000003"));
    assert_eq!(state(&mut world, "M00003"), "PAYERROR");
}

#[test]
fn a_payment_without_an_answer_is_in_the_book_all_the_same() {
    let mut world = world();
    let mut silent = Script::named("timeout");
    silent.pay_after_ms = Some(0);
    world.till.add(silent);
    assert!(sent(&mut world, "micropay", &till("M00001", "130000000000000001")).is_none());
    assert_eq!(state(&mut world, "M00001"), "SUCCESS");
    world.till.add(Script::named("lost"));
    assert!(sent(&mut world, "micropay", &till("M00002", "130000000000000002")).is_none());
    assert_eq!(state(&mut world, "M00002"), "ORDERNOTEXIST");
}

#[test]
fn a_reverse_waits_stumbles_and_takes_the_payment_back() {
    let mut world = world();
    call(&mut world, "micropay", &till("M00001", "130000000000000001"));
    let number = [("out_trade_no", "M00001")];
    assert_eq!(code(&mut world, "reverse", &number), "INVALID_REQUEST");
    world.clock.advance(15 * SECOND);
    world.till.set_reversal(ReversalScript { recall: 1, userpaying: 1, ..ReversalScript::default() });
    let recall = call(&mut world, "reverse", &number);
    assert_eq!((recall.get("err_code"), recall.get("recall")), (Some("SYSTEMERROR"), Some("Y")));
    assert_eq!(code(&mut world, "reverse", &number), "USERPAYING");
    assert_eq!(call(&mut world, "reverse", &number).get("recall"), Some("N"));
    assert_eq!(state(&mut world, "M00001"), "REVOKED");
    paid(&mut world, "T000001", "100");
    world.clock.advance(15 * SECOND);
    assert_eq!(code(&mut world, "reverse", &[("out_trade_no", "T000001")]), "TRADE_ERROR");
}

fn refund<'a>(number: &'a str, trade: &'a str, fee: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("out_trade_no", trade), ("out_refund_no", number), ("total_fee", "1000"), ("refund_fee", fee)]
}

#[test]
fn refunds_never_exceed_the_payment() {
    let mut world = world();
    paid(&mut world, "T000001", "1000");
    let first = call(&mut world, "refund", &refund("R1", "T000001", "600"));
    let again = call(&mut world, "refund", &refund("R1", "T000001", "600"));
    assert_eq!(first.get("refund_id"), again.get("refund_id"));
    assert_eq!(code(&mut world, "refund", &refund("R1", "T000001", "500")), "INVALID_REQUEST");
    assert_eq!(code(&mut world, "refund", &refund("R2", "T000001", "401")), "ERROR");
    assert_eq!(code(&mut world, "refund", &refund("R2", "T000001", "400")), "SUCCESS");
    assert_eq!(code(&mut world, "refund", &refund("R3", "T000001", "1")), "INVALID_REQUEST");
    assert_eq!(state(&mut world, "T000001"), "REFUND");
    assert_eq!(world.refunds.taken(0), 1_000);
}

#[test]
fn what_cannot_be_refunded_is_refused_as_it_was_captured() {
    let mut world = world();
    call(&mut world, "order", &order("T000001", "1000"));
    assert_eq!(code(&mut world, "refund", &refund("R1", "T000001", "1")), "ORDERNOTEXIST");
    call(&mut world, "close", &[("out_trade_no", "T000001")]);
    assert_eq!(code(&mut world, "refund", &refund("R1", "T000001", "1")), "ERROR");
    paid(&mut world, "T000002", "1000");
    world.balances.set("10000100", "REFUND_SOURCE_UNSETTLED_FUNDS", 5);
    assert_eq!(code(&mut world, "refund", &refund("R1", "T000002", "6")), "NOTENOUGH");
    assert_eq!(code(&mut world, "refund", &refund("R1", "T000002", "5")), "SUCCESS");
    world.clock.advance(366 * DAY);
    assert_eq!(code(&mut world, "refund", &refund("R2", "T000002", "1")), "TRADE_OVERDUE");
    let mut naked = request("/secapi/pay/refund", &asked(&[]).to_xml());
    naked.certificate = None;
    let ResponseAct::Page(page) = gateway::serve(&mut world, &naked).act else { panic!() };
    assert!(String::from_utf8(page.body).unwrap().contains("证书未传"));
}

#[test]
fn fifty_parts_are_paged_by_ten() {
    let mut world = world();
    paid(&mut world, "T000001", "1000");
    for n in 0..50 {
        let number = format!("R{n}");
        assert_eq!(code(&mut world, "refund", &refund(&number, "T000001", "1")), "SUCCESS");
    }
    assert_eq!(code(&mut world, "refund", &refund("R50", "T000001", "1")), "INVALID_REQUEST");
    world.clock.advance(MINUTE);
    let fields = [("out_trade_no", "T000001"), ("offset", "40")];
    let page = call(&mut world, "refunds", &fields);
    assert_eq!(page.get("total_refund_count"), Some("50"));
    assert_eq!(page.get("refund_count"), Some("10"));
    assert_eq!(page.get("out_refund_no_9"), Some("R49"));
    assert_eq!(page.get("refund_status_9"), Some("SUCCESS"));
    let one = call(&mut world, "refunds", &[("out_refund_no", "R7")]);
    assert_eq!((one.get("refund_count"), one.get("refund_fee")), (Some("1"), Some("1")));
    assert_eq!(code(&mut world, "refunds", &[("out_trade_no", "X")]), "REFUNDNOTEXIST");
}

#[test]
fn r25_where_the_pace_is_kept_calls_that_come_too_soon_are_refused() {
    let mut world = world();
    world.keeps_pace = true;
    call(&mut world, "order", &order("T000001", "100"));
    let number = [("out_trade_no", "T000001")];
    assert_eq!(code(&mut world, "close", &number), "INVALID_REQUEST");
    world.clock.advance(5 * MINUTE - SECOND);
    assert_eq!(code(&mut world, "close", &number), "INVALID_REQUEST");
    world.clock.advance(SECOND);
    assert_eq!(code(&mut world, "close", &number), "SUCCESS");
    paid(&mut world, "T000002", "100");
    let part = |number: &'static str| {
        [("out_trade_no", "T000002"), ("out_refund_no", number), ("total_fee", "100"), ("refund_fee", "10")]
    };
    assert_eq!(code(&mut world, "refund", &part("R1")), "SUCCESS");
    assert_eq!(code(&mut world, "refund", &part("R1")), "SUCCESS", "the same part again");
    assert_eq!(code(&mut world, "refund", &part("R2")), "FREQUENCY_LIMITED");
    world.clock.advance(MINUTE);
    assert_eq!(code(&mut world, "refund", &part("R2")), "SUCCESS");
    world.keeps_pace = false;
    assert_eq!(code(&mut world, "refund", &part("R3")), "SUCCESS");
}

#[test]
fn r25_an_order_may_be_there_for_its_own_appid_only() {
    let mut world = world();
    world.accounts.push(Account { appid: "wxMINIPROGRAM0001".to_owned(), ..Account::default() });
    call(&mut world, "order", &order("T000001", "100"));
    let other = [("out_trade_no", "T000001"), ("appid", "wxMINIPROGRAM0001")];
    assert_eq!(call(&mut world, "query", &other).get("trade_state"), Some("NOTPAY"));
    world.by_appid = true;
    assert_eq!(code(&mut world, "query", &other), "ORDERNOTEXIST");
    assert_eq!(state(&mut world, "T000001"), "NOTPAY");
}
