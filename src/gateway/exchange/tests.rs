//! The ladder, rung by rung, on bytes.

use super::*;
use crate::api::any_call::{AnyCall, Path};
use crate::api::close_order::CloseOrder;
use crate::api::order_query::OrderQuery;
use crate::gateway::fixtures::{
    APPID, MCH_ID, NUMBER, failure, fields, key, md5_merchant, merchant, other_key, paid, provider, signed,
    signed_with, success, with, written,
};
use crate::model::order::Order;
use crate::model::order_id::OrderId;
use crate::model::trade_state::TradeState;
use crate::wire::v2::sign::{SignType, SignatureError, byte_pairs, sign};

fn query() -> OrderQuery {
    OrderQuery(OrderId::out_trade_no(NUMBER).unwrap())
}

fn by_transaction_id() -> OrderQuery {
    OrderQuery(OrderId::transaction_id("4200001").unwrap())
}

fn close() -> CloseOrder {
    CloseOrder { out_trade_no: OrderId::out_trade_no(NUMBER).unwrap() }
}

fn any(pairs: &[(&str, &str)], omitted: &[&str]) -> AnyCall {
    AnyCall {
        path: Path::new("/pay/anything").unwrap(),
        fields: fields(pairs),
        omitted: omitted.iter().map(|n| (*n).to_owned()).collect(),
        certificate: false,
        allow_unsigned: false,
    }
}

fn build_request<C: Endpoint>(merchant: &Merchant, call: &C, nonce: &str) -> Fields {
    super::build_request(merchant, call, nonce).unwrap()
}

/// Sends the call and answers with these bytes.
fn answered<C: Endpoint>(merchant: &Merchant, call: &C, body: &[u8]) -> Result<C::Answer, Error> {
    read_answer(merchant, call, &build_request(merchant, call, "nonce"), body)
}

fn asked(merchant: &Merchant, body: &[u8]) -> Result<Order, Error> {
    answered(merchant, &query(), body)
}

fn mismatch<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Mismatch { field, .. }) => field,
        other => panic!("no mismatch: {other:?}"),
    }
}

#[test]
fn a_request_has_the_ids_a_nonce_the_sign_type_and_a_sign_over_all_of_it() {
    let sent = build_request(&merchant(), &query(), "abc");
    let names: Vec<_> = sent.iter().map(|(n, _)| n).collect();
    assert_eq!(names, ["out_trade_no", "version", "appid", "mch_id", "nonce_str", "sign_type", "sign"]);
    assert_eq!(sent.get("sign_type"), Some("HMAC-SHA256"));
    assert_eq!(sent.get("sign").unwrap(), &*sign(byte_pairs(&sent), &key(), SignType::HmacSha256));
}

#[test]
fn an_md5_merchant_signs_with_md5_and_says_so() {
    let sent = build_request(&md5_merchant(), &query(), "abc");
    assert_eq!((sent.get("sign_type"), sent.get("sign").unwrap().len()), (Some("MD5"), 32));
}

#[test]
fn a_provider_names_its_sub_merchant() {
    let sent = build_request(&provider(), &query(), "abc");
    assert_eq!(sent.get("sub_mch_id"), Some("1900000109"));
    assert_eq!(sent.get("sub_appid"), Some("wx8888888888888888"));
    assert_eq!(build_request(&merchant(), &query(), "abc").get("sub_mch_id"), None);
}

#[test]
fn what_a_call_brings_itself_is_not_replaced() {
    let call = any(&[("appid", "wxother"), ("nonce_str", "mine"), ("sign", "given")], &[]);
    let sent = build_request(&merchant(), &call, "abc");
    let got = ["appid", "nonce_str", "sign", "mch_id"].map(|name| sent.get(name).unwrap());
    assert_eq!(got, ["wxother", "mine", "given", MCH_ID]);
}

#[test]
fn what_a_call_omits_is_not_sent_and_not_signed() {
    let call = any(&[("transaction_id", "1")], &["appid", "sign_type"]);
    let sent = build_request(&merchant(), &call, "abc");
    assert_eq!((sent.get("appid"), sent.get("sign_type")), (None, None));
    assert_eq!(sent.get("sign").unwrap(), &*sign(byte_pairs(&sent), &key(), SignType::HmacSha256));
}

#[test]
fn a_sign_given_as_null_is_left_out_like_any_other_field() {
    assert_eq!(build_request(&merchant(), &any(&[], &["sign"]), "abc").get("sign"), None);
}

