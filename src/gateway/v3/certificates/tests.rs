//! Lists from a network that answers as the platform would.

use super::list::TARGET;
use super::*;
use crate::api::close_order::CloseOrder;
use crate::api::order_query::OrderQuery;
use crate::error::{Advice, Fault};
use crate::gateway::attempt::outcome;
use crate::gateway::client::ApiClient;
use crate::gateway::fixtures::v3::{NOW, merchant, signed_by, unsigned};
use crate::gateway::transport::{HttpRequest, HttpResponse, Transport};
use crate::model::merchant::Credentials;
use crate::model::order_id::OrderId;
use crate::wire::key::Key;
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::key_store::LIST_LIVES;
use crate::wire::v3::resource::seal;
use crate::wire::v3::vectors::{group, keys, text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

mod road;

struct MovedClock(AtomicI64, AtomicU64);

impl Clock for MovedClock {
    fn now_ms(&self) -> u64 {
        self.1.load(Ordering::SeqCst)
    }

    fn unix_seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep_ms(&self, ms: u64) {
        self.1.fetch_add(ms, Ordering::SeqCst);
    }
}

/// A gateway that signs with one of its keys, and lists some.
struct Platform {
    clock: Arc<MovedClock>,
    signs: Mutex<&'static str>,
    lists: Mutex<Vec<&'static str>>,
    /// What answers instead of a list.
    instead: Mutex<Option<HttpResponse>>,
    /// What answers once instead of a list.
    once: Mutex<Option<HttpResponse>>,
    /// Does nothing answer where the list is?
    hangs: Mutex<bool>,
    refused_host: Mutex<&'static str>,
    asked: Mutex<Vec<String>>,
}

impl Transport for Platform {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        self.asked.lock().unwrap().push(request.target.split('?').next().unwrap().to_owned());
        if request.url.contains(*self.refused_host.lock().unwrap()) {
            let (message, phase) = ("refused".into(), Phase::Connect);
            return Err(TransportError { phase, message, sent: false, retry_after_ms: None, reused: None });
        }
        let (signs, now) = (&keys()[*self.signs.lock().unwrap()], self.clock.unix_seconds());
        if request.target != TARGET {
            return Ok(signed_by(signs, now, 200, text(&group("orders")[0]["inputs"]["body"]).as_bytes()));
        }
        if *self.hangs.lock().unwrap() {
            self.clock.sleep_ms(request.timeout_ms);
            let (message, phase) = ("nothing came in time".into(), Phase::Answer);
            return Err(TransportError { phase, message, sent: true, retry_after_ms: None, reused: None });
        }
        if let Some(once) = self.once.lock().unwrap().take() {
            return Ok(once);
        }
        if let Some(instead) = &*self.instead.lock().unwrap() {
            return Ok(instead.clone());
        }
        Ok(self.list())
    }
}

impl Platform {
    fn list(&self) -> HttpResponse {
        let data: Vec<Value> = self.lists.lock().unwrap().iter().map(|name| entry(&keys()[*name])).collect();
        let (signs, now) = (&keys()[*self.signs.lock().unwrap()], self.clock.unix_seconds());
        signed_by(signs, now, 200, json!({ "data": data }).to_string().as_bytes())
    }
}

fn entry(key: &Value) -> Value {
    let Credentials::V3(own) = merchant().credentials else { panic!() };
    let own = own.get().unwrap();
    let (nonce, pem) = (b"123456789012", text(&key["certificate_pem"]));
    json!({
        "serial_no": key["serial"],
        "effective_time": "2026-01-01T00:00:00+08:00",
        "expire_time": "2031-01-01T00:00:00+08:00",
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": "123456789012",
            "associated_data": "certificate",
            "ciphertext": seal(&own.key, nonce, "certificate", pem.as_bytes()),
        },
    })
}

struct Shop {
    platform: Arc<Platform>,
    client: ApiClient,
}

impl Shop {
    fn open(store: KeyStore) -> Self {
        let clock = Arc::new(MovedClock(AtomicI64::new(NOW), AtomicU64::new(0)));
        let platform = Arc::new(Platform {
            clock: clock.clone(),
            signs: Mutex::new("platform_old"),
            lists: Mutex::new(vec!["platform_old"]),
            instead: Mutex::default(),
            once: Mutex::default(),
            hangs: Mutex::default(),
            refused_host: Mutex::new("nobody"),
            asked: Mutex::default(),
        });
        let mut merchant = merchant();
        let Credentials::V3(keys) = &mut merchant.credentials else { panic!() };
        let keys = Arc::get_mut(keys).unwrap().for_test();
        (keys.ring, keys.answer_key) = (KeyRing::default().with_downloads(Arc::new(store)), None);
        let client = ApiClient {
            merchant: Arc::new(merchant),
            transport: platform.clone(),
            clock,
            health: Arc::default(),
            url: "https://api.test".into(),
            backup_url: Some("https://api2.test".into()),
            connect_timeout_ms: 1000,
            timeout_ms: 8000,
            nonce: || "nonce".into(),
        };
        Self { platform, client }
    }

