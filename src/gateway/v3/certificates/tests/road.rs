//! How the list travels: as every question does, within its share of a call, and not more than once a minute.

use super::*;
use crate::api::flows::poll::{PollObserver, PollResult};
use crate::api::micropay::{Clients, Micropay, Patience, Sale};
use crate::gateway::transport::Body;
use crate::model::merchant::Merchant;
use crate::wire::v3::signature::HeaderError;
use crate::wire::v3::vectors::ring;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::process::Command;

impl Shop {
    /// With a list of that age, in seconds.
    fn with_a_list_of(age: i64) -> Self {
        let shop = Self::open(KeyStore::default());
        shop.ask().unwrap();
        shop.waits(age);
        shop
    }

    fn closes(&self) -> Result<(), Fault> {
        let close = CloseOrder { out_trade_no: OrderId::out_trade_no("T20260301235779").unwrap() };
        self.client.clone().observed_by(None).ask(&close).map(drop)
    }

    /// What is asked takes so many milliseconds.
    fn takes<T>(&self, ask: impl FnOnce() -> T) -> (T, u64) {
        let started = self.platform.clock.now_ms();
        let ended = ask();
        (ended, self.platform.clock.now_ms() - started)
    }

    /// The certificate of that name is looked for, as for a notice, with so much time.
    fn looks_for(&self, name: &str, ms: u64) -> Result<bool, String> {
        let client = self.client.within(ms).observed_by(None);
        client.load_certificates(text(&keys()[name]["serial"])).map_err(|why| why.to_string())
    }

    /// Somebody else has loaded a list with that certificate.
    fn is_given(&self, name: &str) {
        let Credentials::V3(own) = &self.client.merchant.credentials else { panic!() };
        let list = ring(&json!([keys()[name]["serial"]])).into_keys();
        own.get().unwrap().ring.downloads().unwrap().take(list, self.platform.clock.unix_seconds());
    }
}

#[test]
fn v8_a_certificate_that_has_come_since_it_was_missed_is_worth_another_look() {
    let shop = Shop::open(KeyStore::default());
    shop.is_given("platform_new");
    assert_eq!(shop.looks_for("platform_new", 8000), Ok(true));
    assert_eq!(shop.looks_for("platform_old", 8000), Ok(false), "the list is of this minute");
    assert_eq!(shop.lists(), 0);
}

#[test]
fn v8_a_list_that_is_only_old_may_take_a_quarter_of_the_call_and_no_more_than_a_second() {
    for (timeout_ms, most_ms) in [(8000, 1000), (2000, 500)] {
        let mut shop = Shop::with_a_list_of(LIST_LIVES);
        shop.client.timeout_ms = timeout_ms;
        *shop.platform.hangs.lock().unwrap() = true;
        let (ended, ms) = shop.takes(|| shop.ask());
        assert!(ended.is_ok() && ms <= most_ms, "{ended:?} in {ms} ms");
        assert_eq!(shop.takes(|| shop.ask().unwrap()).1, 0, "and that once a minute");
    }
}

#[test]
fn v10_a_list_that_is_needed_may_take_half_of_the_call_and_the_fault_is_its_own() {
    let shop = Shop::open(KeyStore::default());
    *shop.platform.hangs.lock().unwrap() = true;
    let (ended, ms) = shop.takes(|| shop.closes());
    let fault = ended.unwrap_err();
    assert!(ms <= 4000, "{ms} ms");
    assert_eq!((fault.advice, fault.retryable, fault.maybe_processed), (Advice::Wait, true, false));
    let why = "the list of platform certificates could not be loaded: nothing came in time";
    assert_eq!(fault.error.to_string(), why);
}

