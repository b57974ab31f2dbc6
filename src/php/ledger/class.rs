//! `WechatPay\Ledger`: every paid order credited once, in the shop's own database.

use crate::ledger::entry::{OrderKey, OrderTerms};
use crate::ledger::resolve::Resolution;
use crate::ledger::sighting::{RefundSighting, Sighting, Source, digest_of};
use crate::model::merchant::ApiVersion;
use crate::model::refund::RefundList;
use crate::notification::Subject;
use crate::php::calls::gateway::{self, PhpGateway, closure};
use crate::php::calls::notification::PhpNotification;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{
    Bool, Callback, Fen, Instant, Object, Optional, Param, Text, callback, fen, flag, instant, object, text,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::ledger::core::{
    MERCHANT, NOTE, OUT_TRADE_NO, PdoLedger, PhpLedger, PhpShop, key, key_of, merchant, noted, whose,
};
use crate::php::ledger::setup::PDO;
use crate::php::ledger::{calls, days, setup, transition};
use crate::php::values::enums::{Case, case_of};
use crate::php::values::order::PhpOrder;
use crate::php::values::refund_list::PhpRefundList;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

php_class!(PhpLedger, "WechatPay\\Ledger", construct, PARAMS, holds);

const ON_CREDIT: Param<Callback> = callback("onCredit");
const ON_REVOKE: Param<Optional<Callback>> = callback("onRevoke").or_null();
const GATEWAY: Param<Optional<Object<PhpGateway>>> = object("gateway").or_null();
const CREDIT_LATE: Param<Bool> = flag("creditLate").or("false");
const PREFIX: Param<Text> = text("prefix").or("'wechatpay_'");

const PARAMS: &[Shown] =
    &[PDO.shown, ON_CREDIT.shown, ON_REVOKE.shown, GATEWAY.shown, CREDIT_LATE.shown, PREFIX.shown];

const TOTAL_FEE: Param<Fen> = fen("totalFee");
const EXPIRES_AT: Param<Optional<Instant>> = instant("expiresAt").or_null();
const FEE_TYPE: Param<Text> = text("feeType").or("'CNY'");
const TRADE_TYPE: Param<Text> = text("tradeType").or("'NATIVE'");
const ORDER: Param<Object<PhpOrder>> = object("order");
const NOTIFICATION: Param<Object<PhpNotification>> = object("notification");
const REFUNDS: Param<Object<PhpRefundList>> = object("refunds");
const AS: Param<Case<Resolution>> = case_of("as");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const TRANSITION: Option<Returns> = Some(Returns(DataType::object("WechatPay\\Transition"), false));
    const REPORT: Option<Returns> = Some(Returns(DataType::object("WechatPay\\DayReport"), false));
    const LIST: Option<Returns> = Some(Returns(DataType::Array, false));
    const ENTRY: DataType = DataType::object("WechatPay\\LedgerEntry");
    let methods = [
        method!("install", setup::install, [], Some(Returns(DataType::Void, false))),
        method!(
            "open",
            open,
            [MERCHANT, OUT_TRADE_NO, TOTAL_FEE, EXPIRES_AT, FEE_TYPE, TRADE_TYPE],
            Some(Returns(ENTRY, false))
        ),
        method!("apply", apply, [ORDER], TRANSITION),
        method!("applyNotification", apply_notification, [NOTIFICATION], TRANSITION),
        method!("applyRefunds", apply_refunds, [REFUNDS], TRANSITION),
        method!("find", find, [MERCHANT, OUT_TRADE_NO], Some(Returns(ENTRY, true))),
        method!(
            "refund",
            calls::refund,
            [MERCHANT, OUT_TRADE_NO, calls::OUT_REFUND_NO, calls::REFUND_FEE, calls::OPTIONS],
            TRANSITION
        ),
        method!("withdraw", calls::withdraw, [MERCHANT, OUT_TRADE_NO, calls::OUT_REFUND_NO], TRANSITION),
        method!("close", calls::close, [MERCHANT, OUT_TRADE_NO], TRANSITION),
        method!("reverse", calls::reverse, [MERCHANT, OUT_TRADE_NO], TRANSITION),
        method!("resolve", resolve, [MERCHANT, OUT_TRADE_NO, AS, NOTE], TRANSITION),
        method!("reconcileDay", days::reconcile_day, [MERCHANT, days::DATE], REPORT),
        method!("differences", days::differences, [MERCHANT, days::STATE], LIST),
        method!(
            "settle",
            days::settle,
            [days::DIFFERENCE, NOTE],
            Some(Returns(DataType::object("WechatPay\\Difference"), false))
        ),
        method!("missingDays", days::missing_days, [MERCHANT, days::SINCE], LIST),
        method!("reconcileMissing", days::reconcile_missing, [MERCHANT, days::SINCE, days::DAYS], LIST),
        method!("purge", setup::purge, [setup::BEFORE], Some(Returns(DataType::Long, false))),
        method!(
            "outbox",
            calls::outbox,
            [calls::DELIVER, calls::LIMIT],
            Some(Returns(DataType::Long, false))
        ),
    ];
    register::<PhpLedger, _>(NONE, &methods, &[])
}

fn construct(call: &mut Call<'_>) -> Result<PhpLedger, Raise> {
    let object = setup::pdo(call)?;
    let on_credit = closure(&call.get(ON_CREDIT)?)?;
    let on_revoke = call.get(ON_REVOKE)?.as_ref().map(closure).transpose()?;
    let gateway = gateway::given(call, GATEWAY)?;
    let credit_late = call.get(CREDIT_LATE)?;
    let pdo = setup::connection(call, object, call.get(PREFIX)?)?;
    let shop = PhpShop::new(&pdo, on_credit, on_revoke);
    Ok(PhpLedger::new(pdo, shop, gateway, credit_late))
}

