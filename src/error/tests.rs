//! What each error means for the call it met, and what it says.

use super::*;

fn service(code: &str, repeat: Repeat) -> Fault {
    Fault::new(Error::service(code, None), repeat, Some("T1"))
}

#[test]
fn p9_an_unknown_order_means_wait_when_asked_and_query_when_acted_upon() {
    assert_eq!(service("ORDERNOTEXIST", Repeat::Query).advice, Advice::Wait);
    assert_eq!(service("ORDERNOTEXIST", Repeat::SameNumbers).advice, Advice::QueryOrder);
}

#[test]
fn r35_r36_trouble_with_certificate_key_or_sign_is_for_the_operator_however_it_is_told() {
    for words in [
        "certificate not match",
        "商户证书未传",
        "证书已过期",
        "CERT_ERROR",
        "CERT_ERROR: bad",
        "SIGN_ERROR",
        "sign error",
        "SIGNERROR",
        "签名错误",
        "mch_id参数格式错误",
        "appid不存在",
        "CA_ERROR",
        "商户号该产品权限未开通",
        "SSL error",
        "invalid Signature",
    ] {
        let fault = Fault::new(Error::gateway(words.into()), Repeat::SameNumbers, None);
        assert_eq!((fault.advice, fault.retryable), (Advice::FixConfiguration, false), "{words}");
    }
    for words in ["design wrong", "参数错误", "uncertain", "assign", "cash"] {
        let fault = Fault::new(Error::gateway(words.into()), Repeat::SameNumbers, None);
        assert_eq!(fault.advice, Advice::FixCall, "{words}");
    }
    for code in ["CA_ERROR", "CERT_ERROR", "SIGN_ERROR", "SIGNERROR", "NOAUTH"] {
        let fault = service(code, Repeat::SameNumbers);
        assert!(fault.advice == Advice::FixConfiguration && !fault.maybe_processed, "{code}");
    }
    let words = |des: &str| Error::service("INVALID_REQUEST", Some(des.into()));
    assert_eq!(Fault::new(words("证书错误"), Repeat::SameNumbers, None).advice, Advice::FixConfiguration);
    assert_eq!(Fault::new(words("201 订单重复"), Repeat::SameNumbers, None).advice, Advice::FixCall);
}

#[test]
fn r51_too_many_calls_mean_wait_signed_or_not() {
    for words in
        ["请求频率过高", "调用过于频繁", "frequency limited", "FREQUENCY_LIMITED", "too many requests"]
    {
        let bare = |repeat| Fault::new(Error::gateway(words.into()), repeat, None);
        assert_eq!(
            (bare(Repeat::Query).advice, bare(Repeat::Query).retryable),
            (Advice::Wait, true),
            "{words}"
        );
        assert_eq!(bare(Repeat::SameNumbers).advice, Advice::Wait);
        assert_eq!((bare(Repeat::Never).advice, bare(Repeat::Never).retryable), (Advice::QueryOrder, false));
    }
}

#[test]
fn r35_r38_a_refused_certificate_and_a_barred_proxy_leave_nothing_processed() {
    for (phase, sent) in [(Phase::Certificate, true), (Phase::Barred, false)] {
        let error =
            TransportError { phase, message: String::new(), sent, retry_after_ms: None, reused: None };
        let fault = Fault::new(error.into(), Repeat::Never, None);
        assert_eq!(
            (fault.advice, fault.maybe_processed, fault.retryable),
            (Advice::FixConfiguration, false, false)
        );
    }
}

#[test]
fn p10_a_system_error_may_have_acted_unless_it_only_asked() {
    assert!(!service("SYSTEMERROR", Repeat::Query).maybe_processed);
    let fault = service("SYSTEMERROR", Repeat::SameNumbers);
    assert!(fault.maybe_processed && fault.retryable && fault.advice == Advice::Retry);
}

