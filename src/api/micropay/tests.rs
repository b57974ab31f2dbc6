//! Every way a code payment can go, crossed with every way its reverse can go, on a virtual clock.

use super::*;
use crate::api::until_final::Seen;
use crate::error::{Advice, Phase, TransportError};
use crate::gateway::sample::{merchant, signed};
use crate::gateway::transport::{Post, Reply, Transport};
use crate::time::Clock;
use crate::wire::xml::{self, Root};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const NUMBER: &str = "T20260301000001";
const FEE: i64 = 100;

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

/// How the payment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payment {
    Paid,
    PasswordThenPaid,
    PasswordNever,
    PayError,
    NoAnswer,
    Page502,
    /// The payment call's answer is not WeChat's; the payer never pays.
    Forged,
}

/// How the reverse goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undoing {
    Works,
    RecallThreeTimes,
    UserPayingTwice,
    NoAnswer,
    /// Accepted, but no query ever shows it.
    Unseen,
    /// Carried out without an answer, then refused as a double call; no query ever shows it.
    LostThenRefused,
}

const PAYMENTS: [Payment; 6] = [
    Payment::Paid,
    Payment::PasswordThenPaid,
    Payment::PasswordNever,
    Payment::PayError,
    Payment::NoAnswer,
    Payment::Page502,
];
const UNDOINGS: [Undoing; 4] =
    [Undoing::Works, Undoing::RecallThreeTimes, Undoing::UserPayingTwice, Undoing::NoAnswer];

/// A gateway with one order.
struct Gateway {
    clock: Arc<FakeClock>,
    payment: Payment,
    undoing: Undoing,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    reverses: u32,
    reversed: bool,
    pays: u32,
    reversed_at: Option<u64>,
}

impl Gateway {
    fn state(&self) -> &'static str {
        let book = self.book.lock().unwrap();
        match self.payment {
            _ if book.reversed && !matches!(self.undoing, Undoing::Unseen | Undoing::LostThenRefused) => {
                "REVOKED"
            }
            Payment::Paid => "SUCCESS",
            Payment::PasswordThenPaid if self.clock.now_ms() >= 12_000 => "SUCCESS",
            Payment::PayError => "PAYERROR",
            Payment::Page502 | Payment::Forged => "NOTPAY",
            _ => "USERPAYING",
        }
    }

    fn pay(&self) -> Result<Vec<u8>, TransportError> {
        self.book.lock().unwrap().pays += 1;
        match self.payment {
            Payment::Paid => Ok(answer(&[("total_fee", "100"), ("out_trade_no", NUMBER)])),
            Payment::NoAnswer => self.silence(),
            Payment::Page502 => Err(lost(Phase::Status(502))),
            Payment::Forged => Ok(b"<xml><return_code>SUCCESS</return_code></xml>".to_vec()),
            _ => Ok(refusal("USERPAYING", "")),
        }
    }

    fn reverse(&self) -> Result<Vec<u8>, TransportError> {
        let mut book = self.book.lock().unwrap();
        book.reverses += 1;
        book.reversed_at.get_or_insert(self.clock.now_ms());
        let refuse = match self.undoing {
            Undoing::RecallThreeTimes if book.reverses <= 3 => Some(refusal("SYSTEMERROR", "Y")),
            Undoing::UserPayingTwice if book.reverses <= 2 => Some(refusal("USERPAYING", "N")),
            Undoing::NoAnswer => return self.silence(),
            Undoing::LostThenRefused if book.reverses == 1 => {
                book.reversed = true;
                return self.silence();
            }
            Undoing::LostThenRefused => Some(refusal("INVALID_REQUEST", "N")),
            _ => None,
        };
        book.reversed |= refuse.is_none();
        Ok(refuse.unwrap_or_else(|| answer(&[("recall", "N")])))
    }

    fn silence(&self) -> Result<Vec<u8>, TransportError> {
        self.clock.sleep_ms(8000);
        Err(lost(Phase::Answer))
    }
}

