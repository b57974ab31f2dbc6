//! `WechatPay\Xml`.

use crate::error::{Advice, Error, Fault, Repeat};
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::fields::Pairs;
use crate::php::engine::object::param::{Array, Bytes, Param, array, bytes};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use crate::wire::v2::xml::{self, FastPath, Root};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

/// Never made; only its static methods are used.
pub struct PhpXml;

php_class!(PhpXml, "WechatPay\\Xml", private);

const FIELDS: Param<Array> = array("fields");
const XML: Param<Bytes> = bytes("xml");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [
        method!(static "encode", encode, [FIELDS], Some(Returns(DataType::String, false))),
        method!(static "decode", decode, [XML], Some(Returns(DataType::Array, false))),
    ];
    register::<PhpXml, _>(NONE, &methods, &[])
}

fn encode(call: &mut Call<'_>) -> Outcome {
    fields::with_outgoing(call, FIELDS, |given| {
        encode_blindly(given.clone()).map_or_else(|| encode_carefully(call, given), Ok)
    })?
}

/// Straight into PHP's memory, if nothing needs a second look.
fn encode_blindly(given: Pairs<'_>) -> Option<Zval> {
    let pairs = given.filter_map(|(name, text)| Some((name, text?)));
    let fast = FastPath::of(pairs.clone())?;
    value::written(fast.size, |document| fast.write(pairs, document))
}

fn encode_carefully(call: &Call<'_>, given: Pairs<'_>) -> Outcome {
    let (fields, _) = fields::checked(call, FIELDS, given)?;
    let document = xml::encode(&fields).map_err(|e| call.bad(FIELDS, format!("must be writable: {e}")))?;
    Ok(value::text(document))
}

fn decode(call: &mut Call<'_>) -> Outcome {
    let document = call.get(XML)?;
    if let Some(array) =
        xml::decode_plain(document, Root::Xml).and_then(|plain| value::texts_once(plain.iter()))
    {
        return Ok(array);
    }
    let fields = xml::decode(document, Root::Xml).map_err(|e| Fault {
        advice: Advice::FixCall,
        retryable: false,
        ..Fault::new(Error::from(e), Repeat::Query, None)
    })?;
    Ok(value::texts(fields.iter()))
}
