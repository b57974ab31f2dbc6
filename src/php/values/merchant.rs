//! `WechatPay\Merchant`.

use crate::gateway::pool::expires_at;
use crate::gateway::v3::keys::kept;
use crate::model::merchant::{ApiVersion, CertificateSource, Credentials, Material, Merchant, V2Credentials};
use crate::model::misplaced::no_secret;
use crate::model::v3_keys::V3Keys;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::files::PhpFiles;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, hide, method, php_class, register};
use crate::php::engine::object::param::{Bool, Bytes, Object, Optional, Param, Text, bytes, flag, text};
use crate::php::engine::object::property::{Property, STRING, TIME, nullable, object, property};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::{Case, PhpEnum, case_of};
use crate::wire::key::Key;
use crate::wire::v2::sign::SignType;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::sync::Arc;
use time::OffsetDateTime;
use zeroize::Zeroizing;

mod v3;

/// What a PHP `Merchant` holds.
pub struct PhpMerchant(pub Arc<Merchant>);

php_class!(PhpMerchant, "WechatPay\\Merchant", construct, PARAMS);

const APPID: Param<Text> = text("appid").secret();
const MCH_ID: Param<Text> = text("mchId").secret();
const KEY: Param<Bytes> = bytes("key").secret();
const SIGN_TYPE: Param<Case<SignType>> = case_of("signType").or("\\WechatPay\\SignType::HmacSha256");
const SUB_APPID: Param<Optional<Text>> = text("subAppid").or_null().secret();
const SUB_MCH_ID: Param<Optional<Text>> = text("subMchId").or_null().secret();
const CERTIFICATE: Param<Optional<Bytes>> = bytes("certificate").or_null().secret();
const PRIVATE_KEY: Param<Optional<Bytes>> = bytes("privateKey").or_null().secret();
const CERTIFICATE_PASSWORD: Param<Optional<Text>> = text("certificatePassword").or_null().secret();
const PREVIOUS_KEY: Param<Optional<Bytes>> = bytes("previousKey").or_null().secret();
const ACCEPT_MD5: Param<Bool> = flag("acceptMd5").or("false");

const PARAMS: &[Shown] = &[
    APPID.shown,
    MCH_ID.shown,
    KEY.shown,
    SIGN_TYPE.shown,
    SUB_APPID.shown,
    SUB_MCH_ID.shown,
    CERTIFICATE.shown,
    PRIVATE_KEY.shown,
    CERTIFICATE_PASSWORD.shown,
    PREVIOUS_KEY.shown,
    ACCEPT_MD5.shown,
];

/// A merchant, with what is known of its certificate.
struct MerchantView<'a> {
    merchant: &'a Merchant,
    certificate_expires_at: Option<OffsetDateTime>,
}

type MerchantGetter = fn(&MerchantView<'_>) -> Outcome;

const PROPERTIES: &[Property<MerchantGetter>] = &[
    property("appid", STRING, |m| m.merchant.appid.to_php()),
    property("mchId", STRING, |m| m.merchant.mch_id.to_php()),
    nullable("subAppid", STRING, |m| m.merchant.sub_appid.to_php()),
    nullable("subMchId", STRING, |m| m.merchant.sub_mch_id.to_php()),
    property("apiVersion", DataType::object(ApiVersion::NAME), |m| m.merchant.api_version().to_php()),
    nullable("signType", DataType::object(SignType::NAME), |m| {
        keys(m.merchant).map(|keys| keys.sign_type).to_php()
    }),
    nullable("certificateExpiresAt", TIME, |m| m.certificate_expires_at.to_php()),
];

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let factory = method!(
        static "v3",
        make_v3,
        [
            APPID,
            MCH_ID,
            v3::API_V3_KEY,
            v3::PRIVATE_KEY,
            v3::CERTIFICATE,
            v3::PUBLIC_KEY_ID,
            v3::PUBLIC_KEY,
            v3::PLATFORM_CERTIFICATES,
            SUB_APPID,
            SUB_MCH_ID,
            v3::PREVIOUS_API_V3_KEY,
            v3::CODE_PAY,
        ],
        Some(Returns(DataType::object(PhpMerchant::CLASS_NAME), false))
    );
    register::<PhpMerchant, _>(PROPERTIES, &[factory], &[])?;
    hide(PhpMerchant::get_metadata().ce(), "__construct", PARAMS);
    Ok(())
}

fn construct(call: &mut Call<'_>) -> Result<PhpMerchant, Raise> {
    let secrets = [Some(call.get(KEY)?), call.get(PREVIOUS_KEY)?];
    let merchant = merchant(call, Credentials::V2(credentials(call)?), &secrets)?;
    let source = keys(&merchant).and_then(|keys| keys.certificate.as_ref());
    let certificate_expires_at = source.and_then(|source| expires_at(source, &PhpFiles));
    let view = MerchantView { merchant: &merchant, certificate_expires_at };
    call.fill::<PhpMerchant, _>(PROPERTIES, |get| get(&view))?;
    Ok(PhpMerchant(Arc::new(merchant)))
}