impl Transport for Gateway {
    fn send(&self, post: &Post<'_>) -> Result<Reply, TransportError> {
        let before = self.clock.now_ms();
        let body = match post.path {
            "/pay/micropay" => self.pay(),
            "/secapi/pay/reverse" => self.reverse(),
            _ => Ok(answer(&[("out_trade_no", NUMBER), ("trade_state", self.state()), ("total_fee", "100")])),
        };
        // A silent gateway costs the caller its deadline, not more.
        let took = self.clock.now_ms() - before;
        self.clock.0.fetch_sub(took.saturating_sub(post.timeout_ms), Ordering::SeqCst);
        self.clock.sleep_ms(20);
        assert!(xml::decode(post.body, Root::Xml).unwrap().text("sign").is_some());
        body.map(|body| Reply { body, reused: true })
    }
}

fn lost(phase: Phase) -> TransportError {
    TransportError { phase, message: "lost".into(), sent: true, retry_after_ms: None, reused: None }
}

fn answer(extra: &[(&str, &str)]) -> Vec<u8> {
    let mut pairs = vec![("return_code", "SUCCESS"), ("result_code", "SUCCESS")];
    pairs.extend_from_slice(extra);
    sealed(&pairs)
}

fn refusal(code: &str, recall: &str) -> Vec<u8> {
    sealed(&[("return_code", "SUCCESS"), ("result_code", "FAIL"), ("err_code", code), ("recall", recall)])
}

fn sealed(pairs: &[(&str, &str)]) -> Vec<u8> {
    let merchant = merchant();
    let mut fields = Fields::new();
    for (name, text) in pairs {
        fields.set(name, *text);
    }
    for (name, id) in merchant.ids() {
        fields.set_some(name, id);
    }
    signed(&fields, &merchant)
}

/// A till that waits on the fake clock, and may stop.
struct FakeWatch {
    clock: Arc<FakeClock>,
    stop_after: u32,
    polls: u32,
}

impl Watch for FakeWatch {
    fn tried(&mut self, _: &Attempt) {}

    fn seen(&mut self, _: &Seen<'_>, number: u32) -> bool {
        self.polls = number;
        number < self.stop_after
    }

    fn pause(&mut self, ms: u64) -> bool {
        self.clock.sleep_ms(ms);
        true
    }

    fn rest(&mut self, ms: u64) {
        self.clock.sleep_ms(ms);
    }
}

struct Sold {
    end: Result<Order, Fault>,
    took_ms: u64,
    gateway: Arc<Gateway>,
}

fn sell(payment: Payment, undoing: Undoing, stop_after: u32) -> Sold {
    let clock = Arc::new(FakeClock::default());
    let gateway = Arc::new(Gateway { clock: clock.clone(), payment, undoing, book: Mutex::default() });
    let line = Line {
        transport: gateway.clone(),
        clock: clock.clone(),
        health: Arc::default(),
        url: "https://api.test".into(),
        backup_url: None,
        connect_timeout_ms: 3000,
        timeout_ms: 8000,
        nonce: || "nonce".to_owned(),
    };
    let sale = Sale {
        out_trade_no: NUMBER,
        auth_code: "134567890123456789",
        total_fee: FEE,
        body: "b",
        spbill_create_ip: "127.0.0.1",
    };
    let call = Micropay::new(&sale, &[]).unwrap();
    let mut watch = FakeWatch { clock: clock.clone(), stop_after, polls: 0 };
    let patience = Patience::new(30_000, 5000).unwrap();
    let lines = Lines { plain: &line, certified: &line };
    let end = pay(lines, &merchant(), &call, patience, &mut watch);
    Sold { end, took_ms: clock.now_ms(), gateway }
}

