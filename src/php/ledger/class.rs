//! `WechatPay\Ledger`: every paid order credited once, in the shop's own database.

use crate::ledger::entry::{OrderKey, Terms};
use crate::ledger::ledger::{Ended, Ledger, Rules};
use crate::ledger::resolve::Resolution;
use crate::ledger::schedule::Jitter;
use crate::ledger::sighting::{RefundSighting, Sighting, Source, digest_of};
use crate::ledger::sql::store::SqlStore;
use crate::ledger::store::{Shop, Whose};
use crate::ledger::transition::Transition;
use crate::model::merchant::Merchant;
use crate::model::order_id::OrderId;
use crate::notification::Subject;
use crate::php::calls::gateway::{self, Caller, closure};
use crate::php::engine::guard::door;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::object::call::{Call, Outcome, Param, Raise, param};
use crate::php::engine::object::class::{Holds, Returns, method, php_class, register};
use crate::php::ledger::errors::raised;
use crate::php::ledger::pdo::Pdo;
use crate::php::ledger::pdo_fault::{PdoFault, of_callback};
use crate::php::ledger::{calls as ledger_calls, setup as ledger_setup, transition};
use crate::php::values::enums::PhpEnum;
use crate::php::values::merchant::PhpMerchant;
use crate::php::values::notification::PhpNotification;
use crate::php::values::order::PhpOrder;
use crate::php::values::refund_list::PhpRefundList;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::cell::Cell;
use std::sync::Arc;

/// The ledger on PDO.
pub type Core = Ledger<SqlStore<Pdo>, PhpShop>;

/// What a PHP `Ledger` holds. The core is taken out while it works, so that a callback that calls the same
/// object finds it busy and not half changed.
pub struct PhpLedger {
    core: Cell<Option<Box<Core>>>,
    gateway: Option<Zval>,
}

php_class!(PhpLedger, "WechatPay\\Ledger", construct, PARAMS, holds);

impl Holds for PhpLedger {
    fn each(&self, see: &mut dyn FnMut(&Zval)) {
        self.gateway.iter().for_each(&mut *see);
        // A core at work is not here: its references count as somebody's, so that nothing is taken from under it.
        let core = self.core.take();
        if let Some(core) = &core {
            core.shop.each(see);
            core.store.connection.each(see);
        }
        self.core.set(core);
    }
}

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
        method!("install", ledger_setup::install, [], Some(Returns(DataType::Void, false))),
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
            ledger_calls::refund,
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
            ledger_calls::withdraw,
            [MERCHANT, OUT_TRADE_NO, param("outRefundNo", DataType::String)],
            TRANSITION
        ),
        method!("close", ledger_calls::close, [MERCHANT, OUT_TRADE_NO], TRANSITION),
        method!("reverse", ledger_calls::reverse, [MERCHANT, OUT_TRADE_NO], TRANSITION),
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
            ledger_setup::purge,
            [param("before", DataType::object("DateTimeInterface"))],
            Some(Returns(DataType::Long, false))
        ),
        method!(
            "outbox",
            ledger_calls::outbox,
            [param("deliver", DataType::Callable), param("limit", DataType::Long).or("100")],
            Some(Returns(DataType::Long, false))
        ),
    ];
    register::<PhpLedger>(&[], &methods, &[])
}

fn construct(call: &mut Call<'_>) -> Result<PhpLedger, Raise> {
    let object = ledger_setup::pdo(call)?;
    let callback = |n: usize| call.callable_or(n)?.as_ref().map(closure).transpose();
    let on_credit = callback(1)?.ok_or_else(|| Raise::Engine("onCredit is missing".into()))?;
    let on_revoke = callback(2)?;
    let gateway = gateway::given(call, 3)?;
    let credit_late = call.bool_or(4, false)?;
    let pdo = ledger_setup::connection(call, object, call.text_or(5)?.unwrap_or("wechatpay_"))?;
    let shop = PhpShop { pdo: pdo.object.shallow_clone(), dialect: pdo.dialect(), on_credit, on_revoke };
    Ok(PhpLedger { core: Cell::new(Some(Box::new(core(pdo, shop, credit_late)))), gateway })
}

fn core(pdo: Pdo, shop: PhpShop, credit_late: bool) -> Core {
    let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(1, |t| u64::from(t.subsec_nanos()));
    let seed = nanos ^ u64::from(std::process::id()) << 32;
    Ledger { store: SqlStore::new(pdo), shop, rules: Rules { credit_late }, jitter: Jitter::new(seed) }
}

/// The core, away from its object; it goes back however the work ends.
struct Held<'a> {
    ledger: &'a PhpLedger,
    core: Option<Box<Core>>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.ledger.core.set(self.core.take());
    }
}

impl PhpLedger {
    /// Works with the core; `LogicException` if it is at work already.
    pub fn with<T>(&self, work: impl FnOnce(&mut Core) -> Result<T, Raise>) -> Result<T, Raise> {
        let mut held = Held { ledger: self, core: self.core.take() };
        if let Some(core) = held.core.as_deref_mut() {
            return work(core);
        }
        // Whoever works with it puts it back.
        std::mem::forget(held);
        Err(Raise::Logic("This Ledger is at work: its own callback must not call it".into()))
    }

