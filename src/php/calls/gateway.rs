//! `WechatPay\Gateway` and `WechatPay\Attempt`, and how calls get their line to WeChat.

use crate::error::{Error, Fault, Repeat};
use crate::gateway::attempt::{Attempt, AttemptObserver, OnAttempt};
use crate::gateway::client::{ApiClient, MerchantClient};
use crate::gateway::pool;
use crate::gateway::proxy::Proxy;
use crate::gateway::settings::Settings;
use crate::model::argument::BadArgument;
use crate::model::merchant::{Material, Merchant};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::files::PhpFiles;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::guard::{door, warning};
use crate::php::engine::ini;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Holds, hide, php_class, register};
use crate::php::engine::object::param::{
    Callback, Int, Object, Optional, Param, Text, callback, int, object, text,
};
use crate::php::engine::object::property::{self, BOOL, INT, PropertyOf, STRING, nullable, property};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::merchant::{PhpMerchant, of_v2};
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::types::{ZendClassObject, Zval};
use std::ffi::CStr;
use std::sync::Arc;

/// What a PHP `Gateway` holds: its settings and who watches its tries. Who calls over it holds the PHP object.
pub struct PhpGateway {
    settings: Settings,
    on_attempt: Option<Zval>,
}

impl Holds for PhpGateway {
    fn each(&self, see: &mut dyn FnMut(&Zval)) {
        self.on_attempt.iter().for_each(see);
    }
}

/// What a PHP `Attempt` holds: nothing beside its properties.
pub struct PhpAttempt;

php_class!(PhpAttempt, "WechatPay\\Attempt", private);
php_class!(PhpGateway, "WechatPay\\Gateway", construct, PARAMS, holds);

const URL: Param<Optional<Text>> = text("url").or_null();
const BACKUP_URL: Param<Optional<Text>> = text("backupUrl").or_null();
const CA_FILE: Param<Optional<Text>> = text("caFile").or_null();
const CONNECT_TIMEOUT_MS: Param<Optional<Int>> = int("connectTimeoutMs").or_null();
const TIMEOUT_MS: Param<Optional<Int>> = int("timeoutMs").or_null();
const ON_ATTEMPT: Param<Optional<Callback>> = callback("onAttempt").or_null();
const PROXY: Param<Optional<Text>> = text("proxy").or_null().secret();

const PARAMS: &[Shown] = &[
    URL.shown,
    BACKUP_URL.shown,
    CA_FILE.shown,
    CONNECT_TIMEOUT_MS.shown,
    TIMEOUT_MS.shown,
    ON_ATTEMPT.shown,
    PROXY.shown,
];

const GATEWAY: &[PropertyOf<Settings>] = &[
    property("url", STRING, |s| s.url.to_php()),
    nullable("backupUrl", STRING, |s| s.backup_url.to_php()),
    nullable("caFile", STRING, |s| s.ca_file.to_php()),
    property("connectTimeoutMs", INT, |s| s.connect_timeout_ms.to_php()),
    property("timeoutMs", INT, |s| s.timeout_ms.to_php()),
    nullable("proxy", STRING, |s| s.proxy.as_ref().map(Proxy::shown).to_php()),
];

const ATTEMPT: &[PropertyOf<Attempt>] = &[
    property("path", STRING, |a| a.path.to_php()),
    property("host", STRING, |a| a.host.to_php()),
    property("number", INT, |a| i64::from(a.number).to_php()),
    nullable("reused", BOOL, |a| a.reused.to_php()),
    property("ms", INT, |a| a.ms.to_php()),
    nullable("status", INT, |a| a.status.map(i64::from).to_php()),
    property("outcome", STRING, |a| a.outcome.to_php()),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    register::<PhpAttempt, _>(ATTEMPT, &[], &[])?;
    register::<PhpGateway, _>(GATEWAY, &[], &[])?;
    hide(PhpGateway::get_metadata().ce(), "__construct", PARAMS);
    Ok(())
}

/// The longest deadline: ten minutes.
const MOST_MS: i64 = 600_000;

