//! `WechatPay\Merchant`.

use crate::gateway::pool::expires_at;
use crate::model::merchant::{CertificateSource, Credentials, Material, Merchant, V2Credentials};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::files::PhpFiles;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{hide, php_class, register};
use crate::php::engine::object::param::{Bool, Bytes, Object, Optional, Param, Text, bytes, flag, text};
use crate::php::engine::object::property::{PropertyOf, STRING, TIME, nullable, property};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::Raise;
use crate::php::values::enums::{Case, PhpEnum, case_of};
use crate::wire::key::Key;
use crate::wire::v2::sign::SignType;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a PHP `Merchant` holds.
pub struct PhpMerchant(pub Arc<Merchant>);

php_class!(PhpMerchant, "WechatPay\\Merchant", construct, PARAMS);

const APPID: Param<Text> = text("appid");
const MCH_ID: Param<Text> = text("mchId");
const KEY: Param<Bytes> = bytes("key").secret();
const SIGN_TYPE: Param<Case<SignType>> = case_of("signType").or("\\WechatPay\\SignType::HmacSha256");
const SUB_APPID: Param<Optional<Text>> = text("subAppid").or_null();
const SUB_MCH_ID: Param<Optional<Text>> = text("subMchId").or_null();
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

const PROPERTIES: &[PropertyOf<Merchant>] = &[
    property("appid", STRING, |m| m.appid.to_php()),
    property("mchId", STRING, |m| m.mch_id.to_php()),
    nullable("subAppid", STRING, |m| m.sub_appid.to_php()),
    nullable("subMchId", STRING, |m| m.sub_mch_id.to_php()),
    property("signType", DataType::object(SignType::NAME), |m| keys(m).map(|keys| keys.sign_type).to_php()),
    nullable("certificateExpiresAt", TIME, |m| {
        keys(m)
            .and_then(|keys| keys.certificate.as_ref())
            .and_then(|source| expires_at(source, &PhpFiles))
            .to_php()
    }),
];

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    register::<PhpMerchant, _>(PROPERTIES, &[], &[])?;
    hide(PhpMerchant::get_metadata().ce(), "__construct", PARAMS);
    Ok(())
}

fn construct(call: &mut Call<'_>) -> Result<PhpMerchant, Raise> {
    let merchant = Merchant {
        appid: Merchant::id("appid", call.get(APPID)?)?,
        mch_id: Merchant::id("mchId", call.get(MCH_ID)?)?,
        sub_appid: call.get(SUB_APPID)?.map(|id| Merchant::id("subAppid", id)).transpose()?,
        sub_mch_id: call.get(SUB_MCH_ID)?.map(|id| Merchant::id("subMchId", id)).transpose()?,
        credentials: Credentials::V2(credentials(call)?),
    };
    call.fill::<PhpMerchant, _>(PROPERTIES, |get| get(&merchant))?;
    Ok(PhpMerchant(Arc::new(merchant)))
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