    fn ask(&self) -> Result<(), Fault> {
        let query = OrderQuery(OrderId::out_trade_no("T20260301235779").unwrap());
        self.client.clone().observed_by(None).ask(&query).map(drop)
    }

    fn lists(&self) -> usize {
        self.platform.asked.lock().unwrap().iter().filter(|target| *target == TARGET).count()
    }

    fn waits(&self, seconds: i64) {
        self.platform.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn rotates(&self, signs: &'static str, lists: &[&'static str]) {
        *self.platform.signs.lock().unwrap() = signs;
        *self.platform.lists.lock().unwrap() = lists.to_vec();
    }
}

#[test]
fn v8_a_rotation_while_the_process_runs_fails_no_call() {
    let shop = Shop::open(KeyStore::default());
    for (signs, lists) in [
        ("platform_old", &["platform_old"][..]),
        ("platform_old", &["platform_old", "platform_new"]),
        ("platform_new", &["platform_old", "platform_new"]),
        ("platform_old", &["platform_old", "platform_new"]),
        ("platform_new", &["platform_new"]),
    ] {
        shop.rotates(signs, lists);
        shop.ask().unwrap();
        shop.ask().unwrap();
        shop.waits(61);
    }
    assert_eq!(shop.lists(), 2, "at first, and when the new one was first met");
    shop.waits(LIST_LIVES);
    shop.ask().unwrap();
    assert_eq!(shop.lists(), 3, "and before the list is old");
}

#[test]
fn v7_an_unknown_serial_loads_the_list_once_a_minute_and_is_refused() {
    let shop = Shop::open(KeyStore::default());
    shop.ask().unwrap();
    *shop.platform.instead.lock().unwrap() = Some(shop.platform.list());
    shop.rotates("stranger", &["platform_old"]);
    shop.waits(61);
    for _ in 0..3 {
        let error = shop.ask().unwrap_err().error;
        assert!(matches!(error, Error::Headers(HeaderError::UnknownSerial(_))), "{error:?}");
    }
    assert_eq!(shop.lists(), 2);
    shop.waits(60);
    assert!(shop.ask().is_err());
    assert_eq!(shop.lists(), 3);
}

#[test]
fn v9_a_public_key_and_certificates_verify_side_by_side() {
    let mut shop = Shop::open(KeyStore::default());
    let merchant = Arc::get_mut(&mut shop.client.merchant).unwrap();
    let Credentials::V3(own) = &mut merchant.credentials else { panic!() };
    let public = &keys()["wechatpay_public"];
    let own = Arc::get_mut(own).unwrap().for_test();
    own.ring.add_public_key(text(&public["id"]), text(&public["public_pem"]).as_bytes()).unwrap();
    for signs in ["platform_old", "wechatpay_public", "platform_old"] {
        shop.rotates(signs, &["platform_old"]);
        shop.ask().unwrap();
    }
    assert_eq!(shop.lists(), 1, "only what a header names and nobody knows is asked for");
}

#[test]
fn v10_a_merchant_without_certificates_is_told_of_the_public_key() {
    let shop = Shop::open(KeyStore::default());
    let none = r#"{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}"#;
    *shop.platform.instead.lock().unwrap() =
        Some(signed_by(&keys()["wechatpay_public"], NOW, 404, none.as_bytes()));
    let fault = shop.ask().unwrap_err();
    assert_eq!((fault.advice, fault.maybe_processed), (Advice::FixConfiguration, false));
    assert!(fault.error.to_string().contains("public key"), "{}", fault.error);
    assert_eq!(shop.platform.asked.lock().unwrap().len(), 1, "and the call itself is not made");
}

#[test]
fn v16_the_list_comes_from_the_second_host_if_the_first_is_not_reached() {
    let shop = Shop::open(KeyStore::default());
    *shop.platform.refused_host.lock().unwrap() = "api.test";
    shop.ask().unwrap();
}