fn construct(call: &mut Call<'_>) -> Result<PhpGateway, Raise> {
    let (url, backup) = addresses(call.get(URL)?, call.get(BACKUP_URL)?)?;
    let ca_file = match call.get(CA_FILE)? {
        Some(path) => Some(ca_path(path)?),
        None => set_ca_file()?,
    };
    let connect = milliseconds(call, CONNECT_TIMEOUT_MS)?.map_or_else(set_connect_timeout, Ok)?;
    let total = milliseconds(call, TIMEOUT_MS)?.map_or_else(set_timeout, Ok)?;
    let on_attempt = call.get(ON_ATTEMPT)?.as_ref().map(closure).transpose()?;
    let proxy = match call.get(PROXY)? {
        Some(proxy) => Some(Proxy::new(proxy)?),
        None => set_proxy()?,
    };
    let settings = Settings { proxy, ..settings(url, backup, ca_file, connect, total) };
    call.fill::<PhpGateway, _>(GATEWAY, |get| get(&settings))?;
    Ok(PhpGateway { settings, on_attempt })
}

/// A callable that stays one: what may be called here, a private method say, may not be called from elsewhere.
pub fn closure(callable: &Zval) -> Result<Zval, Raise> {
    let made = door::function("Closure::fromCallable", &[callable], Zval::shallow_clone)?;
    made.ok_or_else(|| Raise::Engine("Closure::fromCallable() is missing".into()))
}

/// Arguments win over php.ini; whoever names a url in either place without a backup has none.
fn addresses(url: Option<&str>, backup: Option<&str>) -> Result<(String, Option<String>), Raise> {
    let (set_url, set_backup) = (ini::text(c"wechatpay.url"), ini::text(c"wechatpay.backup_url"));
    match url {
        Some(url) => Ok(Settings::addresses(Some(url), backup)?),
        None => Settings::addresses(set_url.as_deref(), backup.or(set_backup.as_deref())).map_err(|bad| {
            if bad.name == "backup_url" && backup.is_some() { bad.into() } else { misset(&bad) }
        }),
    }
}

/// A value in php.ini that cannot work: the operator's, not the caller's.
fn misset(bad: &BadArgument) -> Raise {
    misconfigured(format!("the INI setting wechatpay.{} {}", bad.name, bad.what), None)
}

/// A CA file is named, not given.
fn ca_path(path: &str) -> Result<String, BadArgument> {
    match Material::given("ca_file", path.as_bytes())? {
        Material::Path(path) => Ok(path),
        Material::Inline(_) => {
            Err(BadArgument::new("ca_file", "must be the path of a PEM file, not what is in it"))
        }
    }
}

fn set_ca_file() -> Result<Option<String>, Raise> {
    let path = ini::text(c"wechatpay.ca_file");
    path.map(|path| ca_path(&path)).transpose().map_err(|bad| misset(&bad))
}

fn set_proxy() -> Result<Option<Proxy>, Raise> {
    let proxy = ini::text(c"wechatpay.proxy");
    proxy.map(|proxy| Proxy::new(&proxy)).transpose().map_err(|bad| misset(&bad))
}

fn misconfigured(why: String, out_trade_no: Option<&str>) -> Raise {
    Raise::Fault(Box::new(Fault::new(Error::Configuration(why), Repeat::Query, out_trade_no)))
}

const LIMITS: &str = "must be between 1 and 600000 milliseconds";

fn milliseconds(call: &Call<'_>, param: Param<Optional<Int>>) -> Result<Option<i64>, Raise> {
    match call.get(param)? {
        Some(ms) if !(1..=MOST_MS).contains(&ms) => Err(call.bad(param, LIMITS)),
        given => Ok(given),
    }
}

fn set_connect_timeout() -> Result<i64, Raise> {
    set_milliseconds(c"wechatpay.connect_timeout_ms", Settings::CONNECT_TIMEOUT_MS)
}

fn set_timeout() -> Result<i64, Raise> {
    set_milliseconds(c"wechatpay.timeout_ms", Settings::TIMEOUT_MS)
}

