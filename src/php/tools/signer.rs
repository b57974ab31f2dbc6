//! `WechatPay\Signer`.

use crate::error::{Fault, Repeat};
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::fields::Pairs;
use crate::php::engine::object::param::{Array, Bytes, Optional, Param, array, bytes};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::{Case, case_of};
use crate::wire::key::Key;
use crate::wire::v2::explain::{Explanation, explain};
use crate::wire::v2::fields::SortKey;
use crate::wire::v2::sign::{SignType, SignaturePolicy, check, sign};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::cell::RefCell;
use std::sync::Arc;

/// Never made; only its static methods are used.
pub struct PhpSigner;

php_class!(PhpSigner, "WechatPay\\Signer", private);

const FIELDS: Param<Array> = array("fields");
const KEY: Param<Bytes> = bytes("key").secret();
const TYPE: Param<Case<SignType>> = case_of("type");
const PREVIOUS_KEY: Param<Optional<Bytes>> = bytes("previousKey").or_null().secret();

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    let methods = [
        method!(static "sign", sign_fields, [FIELDS, KEY, TYPE], STRING),
        method!(static "verify", verify_fields, [FIELDS, KEY, TYPE], Some(Returns(DataType::Void, false))),
        method!(
            static "explain",
            explain_fields,
            [FIELDS, KEY, TYPE, PREVIOUS_KEY],
            STRING
        ),
    ];
    register::<PhpSigner, _>(NONE, &methods, &[])
}

thread_local! {
    /// The key of the last call: a shop signs with one, and taking it in costs more than a short message.
    static LAST_KEY: RefCell<Option<Arc<Key>>> = const { RefCell::new(None) };
}

/// Wipes the key of the last call; runs when a request begins, and when it ends.
pub fn forget_key() {
    drop(LAST_KEY.take());
}

fn key(call: &Call<'_>) -> Result<Arc<Key>, Raise> {
    let bytes = call.get(KEY)?;
    let last = LAST_KEY.with_borrow(|last| last.clone().filter(|key| key.is(bytes)));
    last.map_or_else(|| fresh_key(call, bytes), Ok)
}

fn fresh_key(call: &Call<'_>, bytes: &[u8]) -> Result<Arc<Key>, Raise> {
    let key = Arc::new(Key::new(bytes).map_err(|e| call.bad(KEY, e.to_string()))?);
    LAST_KEY.replace(Some(key.clone()));
    Ok(key)
}

fn previous_key(call: &Call<'_>) -> Result<Option<Key>, Raise> {
    let bytes = call.get(PREVIOUS_KEY)?;
    bytes.map(Key::new).transpose().map_err(|e| call.bad(PREVIOUS_KEY, e.to_string()))
}

/// Given fields in the order of signing; null is as empty.
fn sorted(given: Pairs<'_>) -> Vec<(SortKey<'_>, &[u8])> {
    let mut sorted = Vec::with_capacity(24);
    sorted.extend(given.map(|(name, text)| (SortKey::of(name), text.unwrap_or_default())));
    sorted.sort_unstable();
    sorted
}

fn sign_fields(call: &mut Call<'_>) -> Outcome {
    let (key, sign_type) = (key(call)?, call.get(TYPE)?);
    fields::with_given(call, FIELDS, |given| {
        let sorted = sorted(given);
        let sign = sign(sorted.iter().map(|(name, text)| (name.name(), *text)), &key, sign_type);
        value::text(sign.as_bytes())
    })
}

fn verify_fields(call: &mut Call<'_>) -> Outcome {
    let (key, sign_type) = (key(call)?, call.get(TYPE)?);
    let pin = SignaturePolicy { sign_type, fixed: true, accept_md5: false, key: &key, previous_key: None };
    let checked = fields::with_given(call, FIELDS, |given| {
        let sorted = sorted(given);
        let pairs: Vec<_> = sorted.iter().map(|(name, text)| (name.name(), *text)).collect();
        check(&pairs, &pin)
    })?;
    checked.map_err(|e| Fault::new(e.into(), Repeat::Query, None))?;
    Ok(Zval::null())
}

fn explain_fields(call: &mut Call<'_>) -> Outcome {
    let (key, sign_type, previous) = (key(call)?, call.get(TYPE)?, previous_key(call)?);
    fields::with_given(call, FIELDS, |given| {
        let pairs: Vec<_> = given.map(|(name, text)| (name, text.unwrap_or_default())).collect();
        let question = Explanation { fields: &pairs, key: &key, sign_type, previous_key: previous.as_ref() };
        value::text(explain(&question))
    })
}
