//! The client on a fake network and a fake clock: tries, pauses, domains, deadlines, reports.

use super::*;
use crate::api::any_call::{AnyCall, Path};
use crate::api::close_order::CloseOrder;
use crate::api::order_query::OrderQuery;
use crate::error::{Advice, Phase};
use crate::gateway::fixtures::{
    self, NUMBER, answered, failure, fields, merchant, paid, signed, success, written,
};
use crate::model::order::Order;
use crate::model::order_id::OrderId;
use crate::wire::v2::sign::SignType;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const API: &str = "https://api.test";
const API2: &str = "https://api2.test";

/// A clock that stands still but for what is waited or takes time.
#[derive(Default)]
struct FakeClock(AtomicU64);

impl Clock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn unix_seconds(&self) -> i64 {
        1_772_330_401
    }

    fn sleep_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// One post as it reached the network.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SentRequest {
    url: String,
    at_ms: u64,
    timeout_ms: u64,
    connect_timeout_ms: u64,
    may_resend: bool,
    body: Vec<u8>,
}

/// What the network gives back for one request.
type Carried = Result<Vec<u8>, TransportError>;

/// A network that answers from a list, each answer taking so many milliseconds; the last one stays.
struct FakeNetwork {
    clock: Arc<FakeClock>,
    answers: Mutex<VecDeque<Carried>>,
    takes_ms: u64,
    seen: Mutex<Vec<SentRequest>>,
}

impl Transport for FakeNetwork {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        self.seen.lock().unwrap().push(SentRequest {
            url: request.url.to_owned(),
            at_ms: self.clock.now_ms(),
            timeout_ms: request.timeout_ms,
            connect_timeout_ms: request.connect_timeout_ms,
            may_resend: request.may_resend,
            body: request.body.to_vec(),
        });
        self.clock.sleep_ms(self.takes_ms);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.unwrap().map(answered)
    }
}

/// A client, its network and its clock.
struct Setup {
    client: ApiClient,
    network: Arc<FakeNetwork>,
    clock: Arc<FakeClock>,
}

fn stage(answers: Vec<Carried>) -> Setup {
    stage_taking(answers, 0)
}

fn stage_taking(answers: Vec<Carried>, takes_ms: u64) -> Setup {
    let clock = Arc::new(FakeClock::default());
    let network = Arc::new(FakeNetwork {
        clock: clock.clone(),
        answers: Mutex::new(answers.into()),
        takes_ms,
        seen: Mutex::default(),
    });
    let client = ApiClient {
        merchant: Arc::new(merchant()),
        transport: network.clone(),
        clock: clock.clone(),
        health: Arc::default(),
        url: API.into(),
        backup_url: Some(API2.into()),
        connect_timeout_ms: 3000,
        timeout_ms: 8000,
        nonce: || "nonce".to_owned(),
    };
    Setup { client, network, clock }
}

fn noting(attempts: &RefCell<Vec<Attempt>>) -> impl Fn(&Attempt) {
    |attempt| attempts.borrow_mut().push(attempt.clone())
}

impl Setup {
    fn query(&self) -> (Result<Order, Fault>, Vec<Attempt>) {
        self.ask(&query(NUMBER))
    }

    fn ask<C: Endpoint>(&self, call: &C) -> (Result<C::Answer, Fault>, Vec<Attempt>) {
        let attempts = RefCell::default();
        let result = self.client.clone().observed_by(Some(&noting(&attempts))).ask(call);
        (result, attempts.into_inner())
    }

    /// Which domains were asked, and when.
    fn asked(&self) -> Vec<(String, u64)> {
        self.network.seen.lock().unwrap().iter().map(|s| (s.url.clone(), s.at_ms)).collect()
    }

    fn without_backup(mut self) -> Self {
        self.client.backup_url = None;
        self
    }
}

fn query(number: &str) -> OrderQuery {
    OrderQuery(OrderId::out_trade_no(number).unwrap())
}

fn close() -> CloseOrder {
    CloseOrder { out_trade_no: OrderId::out_trade_no(NUMBER).unwrap() }
}

fn any() -> AnyCall {
    AnyCall {
        path: Path::new("/pay/anything").unwrap(),
        fields: fields(&[]),
        omitted: Vec::new(),
        certificate: false,
        allow_unsigned: false,
    }
}

fn fault(phase: Phase, sent: bool) -> TransportError {
    TransportError { phase, message: "lost".into(), sent, retry_after_ms: None, reused: Some(false) }
}

fn lost(phase: Phase, sent: bool) -> Carried {
    Err(fault(phase, sent))
}