#[test]
fn a_sign_type_in_the_fields_of_any_call_signs_and_pins_the_answer() {
    let call = any(&[("sign_type", "MD5")], &[]);
    assert_eq!(build_request(&merchant(), &call, "abc").get("sign").unwrap().len(), 32);
    let answer = success(&[("link", "weixin://wxpay/s/XXXXXX")]);
    assert!(answered(&merchant(), &call, &signed_with(&answer, &key(), SignType::Md5)).is_ok());
    let hmac = answered(&merchant(), &call, &signed_with(&answer, &key(), SignType::HmacSha256));
    assert!(matches!(hmac, Err(Error::Signature(SignatureError::Algorithm { .. }))), "{hmac:?}");
}

#[test]
fn a_signed_answer_about_our_order_becomes_an_order() {
    let order = asked(&merchant(), &signed(&paid(NUMBER), &merchant())).unwrap();
    assert_eq!((order.trade_state(), order.typed().total_fee), (TradeState::Success, Some(100)));
}

#[test]
fn p1_a_success_answer_without_a_sign_is_refused() {
    let with_empty_sign = {
        let mut fields = paid(NUMBER);
        fields.set("sign", "");
        fields
    };
    for unsigned in [paid(NUMBER), with_empty_sign] {
        let refused = asked(&merchant(), &written(&unsigned));
        assert!(matches!(refused, Err(Error::Signature(SignatureError::Missing))), "{refused:?}");
    }
}

#[test]
fn p1_a_refusal_without_a_sign_is_refused_too_since_anyone_could_have_made_it() {
    let refused = asked(&merchant(), &written(&failure("ORDERNOTEXIST")));
    assert!(matches!(refused, Err(Error::Signature(SignatureError::Missing))), "{refused:?}");
}

#[test]
fn p2_a_field_changed_after_signing_is_refused() {
    let body = signed(&paid(NUMBER), &merchant());
    let changed = String::from_utf8(body).unwrap().replace("<total_fee>100<", "<total_fee>1<");
    let refused = asked(&merchant(), changed.as_bytes());
    assert!(matches!(refused, Err(Error::Signature(SignatureError::Wrong))), "{refused:?}");
}

#[test]
fn p3_an_answer_signed_with_another_merchants_key_is_refused() {
    let body = signed_with(&paid(NUMBER), &other_key(), SignType::HmacSha256);
    assert!(matches!(asked(&merchant(), &body), Err(Error::Signature(SignatureError::Wrong))));
    let rotating = with(|keys| keys.previous_key = Some(other_key()));
    assert!(asked(&rotating, &body).is_ok());
}

#[test]
fn p4_an_answer_signed_with_md5_is_refused_by_an_hmac_merchant_unless_it_accepts_md5() {
    let body = signed(&paid(NUMBER), &md5_merchant());
    let refused = asked(&merchant(), &body);
    assert!(matches!(refused, Err(Error::Signature(SignatureError::Algorithm { .. }))), "{refused:?}");
    assert!(asked(&with(|keys| keys.accept_md5 = true), &body).is_ok());
}

#[test]
fn p6_an_answer_about_another_order_is_a_mismatch() {
    assert_eq!(mismatch(asked(&merchant(), &signed(&paid("T999"), &merchant()))), "out_trade_no");
    let nameless = success(&[("trade_state", "SUCCESS")]);
    assert_eq!(mismatch(asked(&merchant(), &signed(&nameless, &merchant()))), "out_trade_no");
}

#[test]
fn p6_an_answer_about_another_transaction_is_a_mismatch() {
    let with = |id| signed(&success(&[("transaction_id", id), ("trade_state", "SUCCESS")]), &merchant());
    assert!(answered(&merchant(), &by_transaction_id(), &with("4200001")).is_ok());
    for wrong in ["4200002", ""] {
        assert_eq!(mismatch(answered(&merchant(), &by_transaction_id(), &with(wrong))), "transaction_id");
    }
}

#[test]
fn p6_an_answer_for_another_merchant_or_for_none_is_a_mismatch() {
    for (name, wrong) in [("appid", "wxother"), ("appid", ""), ("mch_id", "1900000001"), ("mch_id", "")] {
        let mut answer = paid(NUMBER);
        answer.set(name, wrong);
        assert_eq!(mismatch(asked(&merchant(), &signed(&answer, &merchant()))), name);
        let mut refusal = failure("ORDERNOTEXIST");
        refusal.set(name, wrong);
        assert_eq!(mismatch(asked(&merchant(), &signed(&refusal, &merchant()))), name);
    }
}

