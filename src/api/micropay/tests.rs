//! Every way a code payment can go, crossed with every way its reverse can go, on a virtual clock.

use super::*;
use crate::api::flows::poll::PollResult;
use crate::clock::Clock;
use crate::error::{Advice, Phase, TransportError};
use crate::gateway::client::ApiClient;
use crate::gateway::fixtures::{answered, merchant, signed};
use crate::gateway::transport::{HttpRequest, HttpResponse, Transport};
use crate::wire::v2::xml::{self, Root};
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
enum PayerBehaviour {
    Paid,
    /// Paid at once, and told as a payment by face.
    PaidByFace,
    PasswordThenPaid,
    PasswordNever,
    PayError,
    NoAnswer,
    Page502,
    /// The payment call's answer is not WeChat's; the payer never pays.
    Forged,
    /// A query's answer is about another order; the payer never pays.
    ForeignQuery,
    /// No answer before the reverse; then the number turns out to be that of an old sale of another amount.
    OldSale,
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
    /// Accepted, but the answer is lost, no query shows it yet, and a repeat is refused.
    LostThenRefused,
    /// Refused for good.
    Refused,
}

const PAYMENTS: [PayerBehaviour; 6] = [
    PayerBehaviour::Paid,
    PayerBehaviour::PasswordThenPaid,
    PayerBehaviour::PasswordNever,
    PayerBehaviour::PayError,
    PayerBehaviour::NoAnswer,
    PayerBehaviour::Page502,
];
const UNDOINGS: [Undoing; 4] =
    [Undoing::Works, Undoing::RecallThreeTimes, Undoing::UserPayingTwice, Undoing::NoAnswer];

/// A gateway with one order.
struct Gateway {
    clock: Arc<FakeClock>,
    payment: PayerBehaviour,
    undoing: Undoing,
    book: Mutex<OrderBook>,
}

#[derive(Default)]
struct OrderBook {
    reverses: u32,
    reversed: bool,
    pays: u32,
    reversed_at: Option<u64>,
}

