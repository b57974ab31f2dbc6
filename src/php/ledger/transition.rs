//! `WechatPay\Transition` and `WechatPay\LedgerEntry`: what the ledger did, and what it knows.

use crate::ledger::entry::{Entry, Ms};
use crate::ledger::state::LedgerState;
use crate::ledger::transition::Transition;
use crate::notification;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, Outcome, Raise};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property, register};
use crate::php::values::enums::{self, PhpEnum};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use time::OffsetDateTime;

/// What a PHP `Transition` holds.
pub struct PhpTransition(Transition);

/// What a PHP `LedgerEntry` holds: nothing beside its properties.
pub struct PhpLedgerEntry;

php_class!(PhpTransition, "WechatPay\\Transition", private);
php_class!(PhpLedgerEntry, "WechatPay\\LedgerEntry", private);

const STATE: DataType = DataType::object(LedgerState::NAME);
const TIME: DataType = DataType::object("DateTimeImmutable");

const TRANSITION: [Property; 8] = [
    property("outTradeNo", DataType::String),
    property("from", STATE),
    property("to", STATE),
    property("changed", DataType::Bool),
    property("credited", DataType::Bool),
    property("revoked", DataType::Bool),
    property("reason", DataType::String),
    nullable("entry", DataType::object("WechatPay\\LedgerEntry")),
];

const ENTRY: [Property; 20] = [
    property("outTradeNo", DataType::String),
    property("mchId", DataType::String),
    nullable("subMchId", DataType::String),
    property("appid", DataType::String),
    nullable("subAppid", DataType::String),
    property("state", STATE),
    property("totalFee", DataType::Long),
    property("feeType", DataType::String),
    property("tradeType", DataType::String),
    nullable("transactionId", DataType::String),
    nullable("paidFee", DataType::Long),
    property("credited", DataType::Bool),
    property("refundedFee", DataType::Long),
    property("pendingRefundFee", DataType::Long),
    nullable("suspectTransactionId", DataType::String),
    property("reason", DataType::String),
    property("createdAt", TIME),
    property("changedAt", TIME),
    property("expiresAt", TIME),
    nullable("dueAt", TIME),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let json = || method!("jsonSerialize", value::json_serialize, [], ARRAY);
    let serializable = (value::json_serializable as fn() -> _, "\\JsonSerializable");
    register::<PhpLedgerEntry>(&ENTRY, &[json()], &[serializable])?;
    let reply = method!("reply", reply, [], Some(Returns(DataType::String, false)));
    register::<PhpTransition>(&TRANSITION, &[json(), reply], &[serializable])
}

/// A PHP `Transition`.
pub fn to_php(transition: Transition) -> Result<Zval, Raise> {
    let properties = [
        value::text(&transition.key.out_trade_no),
        enums::to_php(transition.from),
        enums::to_php(transition.to),
        value::bool(transition.changed),
        value::bool(transition.credited),
        value::bool(transition.revoked),
        value::text(transition.reason.text()),
        transition.entry.as_ref().map_or_else(|| Ok(Zval::null()), entry_to_php)?,
    ];
    value::object(PhpTransition(transition), properties)
}

/// A PHP `LedgerEntry`.
pub fn entry_to_php(entry: &Entry) -> Result<Zval, Raise> {
    let terms = &entry.terms;
    let or_null = |id: &String| value::text_or_null((!id.is_empty()).then_some(id));
    let properties = [
        value::text(&terms.key.out_trade_no),
        value::text(&terms.key.mch_id),
        or_null(&terms.key.sub_mch_id),
        value::text(&terms.appid),
        or_null(&terms.sub_appid),
        enums::to_php(entry.state),
        value::int(terms.total_fee),
        value::text(&terms.fee_type),
        value::text(&terms.trade_type),
        value::text_or_null(entry.transaction_id.as_deref()),
        value::int_or_null(entry.paid),
        value::bool(entry.credited),
        value::int(entry.refunded),
        value::int(entry.pending_refund),
        value::text_or_null(entry.suspect_id.as_deref()),
        value::text(&entry.reason),
        value::beijing(instant(entry.created_at))?,
        value::beijing(instant(entry.changed_at))?,
        value::beijing(instant(entry.expires_at()))?,
        value::beijing_or_null(entry.due_at.map(instant))?,
    ];
    value::object(PhpLedgerEntry, properties)
}

fn instant(at: Ms) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The exact bytes for WeChat: SUCCESS once the order's row says what was seen, else FAIL, so that it is sent again.
fn reply(call: &mut Call<'_>) -> Outcome {
    let transition = &call.this::<PhpTransition>()?.0;
    if transition.is_settled() {
        return Ok(value::text(notification::SUCCESS));
    }
    Ok(value::text(notification::fail(transition.reason.text())))
}