#[test]
fn a_list_that_is_not_wechats_is_not_taken() {
    let shop = Shop::open(KeyStore::default());
    for (instead, wanted) in [
        (unsigned(401, r#"{"code":"SIGN_ERROR","message":"x"}"#), "gateway"),
        (unsigned(502, "<html>"), "transport"),
        (unsigned(200, r#"{"data":[]}"#), "malformed"),
    ] {
        *shop.platform.instead.lock().unwrap() = Some(instead);
        let error = shop.ask().unwrap_err().error;
        assert_eq!(outcome(&error), wanted, "{error}");
        assert!(error.to_string().contains("list of platform certificates"), "{error}");
        shop.waits(60);
    }
    *shop.platform.instead.lock().unwrap() = None;
    shop.rotates("stranger", &["platform_old"]);
    assert_eq!(outcome(&shop.ask().unwrap_err().error), "signature");
}

#[test]
fn v10_what_acts_was_not_sent_when_there_is_no_list_and_the_fault_says_so() {
    let shop = Shop::open(KeyStore::default());
    let close = CloseOrder { out_trade_no: OrderId::out_trade_no("T20260301235779").unwrap() };
    let closed = || shop.client.clone().observed_by(None).ask(&close).map(drop).unwrap_err();
    for (instead, advice) in [
        (unsigned(401, r#"{"code":"SIGN_ERROR","message":"x"}"#), None),
        (unsigned(429, r#"{"code":"RATELIMIT_EXCEEDED","message":"x"}"#), None),
        (unsigned(502, "<html>"), Some(Advice::Wait)),
        (unsigned(200, r#"{"data":[]}"#), None),
    ] {
        *shop.platform.instead.lock().unwrap() = Some(instead);
        let fault = closed();
        assert!(!fault.maybe_processed && advice.is_none_or(|advice| fault.advice == advice), "{fault:?}");
        assert_eq!(fault.out_trade_no.as_deref(), Some("T20260301235779"));
        shop.waits(60);
    }
    *shop.platform.refused_host.lock().unwrap() = "test";
    assert!(!closed().maybe_processed);
    let sent = shop.platform.asked.lock().unwrap();
    assert!(sent.iter().all(|target| target == TARGET), "{sent:?}");
}

#[test]
fn a_list_that_a_process_has_kept_spares_the_next_one_the_download() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificates.json");
    let first = Shop::open(KeyStore::new(Some(file.clone())));
    first.ask().unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW).unwrap());
    fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
    let second = Shop::open(KeyStore::new(Some(file.clone())));
    second.ask().unwrap();
    assert_eq!((first.lists(), second.lists()), (1, 0));
    let late = Shop::open(KeyStore::new(Some(file.clone())));
    late.waits(LIST_LIVES);
    late.ask().unwrap();
    assert_eq!(late.lists(), 1, "it was old");
}

/// A file that was written at NOW.
fn written(file: &Path, content: &[u8]) {
    fs::write(file, content).unwrap();
    let at = std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW).unwrap());
    fs::File::options().write(true).open(file).unwrap().set_modified(at).unwrap();
}

#[test]
fn a_file_that_is_damaged_anothers_or_no_file_at_all_costs_a_download_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (file, none) = (folder.path().join("a.json"), folder.path().join("no/a.json"));
    let mut foreign = entry(&keys()["platform_old"]);
    let key = Key::new(b"another-merchants-key-0123456789").unwrap();
    let sealed =
        seal(&key, b"123456789012", "certificate", text(&keys()["stranger"]["certificate_pem"]).as_bytes());
    foreign["encrypt_certificate"]["ciphertext"] = sealed.into();
    let expired = json!({ "data": [entry(&keys()["platform_expired"])] }).to_string();
    let good = json!({ "data": [entry(&keys()["platform_old"])] }).to_string();
    let foreign = json!({ "data": [foreign] }).to_string();
    let halved = &good[..good.len() / 2];
    for (content, lists) in
        [("", 1), (halved, 1), (expired.as_str(), 1), (foreign.as_str(), 1), (good.as_str(), 0)]
    {
        written(&file, content.as_bytes());
        let shop = Shop::open(KeyStore::new(Some(file.clone())));
        shop.ask().unwrap();
        assert_eq!(shop.lists(), lists, "{content}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    for nowhere in [file, none] {
        let shop = Shop::open(KeyStore::new(Some(nowhere)));
        shop.ask().unwrap();
        assert_eq!(shop.lists(), 1);
    }
}

#[test]
fn v8_a_newer_list_of_another_process_is_taken_before_anything_is_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let shop = Shop::open(KeyStore::new(Some(file.clone())));
    shop.waits(-100);
    shop.ask().unwrap();
    shop.waits(100);
    shop.rotates("platform_new", &["platform_new"]);
    let both = ["platform_old", "platform_new"].map(|name| entry(&keys()[name]));
    written(&file, json!({ "data": both }).to_string().as_bytes());
    shop.ask().unwrap();
    assert_eq!(shop.lists(), 1, "the first one");
}
