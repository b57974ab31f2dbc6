//! `WechatPay\Refund` and `WechatPay\RefundReceipt`.

use crate::api::refund::{OPTIONAL, Refund, RefundOptions};
use crate::model::merchant::ApiVersion;
use crate::model::order_id::OrderId;
use crate::model::refund::{RefundReceipt, RefundStatus};
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{Array, Fen, Optional, Param, Text, array, fen, text};
use crate::php::engine::object::property::{
    ARRAY, INT, NONE, PropertyOf, STRING, nullable, object, property,
};
use crate::php::engine::object::{body, fields, json};
use crate::php::engine::raise::Outcome;
use crate::php::values::enums::PhpEnum;
use crate::php::values::order;
use ext_php_rs::flags::DataType;
use serde_json::Map;

caller_class!(PhpRefund, "WechatPay\\Refund");

/// What a PHP `RefundReceipt` holds.
pub struct PhpReceipt(RefundReceipt);

php_class!(PhpReceipt, "WechatPay\\RefundReceipt", private);

const PROPERTIES: &[PropertyOf<RefundReceipt>] = &[
    nullable("outTradeNo", STRING, |r| r.typed().out_trade_no.to_php()),
    nullable("transactionId", STRING, |r| r.typed().transaction_id.to_php()),
    nullable("outRefundNo", STRING, |r| r.typed().out_refund_no.to_php()),
    nullable("refundId", STRING, |r| r.typed().refund_id.to_php()),
    nullable("refundFee", INT, |r| r.typed().refund_fee.to_php()),
    nullable("settlementRefundFee", INT, |r| r.typed().settlement_refund_fee.to_php()),
    nullable("totalFee", INT, |r| r.typed().total_fee.to_php()),
    nullable("settlementTotalFee", INT, |r| r.typed().settlement_total_fee.to_php()),
    nullable("feeType", STRING, |r| r.typed().fee_type.to_php()),
    nullable("cashFee", INT, |r| r.typed().cash_fee.to_php()),
    nullable("cashRefundFee", INT, |r| r.typed().cash_refund_fee.to_php()),
    nullable("couponRefundFee", INT, |r| r.typed().coupon_refund_fee.to_php()),
    property("coupons", ARRAY, |r| order::coupons(r.coupons())),
    nullable("refundStatus", DataType::object(RefundStatus::NAME), |r| r.refund_status().to_php()),
];

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");
const TRANSACTION_ID: Param<Text> = text("transactionId");
const OUT_REFUND_NO: Param<Text> = text("outRefundNo");
const TOTAL_FEE: Param<Fen> = fen("totalFee");
const REFUND_FEE: Param<Fen> = fen("refundFee");
const OPTIONS: Param<Optional<Array>> = array("options").or_empty();

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const RECEIPT: Option<Returns> = Some(Returns(DataType::object("WechatPay\\RefundReceipt"), false));
    let fields = method!("fields", fields, [], Some(Returns(DataType::Array, false)));
    register::<PhpReceipt, _>(PROPERTIES, &[fields], &[])?;
    let methods = [
        method!(
            "byOutTradeNo",
            by_out_trade_no,
            [OUT_TRADE_NO, OUT_REFUND_NO, TOTAL_FEE, REFUND_FEE, OPTIONS],
            RECEIPT
        ),
        method!(
            "byTransactionId",
            by_transaction_id,
            [TRANSACTION_ID, OUT_REFUND_NO, TOTAL_FEE, REFUND_FEE, OPTIONS],
            RECEIPT
        ),
    ];
    register::<PhpRefund, _>(NONE, &methods, &[])
}

fn by_out_trade_no(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?;
    give_back(call, id)
}

fn by_transaction_id(call: &mut Call<'_>) -> Outcome {
    let id = OrderId::transaction_id(call.get(TRANSACTION_ID)?)?;
    give_back(call, id)
}

fn give_back(call: &mut Call<'_>, id: OrderId) -> Outcome {
    let caller = &call.this::<PhpRefund>()?.0;
    let (options, further) = match caller.merchant.api_version() {
        ApiVersion::V2 => (fields::options(call, OPTIONS)?, Map::new()),
        ApiVersion::V3 => json::sorted(body::members(call, OPTIONS)?, &OPTIONAL),
    };
    let (total_fee, refund_fee) = (call.get(TOTAL_FEE)?, call.get(REFUND_FEE)?);
    let asked = Refund::new(id, call.get(OUT_REFUND_NO)?, total_fee, refund_fee)?;
    let asked = asked.with_options(&RefundOptions::new(&options)?).with(further);
    let client = caller.client(true, crate::gateway::endpoint::Endpoint::out_trade_no(&asked))?;
    let receipt = door::acted(client.refund(&asked))?;
    object(PhpReceipt(receipt), PROPERTIES, |get, held| get(&held.0))
}

fn fields(call: &mut Call<'_>) -> Outcome {
    let receipt = &call.this::<PhpReceipt>()?.0;
    receipt.told().map_or_else(|| Ok(value::texts(receipt.fields().iter())), elements::told)
}
