//! `WechatPay\ShortUrl`.

use crate::api::short_url::ShortUrl;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;

caller_class!(
    PhpShortUrl,
    "WechatPay\\ShortUrl",
    v2_only: "a codeUrl is short enough to be drawn as it is"
);

const LONG_URL: Param<Text> = text("longUrl");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let returns = Some(Returns(DataType::String, false));
    register::<PhpShortUrl, _>(NONE, &[method!("of", of, [LONG_URL], returns)], &[])
}

fn of(call: &mut Call<'_>) -> Outcome {
    let asked = ShortUrl::new(call.get(LONG_URL)?)?;
    Ok(value::text(call.this::<PhpShortUrl>()?.0.ask(&asked)?))
}
