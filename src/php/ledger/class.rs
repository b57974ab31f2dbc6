//! `WechatPay\Ledger`: every paid order credited once, in the shop's own database.

use crate::ledger::entry::{OrderKey, Terms};
use crate::ledger::resolve::Resolution;
use crate::ledger::sighting::{RefundSighting, Sighting, Source, digest_of};
use crate::notification::Subject;
use crate::php::calls::gateway;
use crate::php::calls::gateway::closure;
use crate::php::engine::object::call::{Call, Param, param};
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::ledger::core::{PhpLedger, PhpShop, key, key_of, merchant, whose};
use crate::php::ledger::{calls, setup, transition};
use crate::php::values::enums::PhpEnum;
use crate::php::values::notification::PhpNotification;
use crate::php::values::order::PhpOrder;
use crate::php::values::refund_list::PhpRefundList;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;

php_class!(PhpLedger, "WechatPay\\Ledger", construct, PARAMS, holds);

const PARAMS: &[Param] = &[
    param("pdo", DataType::object("PDO")),
    param("onCredit", DataType::Callable),
    param("onRevoke", DataType::Callable).or_null(),
    param("gateway", DataType::object("WechatPay\\Gateway")).or_null(),
    param("creditLate", DataType::Bool).or("false"),
    param("prefix", DataType::String).or("'wechatpay_'"),
];

const MERCHANT: Param = param("merchant", DataType::object("WechatPay\\Merchant"));
const OUT_TRADE_NO: Param = param("outTradeNo", DataType::String);

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const TRANSITION: Option<Returns> = Some(Returns(DataType::object("WechatPay\\Transition"), false));
    const ENTRY: DataType = DataType::object("WechatPay\\LedgerEntry");
    let methods = [
        method!("install", setup::install, [], Some(Returns(DataType::Void, false))),
        method!(
            "open",
            open,
            [
                MERCHANT,
                OUT_TRADE_NO,
                param("totalFee", DataType::Long),
                param("expiresAt", DataType::object("DateTimeInterface")).or_null(),
                param("feeType", DataType::String).or("'CNY'"),
                param("tradeType", DataType::String).or("'NATIVE'"),
            ],
            Some(Returns(ENTRY, false))
        ),
        method!("apply", apply, [param("order", DataType::object("WechatPay\\Order"))], TRANSITION),
        method!(
            "applyNotification",
            apply_notification,
            [param("notification", DataType::object("WechatPay\\Notification"))],
            TRANSITION
        ),
        method!(
            "applyRefunds",
            apply_refunds,
            [param("refunds", DataType::object("WechatPay\\RefundList"))],
            TRANSITION
        ),
        method!("find", find, [MERCHANT, OUT_TRADE_NO], Some(Returns(ENTRY, true))),
        method!(
            "refund",
            calls::refund,
            [
                MERCHANT,
                OUT_TRADE_NO,
                param("outRefundNo", DataType::String),
                param("refundFee", DataType::Long),
                param("options", DataType::Array).or("[]"),
            ],
            TRANSITION
        ),
        method!(
            "withdraw",
            calls::withdraw,
            [MERCHANT, OUT_TRADE_NO, param("outRefundNo", DataType::String)],
            TRANSITION
        ),
        method!("close", calls::close, [MERCHANT, OUT_TRADE_NO], TRANSITION),
        method!("reverse", calls::reverse, [MERCHANT, OUT_TRADE_NO], TRANSITION),
        method!(
            "resolve",
            resolve,
            [
                MERCHANT,
                OUT_TRADE_NO,
                param("as", DataType::object(Resolution::NAME)),
                param("note", DataType::String)
            ],
            TRANSITION
        ),
        method!(
            "purge",
            setup::purge,
            [param("before", DataType::object("DateTimeInterface"))],
            Some(Returns(DataType::Long, false))
        ),
        method!(
            "outbox",
            calls::outbox,
            [param("deliver", DataType::Callable), param("limit", DataType::Long).or("100")],
            Some(Returns(DataType::Long, false))
        ),
    ];
    register::<PhpLedger, _>(NONE, &methods, &[])
}