    /// Does one thing with the core, all of whose ends are PHP's.
    pub fn does<T>(
        &self,
        out_trade_no: &str,
        work: impl FnOnce(&mut Core) -> Ended<T, PdoFault>,
    ) -> Result<T, Raise> {
        // What is thrown is made when the core is back in its place: memory may end there.
        self.with(|core| Ok(work(core)))?.map_err(|halt| raised(halt, out_trade_no))
    }

    /// Whoever calls the gateway for this ledger.
    pub fn caller(&self, merchant: Arc<Merchant>) -> Result<Caller, Raise> {
        Caller::over(merchant, self.gateway.as_ref().map(Zval::shallow_clone))
    }
}

/// The shop's callbacks.
pub struct PhpShop {
    pdo: Zval,
    dialect: crate::ledger::sql::dialect::Dialect,
    on_credit: Zval,
    on_revoke: Option<Zval>,
}

impl PhpShop {
    fn each(&self, see: &mut dyn FnMut(&Zval)) {
        [&self.pdo, &self.on_credit].into_iter().chain(&self.on_revoke).for_each(see);
    }

    fn tell(&self, name: &str, callback: &Zval, transition: &Transition) -> Result<(), PdoFault> {
        let arguments = || Ok(vec![transition::to_php(transition.clone())?, self.pdo.shallow_clone()]);
        let called = door::call_back(callback, arguments, Gave::of);
        of_callback(self.dialect, called, "the callback cannot be called")?.did(name)
    }
}

impl Shop<PdoFault> for PhpShop {
    fn credit(&mut self, transition: &Transition) -> Result<(), PdoFault> {
        self.tell("onCredit", &self.on_credit, transition)
    }

    fn revoke(&mut self, transition: &Transition) -> Result<(), PdoFault> {
        self.on_revoke.as_ref().map_or(Ok(()), |on_revoke| self.tell("onRevoke", on_revoke, transition))
    }
}

/// The merchant of the first argument.
pub fn merchant(call: &Call<'_>) -> Result<Arc<Merchant>, Raise> {
    Ok(call.object::<PhpMerchant>(0)?.0.clone())
}

/// The order that the first two arguments name.
pub fn key(call: &Call<'_>) -> Result<OrderKey, Raise> {
    let merchant = merchant(call)?;
    let id = OrderId::out_trade_no(call.text(1)?)?;
    Ok(key_of(&merchant, id.number()))
}

/// An order of this merchant.
pub fn key_of(merchant: &Merchant, out_trade_no: &str) -> OrderKey {
    OrderKey {
        mch_id: merchant.mch_id.clone(),
        sub_mch_id: merchant.sub_mch_id.clone().unwrap_or_default(),
        out_trade_no: out_trade_no.to_owned(),
    }
}

/// Whose orders this merchant's are.
pub fn whose(merchant: &Merchant) -> Whose {
    let text = |id: &Option<String>| id.clone().unwrap_or_default();
    Whose {
        mch_id: merchant.mch_id.clone(),
        sub_mch_id: text(&merchant.sub_mch_id),
        appid: merchant.appid.clone(),
        sub_appid: text(&merchant.sub_appid),
    }
}

fn open(call: &mut Call<'_>) -> Outcome {
    let terms = terms(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let entry = ledger.does(&terms.key.out_trade_no, |core| core.open(&terms))?;
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
        expires_at: ledger_setup::milliseconds(call, 3)?,
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
    transition::to_php(ledger.does(&sighting.key.out_trade_no, |core| core.apply(&sighting, None))?)
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
    transition::to_php(ledger.does(&key.out_trade_no, |core| core.note_refund_notice(&key, &digest))?)
}

fn apply_refunds(call: &mut Call<'_>) -> Outcome {
    let PhpRefundList(list, whole) = call.object::<PhpRefundList>(0)?;
    if !whole {
        return Err(call.bad(0, "must be the list of all refunds of an order, not of one refund's number"));
    }
    let seen = RefundSighting::of(list).map_err(|what| call.bad(0, what))?;
    let ledger = call.this::<PhpLedger>()?;
    transition::to_php(ledger.does(&seen.key.out_trade_no, |core| core.apply_refunds(&seen, None))?)
}

fn find(call: &mut Call<'_>) -> Outcome {
    let key = key(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let entry = ledger.does(&key.out_trade_no, |core| core.find(&key))?;
    entry.as_ref().map_or_else(|| Ok(Zval::null()), transition::entry_to_php)
}

fn resolve(call: &mut Call<'_>) -> Outcome {
    let (key, how, note) = (key(call)?, call.case::<Resolution>(2)?, call.text(3)?);
    if note.is_empty() || note.len() > 1000 || note.contains('\0') {
        return Err(call.bad(3, "must be 1 to 1000 bytes without NUL"));
    }
    let (owner, ledger) = (whose(&*merchant(call)?), call.this::<PhpLedger>()?);
    let done = ledger.does(&key.out_trade_no, |core| {
        core.owned(&owner, &key)?;
        core.resolve(&key, how, note)
    })?;
    transition::to_php(done)
}