#[test]
fn p6_a_sub_merchant_must_be_the_one_asked_for() {
    let answer = |pairs: &[(&str, &str)]| {
        let mut fields = paid(NUMBER);
        for (name, text) in pairs {
            fields.set(name, *text);
        }
        signed(&fields, &merchant())
    };
    let sub = ("sub_mch_id", "1900000109");
    assert_eq!(mismatch(asked(&merchant(), &answer(&[sub]))), "sub_mch_id");
    assert_eq!(mismatch(asked(&provider(), &answer(&[]))), "sub_mch_id");
    assert_eq!(mismatch(asked(&provider(), &answer(&[("sub_mch_id", "1")]))), "sub_mch_id");
    assert_eq!(mismatch(asked(&provider(), &answer(&[sub, ("sub_appid", "wx1")]))), "sub_appid");
    assert!(asked(&provider(), &answer(&[sub])).is_ok());
    assert!(asked(&provider(), &answer(&[sub, ("sub_appid", "wx8888888888888888")])).is_ok());
    assert!(asked(&merchant(), &answer(&[("sub_mch_id", "")])).is_ok(), "an empty element is absent");
}

#[test]
fn a_mismatch_names_what_was_asked_and_what_came() {
    let error = asked(&merchant(), &signed(&paid("T999"), &merchant())).unwrap_err().to_string();
    assert!(error.contains(NUMBER) && error.contains("T999"), "{error}");
}

