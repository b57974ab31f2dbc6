//! `WechatPay\Merchant`.

use crate::gateway::pool::expires_at;
use crate::model::merchant::{CertificateSource, Material, Merchant};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::files::PhpFiles;
use crate::php::engine::object::call::{Call, Param, param};
use crate::php::engine::object::class::{hide, php_class, register};
use crate::php::engine::object::property::{PropertyOf, STRING, TIME, nullable, property};
use crate::php::engine::raise::Raise;
use crate::php::values::enums::PhpEnum;
use crate::wire::v2::key::Key;
use crate::wire::v2::sign::SignType;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a PHP `Merchant` holds.
pub struct PhpMerchant(pub Arc<Merchant>);

php_class!(PhpMerchant, "WechatPay\\Merchant", construct, PARAMS);

const PARAMS: &[Param] = &[
    param("appid", DataType::String),
    param("mchId", DataType::String),
    param("key", DataType::String).secret(),
    param("signType", DataType::object(SignType::NAME)).or("\\WechatPay\\SignType::HmacSha256"),
    param("subAppid", DataType::String).or_null(),
    param("subMchId", DataType::String).or_null(),
    param("certificate", DataType::String).or_null().secret(),
    param("privateKey", DataType::String).or_null().secret(),
    param("certificatePassword", DataType::String).or_null().secret(),
    param("previousKey", DataType::String).or_null().secret(),
    param("acceptMd5", DataType::Bool).or("false"),
];

const PROPERTIES: &[PropertyOf<Merchant>] = &[
    property("appid", STRING, |m| m.appid.to_php()),
    property("mchId", STRING, |m| m.mch_id.to_php()),
    nullable("subAppid", STRING, |m| m.sub_appid.to_php()),
    nullable("subMchId", STRING, |m| m.sub_mch_id.to_php()),
    property("signType", DataType::object(SignType::NAME), |m| m.sign_type.to_php()),
    nullable("certificateExpiresAt", TIME, |m| {
        m.certificate.as_ref().and_then(|source| expires_at(source, &PhpFiles)).to_php()
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
        appid: Merchant::id("appid", call.text(0)?)?,
        mch_id: Merchant::id("mchId", call.text(1)?)?,
        key: Key::new(call.bytes(2)?).map_err(|e| call.bad(2, e.to_string()))?,
        sign_type: call.case_or(3)?.unwrap_or(SignType::HmacSha256),
        sub_appid: call.text_or(4)?.map(|id| Merchant::id("subAppid", id)).transpose()?,
        sub_mch_id: call.text_or(5)?.map(|id| Merchant::id("subMchId", id)).transpose()?,
        previous_key: call.bytes_or(9)?.map(Key::new).transpose().map_err(|e| call.bad(9, e.to_string()))?,
        accept_md5: call.bool_or(10, false)?,
        certificate: certificate(call)?,
    };
    call.fill::<PhpMerchant, _>(PROPERTIES, |get| get(&merchant))?;
    Ok(PhpMerchant(Arc::new(merchant)))
}

fn certificate(call: &Call<'_>) -> Result<Option<CertificateSource>, Raise> {
    let (certificate, private_key, password) = (call.bytes_or(6)?, call.bytes_or(7)?, call.text_or(8)?);
    if certificate.is_none() && private_key.is_some() {
        return Err(call.bad(7, "needs $certificate beside it"));
    }
    let password = Zeroizing::new(password.unwrap_or(call.text(1)?).to_owned());
    let private_key = private_key.map(|key| Material::given("privateKey", key)).transpose()?;
    let certificate = certificate.map(|text| Material::given("certificate", text)).transpose()?;
    Ok(certificate.map(|certificate| CertificateSource { certificate, private_key, password }))
}
