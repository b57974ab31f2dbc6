//! A status that means yes around an answer that says no, or says something else.

use super::code_pay::{open, reversing, selling};
use super::*;
use crate::api::any_v3_call::AnyV3Call;

const STORE: (&str, &str) = ("scene_info", r#"{"store_info":{"out_id":"S1"}}"#);

fn code(fault: &Fault) -> Option<&str> {
    if let Error::Service { err_code, .. } = &fault.error { Some(err_code) } else { None }
}

#[test]
fn v12_words_of_a_refusal_in_a_200_are_one() {
    let refusal = r#"{"code":"ORDERPAID","message":"该订单已支付","detail":null}"#;
    assert_eq!(code(&fault(&close(), [signed(200, refusal)])), Some("ORDERPAID"));
    let acting = AnyV3Call::new("POST", "/v3/x", Some(&json!({ "a": 1 }))).unwrap();
    let said = fault(&acting, [signed(200, r#"{"code":"PARAM_ERROR","message":"参数错误"}"#)]);
    assert_eq!(code(&said), Some("PARAM_ERROR"));
    let (ended, _) = asked(&merchant(), &acting, [signed(200, r#"{"code":"1","card":"2"}"#)]);
    assert!(ended.is_ok(), "a code among other things may be anything");
}

#[test]
fn v11_an_order_that_a_close_tells_is_closed_or_the_close_is_no_success() {
    let answered = |body: String| asked(&merchant(), &close(), [signed(200, body)]).0;
    let paid_one = answered(paid()).unwrap_err();
    assert!(matches!(&paid_one.error, Error::Mismatch { field, .. } if field == "trade_state"));
    assert!(paid_one.maybe_processed, "{paid_one:?}");
    let closed = paid().replace("\"SUCCESS\"", "\"CLOSED\"");
    assert!(answered(closed).is_ok() && answered("{}".into()).is_ok());
    assert!(answered(r#"{"a":1}"#.into()).is_err());
}

#[test]
fn v4_the_answer_of_a_question_is_no_reversal() {
    let (ended, _) = asked(&open(merchant()), &reversing(), [signed(200, paid())]);
    let error = ended.unwrap_err().error;
    assert!(matches!(&error, Error::Mismatch { field, .. } if field == "trade_state"), "{error:?}");
}

#[test]
fn v12_accepted_decides_nothing_whatever_code_is_in_it() {
    let accepted = |code: &str| signed(202, format!(r#"{{"code":"{code}","message":"m"}}"#));
    let sale = asked(&open(merchant()), &selling(&[STORE]), [accepted("AUTH_CODE_INVALID")]).0;
    let sale = sale.err().unwrap();
    assert!(code(&sale).is_none() && sale.maybe_processed, "{sale:?}");
    assert!(asked(&merchant(), &close(), [accepted("ORDER_CLOSED")]).0.is_err());
    let waiting = asked(&open(merchant()), &selling(&[STORE]), [accepted("USERPAYING")]).0;
    assert_eq!(code(&waiting.err().unwrap()), Some("USERPAYING"));
}

/// A refusal of that status, signed.
fn refused(status: u16, code: &str) -> HttpResponse {
    signed(status, format!(r#"{{"code":"{code}","message":"m"}}"#))
}

#[test]
fn n18_v13_a_signed_429_says_too_often_whatever_its_code_is() {
    for said in ["FREQUENCY_LIMITED", "A_CODE_OF_TOMORROW", "SYSTEM_ERROR", "PARAM_ERROR"] {
        let (ended, arrived) = asked(&merchant(), &query(), [refused(429, said)]);
        let question = ended.unwrap_err();
        assert_eq!((code(&question), question.code()), (Some(said), Some(ErrCode::Limited)));
        assert_eq!((question.advice, question.retryable, arrived.len()), (Advice::Wait, true, 3));
        let (ended, arrived) = asked(&merchant(), &close(), [refused(429, said)]);
        let acting = ended.unwrap_err();
        assert_eq!((acting.advice, acting.maybe_processed, arrived.len()), (Advice::Wait, false, 1));
        assert!(fault(&refund_of(100), [refused(429, said)]).maybe_processed, "a refund may be under way");
    }
}

#[test]
fn n17_n18_a_question_is_asked_again_after_a_signed_refusal_that_passes() {
    for status in [429, 500, 503] {
        let (ended, arrived) = asked(&merchant(), &query(), [refused(status, "X"), signed(200, paid())]);
        assert!(ended.is_ok() && arrived.len() == 2, "{status}");
    }
    for status in [400, 404] {
        assert_eq!(asked(&merchant(), &query(), [refused(status, "X")]).1.len(), 1, "{status}");
    }
    let acting = asked(&merchant(), &close(), [refused(503, "SERVICE_UNAVAILABLE"), signed(204, "")]);
    assert!(acting.0.is_err() && acting.1.len() == 1, "what acts is sent once");
    for (seconds, tries) in [("7", 2), ("9", 1)] {
        let mut busy = refused(429, "FREQUENCY_LIMITED");
        busy.headers.insert("retry-after", seconds.parse().unwrap());
        let (_, arrived) = asked(&merchant(), &query(), [busy, signed(200, paid())]);
        assert_eq!(arrived.len(), tries, "{seconds} of 8 seconds");
    }
}