#[test]
fn p7_return_code_fail_is_a_gateway_error_that_says_nothing_about_the_order() {
    let mut lie = paid(NUMBER);
    lie.set("return_code", "FAIL");
    lie.set("return_msg", "签名错误");
    for body in [written(&lie), signed(&lie, &merchant())] {
        match asked(&merchant(), &body) {
            Err(Error::Gateway { return_msg, .. }) => assert_eq!(return_msg, "签名错误"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn p7_a_return_code_that_is_the_system_error_is_kept_in_the_message() {
    let body = written(&fields(&[("return_code", "SYSTEMERROR"), ("return_msg", "系统错误")]));
    match asked(&merchant(), &body) {
        Err(Error::Gateway { return_msg, .. }) => assert_eq!(return_msg, "SYSTEMERROR: 系统错误"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn p8_a_return_code_that_is_missing_or_unknown_is_malformed() {
    for code in ["", "success", "OK", "SUCCESS "] {
        let mut answer = paid(NUMBER);
        answer.set("return_code", code);
        let refused = asked(&merchant(), &signed(&answer, &merchant()));
        assert!(matches!(refused, Err(Error::Malformed(_))), "{code:?}: {refused:?}");
    }
    assert!(matches!(asked(&merchant(), b"<xml></xml>"), Err(Error::Malformed(_))));
}

#[test]
fn p8_a_result_code_that_is_missing_or_unknown_is_malformed() {
    for code in ["", "fail", "MAYBE"] {
        let mut answer = paid(NUMBER);
        answer.set("result_code", code);
        let refused = asked(&merchant(), &signed(&answer, &merchant()));
        assert!(matches!(refused, Err(Error::Malformed(_))), "{code:?}: {refused:?}");
    }
}

#[test]
fn p9_p10_a_verified_refusal_carries_its_code_and_its_words() {
    for code in ["ORDERNOTEXIST", "SYSTEMERROR"] {
        match asked(&merchant(), &signed(&failure(code), &merchant())) {
            Err(Error::Service { err_code, err_code_des, .. }) => {
                assert_eq!((err_code.as_str(), err_code_des.as_deref()), (code, Some("words")));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn p11_an_unknown_trade_state_is_an_order_nobody_takes_for_paid() {
    let mut answer = paid(NUMBER);
    answer.set("trade_state", "SOMETHING_NEW");
    let order = asked(&merchant(), &signed(&answer, &merchant())).unwrap();
    assert_eq!(order.trade_state(), TradeState::Unknown);
    assert!(!order.is_paid());
    assert_eq!(order.fields().get("trade_state"), Some("SOMETHING_NEW"));
}

#[test]
fn p14_an_amount_that_is_no_number_is_malformed_and_named() {
    for wrong in ["-1", "1.0", "1e3", "０１", " 1", "9223372036854775808"] {
        let mut answer = paid(NUMBER);
        answer.set("total_fee", wrong);
        let error = asked(&merchant(), &signed(&answer, &merchant())).unwrap_err();
        assert!(matches!(&error, Error::Malformed(words) if words.contains("total_fee")), "{error:?}");
    }
}

#[test]
fn n19_a_proxys_html_page_is_malformed_and_its_beginning_is_shown() {
    let page = b"<html><head><title>502 Bad Gateway</title></head></html>";
    let error = asked(&merchant(), page).unwrap_err();
    assert!(matches!(&error, Error::Malformed(words) if words.contains("<html><head>")), "{error:?}");
}

#[test]
fn an_order_that_is_closed_already_is_closed() {
    assert!(answered(&merchant(), &close(), &signed(&failure("ORDERCLOSED"), &merchant())).is_ok());
    let paid = answered(&merchant(), &close(), &signed(&failure("ORDERPAID"), &merchant()));
    assert!(matches!(paid, Err(Error::Service { .. })), "{paid:?}");
    assert!(answered(&merchant(), &close(), &written(&failure("ORDERCLOSED"))).is_err(), "unsigned");
}

#[test]
fn closing_needs_no_number_in_the_answer_but_refuses_a_wrong_one() {
    assert!(answered(&merchant(), &close(), &signed(&success(&[]), &merchant())).is_ok());
    let other = signed(&success(&[("out_trade_no", "T999")]), &merchant());
    assert_eq!(mismatch(answered(&merchant(), &close(), &other)), "out_trade_no");
}

#[test]
fn an_unsigned_answer_is_taken_only_where_the_caller_agreed() {
    let bare = written(&fields(&[("return_code", "SUCCESS"), ("result_code", "SUCCESS")]));
    let refused = answered(&merchant(), &any(&[], &[]), &bare);
    assert!(matches!(refused, Err(Error::Signature(SignatureError::Missing))), "{refused:?}");
    let agreed = AnyCall { allow_unsigned: true, ..any(&[], &[]) };
    assert_eq!(answered(&merchant(), &agreed, &bare).unwrap().get("result_code"), Some("SUCCESS"));
    let failed = written(&fields(&[("return_code", "SUCCESS"), ("result_code", "FAIL"), ("err_code", "X")]));
    assert!(matches!(answered(&merchant(), &agreed, &failed), Err(Error::Service { .. })));
}

#[test]
fn a_wrong_sign_is_refused_even_where_none_was_needed() {
    let agreed = AnyCall { allow_unsigned: true, ..any(&[], &[]) };
    let forged = signed_with(&success(&[]), &other_key(), SignType::HmacSha256);
    assert!(matches!(answered(&merchant(), &agreed, &forged), Err(Error::Signature(SignatureError::Wrong))));
}

#[test]
fn an_endpoint_of_one_algorithm_takes_no_other_not_even_a_stronger_one() {
    let call = any(&[("sign_type", "MD5")], &[]);
    assert_eq!(call.spec().fixed, Some(SignType::Md5));
    let tolerant = with(|keys| keys.accept_md5 = true);
    let hmac_only = any(&[("sign_type", "HMAC-SHA256")], &[]);
    let refused = answered(&tolerant, &hmac_only, &signed(&success(&[]), &md5_merchant()));
    assert!(matches!(refused, Err(Error::Signature(SignatureError::Algorithm { .. }))), "{refused:?}");
}

#[test]
fn no_error_of_the_ladder_shows_a_computed_digest() {
    let own = sign(byte_pairs(&paid(NUMBER)), &key(), SignType::HmacSha256);
    let mut forged = paid(NUMBER);
    forged.set("sign", "0".repeat(64));
    let error = asked(&merchant(), &written(&forged)).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(&own[..6]) && !shown.contains("0123456789abcdef"), "{shown}");
    assert_eq!(build_request(&merchant(), &query(), "n").get("appid"), Some(APPID));
}

#[test]
fn r36_r51_an_unsigned_refusal_says_what_it_said_and_no_words_of_ours() {
    for (pairs, says) in [
        (&[("return_code", "FAIL")][..], ""),
        (&[("return_code", "FAIL"), ("return_msg", "certificate not match")], "certificate not match"),
        (&[("return_code", "FAIL"), ("error_code", "CERT_ERROR"), ("error_msg", "bad")], "CERT_ERROR: bad"),
        (&[("return_code", "FAIL"), ("return_msg", "x"), ("err_code", "SIGNERROR")], "x: SIGNERROR"),
        (&[("return_code", "FAIL"), ("return_msg", "x"), ("error_msg", "x")], "x"),
        (&[("return_code", "SYSTEMERROR")], "SYSTEMERROR"),
    ] {
        let Err(Error::Gateway { return_msg, .. }) = check_return_code(&written(&fields(pairs))) else {
            panic!("{pairs:?}")
        };
        assert_eq!(return_msg, says);
    }
    let silent = check_return_code(&written(&fields(&[("return_code", "FAIL")]))).unwrap_err();
    assert!(silent.to_string().ends_with("gave no reason"), "{silent}");
}