#[test]
fn a_call_that_must_not_be_repeated_is_retryable_only_if_it_cannot_have_acted() {
    let open = service("SYSTEMERROR", Repeat::Never);
    assert_eq!((open.retryable, open.advice), (false, Advice::QueryOrder));
    let refused = service("FREQUENCY_LIMITED", Repeat::Never);
    assert_eq!((refused.retryable, refused.advice), (true, Advice::Wait));
}

#[test]
fn a_code_nobody_knows_leaves_the_outcome_open() {
    let fault = service("BRAND_NEW_CODE", Repeat::SameNumbers);
    assert!(fault.maybe_processed && fault.advice == Advice::QueryOrder);
}

#[test]
fn n4_a_tls_fault_is_for_the_operator_and_never_retried() {
    let error = TransportError {
        phase: Phase::Tls,
        message: String::new(),
        sent: false,
        retry_after_ms: None,
        reused: None,
    };
    let fault = Fault::new(error.into(), Repeat::Query, None);
    assert!(!fault.retryable && fault.advice == Advice::FixConfiguration);
}

#[test]
fn an_open_try_stays_open_whatever_meets_the_next_one() {
    let wait = service("FREQUENCY_LIMITED", Repeat::SameNumbers).after_an_open_try();
    assert!(wait.maybe_processed && wait.retryable && wait.advice == Advice::Wait);
    let refused = service("INVALID_REQUEST", Repeat::SameNumbers).after_an_open_try();
    assert!(refused.maybe_processed && !refused.retryable && refused.advice == Advice::QueryOrder);
}

#[test]
fn a_request_that_never_left_us_cannot_have_been_processed() {
    let lost = |sent| TransportError {
        phase: Phase::Connect,
        message: String::new(),
        sent,
        retry_after_ms: None,
        reused: None,
    };
    let fault = |sent| Fault::new(lost(sent).into(), Repeat::SameNumbers, None);
    assert!(!fault(false).maybe_processed && fault(false).advice == Advice::Retry);
    let never = Fault::new(lost(false).into(), Repeat::Never, None);
    assert!(never.retryable && never.advice == Advice::Retry);
    assert!(!Fault::new(lost(true).into(), Repeat::Never, None).retryable);
    assert!(fault(true).maybe_processed && fault(true).advice == Advice::QueryOrder);
}

/// One of each kind, with a cause in it.
fn one_of_each() -> Vec<(Error, &'static str)> {
    let transport = TransportError {
        phase: Phase::Answer,
        message: "no complete answer from a.example: the deadline has passed".into(),
        sent: true,
        retry_after_ms: None,
        reused: Some(true),
    };
    let gateway = |words: &str| Error::gateway(words.into());
    let service = |des: Option<&str>| Error::service("NOTENOUGH", des.map(Into::into));
    vec![
        (BadArgument::new("total_fee", "must be at least 1 fen").into(), "total_fee must be at least 1 fen"),
        (Error::Configuration("the private key is encrypted".into()), "the private key is encrypted"),
        (transport.into(), "no complete answer from a.example"),
        (Error::Malformed("field total_fee is missing".into()), "field total_fee is missing"),
        (gateway("签名错误"), "签名错误"),
        (gateway(""), "gave no reason"),
        (SignatureError::Missing.into(), "the answer was refused: "),
        (
            Error::Mismatch { field: "mch_id".into(), asked: "1".into(), got: "2".into() },
            "its mch_id is not ours: asked for 1, got 2",
        ),
        (service(Some("余额不足")), "NOTENOUGH: 余额不足"),
        (service(None), "NOTENOUGH"),
        (
            Error::Undecided {
                message: "the time is up".into(),
                last_seen: None,
                reversed: false,
                cause: None,
            },
            "the time is up",
        ),
    ]
}

#[test]
fn r33_r51_every_error_says_its_cause_and_none_shows_rusts_own_form() {
    for (error, cause) in one_of_each() {
        let said = error.to_string();
        assert!(said.contains(cause), "{cause}: {said}");
        for debug in ["Some(", "None", "Other(", "Error", "{", "}", "\""] {
            assert!(!said.contains(debug), "{said}");
        }
    }
}
