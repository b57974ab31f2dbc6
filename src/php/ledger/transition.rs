//! `WechatPay\Transition` and `WechatPay\LedgerEntry`: what the ledger did, and what it knows.

use crate::ledger::entry::{Entry, Ms};
use crate::ledger::state::LedgerState;
use crate::ledger::transition::Transition;
use crate::model::merchant::ApiVersion;
use crate::notification::reply::Reply;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::interfaces;
use crate::php::engine::object::property::{BOOL, INT, PropertyOf, STRING, TIME, nullable, object, property};
use crate::php::engine::raise::Outcome;
use crate::php::values::enums::PhpEnum;
use crate::php::values::reply as php_reply;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use time::OffsetDateTime;

/// What a PHP `Transition` holds: what was done, and the dialect of what did it.
pub struct PhpTransition(Transition, ApiVersion);

/// What a PHP `LedgerEntry` holds: nothing beside its properties.
pub struct PhpLedgerEntry;

php_class!(PhpTransition, "WechatPay\\Transition", private);
php_class!(PhpLedgerEntry, "WechatPay\\LedgerEntry", private);

const STATE: DataType = DataType::object(LedgerState::NAME);

const TRANSITION: &[PropertyOf<Transition>] = &[
    property("outTradeNo", STRING, |t| t.key.out_trade_no.to_php()),
    property("from", STATE, |t| t.from.to_php()),
    property("to", STATE, |t| t.to.to_php()),
    property("changed", BOOL, |t| t.changed.to_php()),
    property("credited", BOOL, |t| t.credited.to_php()),
    property("revoked", BOOL, |t| t.revoked.to_php()),
    property("reason", STRING, |t| t.reason.text().to_php()),
    nullable("entry", DataType::object("WechatPay\\LedgerEntry"), |t| {
        t.entry.as_ref().map_or_else(|| Ok(Zval::null()), entry_to_php)
    }),
];

const ENTRY: &[PropertyOf<Entry>] = &[
    property("outTradeNo", STRING, |e| e.terms.key.out_trade_no.to_php()),
    property("mchId", STRING, |e| e.terms.key.mch_id.to_php()),
    nullable("subMchId", STRING, |e| given(&e.terms.key.sub_mch_id).to_php()),
    property("appid", STRING, |e| e.terms.appid.to_php()),
    nullable("subAppid", STRING, |e| given(&e.terms.sub_appid).to_php()),
    property("state", STATE, |e| e.state.to_php()),
    property("totalFee", INT, |e| e.terms.total_fee.to_php()),
    property("feeType", STRING, |e| e.terms.fee_type.to_php()),
    property("tradeType", STRING, |e| e.terms.trade_type.to_php()),
    nullable("transactionId", STRING, |e| e.transaction_id.to_php()),
    nullable("paidFee", INT, |e| e.paid.to_php()),
    property("credited", BOOL, |e| e.credited.to_php()),
    property("refundedFee", INT, |e| e.refunded.to_php()),
    property("pendingRefundFee", INT, |e| e.pending_refund.to_php()),
    nullable("suspectTransactionId", STRING, |e| e.suspect_id.to_php()),
    property("reason", STRING, |e| e.reason.to_php()),
    property("createdAt", TIME, |e| instant(e.created_at).to_php()),
    property("changedAt", TIME, |e| instant(e.changed_at).to_php()),
    property("expiresAt", TIME, |e| instant(e.expires_at()).to_php()),
    nullable("dueAt", TIME, |e| e.due_at.map(instant).to_php()),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    const REPLY: DataType = DataType::object("WechatPay\\Reply");
    let json = || method!("jsonSerialize", interfaces::json_serialize, [], ARRAY);
    let serializable = (interfaces::json_serializable as fn() -> _, "\\JsonSerializable");
    register::<PhpLedgerEntry, _>(ENTRY, &[json()], &[serializable])?;
    let reply = method!("reply", reply, [], Some(Returns(REPLY, false)));
    register::<PhpTransition, _>(TRANSITION, &[json(), reply], &[serializable])
}

/// A PHP `Transition`.
pub fn to_php(transition: Transition) -> Outcome {
    by_notice(transition, ApiVersion::V2)
}

/// The same of a notice, which is answered in its own dialect.
pub fn by_notice(transition: Transition, version: ApiVersion) -> Outcome {
    object(PhpTransition(transition, version), TRANSITION, |get, held| get(&held.0))
}

/// A PHP `LedgerEntry`.
pub fn entry_to_php(entry: &Entry) -> Outcome {
    object(PhpLedgerEntry, ENTRY, |get, _| get(entry))
}

/// An id that may be absent, which the ledger's rows have as an empty text.
fn given(id: &str) -> Option<&str> {
    (!id.is_empty()).then_some(id)
}

fn instant(at: Ms) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The answer for WeChat: yes once the order's row says what was seen, else no, so that it is sent again.
fn reply(call: &mut Call<'_>) -> Outcome {
    let PhpTransition(transition, version) = call.this::<PhpTransition>()?;
    let settled = transition.is_settled();
    let refused = || Reply::refused(*version, transition.reason.text());
    php_reply::to_php(if settled { Reply::accepted(*version) } else { refused() })
}