#[allow(clippy::unnecessary_wraps, reason = "it stands in lists beside `lost`")]
fn order() -> Carried {
    Ok(signed(&paid(NUMBER), &merchant()))
}

fn at(moments: &[(&str, u64)]) -> Vec<(String, u64)> {
    moments.iter().map(|(url, ms)| ((*url).to_owned(), *ms)).collect()
}

#[test]
fn an_answer_at_once_is_one_try_and_one_report() {
    let stage = stage_taking(vec![order()], 37);
    let (result, attempts) = stage.query();
    assert_eq!(result.unwrap().typed().out_trade_no, Some(NUMBER));
    let expected = Attempt {
        path: "/pay/orderquery".into(),
        host: "api.test".into(),
        number: 1,
        reused: Some(true),
        ms: 37,
        status: Some(200),
        outcome: "ok",
    };
    assert_eq!(attempts, [expected]);
}

#[test]
fn the_network_is_told_the_deadlines_and_whether_it_may_resend() {
    let stage = stage(vec![order()]);
    stage.query().0.unwrap();
    let _ = stage.ask(&close());
    let seen = stage.network.seen.lock().unwrap();
    assert_eq!((seen[0].timeout_ms, seen[0].connect_timeout_ms, seen[0].may_resend), (8000, 3000, true));
    assert!(!seen[1].may_resend, "a call that acts is never sent twice in silence");
}

#[test]
fn n1_n2_a_query_that_reaches_nobody_is_tried_three_times_at_both_domains_in_turn() {
    for phase in [Phase::Connect, Phase::Dns] {
        let stage = stage(vec![lost(phase, false)]);
        let (result, attempts) = stage.query();
        let fault = result.unwrap_err();
        assert!(fault.retryable && fault.advice == Advice::Retry && !fault.maybe_processed);
        assert_eq!(stage.asked(), at(&[(API, 0), (API2, 200), (API, 600)]), "{phase:?}");
        assert_eq!(attempts.iter().map(|a| a.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(attempts.iter().all(|a| a.outcome == "transport" && a.status.is_none()));
    }
}

#[test]
fn n1_the_second_domain_saves_a_query() {
    let stage = stage(vec![lost(Phase::Connect, false), order()]);
    let (result, attempts) = stage.query();
    assert!(result.is_ok());
    assert_eq!(attempts.iter().map(|a| &*a.host).collect::<Vec<_>>(), ["api.test", "api2.test"]);
}

#[test]
fn n1_without_a_backup_a_query_is_tried_at_the_one_domain() {
    let stage = stage(vec![lost(Phase::Connect, false)]).without_backup();
    assert!(stage.query().0.is_err());
    assert_eq!(stage.asked(), at(&[(API, 0), (API, 200), (API, 600)]));
}

#[test]
fn n2_one_dns_fault_puts_the_backup_first_for_the_next_call_for_three_minutes() {
    let stage = stage(vec![lost(Phase::Dns, false), order()]);
    assert!(stage.query().0.is_ok());
    assert!(stage.query().0.is_ok());
    assert_eq!(stage.asked().last().unwrap().0, API2);
    stage.clock.sleep_ms(180_000);
    assert!(stage.query().0.is_ok());
    assert_eq!(stage.asked().last().unwrap().0, API);
}

#[test]
fn n1_three_connect_faults_in_a_row_put_the_backup_first() {
    let stage = stage(vec![lost(Phase::Connect, false), order()]);
    for _ in 0..3 {
        stage.network.answers.lock().unwrap().push_front(lost(Phase::Connect, false));
        stage.client.health.failed(&fault(Phase::Connect, false), 0);
    }
    assert!(stage.client.health.backup_first(0));
    let _ = stage.query();
    assert_eq!(stage.asked()[0].0, API2);
}

#[test]
fn n27_when_both_domains_are_down_the_fault_says_retry_and_recovery_needs_nothing() {
    let stage = stage(vec![
        lost(Phase::Connect, false),
        lost(Phase::Connect, false),
        lost(Phase::Connect, false),
        order(),
    ]);
    let down = stage.query().0.unwrap_err();
    assert!(matches!(down.error, Error::Transport(_)) && down.retryable);
    assert!(stage.query().0.is_ok());
}

#[test]
fn n4_n5_n6_a_tls_fault_is_neither_retried_nor_sent_to_the_other_domain() {
    for call_acts in [false, true] {
        let stage = stage(vec![lost(Phase::Tls, false)]);
        let fault = if call_acts { stage.ask(&close()).0.unwrap_err() } else { stage.query().0.unwrap_err() };
        assert!(!fault.retryable && fault.advice == Advice::FixConfiguration && !fault.maybe_processed);
        assert_eq!(stage.asked(), at(&[(API, 0)]));
    }
}

#[test]
fn n17_5xx_answers_to_a_query_are_tried_again() {
    for status in [500, 502, 503, 504] {
        let stage =
            stage(vec![lost(Phase::Status(status), true), lost(Phase::Status(status), true), order()]);
        let (result, attempts) = stage.query();
        assert!(result.is_ok());
        assert_eq!(
            attempts.iter().map(|a| a.status).collect::<Vec<_>>(),
            [Some(status), Some(status), Some(200)]
        );
    }
}

#[test]
fn n18_retry_after_is_waited_for_if_it_fits_the_deadline() {
    let busy = |ms| Err(TransportError { retry_after_ms: Some(ms), ..fault(Phase::Status(429), true) });
    let stage = stage(vec![busy(2000), order()]);
    assert!(stage.query().0.is_ok());
    assert_eq!(stage.asked(), at(&[(API, 0), (API2, 2000)]));
    let stage = self::stage(vec![busy(8000), order()]);
    let fault = stage.query().0.unwrap_err();
    assert_eq!((fault.advice, stage.asked().len(), stage.clock.now_ms()), (Advice::Wait, 1, 0));
}

#[test]
fn n18_a_verified_frequency_limit_means_wait_and_is_not_repeated_here() {
    let stage = stage(vec![Ok(signed(&failure("FREQUENCY_LIMITED"), &merchant()))]);
    let fault = stage.query().0.unwrap_err();
    assert!(fault.advice == Advice::Wait && fault.retryable);
    assert_eq!(stage.asked().len(), 1);
}

#[test]
fn n12_n16_n20_what_is_no_proper_answer_is_not_asked_for_again() {
    for phase in [Phase::Protocol, Phase::Status(302), Phase::Status(404)] {
        let stage = stage(vec![lost(phase, true)]);
        assert!(stage.query().0.is_err());
        assert_eq!(stage.asked().len(), 1, "{phase:?}");
    }
}

#[test]
fn n10_n11_tries_and_pauses_all_fit_into_the_one_deadline() {
    let stage = stage_taking(vec![lost(Phase::Answer, true)], 3900);
    assert!(stage.query().0.is_err());
    let seen = stage.network.seen.lock().unwrap();
    let left: Vec<_> = seen.iter().map(|s| (s.timeout_ms, s.connect_timeout_ms)).collect();
    assert_eq!(left, [(8000, 3000), (3900, 3000)], "a third try would start after the deadline");
}

#[test]
fn n26_a_clock_that_has_passed_the_deadline_ends_the_call() {
    let stage = stage_taking(vec![lost(Phase::Answer, true)], 9000);
    assert!(stage.query().0.is_err());
    assert_eq!(stage.asked().len(), 1);
}

#[test]
fn the_longest_of_all_timeouts_does_not_overflow() {
    let mut stage = stage_taking(vec![lost(Phase::Connect, false), order()], 5);
    stage.client.timeout_ms = u64::MAX;
    stage.clock.sleep_ms(10);
    assert!(stage.query().0.is_ok());
}

#[test]
fn every_try_of_a_call_carries_the_same_bytes() {
    let stage = stage(vec![lost(Phase::Answer, true)]);
    let _ = stage.query();
    let seen = stage.network.seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|s| s.body == seen[0].body));
}

