//! `WechatPay\AuthCodeToOpenId` and `WechatPay\Payer`.

use crate::api::auth_code_to_openid::AuthCodeToOpenId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, Outcome, param};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property, register};
use ext_php_rs::flags::DataType;

caller_class!(PhpAuthCodeToOpenId, "WechatPay\\AuthCodeToOpenId");

/// What a PHP `Payer` holds: nothing beside its properties.
pub struct PhpPayer;

php_class!(PhpPayer, "WechatPay\\Payer", private);

const PAYER: [Property; 2] = [property("openid", DataType::String), nullable("subOpenid", DataType::String)];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    register::<PhpPayer>(&PAYER, &[], &[])?;
    let methods = [method!(
        "byAuthCode",
        by_auth_code,
        [param("authCode", DataType::String).secret()],
        Some(Returns(DataType::object("WechatPay\\Payer"), false))
    )];
    register::<PhpAuthCodeToOpenId>(&[], &methods, &[])
}

fn by_auth_code(call: &mut Call<'_>) -> Outcome {
    let asked = AuthCodeToOpenId::new(call.text(0)?)?;
    let payer = call.this::<PhpAuthCodeToOpenId>()?.0.ask(&asked)?;
    value::object(PhpPayer, [value::text(payer.openid), value::text_or_null(payer.sub_openid)])
}
