//! `WechatPay\Signer`.

use super::call::{Call, Outcome, Raise, param};
use super::class::{Returns, method, php_class, register};
use super::enums::PhpEnum;
use super::fields::{self, Given};
use super::value;
use crate::error::{Fault, Repeat};
use crate::wire::explain::{Question, explain};
use crate::wire::key::Key;
use crate::wire::sign::{Pin, SignType, check, sign};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

/// Never made; only its static methods are used.
pub struct PhpSigner;

php_class!(PhpSigner, "WechatPay\\Signer", private);

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    const FIELDS: super::call::Param = param("fields", DataType::Array);
    const KEY: super::call::Param = param("key", DataType::String).secret();
    const TYPE: super::call::Param = param("type", DataType::object(SignType::NAME));
    let methods = [
        method!(static "sign", sign_fields, [FIELDS, KEY, TYPE], STRING),
        method!(static "verify", verify_fields, [FIELDS, KEY, TYPE], Some(Returns(DataType::Void, false))),
        method!(
            static "explain",
            explain_fields,
            [FIELDS, KEY, TYPE, param("previousKey", DataType::String).or_null().secret()],
            STRING
        ),
    ];
    register::<PhpSigner>(&[], &methods, &[])
}

fn key(call: &Call<'_>, n: usize) -> Result<Option<Key>, Raise> {
    let bytes = call.bytes_or(n)?;
    bytes.map(Key::new).transpose().map_err(|e| call.bad(n, e.to_string()))
}

fn required_key(call: &Call<'_>, n: usize) -> Result<Key, Raise> {
    key(call, n)?.ok_or_else(|| call.bad(n, "must be given"))
}

/// Given fields as pairs; null is as empty.
fn pairs(given: &[Given]) -> Vec<(&[u8], &[u8])> {
    given.iter().map(|(name, text)| (name.as_slice(), text.as_deref().unwrap_or_default())).collect()
}

fn sorted(given: &[Given]) -> Vec<(&[u8], &[u8])> {
    let mut pairs = pairs(given);
    pairs.sort_unstable_by_key(|(name, _)| *name);
    pairs
}

fn sign_fields(call: &mut Call<'_>) -> Outcome {
    let (given, key, sign_type) = (fields::given(call, 0)?, required_key(call, 1)?, call.case(2)?);
    Ok(value::text(sign(sorted(&given).into_iter(), &key, sign_type)))
}

fn verify_fields(call: &mut Call<'_>) -> Outcome {
    let (given, key, sign_type) = (fields::given(call, 0)?, required_key(call, 1)?, call.case(2)?);
    let pin = Pin { sign_type, fixed: true, accept_md5: false, key: &key, previous_key: None };
    let sorted = sorted(&given);
    check(&sorted.iter().copied(), &pin).map_err(|e| Fault::new(e.into(), Repeat::Query, None))?;
    Ok(Zval::null())
}

fn explain_fields(call: &mut Call<'_>) -> Outcome {
    let given = fields::given(call, 0)?;
    let (key, sign_type, previous) = (required_key(call, 1)?, call.case(2)?, key(call, 3)?);
    let pairs = pairs(&given);
    let question = Question { fields: &pairs, key: &key, sign_type, previous_key: previous.as_ref() };
    Ok(value::text(explain(&question)))
}
