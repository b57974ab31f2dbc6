//! The arguments of `Merchant::v3()`.

use crate::gateway::v3::keys::{KeySource, OwnCertificate};
use crate::model::argument::BadArgument;
use crate::model::merchant::{Material, Merchant};
use crate::php::engine::cache;
use crate::php::engine::convert::{array, value};
use crate::php::engine::object::call::Call;
use crate::php::engine::object::param::{
    Array, Bool, Bytes, Optional, Param, Text, array as array_param, bytes, flag, text,
};
use crate::php::engine::raise::Raise;
use crate::wire::key::Key;

/// Opens notices and certificates.
pub const API_V3_KEY: Param<Bytes> = bytes("apiV3Key").secret();
/// Signs requests.
pub const PRIVATE_KEY: Param<Bytes> = bytes("privateKey").secret();
/// The merchant's own, or its serial number.
pub const CERTIFICATE: Param<Bytes> = bytes("certificate").secret();
/// Names WeChat Pay's public key.
pub const PUBLIC_KEY_ID: Param<Optional<Text>> = text("publicKeyId").or_null().secret();
/// That key.
pub const PUBLIC_KEY: Param<Optional<Bytes>> = bytes("publicKey").or_null().secret();
/// WeChat Pay's certificates.
pub const PLATFORM_CERTIFICATES: Param<Optional<Array>> =
    array_param("platformCertificates").or_empty().secret();
/// The APIv3 key before.
pub const PREVIOUS_API_V3_KEY: Param<Optional<Bytes>> = bytes("previousApiV3Key").or_null().secret();
/// Has WeChat Pay opened code payments in APIv3 to it?
pub const CODE_PAY: Param<Bool> = flag("codePay").or("false");

/// What the keys of a merchant of this number are read from.
pub fn key_source(call: &Call<'_>, mch_id: &str) -> Result<KeySource, Raise> {
    let key = |param: Param<Bytes>, key| Key::new(key).map_err(|e| call.bad(param, e.to_string()));
    let mch_id = Merchant::id("mchId", mch_id)?;
    Ok(KeySource {
        cache: cache::file(&format!("certificates-{mch_id}.json")),
        mch_id,
        key: key(API_V3_KEY, call.get(API_V3_KEY)?)?,
        private_key: Material::given("privateKey", call.get(PRIVATE_KEY)?)?,
        certificate: certificate(call.get(CERTIFICATE)?)?,
        public_key: public_key(call)?,
        platform_certificates: platform_certificates(call)?,
        previous_key: call
            .get(PREVIOUS_API_V3_KEY)?
            .map(|previous| key(PREVIOUS_API_V3_KEY.given(), previous))
            .transpose()?,
    })
}

/// The certificate, or nothing but its number.
fn certificate(text: &[u8]) -> Result<OwnCertificate, BadArgument> {
    let given = std::str::from_utf8(text).unwrap_or_default();
    if let Some(serial) = OwnCertificate::serial(given) {
        return Ok(serial);
    }
    if OwnCertificate::is_printed_serial(given) {
        let what =
            "must be a serial number's hex digits and nothing else: no \"serial=\", no colons, no blanks";
        return Err(BadArgument::new("certificate", what));
    }
    Material::given("certificate", text).map(OwnCertificate::Certificate)
}

/// Key and id belong together: answers name the key by its id.
fn public_key(call: &Call<'_>) -> Result<Option<(String, Material)>, Raise> {
    let (id, key) = (call.get(PUBLIC_KEY_ID)?, call.get(PUBLIC_KEY)?);
    match (id, key) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(call.bad(PUBLIC_KEY_ID, "needs $publicKey beside it")),
        (None, Some(_)) => Err(call.bad(PUBLIC_KEY, "needs $publicKeyId beside it")),
        (Some(id), Some(key)) => {
            let digits = id.strip_prefix("PUB_KEY_ID_").unwrap_or_default();
            if digits.is_empty() || id.len() > 64 || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
                let what = "must be the id that the merchant platform shows, PUB_KEY_ID_ and digits";
                return Err(call.bad(PUBLIC_KEY_ID, what));
            }
            Ok(Some((id.to_owned(), Material::given("publicKey", key)?)))
        }
    }
}

fn platform_certificates(call: &Call<'_>) -> Result<Vec<Material>, Raise> {
    let Some(table) = call.get(PLATFORM_CERTIFICATES)? else { return Ok(Vec::new()) };
    let given = array::entries(table).map(|(key, zval)| {
        let Some(text) = zval.zend_str() else {
            let (key, kind) = (String::from_utf8_lossy(&key), value::type_name(zval));
            let what = format!("must contain only strings, {kind} given for key \"{key}\"");
            return Err(call.type_error(PLATFORM_CERTIFICATES, &what));
        };
        Ok(Material::given("platformCertificates", text.as_bytes())?)
    });
    given.collect()
}