fn set_milliseconds(name: &CStr, default: u64) -> Result<i64, Raise> {
    let why = || misconfigured(format!("the INI setting {} {LIMITS}", name.to_string_lossy()), None);
    match ini::number(name) {
        Some(set) => set.ok().filter(|ms| (1..=MOST_MS).contains(ms)).ok_or_else(why),
        None => Ok(i64::try_from(default).unwrap_or(MOST_MS)),
    }
}

fn settings(
    url: String,
    backup_url: Option<String>,
    ca_file: Option<String>,
    connect: i64,
    total: i64,
) -> Settings {
    let ms = |ms: i64| u64::try_from(ms).unwrap_or(Settings::TIMEOUT_MS);
    Settings { url, backup_url, ca_file, connect_timeout_ms: ms(connect), timeout_ms: ms(total), proxy: None }
}

/// Who calls, and over which gateway: what every call class holds.
pub struct Caller {
    /// The merchant.
    pub merchant: Arc<Merchant>,
    settings: Settings,
    gateway: Option<Zval>,
}

impl Holds for Caller {
    fn each(&self, see: &mut dyn FnMut(&Zval)) {
        self.gateway.iter().for_each(see);
    }
}

/// A `?Gateway` argument, as an object to keep.
pub fn given(call: &Call<'_>, param: Param<Optional<Object<PhpGateway>>>) -> Result<Option<Zval>, Raise> {
    let gateway = call.get(param)?;
    Ok(gateway.and(call.zval(param)).map(|gateway| gateway.shallow_clone()))
}

fn inside(gateway: &Zval) -> Option<&PhpGateway> {
    gateway.object().and_then(ZendClassObject::<PhpGateway>::from_zend_obj).and_then(|g| g.obj.as_ref())
}

impl Caller {
    /// The constructor that every call class has: `(Merchant $merchant, ?Gateway $gateway = null)`.
    pub fn construct(call: &mut Call<'_>) -> Result<Self, Raise> {
        let merchant = call.get(MERCHANT)?.0.clone();
        Self::over(merchant, given(call, GATEWAY_OR_NULL)?)
    }

    /// The same of a call that APIv3 does not have; `instead` says what to do there.
    pub fn construct_v2(call: &mut Call<'_>, class: &str, instead: &str) -> Result<Self, Raise> {
        of_v2(&call.get(MERCHANT)?.0, class, instead)?;
        Self::construct(call)
    }

    /// The same of a call that APIv3 has for merchants to whom code payments are open.
    pub fn construct_for_codes(call: &mut Call<'_>, class: &str, instead: &str) -> Result<Self, Raise> {
        let merchant = &call.get(MERCHANT)?.0;
        if merchant.takes_codes() { Self::construct(call) } else { Self::construct_v2(call, class, instead) }
    }

    /// Calls for this merchant; without a gateway over that of the INI settings.
    pub fn over(merchant: Arc<Merchant>, gateway: Option<Zval>) -> Result<Self, Raise> {
        let given = gateway.as_ref().and_then(inside).map(|gateway| gateway.settings.clone());
        let settings = given.map_or_else(default_settings, Ok)?;
        Ok(Self { merchant, settings, gateway })
    }

    /// The merchant's client, observed by whoever watches the gateway; a certificate or CA file that cannot be used is a
    /// fault before anything is sent.
    pub fn client(&self, certificate: bool, out_trade_no: Option<&str>) -> Result<MerchantClient<'_>, Raise> {
        let line = self.line_or_why(certificate).map_err(|why| misconfigured(why, out_trade_no))?;
        Ok(line.observed_by(self.observer()))
    }

    /// Opens the line, or says why there is none.
    pub fn line_or_why(&self, certificate: bool) -> Result<ApiClient, String> {
        pool::client(&self.settings, &self.merchant, certificate, &PhpFiles)
    }

    /// The same for a notice, which is read also when the merchant's own key cannot be used.
    pub fn line_for_notices(&self) -> Result<ApiClient, String> {
        pool::client_for_notices(&self.settings, &self.merchant, false, &PhpFiles)
    }

    /// How long one call may take.
    pub fn timeout_ms(&self) -> i64 {
        i64::try_from(self.settings.timeout_ms).unwrap_or(i64::MAX)
    }

    /// Makes one call and brings its answer.
    pub fn ask<C: crate::gateway::endpoint::Endpoint>(&self, call: &C) -> Result<C::Answer, Raise> {
        let spec = call.spec();
        let end = self.client(spec.certificate, call.out_trade_no())?.ask(call);
        if spec.repeat == Repeat::Query { door::ended(end) } else { door::acted(end) }
    }

    fn on_attempt(&self) -> Option<&Zval> {
        self.gateway.as_ref().and_then(inside)?.on_attempt.as_ref()
    }

    /// Whoever watches the tries, if anybody does.
    pub fn observer(&self) -> OnAttempt<'_> {
        self.on_attempt().map(|_| self as &dyn AttemptObserver)
    }
}

