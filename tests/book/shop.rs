//! The shop: real lines over TLS to a simulator, a clock that does not make anybody wait, and the control.

use super::chance::Chance;
use super::mishap::Mishaps;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use wechatpay::api::flows::poll::{PollObserver, PollResult};
use wechatpay::clock::{Clock, SystemClock};
use wechatpay::gateway::client::{ApiClient, MerchantClient, random_nonce};
use wechatpay::gateway::http::PooledAgent;
use wechatpay::gateway::identity::{Files, Identity};
use wechatpay::gateway::tls;
use wechatpay::model::merchant::{CertificateSource, Credentials, Material, V2Credentials};
use wechatpay::model::v3_keys::{OwnKey, V3Credentials, V3Keys};
use wechatpay::simulator::{Account, Options, Simulator, V3_MATERIAL};
use wechatpay::wire::key::Key;
use wechatpay::wire::v3::key_ring::KeyRing;
use wechatpay::wire::v3::key_store::KeyStore;
use wechatpay::wire::v3::request_key::RequestKey;
use wechatpay::{Merchant, SignType};
use zeroize::Zeroizing;

pub const TIMEOUT_MS: u64 = 300;
const CONNECT_TIMEOUT_MS: u64 = 150;

/// The simulator's control.
pub struct Desk(String);

impl Desk {
    /// Makes a control call that may be refused.
    pub fn asks(&self, path: &str, body: &Value) -> Option<Value> {
        let answer = ureq::post(format!("{}{path}", self.0)).send(body.to_string());
        Some(serde_json::from_str(&answer.ok()?.body_mut().read_to_string().unwrap()).unwrap())
    }

    pub fn tell(&self, path: &str, body: &Value) -> Value {
        self.asks(path, body).unwrap_or_else(|| panic!("{path} refused {body}"))
    }

    pub fn look(&self, path: &str) -> Value {
        let mut answer = ureq::get(format!("{}{path}", self.0)).call().unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    pub fn clear(&self, path: &str) {
        ureq::delete(format!("{}{path}", self.0)).call().unwrap();
    }
}

/// Waiting moves the gateway's time too, costs none, and may let the next mishap in.
pub struct Hourglass {
    pub desk: Desk,
    slept_ms: AtomicU64,
    pub mishaps: Mutex<Mishaps>,
}

impl Clock for Hourglass {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms() + self.slept_ms.load(Ordering::SeqCst)
    }

    fn unix_seconds(&self) -> i64 {
        SystemClock.unix_seconds()
    }

    fn sleep_ms(&self, ms: u64) {
        self.slept_ms.fetch_add(ms, Ordering::SeqCst);
        self.desk.tell("/clock", &json!({ "advance_ms": ms }));
        let next = self.mishaps.lock().unwrap().next();
        if let Some(fault) = next {
            self.desk.tell("/faults", &fault);
        }
    }
}

/// Waits by the hourglass, and may lose patience.
pub struct Patient<'a> {
    pub clock: &'a Hourglass,
    pub polls: u32,
}

impl PollObserver for Patient<'_> {
    fn seen(&mut self, _: &PollResult<'_>, number: u32) -> bool {
        number < self.polls
    }

    fn pause(&mut self, ms: u64) -> bool {
        self.clock.sleep_ms(ms);
        true
    }

    fn rest(&mut self, ms: u64) {
        self.clock.sleep_ms(ms);
    }
}

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        std::fs::read(path).map(Zeroizing::new).map_err(|fault| fault.to_string())
    }

    fn stamp(&self, _: &str) -> Result<(u64, u128), String> {
        Ok((0, 0))
    }
}

/// One simulator for all cases.
pub struct Premises(Simulator);

impl Premises {
    pub fn open() -> Self {
        Self(Simulator::start(&Options { seed: Some(1), ..Options::default() }).unwrap())
    }
}

/// One merchant, in both dialects, with fresh connections to an empty gateway.
pub struct Shop {
    pub clock: Arc<Hourglass>,
    pub merchant: Arc<Merchant>,
    pub in_v3: Arc<Merchant>,
    plain: ApiClient,
    certified: ApiClient,
}

