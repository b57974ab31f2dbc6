//! `WechatPay\Xml`.

use super::call::{Call, Outcome, param};
use super::class::{Returns, method, php_class, register};
use super::{fields, value};
use crate::error::{Advice, Error, Fault, Repeat};
use crate::wire::xml::{self, Root};
use ext_php_rs::flags::DataType;

/// Never made; only its static methods are used.
pub struct PhpXml;

php_class!(PhpXml, "WechatPay\\Xml", private);

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [
        method!(static "encode", encode, [param("fields", DataType::Array)], Some(Returns(DataType::String, false))),
        method!(static "decode", decode, [param("xml", DataType::String)], Some(Returns(DataType::Array, false))),
    ];
    register::<PhpXml>(&[], &methods, &[])
}

fn encode(call: &mut Call<'_>) -> Outcome {
    let given = fields::outgoing(call, 0)?;
    let pairs = given.iter().filter_map(|(name, text)| Some((&**name, text.as_deref()?)));
    if let Some(document) = xml::encode_plain(pairs) {
        return Ok(value::text(document));
    }
    let (fields, _) = fields::checked(call, 0, &given)?;
    let document = xml::encode(&fields).map_err(|e| call.bad(0, format!("must be writable: {e}")))?;
    Ok(value::text(document))
}

fn decode(call: &mut Call<'_>) -> Outcome {
    let fields = xml::decode(call.bytes(0)?, Root::Xml);
    let fields = fields.map_err(|e| Fault {
        advice: Advice::FixCall,
        retryable: false,
        ..Fault::new(Error::from(e), Repeat::Query, None)
    })?;
    Ok(value::texts(fields.iter()))
}