fn make_v3(call: &mut Call<'_>) -> Outcome {
    let source = v3::key_source(call, call.get(MCH_ID)?)?;
    let certificate_expires_at = source.certificate.expires_at(&PhpFiles);
    let keys = V3Keys::new(move || kept(&source, &PhpFiles)).taking_codes(call.get(v3::CODE_PAY)?);
    let secrets = [Some(call.get(v3::API_V3_KEY)?), call.get(v3::PREVIOUS_API_V3_KEY)?];
    let merchant = Arc::new(merchant(call, Credentials::V3(Arc::new(keys)), &secrets)?);
    object(PhpMerchant(merchant), PROPERTIES, |get, held| {
        get(&MerchantView { merchant: &held.0, certificate_expires_at })
    })
}

/// A merchant of these ids, which both dialects have: they are shown and sent, so none of them may be one of its secrets.
fn merchant(call: &Call<'_>, credentials: Credentials, secrets: &[Option<&[u8]>]) -> Result<Merchant, Raise> {
    let secrets: Vec<&[u8]> = secrets.iter().copied().flatten().collect();
    let id = |name, text| Merchant::id(name, no_secret(name, text, &secrets)?);
    Ok(Merchant {
        appid: id("appid", call.get(APPID)?)?,
        mch_id: id("mchId", call.get(MCH_ID)?)?,
        sub_appid: call.get(SUB_APPID)?.map(|text| id("subAppid", text)).transpose()?,
        sub_mch_id: call.get(SUB_MCH_ID)?.map(|text| id("subMchId", text)).transpose()?,
        credentials,
    })
}

fn keys(merchant: &Merchant) -> Option<&V2Credentials> {
    merchant.v2().ok()
}

fn credentials(call: &Call<'_>) -> Result<V2Credentials, Raise> {
    Ok(V2Credentials {
        key: Key::new(call.get(KEY)?).map_err(|e| call.bad(KEY, e.to_string()))?,
        sign_type: call.get(SIGN_TYPE)?,
        previous_key: call
            .get(PREVIOUS_KEY)?
            .map(Key::new)
            .transpose()
            .map_err(|e| call.bad(PREVIOUS_KEY, e.to_string()))?,
        accept_md5: call.get(ACCEPT_MD5)?,
        certificate: certificate(call)?,
    })
}

fn certificate(call: &Call<'_>) -> Result<Option<CertificateSource>, Raise> {
    let (certificate, private_key, password) =
        (call.get(CERTIFICATE)?, call.get(PRIVATE_KEY)?, call.get(CERTIFICATE_PASSWORD)?);
    if certificate.is_none() && private_key.is_some() {
        return Err(call.bad(PRIVATE_KEY, "needs $certificate beside it"));
    }
    let password = Zeroizing::new(password.unwrap_or(call.get(MCH_ID)?).to_owned());
    let private_key = private_key.map(|key| Material::given("privateKey", key)).transpose()?;
    let certificate = certificate.map(|text| Material::given("certificate", text)).transpose()?;
    Ok(certificate.map(|certificate| CertificateSource { certificate, private_key, password }))
}

/// A merchant of v2, for what APIv3 does not have.
pub fn of_v2(merchant: &Merchant, class: &str, instead: &str) -> Result<(), Raise> {
    match merchant.api_version() {
        ApiVersion::V2 => Ok(()),
        ApiVersion::V3 => Err(Raise::Logic(format!("{class} does not exist in APIv3: {instead}"))),
    }
}

/// A merchant of APIv3, for what v2 does not have.
pub fn of_v3(merchant: &Merchant, class: &str, instead: &str) -> Result<(), Raise> {
    match merchant.api_version() {
        ApiVersion::V3 => Ok(()),
        ApiVersion::V2 => Err(Raise::Logic(format!(
            "{class} exists in APIv3 only, and this merchant is one of v2: {instead}"
        ))),
    }
}

/// The merchants that a method takes as its last arguments, at least one; each with its PHP object.
pub fn merchants(
    call: &Call<'_>,
    param: Param<Object<PhpMerchant>>,
) -> Result<Vec<(Arc<Merchant>, Zval)>, Raise> {
    let merchants = call.rest(param)?;
    if merchants.is_empty() {
        return Err(call.bad(param, "must be at least one Merchant"));
    }
    Ok(merchants.into_iter().map(|(merchant, zval)| (merchant.0.clone(), zval)).collect())
}