impl Shop {
    pub fn new(premises: &Premises, chance: &mut Chance) -> Self {
        let simulator = &premises.0;
        let desk = Desk(simulator.control_url());
        desk.tell("/reset", &json!({}));
        let merchant = Arc::new(merchant(simulator, chance));
        let source = merchant.v2().unwrap().certificate.clone().unwrap();
        let identity = Identity::load(&source, &Disk).unwrap();
        let clock = Arc::new(Hourglass { desk, slept_ms: AtomicU64::new(0), mishaps: Mutex::default() });
        let with_backup = chance.one_in(2);
        let line = |identity: Option<&Identity>| {
            let roots = tls::roots(simulator.ca_pem().as_bytes()).unwrap();
            let agent = PooledAgent::new(tls::config(Some(roots), identity).unwrap(), Arc::default(), None);
            ApiClient {
                merchant: merchant.clone(),
                transport: Arc::new(agent),
                clock: clock.clone(),
                health: Arc::default(),
                url: simulator.url(),
                backup_url: with_backup.then(|| simulator.backup_url()),
                connect_timeout_ms: CONNECT_TIMEOUT_MS,
                timeout_ms: TIMEOUT_MS,
                nonce: random_nonce,
            }
        };
        let (plain, certified) = (line(None), line(Some(&identity)));
        let in_v3 = Arc::new(Merchant { credentials: v3(chance), ..(*merchant).clone() });
        Self { clock, merchant, in_v3, plain, certified }
    }

    pub fn desk(&self) -> &Desk {
        &self.clock.desk
    }

    /// Asks.
    pub fn plain(&self, merchant: &Arc<Merchant>) -> MerchantClient<'static> {
        ApiClient { merchant: merchant.clone(), ..self.plain.clone() }.observed_by(None)
    }

    /// Moves money.
    pub fn certified(&self, merchant: &Arc<Merchant>) -> MerchantClient<'static> {
        ApiClient { merchant: merchant.clone(), ..self.certified.clone() }.observed_by(None)
    }

    pub fn patient(&self, polls: u32) -> Patient<'_> {
        Patient { clock: &self.clock, polls }
    }
}

/// With WeChat Pay's public key, or with the platform's certificates that are loaded and rotate, or with both.
fn v3(chance: &mut Chance) -> Credentials {
    let mut ring = KeyRing::default();
    let (by_key, loads) = *chance.pick(&[(true, false), (false, true), (true, true)]);
    if by_key {
        ring.add_public_key(V3_MATERIAL.public_key_id, V3_MATERIAL.public_key.as_bytes()).unwrap();
    }
    if loads {
        ring = ring.with_downloads(Arc::new(KeyStore::default()));
    }
    let keys = V3Keys::from(V3Credentials {
        own: Ok(OwnKey {
            key: RequestKey::new(V3_MATERIAL.private_key.as_bytes(), V3_MATERIAL.serial).unwrap(),
            not_after: None,
        }),
        ring,
        answer_key: by_key.then(|| V3_MATERIAL.public_key_id.into()),
        key: Key::new(V3_MATERIAL.api_v3_key.as_bytes()).unwrap(),
        previous_key: None,
    });
    Credentials::V3(Arc::new(keys.taking_codes(true)))
}

/// Direct or for a sub-merchant, by MD5 or HMAC-SHA256.
fn merchant(simulator: &Simulator, chance: &mut Chance) -> Merchant {
    let account = Account::default();
    let path = |path: std::path::PathBuf| Material::Path(path.to_str().unwrap().to_owned());
    let provider = chance.one_in(3);
    Merchant {
        appid: account.appid,
        mch_id: account.mch_id,
        sub_appid: None,
        sub_mch_id: provider.then(|| "1900000109".to_owned()),
        credentials: Credentials::V2(V2Credentials {
            sign_type: *chance.pick(&[SignType::Md5, SignType::HmacSha256]),
            key: Key::new(account.key.as_bytes()).unwrap(),
            previous_key: None,
            accept_md5: false,
            certificate: Some(CertificateSource {
                certificate: path(simulator.cert_file()),
                private_key: Some(path(simulator.key_file())),
                password: Zeroizing::default(),
            }),
        }),
    }
}
