//! `WechatPay\Client`: any other endpoint of either dialect.

use crate::api::any_call::{AnyCall, Path};
use crate::api::any_v3_call::AnyV3Call;
use crate::api::sensitive;
use crate::error::Fault;
use crate::model::sendable::sendable;
use crate::notification;
use crate::php::calls::gateway::{Caller, caller_class};
use crate::php::engine::convert::{elements, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{
    Array, Bool, Bytes, Object, Optional, Param, Text, array, bytes, flag, object, text,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::object::{body, fields};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::merchant::{PhpMerchant, of_v2, of_v3};
use ext_php_rs::flags::DataType;

caller_class!(PhpClient, "WechatPay\\Client");

const BODY: Param<Bytes> = bytes("body");
const MERCHANT: Param<Object<PhpMerchant>> = object("merchant");
const PATH: Param<Text> = text("path");
const FIELDS: Param<Array> = array("fields");
const CERTIFICATE: Param<Bool> = flag("certificate").or("false");
const ALLOW_UNSIGNED: Param<Bool> = flag("allowUnsigned").or("false");
const METHOD: Param<Text> = text("method");
const TARGET: Param<Text> = text("target");
const JSON: Param<Optional<Array>> = array("body").or_null();
const PLAINTEXT: Param<Text> = text("text").secret();
const CIPHERTEXT: Param<Text> = text("ciphertext");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    let methods = [
        method!(static "readNotice", read_notice, [BODY, MERCHANT], ARRAY),
        method!("call", any_call, [PATH, FIELDS, CERTIFICATE, ALLOW_UNSIGNED], ARRAY),
        method!("callV3", any_v3_call, [METHOD, TARGET, JSON], ARRAY),
        method!("encrypt", encrypt, [PLAINTEXT], STRING),
        method!("decrypt", decrypt, [CIPHERTEXT], STRING),
    ];
    register::<PhpClient, _>(NONE, &methods, &[])
}

fn read_notice(call: &mut Call<'_>) -> Outcome {
    let body = call.get(BODY)?;
    let merchant = &call.get(MERCHANT)?.0;
    of_v2(merchant, "Client::readNotice()", "its notices of every kind are read by Notification::receive()")?;
    let fields = notification::read_fields(body, merchant).map_err(Fault::of_notice)?;
    Ok(value::texts(fields.iter()))
}

fn any_call(call: &mut Call<'_>) -> Outcome {
    let caller = &call.this::<PhpClient>()?.0;
    of_v2(&caller.merchant, "Client::call()", "its endpoints are asked with Client::callV3()")?;
    let path = Path::new(call.get(PATH)?)?;
    let (fields, omitted) = fields::sendable(call, FIELDS)?;
    sendable("fields", &fields)?;
    let (certificate, allow_unsigned) = (call.get(CERTIFICATE)?, call.get(ALLOW_UNSIGNED)?);
    let any = AnyCall { path, fields, omitted, certificate, allow_unsigned };
    let answer = caller.ask(&any)?;
    elements::elements(&answer.0)
}

fn any_v3_call(call: &mut Call<'_>) -> Outcome {
    let caller = of_v3_caller(call, "Client::callV3()", "its endpoints are asked with Client::call()")?;
    let (method, target) = (call.get(METHOD)?, call.get(TARGET)?);
    let any = AnyV3Call::new(method, target, body::body(call, JSON)?.as_ref())?;
    let answer = caller.ask(&any)?;
    elements::told(&answer)
}

fn encrypt(call: &mut Call<'_>) -> Outcome {
    let caller = of_v3_caller(call, "Client::encrypt()", "it has no fields that are encrypted so")?;
    let text = call.get(PLAINTEXT)?;
    let encrypted = caller.client(false, None)?.encrypt(text);
    Ok(value::text(door::ended(encrypted)?))
}

fn decrypt(call: &mut Call<'_>) -> Outcome {
    let caller = of_v3_caller(call, "Client::decrypt()", "it has no fields that are encrypted so")?;
    let opened = sensitive::decrypt(&caller.merchant, call.get(CIPHERTEXT)?)?;
    Ok(value::text(opened.as_slice()))
}

fn of_v3_caller<'a>(call: &mut Call<'a>, method: &str, instead: &str) -> Result<&'a Caller, Raise> {
    let caller = &call.this::<PhpClient>()?.0;
    of_v3(&caller.merchant, method, instead)?;
    Ok(caller)
}
