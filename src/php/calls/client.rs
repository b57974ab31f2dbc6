//! `WechatPay\Client`: any other v2 endpoint.

use crate::api::any_call::{AnyCall, Path};
use crate::error::Fault;
use crate::model::sendable::sendable;
use crate::notification;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::param::{
    Array, Bool, Bytes, Object, Param, Text, array, bytes, flag, object, text,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use crate::php::values::merchant::{PhpMerchant, of_v2};
use ext_php_rs::flags::DataType;

caller_class!(PhpClient, "WechatPay\\Client");

const BODY: Param<Bytes> = bytes("body");
const MERCHANT: Param<Object<PhpMerchant>> = object("merchant");
const PATH: Param<Text> = text("path");
const FIELDS: Param<Array> = array("fields");
const CERTIFICATE: Param<Bool> = flag("certificate").or("false");
const ALLOW_UNSIGNED: Param<Bool> = flag("allowUnsigned").or("false");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let notice = method!(
            static "readNotice",
            read_notice,
            [
    BODY, MERCHANT        ],
            ARRAY
        );
    let methods = [notice, method!("call", any_call, [PATH, FIELDS, CERTIFICATE, ALLOW_UNSIGNED], ARRAY)];
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
