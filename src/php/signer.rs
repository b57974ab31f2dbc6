//! `WechatPay\Signer`.

use super::call::{Call, Outcome, Raise, param};
use super::class::{Returns, method, php_class, register};
use super::enums::PhpEnum;
use super::fields::{self, Given};
use super::value;
use crate::error::{Fault, Repeat};
use crate::wire::explain::{Question, explain};
use crate::wire::fields::SortKey;
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
fn pairs<'a>(given: &'a [Given<'_>]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    given.iter().map(|(name, text)| (&**name, text.as_deref().unwrap_or_default()))
}

/// The same in the order of signing.
fn sorted<'a>(given: &'a [Given<'_>]) -> Vec<(SortKey<'a>, &'a [u8])> {
    let mut sorted: Vec<_> = pairs(given).map(|(name, text)| (SortKey::of(name), text)).collect();
    sorted.sort_unstable();
    sorted
}

fn sign_fields(call: &mut Call<'_>) -> Outcome {
    let (key, sign_type) = (required_key(call, 1)?, call.case(2)?);
    let given = fields::given(call, 0)?;
    let sorted = sorted(&given);
    Ok(value::text(sign(sorted.iter().map(|(name, text)| (name.name(), *text)), &key, sign_type)))
}

fn verify_fields(call: &mut Call<'_>) -> Outcome {
    let (key, sign_type) = (required_key(call, 1)?, call.case(2)?);
    let given = fields::given(call, 0)?;
    let pin = Pin { sign_type, fixed: true, accept_md5: false, key: &key, previous_key: None };
    let sorted = sorted(&given);
    let pairs = sorted.iter().map(|(name, text)| (name.name(), *text));
    check(&pairs, &pin).map_err(|e| Fault::new(e.into(), Repeat::Query, None))?;
    Ok(Zval::null())
}

fn explain_fields(call: &mut Call<'_>) -> Outcome {
    let (key, sign_type, previous) = (required_key(call, 1)?, call.case(2)?, key(call, 3)?);
    let given = fields::given(call, 0)?;
    let pairs: Vec<_> = pairs(&given).collect();
    let question = Question { fields: &pairs, key: &key, sign_type, previous_key: previous.as_ref() };
    Ok(value::text(explain(&question)))
}
