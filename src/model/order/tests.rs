//! Orders as the vectors tell them, and by the presence rules of protocol.md D.3.

use super::*;
use crate::wire::key::Key;
use crate::wire::v2::sign::{SignType, SignaturePolicy, add_sign, verify};
use crate::wire::v2::xml::{self, Root};
use serde_json::Value;

fn key() -> Key {
    Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap()
}

fn checked(fields: Fields, sign_type: SignType) -> Ours<Fields> {
    let key = key();
    Ours::for_test(
        verify(
            fields,
            &SignaturePolicy { sign_type, fixed: false, accept_md5: false, key: &key, previous_key: None },
        )
        .unwrap(),
    )
}

fn told(pairs: &[(&str, &str)]) -> Ours<Fields> {
    let mut fields = Fields::new();
    for (name, text) in pairs {
        fields.set(name, *text);
    }
    add_sign(&mut fields, &key(), SignType::Md5);
    checked(fields, SignType::Md5)
}

fn order(pairs: &[(&str, &str)]) -> Order {
    Order::from_query(told(pairs)).unwrap()
}

/// The vector of that name, verified.
fn vector(id: &str) -> Ours<Fields> {
    let all: Value = serde_json::from_str(include_str!("../../../php-tests/fixtures/vectors.json")).unwrap();
    let found = all["v2_xml"].as_array().unwrap().iter().find(|v| v["id"] == id).unwrap().clone();
    let sign_type = SignType::from_wire(found["sign_type"].as_str().unwrap()).unwrap();
    checked(xml::decode(found["xml"].as_str().unwrap().as_bytes(), Root::Xml).unwrap(), sign_type)
}

#[test]
fn a_paid_order_of_the_vectors_is_read_whole() {
    for id in ["orderquery-SUCCESS-md5", "orderquery-SUCCESS-hmac"] {
        let fields = vector(id);
        let order = Order::from_query(fields.clone()).unwrap();
        assert!(order.is_paid() && order.trade_state() == TradeState::Success);
        assert_eq!(order.typed().total_fee, fields.get("total_fee").unwrap().parse().ok());
        assert_eq!(order.typed().transaction_id, fields.get("transaction_id"));
        assert_eq!(order.typed().out_trade_no, fields.get("out_trade_no"));
        let time = order.typed().time_end().unwrap();
        assert_eq!(time.offset(), clock::BEIJING);
        assert_eq!(clock::write_compact(time.unix_timestamp()).as_deref(), fields.get("time_end"));
    }
}

#[test]
fn every_state_of_the_vectors_is_read() {
    for state in
        TradeState::ALL.into_iter().filter(|s| !matches!(s, TradeState::Success | TradeState::Unknown))
    {
        let order = Order::from_query(vector(&format!("orderquery-{}", state.wire()))).unwrap();
        assert_eq!(order.trade_state(), state);
        assert_eq!(order.is_paid(), state == TradeState::Refund);
    }
}

#[test]
fn p11_an_unknown_state_of_the_vectors_is_kept_raw() {
    let order = Order::from_query(vector("orderquery-unknown-state")).unwrap();
    assert_eq!(order.trade_state(), TradeState::Unknown);
    assert!(!order.is_paid() && order.fields().get("trade_state").is_some());
}

#[test]
fn what_an_unpaid_order_lacks_is_none_and_not_zero() {
    let order = Order::from_query(vector("orderquery-NOTPAY-minimal")).unwrap();
    let told = order.typed();
    assert_eq!((told.total_fee, told.cash_fee, told.coupon_fee), (None, None, None));
    assert_eq!((told.transaction_id, told.time_end(), told.is_subscribe), (None, None, None));
    assert!(order.coupons().is_empty() && order.typed().promotions().is_none());
}

#[test]
fn p13_an_empty_element_reads_as_absent() {
    let order = order(&[("attach", ""), ("device_info", ""), ("total_fee", ""), ("trade_state", "")]);
    assert_eq!(
        (order.typed().attach, order.typed().device_info, order.typed().total_fee),
        (None, None, None)
    );
    assert_eq!(order.trade_state(), TradeState::Unknown);
    assert_eq!(order.fields().get("attach"), Some(""), "but it stays among the fields");
}

#[test]
fn p12_unknown_fields_stay_among_the_fields() {
    let order = order(&[("trade_state", "NOTPAY"), ("brand_new", "x")]);
    assert_eq!(order.fields().get("brand_new"), Some("x"));
}