#[test]
fn a_call_that_acts_goes_to_the_other_domain_once_and_only_if_nothing_was_sent() {
    let unsent = stage(vec![lost(Phase::Connect, false)]);
    let fault = unsent.ask(&close()).0.unwrap_err();
    assert_eq!(unsent.asked(), at(&[(API, 0), (API2, 0)]));
    assert!(!fault.maybe_processed && fault.retryable);
    for (phase, sent) in [(Phase::Answer, true), (Phase::Status(502), true), (Phase::Connect, true)] {
        let stage = stage(vec![lost(phase, sent)]);
        let fault = stage.ask(&close()).0.unwrap_err();
        assert_eq!(stage.asked().len(), 1, "{phase:?}");
        assert!(fault.maybe_processed && fault.out_trade_no.as_deref() == Some(NUMBER));
    }
}

#[test]
fn a_call_that_acts_is_not_repeated_where_there_is_no_other_domain() {
    let lone = stage(vec![lost(Phase::Connect, false)]).without_backup();
    assert!(lone.ask(&close()).0.is_err());
    assert!(lone.ask(&any()).0.is_err());
    assert_eq!(lone.asked().len(), 2, "one each");
}

/// The script ends when this many tries were heard of.
struct EndsAfter(RefCell<usize>);

impl AttemptObserver for EndsAfter {
    fn tried(&self, _: &Attempt) {
        let mut left = self.0.borrow_mut();
        *left = left.saturating_sub(1);
    }

