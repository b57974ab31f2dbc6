//! `WechatPay\Client`: any other v2 endpoint.

use crate::api::any_call::{AnyCall, Path};
use crate::error::Fault;
use crate::model::sendable::sendable;
use crate::notification;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use crate::php::values::merchant::PhpMerchant;
use ext_php_rs::flags::DataType;

caller_class!(PhpClient, "WechatPay\\Client");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let notice = method!(
        static "readNotice",
        read_notice,
        [
            param("body", DataType::String),
            param("merchant", DataType::object("WechatPay\\Merchant")),
        ],
        ARRAY
    );
    let methods = [
        notice,
        method!(
            "call",
            any_call,
            [
                param("path", DataType::String),
                param("fields", DataType::Array),
                param("certificate", DataType::Bool).or("false"),
                param("allowUnsigned", DataType::Bool).or("false"),
            ],
            ARRAY
        ),
    ];
    register::<PhpClient, _>(NONE, &methods, &[])
}

fn read_notice(call: &mut Call<'_>) -> Outcome {
    let body = call.bytes(0)?;
    let merchant = &call.object::<PhpMerchant>(1)?.0;
    let fields = notification::read_fields(body, merchant).map_err(Fault::of_notice)?;
    Ok(value::texts(fields.iter()))
}

fn any_call(call: &mut Call<'_>) -> Outcome {
    let path = Path::new(call.text(0)?)?;
    let (fields, omitted) = fields::sendable(call, 1)?;
    sendable("fields", &fields)?;
    let (certificate, allow_unsigned) = (call.bool_or(2, false)?, call.bool_or(3, false)?);
    let any = AnyCall { path, fields, omitted, certificate, allow_unsigned };
    let answer = call.this::<PhpClient>()?.0.ask(&any)?;
    elements::elements(&answer.0)
}