impl AttemptObserver for Caller {
    /// Tells the shop's callback. What it throws becomes a warning and never replaces a result (decisions.md 2.8).
    fn tried(&self, attempt: &Attempt) {
        let Some(on_attempt) = self.on_attempt() else { return };
        if door::is_interrupted() {
            return;
        }
        match door::call_back(on_attempt, || Ok(vec![attempt_to_php(attempt)?]), Gave::of) {
            Err(_) if !door::is_shut() => warning::from_exception("onAttempt"),
            Ok(gave) => gave.never_ran("onAttempt").iter().for_each(|why| warning::of(why)),
            Err(_) => {}
        }
    }

    fn may_send(&self) -> bool {
        !door::is_interrupted() && !door::is_copy()
    }
}

fn default_settings() -> Result<Settings, Raise> {
    let (url, backup) = addresses(None, None)?;
    let settings = settings(url, backup, set_ca_file()?, set_connect_timeout()?, set_timeout()?);
    Ok(Settings { proxy: set_proxy()?, ..settings })
}

fn attempt_to_php(attempt: &Attempt) -> Outcome {
    property::object(PhpAttempt, ATTEMPT, |get, _| get(attempt))
}

const MERCHANT: Param<Object<PhpMerchant>> = object("merchant");
const GATEWAY_OR_NULL: Param<Optional<Object<PhpGateway>>> = object("gateway").or_null();

/// The parameters of [`Caller::construct`].
pub const CALLER: &[Shown] = &[MERCHANT.shown, GATEWAY_OR_NULL.shown];

/// Declares a call class: a [`Caller`] under a PHP name. What APIv3 does not have, or for code payments only, says what
/// to do there instead.
macro_rules! caller_class {
    ($type:ident, $name:literal) => {
        caller_class!(@ $type, $name, crate::php::calls::gateway::Caller::construct);
    };
    ($type:ident, $name:literal, v2_only: $instead:literal) => {
        caller_class!(@ $type, $name, |call| {
            crate::php::calls::gateway::Caller::construct_v2(call, $name, $instead)
        });
    };
    ($type:ident, $name:literal, by_code: $instead:literal) => {
        caller_class!(@ $type, $name, |call| {
            crate::php::calls::gateway::Caller::construct_for_codes(call, $name, $instead)
        });
    };
    (@ $type:ident, $name:literal, $construct:expr) => {
        /// What the PHP object holds.
        pub struct $type(pub crate::php::calls::gateway::Caller);

        crate::php::engine::object::class::php_class!(
            $type,
            $name,
            construct,
            crate::php::calls::gateway::CALLER,
            holds
        );

        impl crate::php::engine::object::class::Holds for $type {
            fn each(&self, see: &mut dyn FnMut(&ext_php_rs::types::Zval)) {
                self.0.each(see);
            }
        }

        fn construct(
            call: &mut crate::php::engine::object::call::Call<'_>,
        ) -> Result<$type, crate::php::engine::raise::Raise> {
            let caller: fn(
                &mut crate::php::engine::object::call::Call<'_>,
            ) -> Result<
                crate::php::calls::gateway::Caller,
                crate::php::engine::raise::Raise,
            > = $construct;
            Ok($type(caller(call)?))
        }
    };
}
pub(crate) use caller_class;