    fn may_send(&self) -> bool {
        *self.0.borrow() > 0
    }
}

#[test]
fn r15_what_acts_is_not_begun_once_the_script_has_ended_but_a_question_may_be_asked() {
    for allowed in 0..=2 {
        let setup = stage(vec![lost(Phase::Connect, false)]);
        let observer = EndsAfter(RefCell::new(allowed));
        let fault = setup.client.clone().observed_by(Some(&observer)).ask(&close()).unwrap_err();
        assert_eq!(setup.asked().len(), allowed, "the other domain is not asked any more");
        assert!(!fault.maybe_processed);
    }
    let setup = stage(vec![order()]);
    let observer = EndsAfter(RefCell::new(0));
    assert!(setup.client.observed_by(Some(&observer)).ask(&query(NUMBER)).is_ok());
}

#[test]
fn a_call_of_unknown_effect_is_never_retryable() {
    let stage = stage(vec![lost(Phase::Answer, true)]);
    let fault = stage.ask(&any()).0.unwrap_err();
    assert!(!fault.retryable && fault.maybe_processed && fault.advice == Advice::QueryOrder);
}

#[test]
fn p2_p7_p8_what_is_wrong_with_an_answer_is_never_cured_by_asking_again() {
    let forged = fixtures::signed_with(&paid(NUMBER), &fixtures::other_key(), SignType::HmacSha256);
    for (body, outcome) in [
        (forged, "signature"),
        (written(&paid(NUMBER)), "signature"),
        (b"<html>".to_vec(), "malformed"),
        (written(&fields(&[("return_code", "FAIL")])), "gateway"),
        (signed(&paid("T999"), &merchant()), "mismatch"),
        (signed(&failure("SYSTEMERROR"), &merchant()), "service"),
        (signed(&success(&[("return_code", "ODD")]), &merchant()), "malformed"),
    ] {
        let stage = stage(vec![Ok(body)]);
        let (result, attempts) = stage.query();
        assert!(result.is_err());
        assert_eq!(attempts.iter().map(|a| a.outcome).collect::<Vec<_>>(), [outcome]);
    }
}

#[test]
fn what_cannot_be_written_is_an_argument_fault_and_sends_nothing() {
    let stage = stage(vec![order()]);
    let call = AnyCall { fields: fields(&[("body", "\u{1F600}")]), ..any() };
    let (result, attempts) = stage.ask(&call);
    let fault = result.unwrap_err();
    assert!(matches!(fault.error, Error::Argument(_)) && fault.advice == Advice::FixCall);
    assert!(!fault.maybe_processed && attempts.is_empty() && stage.asked().is_empty());
}

#[test]
fn an_answer_of_the_first_domain_clears_its_record() {
    let stage = stage(vec![lost(Phase::Connect, false), order()]);
    stage.client.health.failed(&fault(Phase::Connect, false), 0);
    assert!(stage.query().0.is_ok(), "by the backup");
    assert!(stage.query().0.is_ok(), "by the first");
    stage.client.health.failed(&fault(Phase::Connect, false), 0);
    stage.client.health.failed(&fault(Phase::Connect, false), 0);
    assert!(!stage.client.health.backup_first(0));
}

#[test]
fn many_answers_in_the_order_of_the_questions_and_one_fault_is_its_own() {
    let stage = stage(vec![order()]);
    let queries: Vec<_> = (0..20).map(|n| query(if n == 7 { "T999" } else { NUMBER })).collect();
    let attempts = RefCell::default();
    let orders = |queries: &[OrderQuery], on_attempt: OnAttempt<'_>| {
        stage.client.clone().observed_by(on_attempt).orders(queries, 4)
    };
    let answers = orders(&queries, Some(&noting(&attempts)));
    assert_eq!((answers.len(), attempts.into_inner().len()), (20, 20));
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_err(), n == 7, "{n}");
    }
    assert_eq!(answers[7].as_ref().unwrap_err().out_trade_no.as_deref(), Some("T999"));
    assert!(orders(&[], None).is_empty());
    let unwatched = orders(&queries, None);
    assert_eq!(unwatched.iter().filter(|answer| answer.is_ok()).count(), 19);
}

#[test]
fn a_nonce_is_32_hex_characters_and_never_the_same() {
    let nonces: std::collections::HashSet<_> = (0..1000).map(|_| random_nonce()).collect();
    assert_eq!(nonces.len(), 1000);
    assert!(nonces.iter().all(|n| n.len() == 32 && n.bytes().all(|b| b.is_ascii_hexdigit())));
}
