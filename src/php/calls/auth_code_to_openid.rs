//! `WechatPay\AuthCodeToOpenId` and `WechatPay\Payer`.

use crate::api::auth_code_to_openid::{AuthCodeToOpenId, Payer};
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::{NONE, PropertyOf, STRING, nullable, object, property};
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;

caller_class!(
    PhpAuthCodeToOpenId,
    "WechatPay\\AuthCodeToOpenId",
    v2_only: "ask with a Merchant of v2"
);

/// What a PHP `Payer` holds: nothing beside its properties.
pub struct PhpPayer;

php_class!(PhpPayer, "WechatPay\\Payer", private);

const PAYER: &[PropertyOf<Payer>] = &[
    property("openid", STRING, |p| p.openid.to_php()),
    nullable("subOpenid", STRING, |p| p.sub_openid.to_php()),
];

const AUTH_CODE: Param<Text> = text("authCode").secret();

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    register::<PhpPayer, _>(PAYER, &[], &[])?;
    let methods = [method!(
        "byAuthCode",
        by_auth_code,
        [AUTH_CODE],
        Some(Returns(DataType::object("WechatPay\\Payer"), false))
    )];
    register::<PhpAuthCodeToOpenId, _>(NONE, &methods, &[])
}

fn by_auth_code(call: &mut Call<'_>) -> Outcome {
    let asked = AuthCodeToOpenId::new(call.get(AUTH_CODE)?)?;
    let payer = call.this::<PhpAuthCodeToOpenId>()?.0.ask(&asked)?;
    object(PhpPayer, PAYER, |get, _| get(&payer))
}
