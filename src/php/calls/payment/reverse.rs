//! `WechatPay\Reverse`.

use crate::api::reverse::Reverse;
use crate::model::merchant::ApiVersion;
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

caller_class!(
    PhpReverse,
    "WechatPay\\Reverse",
    by_code: "reverse a code payment with a Merchant of v2, or with Merchant::v3(codePay: true) if WeChat Pay has opened \
              them to you; close or refund any other"
);

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");
const TRANSACTION_ID: Param<Text> = text("transactionId");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const NOTHING: Option<Returns> = Some(Returns(DataType::Void, false));
    let methods = [
        method!("byOutTradeNo", by_out_trade_no, [OUT_TRADE_NO], NOTHING),
        method!("byTransactionId", by_transaction_id, [TRANSACTION_ID], NOTHING),
    ];
    register::<PhpReverse, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?;
    undo(call, id)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::transaction_id(call.get(TRANSACTION_ID)?)?;
    if call.this::<PhpReverse>()?.0.merchant.api_version() == ApiVersion::V3 {
        let instead = "APIv3 reverses by the shop's number: byOutTradeNo()";
        return Err(Raise::Logic(instead.into()));
    }
    undo(call, id)
}

fn undo(call: &mut Call<'_>, id: OrderId) -> Outcome {
    let caller = &call.this::<PhpReverse>()?.0;
    let client = caller.client(true, id.as_out_trade_no())?;
    door::acted(client.reverse(&Reverse(id)))?;
    Ok::<Zval, Raise>(Zval::null())
}