#[test]
fn v10_a_list_that_fails_is_asked_for_once_a_minute_and_its_fault_is_told_meanwhile() {
    for (instead, advice) in [
        (unsigned(401, r#"{"code":"SIGN_ERROR","message":"x"}"#), Advice::FixConfiguration),
        (unsigned(404, "<html>"), Advice::FixConfiguration),
    ] {
        let shop = Shop::open(KeyStore::default());
        *shop.platform.instead.lock().unwrap() = Some(instead);
        let first = shop.ask().unwrap_err();
        let second = shop.ask().unwrap_err();
        assert_eq!(shop.lists(), 1);
        assert!(first.advice == advice || first.advice == Advice::FixCall, "{first:?}");
        assert_eq!(second.advice, advice, "{second:?}");
        assert!(second.error.to_string().contains("once a minute"), "{}", second.error);
    }
    let shop = Shop::open(KeyStore::default());
    *shop.platform.refused_host.lock().unwrap() = "test";
    let first = shop.ask().unwrap_err();
    let tries = shop.lists();
    for _ in 0..3 {
        let told = shop.ask().unwrap_err();
        assert_eq!((told.advice, told.retryable), (first.advice, true), "{told:?}");
        assert!(told.error.to_string().contains("refused"), "{}", told.error);
    }
    assert_eq!((first.advice, shop.lists()), (Advice::Wait, tries));
    *shop.platform.refused_host.lock().unwrap() = "nobody";
    shop.waits(60);
    shop.ask().unwrap();
}

#[test]
fn v7_an_unknown_serial_whose_list_does_not_come_is_no_forgery_and_is_to_be_asked_about_again() {
    let shop = Shop::with_a_list_of(61);
    shop.rotates("platform_new", &["platform_new"]);
    *shop.platform.instead.lock().unwrap() = Some(unsigned(502, "<html>"));
    for told in ["HTTP 502", "once a minute"] {
        let fault = shop.ask().unwrap_err();
        assert_eq!((fault.advice, fault.retryable), (Advice::Wait, true), "{fault:?}");
        let said = fault.error.to_string();
        for wanted in [text(&keys()["platform_new"]["serial"]), "list of platform certificates", told] {
            assert!(said.contains(wanted), "{said}");
        }
    }
    let acted = shop.closes().unwrap_err();
    assert!(acted.maybe_processed && matches!(acted.error, Error::Transport(_)), "{acted:?}");
    *shop.platform.instead.lock().unwrap() = None;
    shop.waits(60);
    shop.ask().unwrap();
}

#[test]
fn v7_an_unknown_serial_whose_list_is_refused_for_the_configuration_says_both() {
    let shop = Shop::with_a_list_of(61);
    shop.rotates("platform_new", &["platform_new"]);
    *shop.platform.instead.lock().unwrap() = Some(unsigned(401, r#"{"code":"SIGN_ERROR","message":"x"}"#));
    let acted = shop.closes().unwrap_err();
    assert_eq!((acted.advice, acted.maybe_processed), (Advice::FixConfiguration, true), "{acted:?}");
    assert!(acted.error.to_string().contains("SIGN_ERROR"), "{}", acted.error);
}

fn packed(list: &HttpResponse) -> HttpResponse {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(list.message()).unwrap();
    let mut answer = HttpResponse { body: Body::Message(packer.finish().unwrap()), ..list.clone() };
    answer.headers.insert("content-encoding", "gzip".parse().unwrap());
    answer
}

#[test]
fn v10_the_list_is_asked_for_as_every_question_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let shop = Shop::open(KeyStore::new(Some(file.clone())));
    *shop.platform.once.lock().unwrap() = Some(packed(&shop.platform.list()));
    shop.ask().unwrap();
    assert_eq!(shop.lists(), 1, "packed");
    assert_eq!(fs::read(&file).unwrap(), shop.platform.list().message(), "and kept as it can be read");
    let mut probe = shop.platform.list();
    probe.headers.insert("wechatpay-signature", "WECHATPAY/SIGNTEST/x".parse().unwrap());
    for once in [unsigned(502, "<html>"), probe] {
        let shop = Shop::open(KeyStore::default());
        *shop.platform.once.lock().unwrap() = Some(once);
        shop.ask().unwrap();
        assert_eq!(shop.lists(), 2, "asked once more");
    }
}

#[test]
fn v6_a_clock_that_is_off_is_named_by_the_list_too() {
    let shop = Shop::open(KeyStore::default());
    let mut list = shop.platform.list();
    list.headers.insert("date", "Sun, 01 Mar 2026 02:00:01 GMT".parse().unwrap());
    *shop.platform.once.lock().unwrap() = Some(list);
    shop.waits(3600);
    let fault = shop.ask().unwrap_err();
    let Error::Headers(HeaderError::OfList(why)) = &fault.error else { panic!("{fault:?}") };
    assert!(matches!(**why, HeaderError::ClockOff { ahead: 3600, .. }), "{why:?}");
}

#[test]
fn v7_whoever_has_no_time_left_to_ask_for_the_list_leaves_it_to_the_next_one() {
    let shop = Shop::open(KeyStore::default());
    for ms in [0, 5, LEAST_MS - 1] {
        let why = shop.looks_for("platform_old", ms).unwrap_err();
        assert!(why.contains("list of platform certificates") && why.contains("too little time"), "{why}");
    }
    assert_eq!(shop.lists(), 0);
    assert_eq!(shop.looks_for("platform_old", LEAST_MS), Ok(true));
    assert_eq!(shop.lists(), 1, "that it was not asked for did not count");

    let mut shop = Shop::open(KeyStore::default());
    shop.client.timeout_ms = LEAST_MS - 1;
    let fault = shop.closes().unwrap_err();
    assert_eq!((fault.advice, fault.retryable, fault.maybe_processed), (Advice::Wait, true, false));
    shop.client.timeout_ms = LEAST_MS;
    shop.ask().unwrap();
    shop.waits(LIST_LIVES);
    shop.ask().unwrap();
    assert_eq!(shop.lists(), 1, "a list that is only old does, as long as there is no time for another");
}

#[test]
fn v7_a_failure_is_told_no_more_when_another_process_has_loaded_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let shop = Shop::open(KeyStore::new(Some(file.clone())));
    *shop.platform.instead.lock().unwrap() = Some(unsigned(401, r#"{"code":"SIGN_ERROR","message":"x"}"#));
    assert!(shop.ask().is_err());
    written(&file, shop.platform.list().message());
    shop.ask().unwrap();
    assert_eq!(shop.looks_for("platform_new", 8000), Ok(false), "it is in no list, and that is no fault");
    assert_eq!(shop.lists(), 1);
}

/// Nobody is to hear of a payment that was not sent.
struct Nobody;

impl PollObserver for Nobody {
    fn seen(&mut self, _: &PollResult<'_>, _: u32) -> bool {
        panic!("nothing is asked about");
    }

    fn pause(&mut self, _: u64) -> bool {
        panic!("nothing is waited for");
    }

    fn rest(&mut self, _: u64) {
        panic!("nothing is reversed");
    }
}

#[test]
fn v10_a_code_payment_whose_list_does_not_come_was_not_sent_and_ends_at_once() {
    let sale = Sale {
        out_trade_no: "T20260301235779",
        auth_code: "134567890123456789",
        total_fee: 1,
        body: "b",
        spbill_create_ip: "127.0.0.1",
    };
    let options = [("scene_info".to_owned(), r#"{"store_info":{"out_id":"S1"}}"#.to_owned())];
    let call = Micropay::new(&sale, &options).unwrap();
    for instead in [
        unsigned(401, r#"{"code":"SIGN_ERROR","message":"x"}"#),
        unsigned(403, "<html>"),
        unsigned(502, "<html>"),
        unsigned(200, r#"{"data":[]}"#),
        signed_by(&keys()["stranger"], NOW, 200, br#"{"data":[]}"#),
    ] {
        let mut shop = Shop::open(KeyStore::default());
        let merchant = Arc::into_inner(shop.client.merchant).unwrap();
        shop.client.merchant = Arc::new(taking_codes(merchant));
        *shop.platform.instead.lock().unwrap() = Some(instead);
        let client = shop.client.clone().observed_by(None);
        let clients = Clients { plain: &client, certified: &client };
        let (ended, ms) =
            shop.takes(|| clients.pay(&call, Patience::new(15_000, 1000).unwrap(), &mut Nobody));
        let fault = ended.unwrap_err();
        assert!(!fault.maybe_processed && ms < 1000, "{fault:?} after {ms} ms");
        assert!(fault.error.to_string().contains("list of platform certificates"), "{}", fault.error);
        let asked = shop.platform.asked.lock().unwrap();
        assert!(asked.iter().all(|target| target == TARGET), "{asked:?}");
    }
}

fn taking_codes(merchant: Merchant) -> Merchant {
    let Credentials::V3(keys) = merchant.credentials else { panic!() };
    let keys = Arc::into_inner(keys).unwrap().taking_codes(true);
    Merchant { credentials: Credentials::V3(Arc::new(keys)), ..merchant }
}

#[test]
fn what_others_have_put_in_place_of_the_kept_list_is_not_followed_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (file, elsewhere, pipe) =
        (folder.path().join("a.json"), folder.path().join("b.json"), folder.path().join("c.json"));
    let shop = Shop::open(KeyStore::default());
    written(&elsewhere, shop.platform.list().message());
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [file, pipe] {
        let shop = Shop::open(KeyStore::new(Some(path.clone())));
        shop.ask().unwrap();
        assert_eq!(shop.lists(), 1, "it was not taken");
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "and is replaced");
    }
    let shop = Shop::open(KeyStore::new(Some(elsewhere)));
    shop.ask().unwrap();
    assert_eq!(shop.lists(), 0, "the same as a file is taken");
}