#[test]
fn every_combination_ends_decided_or_undecided_within_the_payers_time_and_thirty_seconds() {
    for payment in PAYMENTS {
        for undoing in UNDOINGS {
            let sold = sell(payment, undoing, u32::MAX);
            assert!(sold.took_ms <= 60_500, "{payment:?} {undoing:?} took {} ms", sold.took_ms);
            assert_eq!(sold.gateway.book.lock().unwrap().pays, 1, "{payment:?} {undoing:?}: paid once");
            let pays = matches!(payment, Payment::Paid | Payment::PasswordThenPaid);
            match sold.end {
                Ok(order) if pays => {
                    assert_eq!(order.trade_state, TradeState::Success, "{payment:?} {undoing:?}");
                }
                Ok(order) => {
                    assert!(is_undone(order.trade_state), "{payment:?} {undoing:?}: {:?}", order.trade_state);
                }
                Err(fault) => {
                    assert_eq!(undoing, Undoing::NoAnswer, "{payment:?}: {fault:?}");
                    assert!(matches!(fault.error, Error::Undecided { reversed: false, .. }), "{fault:?}");
                    assert!(fault.maybe_processed && fault.advice == Advice::QueryOrder);
                }
            }
        }
    }
}

#[test]
fn a_reverse_is_never_asked_for_within_fifteen_seconds_of_the_payment_call() {
    for payment in PAYMENTS {
        for stop_after in [1, u32::MAX] {
            let sold = sell(payment, Undoing::Works, stop_after);
            let at = sold.gateway.book.lock().unwrap().reversed_at;
            assert!(at.is_none_or(|at| at >= 15_000), "{payment:?} reversed at {at:?}");
        }
    }
}

#[test]
fn a_watcher_that_stops_gets_the_sale_reversed_first() {
    let sold = sell(Payment::PasswordNever, Undoing::Works, 1);
    assert_eq!(sold.end.unwrap().trade_state, TradeState::Revoked);
    assert!(sold.took_ms < 30_000, "{} ms", sold.took_ms);
}

#[test]
fn an_accepted_reverse_that_no_query_shows_is_undecided_and_says_that_it_was_reversed() {
    let fault = sell(Payment::PasswordNever, Undoing::Unseen, u32::MAX).end.unwrap_err();
    let Error::Undecided { reversed, last_seen, .. } = &fault.error else { panic!("{fault:?}") };
    assert!(reversed);
    assert_eq!(last_seen.as_ref().unwrap().trade_state, TradeState::UserPaying);
}

#[test]
fn a_payment_whose_reverse_was_accepted_is_never_given_back_as_paid() {
    // The password comes while the till has stopped waiting: paid at 12 s, reversed at 15 s, still shown as paid.
    let sold = sell(Payment::PasswordThenPaid, Undoing::Unseen, 1);
    assert!(matches!(sold.end.unwrap_err().error, Error::Undecided { reversed: true, .. }));
}

#[test]
fn a_refusal_after_a_lost_reverse_does_not_make_the_payment_safe() {
    // The lost one may have been carried out, and the refusal may just mean "called twice".
    let sold = sell(Payment::PasswordThenPaid, Undoing::LostThenRefused, 1);
    assert!(matches!(sold.end.unwrap_err().error, Error::Undecided { reversed: false, .. }));
    assert_eq!(sold.gateway.book.lock().unwrap().reverses, 2);
}

#[test]
fn a_forged_answer_to_the_payment_is_thrown_after_the_reverse() {
    let sold = sell(Payment::Forged, Undoing::Works, u32::MAX);
    assert!(matches!(sold.end.unwrap_err().error, Error::Signature(_)));
    assert!(sold.gateway.book.lock().unwrap().reversed);
}

#[test]
fn bad_arguments_are_refused_by_name() {
    let sale = |code| Sale {
        out_trade_no: NUMBER,
        auth_code: code,
        total_fee: FEE,
        body: "b",
        spbill_create_ip: "127.0.0.1",
    };
    assert_eq!(Micropay::new(&sale("12a"), &[]).unwrap_err().name, "authCode");
    let options = [("sign".to_owned(), "x".to_owned())];
    assert_eq!(Micropay::new(&sale("134567890123456789"), &options).unwrap_err().name, "options");
    assert_eq!(Patience::new(14_999, 5000).unwrap_err().name, "timeoutMs");
    assert_eq!(Patience::new(30_000, 0).unwrap_err().name, "intervalMs");
}