fn construct(call: &mut Call<'_>) -> Result<PhpLedger, Raise> {
    let object = setup::pdo(call)?;
    let callback = |n: usize| call.callable_or(n)?.as_ref().map(closure).transpose();
    let on_credit = callback(1)?.ok_or_else(|| Raise::Engine("onCredit is missing".into()))?;
    let on_revoke = callback(2)?;
    let gateway = gateway::given(call, 3)?;
    let credit_late = call.bool_or(4, false)?;
    let pdo = setup::connection(call, object, call.text_or(5)?.unwrap_or("wechatpay_"))?;
    let shop = PhpShop::new(&pdo, on_credit, on_revoke);
    Ok(PhpLedger::new(pdo, shop, gateway, credit_late))
}

fn open(call: &mut Call<'_>) -> Outcome {
    let terms = terms(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let entry = ledger.run(&terms.key.out_trade_no, |core| core.open(&terms))?;
    transition::entry_to_php(&entry)
}

fn terms(call: &Call<'_>) -> Result<Terms, Raise> {
    let (merchant, key) = (merchant(call)?, key(call)?);
    let total_fee = call.fen(2)?;
    if total_fee < 1 {
        return Err(call.bad(2, "must be at least 1 fen"));
    }
    Ok(Terms {
        key,
        appid: merchant.appid.clone(),
        sub_appid: merchant.sub_appid.clone().unwrap_or_default(),
        total_fee,
        expires_at: setup::milliseconds(call, 3)?,
        fee_type: word(call, 4, "CNY")?,
        trade_type: word(call, 5, "NATIVE")?,
    })
}

fn word(call: &Call<'_>, n: usize, default: &str) -> Result<String, Raise> {
    let word = call.text_or(n)?.unwrap_or(default);
    let fits = (1..=16).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if fits { Ok(word.to_owned()) } else { Err(call.bad(n, "must be 1 to 16 characters of A-Z_")) }
}

fn apply(call: &mut Call<'_>) -> Outcome {
    let sighting = Sighting::of(&call.object::<PhpOrder>(0)?.0, Source::Query);
    apply_sighting(call, sighting)
}

fn apply_sighting(call: &mut Call<'_>, sighting: Result<Sighting, &'static str>) -> Outcome {
    let sighting = sighting.map_err(|what| call.bad(0, what))?;
    let ledger = call.this::<PhpLedger>()?;
    transition::to_php(ledger.run(&sighting.key.out_trade_no, |core| core.apply(&sighting, None))?)
}

fn apply_notification(call: &mut Call<'_>) -> Outcome {
    let PhpNotification(notice, merchant) = call.object::<PhpNotification>(0)?;
    let refund = match &notice.subject {
        Subject::Payment(order) => return apply_sighting(call, Sighting::of(order, Source::Notice)),
        Subject::Refund(refund) => refund,
    };
    let sub_mch_id = notice.sub_mch_id.clone();
    let key = OrderKey { sub_mch_id, ..key_of(merchant, &refund.claimed.out_trade_no) };
    let told: Vec<String> = refund.fields.iter().map(|(name, text)| format!("{name}={text}&")).collect();
    let digest = digest_of(&told.concat());
    let ledger = call.this::<PhpLedger>()?;
    transition::to_php(ledger.run(&key.out_trade_no, |core| core.note_refund_notice(&key, &digest))?)
}

fn apply_refunds(call: &mut Call<'_>) -> Outcome {
    let PhpRefundList(list, whole) = call.object::<PhpRefundList>(0)?;
    if !whole {
        return Err(call.bad(0, "must be the list of all refunds of an order, not of one refund's number"));
    }
    let seen = RefundSighting::of(list).map_err(|what| call.bad(0, what))?;
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
    let (key, how, note) = (key(call)?, call.case::<Resolution>(2)?, call.text(3)?);
    if note.is_empty() || note.len() > 1000 || note.contains('\0') {
        return Err(call.bad(3, "must be 1 to 1000 bytes without NUL"));
    }
    let (owner, ledger) = (whose(&*merchant(call)?), call.this::<PhpLedger>()?);
    let done = ledger.run(&key.out_trade_no, |core| {
        core.owned(&owner, &key)?;
        core.resolve(&key, how, note)
    })?;
    transition::to_php(done)
}
