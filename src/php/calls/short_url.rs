//! `WechatPay\ShortUrl`.

use crate::api::short_url::ShortUrl;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;

caller_class!(PhpShortUrl, "WechatPay\\ShortUrl");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let returns = Some(Returns(DataType::String, false));
    register::<PhpShortUrl, _>(NONE, &[method!("of", of, [param("longUrl", DataType::String)], returns)], &[])
}

fn of(call: &mut Call<'_>) -> Outcome {
    let asked = ShortUrl::new(call.text(0)?)?;
    Ok(value::text(call.this::<PhpShortUrl>()?.0.ask(&asked)?))
}