#[test]
fn a_notice_without_a_state_says_paid_and_a_query_without_one_says_unknown() {
    let silent = told(&[("out_trade_no", "T1")]);
    assert_eq!(Order::from_payment(silent.clone()).unwrap().trade_state(), TradeState::Success);
    assert_eq!(Order::from_query(silent).unwrap().trade_state(), TradeState::Unknown);
    let speaking = told(&[("trade_state", "NOTPAY")]);
    assert_eq!(Order::from_payment(speaking).unwrap().trade_state(), TradeState::NotPay);
    let strange = told(&[("trade_state", "NEW")]);
    assert_eq!(Order::from_payment(strange).unwrap().trade_state(), TradeState::Unknown);
}

#[test]
fn p14_a_needed_amount_that_is_no_number_is_an_error_that_names_the_field() {
    for name in ["total_fee", "cash_fee", "settlement_total_fee"] {
        for wrong in ["-1", "1.0", "1e3", "０１", " 1", "1 ", "9223372036854775808", "abc", "+1"] {
            let error = Order::from_query(told(&[("appid", "a"), (name, wrong), ("x", "y")])).unwrap_err();
            assert_eq!(error.name, name, "{wrong}");
        }
    }
}

#[test]
fn p14_amounts_from_zero_to_the_largest_integer_are_read() {
    for (text, fen) in [("0", 0), ("007", 7), ("9223372036854775807", i64::MAX)] {
        assert_eq!(order(&[("total_fee", text)]).typed().total_fee, Some(fen));
    }
}

#[test]
fn p14_wrong_text_in_any_other_typed_field_is_none_and_stays_among_the_fields() {
    let order = order(&[
        ("coupon_fee", "1.5"),
        ("time_end", "20260230000000"),
        ("is_subscribe", "yes"),
        ("promotion_detail", "{"),
        ("coupon_fee_0", "x"),
        ("coupon_id_0", "7"),
    ]);
    assert_eq!(
        (order.typed().coupon_fee, order.typed().time_end(), order.typed().is_subscribe),
        (None, None, None)
    );
    assert_eq!(order.coupons(), [Coupon { id: Some("7".into()), coupon_type: None, fee: None }]);
    assert!(order.typed().promotions().is_none());
    assert_eq!(order.fields().get("coupon_fee"), Some("1.5"));
}

#[test]
fn is_subscribe_is_yes_or_no() {
    assert_eq!(order(&[("is_subscribe", "Y")]).typed().is_subscribe, Some(true));
    assert_eq!(order(&[("is_subscribe", "N")]).typed().is_subscribe, Some(false));
}

#[test]
fn the_coupons_of_the_vectors_are_listed() {
    let fields = vector("orderquery-SUCCESS-coupons");
    let order = Order::from_query(fields.clone()).unwrap();
    assert_eq!(Some(order.coupons().len().to_string().as_str()), fields.get("coupon_count"));
    assert_eq!(order.coupons().iter().filter_map(|c| c.fee).sum::<i64>(), order.typed().coupon_fee.unwrap());
    assert_eq!(order.coupons()[0].id.as_deref(), fields.get("coupon_id_0"));
}

#[test]
fn coupons_come_in_the_order_of_their_numbers_also_after_a_gap() {
    let order = order(&[
        ("coupon_fee_10", "10"),
        ("coupon_id_2", "two"),
        ("coupon_type_0", "CASH"),
        ("coupon_id_1", ""),
        ("coupon_refund_id_0_0", "no"),
        ("coupon_count", "3"),
        ("coupon_fee_x", "no"),
        ("coupon_fee_3_0", "no"),
    ]);
    let coupon = |id: Option<&str>, kind: Option<&str>, fee| Coupon {
        id: id.map(|id| id.to_owned().into()),
        coupon_type: kind.map(|kind| kind.to_owned().into()),
        fee,
    };
    let expected =
        [coupon(None, Some("CASH"), None), coupon(Some("two"), None, None), coupon(None, None, Some(10))];
    assert_eq!(order.coupons(), expected);
}

#[test]
fn promotion_detail_is_the_inner_list() {
    let order = Order::from_query(vector("nested-value-signed")).unwrap();
    assert_eq!(order.typed().promotions().unwrap()[0]["promotion_id"], "109519");
    let list = |json: &str| self::order(&[("promotion_detail", json)]).typed().promotions().map(|l| l.len());
    assert_eq!(list("[1,2]"), Some(2));
    assert_eq!(list("{\"promotion_detail\":[]}"), Some(0));
    for wrong in ["", "1", "{}", "{\"promotion_detail\":{}}", "null", &"[".repeat(100_000)] {
        assert_eq!(list(wrong), None, "{wrong:.20}");
    }
}

#[test]
fn a_partners_order_names_its_sub_merchant() {
    let order = Order::from_payment(vector("notify-partner")).unwrap();
    assert!(order.typed().sub_mch_id.is_some() && order.typed().mch_id.is_some());
}