fn open(call: &mut Call<'_>) -> Outcome {
    let terms = terms(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let entry = ledger.run(&terms.key.out_trade_no, |core| core.open(&terms))?;
    transition::entry_to_php(&entry)
}

fn terms(call: &Call<'_>) -> Result<OrderTerms, Raise> {
    let (merchant, key) = (merchant(call)?, key(call)?);
    let total_fee = call.get(TOTAL_FEE)?;
    if total_fee < 1 {
        return Err(call.bad(TOTAL_FEE, "must be at least 1 fen"));
    }
    Ok(OrderTerms {
        key,
        appid: merchant.appid.clone(),
        sub_appid: merchant.sub_appid.clone().unwrap_or_default(),
        total_fee,
        expires_at: call.get(EXPIRES_AT)?.map(|at| setup::milliseconds(call, EXPIRES_AT, at)).transpose()?,
        fee_type: word(call, FEE_TYPE)?,
        trade_type: word(call, TRADE_TYPE)?,
    })
}

fn word(call: &Call<'_>, param: Param<Text>) -> Result<String, Raise> {
    let word = call.get(param)?;
    let fits = (1..=16).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if fits { Ok(word.to_owned()) } else { Err(call.bad(param, "must be 1 to 16 characters of A-Z_")) }
}

fn apply(call: &mut Call<'_>) -> Outcome {
    let sighting = Sighting::of(&call.get(ORDER)?.0, Source::Query);
    apply_sighting(call, &sighting.map_err(|what| call.bad(ORDER, what))?, ApiVersion::V2)
}

fn apply_sighting(call: &mut Call<'_>, sighting: &Sighting, version: ApiVersion) -> Outcome {
    let ledger = call.this::<PhpLedger>()?;
    let done = ledger.run(&sighting.key.out_trade_no, |core| core.apply(sighting, None))?;
    transition::by_notice(done, version)
}

/// A notice of APIv3 is signed: the ledger moves on it.
fn apply_refund_notice(call: &mut Call<'_>, list: &RefundList, version: ApiVersion) -> Outcome {
    let seen = RefundSighting::of(list).map_err(|what| call.bad(NOTIFICATION, what))?;
    let ledger = call.this::<PhpLedger>()?;
    let done = ledger.run(&seen.key.out_trade_no, |core| core.apply_refunds(&seen, None))?;
    transition::by_notice(done, version)
}

fn apply_notification(call: &mut Call<'_>) -> Outcome {
    let PhpNotification(notice, merchant) = call.get(NOTIFICATION)?;
    let refund = match &notice.subject {
        Subject::Payment(order) => {
            let sighting = Sighting::of(order, Source::Notice);
            let sighting = sighting.map_err(|what| call.bad(NOTIFICATION, what))?;
            return apply_sighting(call, &sighting, merchant.api_version());
        }
        Subject::Refunded(list) => return apply_refund_notice(call, list, merchant.api_version()),
        Subject::Other(_) => return Err(call.bad(NOTIFICATION, "must be about a payment or a refund")),
        Subject::Refund(refund) => refund,
    };
    let sub_mch_id = notice.sub_mch_id.clone();
    let key = OrderKey { sub_mch_id, ..key_of(merchant, &refund.typed().out_trade_no) };
    let told: Vec<String> = refund.fields().iter().map(|(name, text)| format!("{name}={text}&")).collect();
    let digest = digest_of(&told.concat());
    let ledger = call.this::<PhpLedger>()?;
    transition::to_php(ledger.run(&key.out_trade_no, |core| core.note_refund_notice(&key, &digest))?)
}

fn apply_refunds(call: &mut Call<'_>) -> Outcome {
    let PhpRefundList(list, whole) = call.get(REFUNDS)?;
    // APIv3 has no list: what it says of one refund says nothing of the others.
    if !whole && list.told().is_none() {
        return Err(
            call.bad(REFUNDS, "must be the list of all refunds of an order, not of one refund's number")
        );
    }
    let seen = RefundSighting::of(list).map_err(|what| call.bad(REFUNDS, what))?;
    let ledger = call.this::<PhpLedger>()?;
    transition::to_php(ledger.run(&seen.key.out_trade_no, |core| core.apply_refunds(&seen, None))?)
}

fn find(call: &mut Call<'_>) -> Outcome {
    let key = key(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let entry = ledger.run(&key.out_trade_no, |core| core.find(&key))?;
    entry.as_ref().map_or_else(|| Ok(Zval::null()), transition::entry_to_php)
}

fn resolve(call: &mut Call<'_>) -> Outcome {
    let (key, how, note) = (key(call)?, call.get(AS)?, noted(call, NOTE)?);
    let (owner, ledger) = (whose(&*merchant(call)?), call.this::<PhpLedger>()?);
    let decide = |core: &mut PdoLedger| {
        core.owned(&owner, &key)?;
        core.resolve(&key, how, note)
    };
    // A refund that is wanted is carried on, if it is stored.
    let done = match how {
        Resolution::Refund => ledger.act(&key.out_trade_no, decide)?,
        Resolution::Credit | Resolution::Dismiss => ledger.run(&key.out_trade_no, decide)?,
    };
    transition::to_php(done)
}