impl Gateway {
    fn state(&self) -> &'static str {
        let book = self.book.lock().unwrap();
        match self.payment {
            _ if book.reversed && self.undoing != Undoing::Unseen => "REVOKED",
            PayerBehaviour::Paid | PayerBehaviour::PaidByFace | PayerBehaviour::OldSale => "SUCCESS",
            PayerBehaviour::PasswordThenPaid if self.clock.now_ms() >= 12_000 => "SUCCESS",
            PayerBehaviour::PayError => "PAYERROR",
            PayerBehaviour::Page502 | PayerBehaviour::Forged => "NOTPAY",
            _ => "USERPAYING",
        }
    }

    fn pay(&self) -> Result<Vec<u8>, TransportError> {
        self.book.lock().unwrap().pays += 1;
        match self.payment {
            PayerBehaviour::Paid => Ok(answer(&[("total_fee", "100"), ("out_trade_no", NUMBER)])),
            PayerBehaviour::PaidByFace => {
                Ok(answer(&[("total_fee", "100"), ("out_trade_no", NUMBER), ("trade_type", "FACEPAY")]))
            }
            PayerBehaviour::NoAnswer | PayerBehaviour::OldSale => self.silence(),
            PayerBehaviour::Page502 => Err(lost(Phase::Status(502))),
            PayerBehaviour::Forged => Ok(b"<xml><return_code>SUCCESS</return_code></xml>".to_vec()),
            _ => Ok(refusal("USERPAYING", "")),
        }
    }

    fn tell(&self) -> Result<Vec<u8>, TransportError> {
        let reverses = self.book.lock().unwrap().reverses;
        let (number, fee) = match self.payment {
            PayerBehaviour::OldSale if reverses == 0 => return self.silence(),
            PayerBehaviour::OldSale => (NUMBER, "999"),
            PayerBehaviour::ForeignQuery if reverses == 0 => ("T99999999", "100"),
            _ => (NUMBER, "100"),
        };
        Ok(answer(&[("out_trade_no", number), ("trade_state", self.state()), ("total_fee", fee)]))
    }

    fn reverse(&self) -> Result<Vec<u8>, TransportError> {
        let mut book = self.book.lock().unwrap();
        book.reverses += 1;
        book.reversed_at.get_or_insert(self.clock.now_ms());
        let refuse = match self.undoing {
            Undoing::RecallThreeTimes if book.reverses <= 3 => Some(refusal("SYSTEMERROR", "Y")),
            Undoing::UserPayingTwice if book.reverses <= 2 => Some(refusal("USERPAYING", "N")),
            Undoing::NoAnswer => return self.silence(),
            Undoing::LostThenRefused if book.reverses == 1 => return self.silence(),
            Undoing::LostThenRefused => Some(refusal("INVALID_REQUEST", "N")),
            Undoing::Refused => Some(refusal("REVERSE_EXPIRE", "N")),
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
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        let before = self.clock.now_ms();
        let body = match request.target {
            "/pay/micropay" => self.pay(),
            "/secapi/pay/reverse" => self.reverse(),
            _ => self.tell(),
        };
        // A silent gateway costs the caller its deadline, not more.
        let took = self.clock.now_ms() - before;
        self.clock.0.fetch_sub(took.saturating_sub(request.timeout_ms), Ordering::SeqCst);
        self.clock.sleep_ms(20);
        assert!(xml::decode(request.body, Root::Xml).unwrap().text("sign").is_some());
        body.map(answered)
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
struct FakeObserver {
    clock: Arc<FakeClock>,
    stop_after: u32,
    polls: u32,
    /// Does it stop by throwing?
    throws: bool,
}

impl PollObserver for FakeObserver {
    fn seen(&mut self, _: &PollResult<'_>, number: u32) -> bool {
        self.polls = number;
        number < self.stop_after
    }

    fn throws(&self) -> bool {
        self.throws && self.polls >= self.stop_after
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

fn sell(payment: PayerBehaviour, undoing: Undoing, stop_after: u32) -> Sold {
    sell_watched(payment, undoing, stop_after, false)
}

fn sell_watched(payment: PayerBehaviour, undoing: Undoing, stop_after: u32, throws: bool) -> Sold {
    let clock = Arc::new(FakeClock::default());
    let gateway = Arc::new(Gateway { clock: clock.clone(), payment, undoing, book: Mutex::default() });
    let api = ApiClient {
        merchant: Arc::new(merchant()),
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
    let mut watch = FakeObserver { clock: clock.clone(), stop_after, polls: 0, throws };
    let patience = Patience::new(30_000, 5000).unwrap();
    let client = api.observed_by(None);
    let end = Clients { plain: &client, certified: &client }.pay(&call, patience, &mut watch);
    Sold { end, took_ms: clock.now_ms(), gateway }
}

#[test]
fn every_combination_ends_decided_or_undecided_within_the_payers_time_and_thirty_seconds() {
    for payment in PAYMENTS {
        for undoing in UNDOINGS {
            let sold = sell(payment, undoing, u32::MAX);
            assert!(sold.took_ms <= 60_500, "{payment:?} {undoing:?} took {} ms", sold.took_ms);
            assert_eq!(sold.gateway.book.lock().unwrap().pays, 1, "{payment:?} {undoing:?}: paid once");
            let pays = matches!(payment, PayerBehaviour::Paid | PayerBehaviour::PasswordThenPaid);
            match sold.end {
                Ok(order) if pays => {
                    assert_eq!(order.trade_state(), TradeState::Success, "{payment:?} {undoing:?}");
                }
                Ok(order) => {
                    assert!(
                        is_undone(order.trade_state()),
                        "{payment:?} {undoing:?}: {:?}",
                        order.trade_state()
                    );
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
    let sold = sell(PayerBehaviour::PasswordNever, Undoing::Works, 1);
    assert_eq!(sold.end.unwrap().trade_state(), TradeState::Revoked);
    assert!(sold.took_ms < 30_000, "{} ms", sold.took_ms);
}

#[test]
fn a_payment_that_only_a_throwing_watcher_saw_is_reversed_too() {
    // The third question, at 15 s, sees it paid.
    let stopped = sell_watched(PayerBehaviour::PasswordThenPaid, Undoing::Works, 3, false);
    assert_eq!(stopped.end.unwrap().trade_state(), TradeState::Success);
    let thrown = sell_watched(PayerBehaviour::PasswordThenPaid, Undoing::Works, 3, true);
    assert_eq!(thrown.end.unwrap().trade_state(), TradeState::Revoked);
    assert!(thrown.gateway.book.lock().unwrap().reversed);
}

#[test]
fn an_accepted_reverse_that_no_query_shows_is_undecided_and_says_that_it_was_reversed() {
    let fault = sell(PayerBehaviour::PasswordNever, Undoing::Unseen, u32::MAX).end.unwrap_err();
    let Error::Undecided { reversed, last_seen, .. } = &fault.error else { panic!("{fault:?}") };
    assert!(reversed);
    assert_eq!(last_seen.as_ref().unwrap().trade_state(), TradeState::UserPaying);
}

#[test]
fn a_payment_whose_reverse_was_accepted_is_never_given_back_as_paid() {
    // The password comes while the till has stopped waiting: paid at 12 s, reversed at 15 s, still shown as paid.
    let sold = sell(PayerBehaviour::PasswordThenPaid, Undoing::Unseen, 1);
    assert!(matches!(sold.end.unwrap_err().error, Error::Undecided { reversed: true, .. }));
}

#[test]
fn a_payment_whose_reverse_may_have_been_accepted_is_never_given_back_as_paid() {
    let fault = sell(PayerBehaviour::PasswordThenPaid, Undoing::LostThenRefused, 1).end.unwrap_err();
    assert!(matches!(fault.error, Error::Undecided { reversed: false, .. }), "{fault:?}");
    let refused = sell(PayerBehaviour::PasswordThenPaid, Undoing::Refused, 1).end.unwrap();
    assert_eq!(refused.trade_state(), TradeState::Success);
}

#[test]
fn an_old_sale_of_another_amount_is_never_taken_for_this_one() {
    let fault = sell(PayerBehaviour::OldSale, Undoing::Refused, u32::MAX).end.unwrap_err();
    let Error::Mismatch { field, got, .. } = &fault.error else { panic!("{fault:?}") };
    assert_eq!((field.as_str(), got.as_str()), ("total_fee", "999"));
}

#[test]
fn a_doubt_that_came_with_a_query_never_says_that_the_payment_may_be_made_again() {
    let fault = sell(PayerBehaviour::ForeignQuery, Undoing::Works, u32::MAX).end.unwrap_err();
    assert!(matches!(fault.error, Error::Mismatch { .. }), "{fault:?}");
    assert_eq!((fault.retryable, fault.maybe_processed), (false, true));
    assert_eq!(fault.advice, Advice::QueryOrder);
}

#[test]
fn a_forged_answer_to_the_payment_is_thrown_after_the_reverse() {
    let sold = sell(PayerBehaviour::Forged, Undoing::Works, u32::MAX);
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
    assert_eq!(Micropay::new(&sale("12a"), &[]).unwrap_err().name, "auth_code");
    let options = [("sign".to_owned(), "x".to_owned())];
    assert_eq!(Micropay::new(&sale("134567890123456789"), &options).unwrap_err().name, "options");
    assert_eq!(Patience::new(14_999, 5000).unwrap_err().name, "timeout_ms");
    assert_eq!(Patience::new(30_000, 0).unwrap_err().name, "interval_ms");
}

#[test]
fn an_order_of_another_product_or_currency_is_never_taken_for_this_sale() {
    let sale = Sale {
        out_trade_no: NUMBER,
        auth_code: "134567890123456789",
        total_fee: FEE,
        body: "b",
        spbill_create_ip: "127.0.0.1",
    };
    let call = Micropay::new(&sale, &[]).unwrap();
    let field = |name: &str, text: &str| {
        let fields =
            [("out_trade_no", NUMBER), ("trade_state", "SUCCESS"), ("total_fee", "100"), (name, text)];
        let fields = xml::decode(&answer(&fields), Root::Xml).unwrap();
        let seller = merchant();
        let policy = seller.v2().unwrap().signature_policy(None);
        let verified = crate::wire::v2::sign::verify(fields, &policy).unwrap();
        let order = Order::from_query(Ours::for_test(verified));
        match call.told_apart(&order.unwrap()) {
            Some(Error::Mismatch { field, .. }) => Some(field),
            _ => None,
        }
    };
    for product in ["JSAPI", "NATIVE", "APP", "MWEB", "PAP", "AUTH"] {
        assert_eq!(field("trade_type", product).as_deref(), Some("trade_type"), "{product}");
    }
    for product in ["MICROPAY", "FACEPAY", "FACE", "WHAT_COMES_NEXT"] {
        assert_eq!(field("trade_type", product), None, "{product}");
    }
    assert_eq!(field("fee_type", "USD").as_deref(), Some("fee_type"));
    assert_eq!(field("fee_type", "CNY"), None);
}

#[test]
fn a_payment_by_face_is_this_sale_and_given_back() {
    let sold = sell(PayerBehaviour::PaidByFace, Undoing::Works, u32::MAX);
    let order = sold.end.unwrap();
    assert_eq!(order.fields().text("trade_type"), Some("FACEPAY"));
    assert!(!sold.gateway.book.lock().unwrap().reversed);
}
