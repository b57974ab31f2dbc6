//! `WechatPay\Fen`: exact money.

use crate::model::money;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{Int, Param, Text, int, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use ext_php_rs::flags::DataType;

/// Never made; only its static methods are used.
pub struct PhpFen;

php_class!(PhpFen, "WechatPay\\Fen", private);

const YUAN: Param<Text> = text("yuan");
const FEN: Param<Int> = int("fen");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let methods = [
        method!(static "fromYuan", from_yuan, [YUAN], Some(Returns(DataType::Long, false))),
        method!(static "toYuan", to_yuan, [FEN], Some(Returns(DataType::String, false))),
    ];
    register::<PhpFen, _>(NONE, &methods, &[])
}

fn from_yuan(call: &mut Call<'_>) -> Outcome {
    let fen = money::from_yuan(call.get(YUAN)?).map_err(|e| call.bad(YUAN, e.to_string()))?;
    Ok(value::int(fen))
}

fn to_yuan(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(money::to_yuan(call.get(FEN)?)))
}
