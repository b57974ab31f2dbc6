//! `WechatPay\\Reply`: what to answer a notice with.

use crate::notification::reply::Reply;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::property::{INT, PropertyOf, STRING, object, property};
use crate::php::engine::raise::{Outcome, Raise};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

/// What a PHP `Reply` holds.
pub struct PhpReply(Reply);

php_class!(PhpReply, "WechatPay\\Reply", private);

const PROPERTIES: &[PropertyOf<Reply>] = &[
    property("status", INT, |r| i64::from(r.status).to_php()),
    property("contentType", STRING, |r| r.content_type.to_php()),
    property("body", STRING, |r| r.body.to_php()),
];

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [
        method!("send", send, [], Some(Returns(DataType::Void, false))),
        method!("__toString", body, [], Some(Returns(DataType::String, false))),
    ];
    register::<PhpReply, _>(PROPERTIES, &methods, &[])
}

/// A PHP `Reply`.
pub fn to_php(reply: Reply) -> Outcome {
    object(PhpReply(reply), PROPERTIES, |get, held| get(&held.0))
}

/// Status, type and body, as a page of PHP sends them.
fn send(call: &mut Call<'_>) -> Outcome {
    let reply = &call.this::<PhpReply>()?.0;
    does("http_response_code", &[&value::int(reply.status.into())])?;
    if !reply.content_type.is_empty() {
        does("header", &[&value::text(format!("Content-Type: {}", reply.content_type))])?;
    }
    does("printf", &[&value::text("%s"), &value::text(&*reply.body)])?;
    Ok(Zval::null())
}

fn does(function: &str, arguments: &[&Zval]) -> Result<(), Raise> {
    let done = door::function(function, arguments, |_| ())?;
    done.ok_or_else(|| Raise::Engine(format!("{function}() is needed and disabled")))
}

fn body(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(&*call.this::<PhpReply>()?.0.body))
}
