//! What a PHP `Ledger` holds: the ledger on the shop's PDO, with the shop's callbacks.

use crate::ledger::carrier::Carrier;
use crate::ledger::entry::OrderKey;
use crate::ledger::ledger::{Ledger, LedgerResult, Rules};
use crate::ledger::schedule::Jitter;
use crate::ledger::sql::dialect::Dialect;
use crate::ledger::sql::store::SqlStore;
use crate::ledger::store::{Shop, Whose};
use crate::ledger::transition::Transition;
use crate::model::merchant::Merchant;
use crate::model::order_id::OrderId;
use crate::php::calls::gateway::Caller;
use crate::php::engine::guard::door;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::Holds;
use crate::php::engine::object::param::{Object, Param, Text, object, text};
use crate::php::engine::raise::Raise;
use crate::php::ledger::callback::of_callback;
use crate::php::ledger::errors::{raised, raised_by_act};
use crate::php::ledger::pdo::Pdo;
use crate::php::ledger::pdo::fault::PdoFault;
use crate::php::ledger::transition;
use crate::php::values::merchant::PhpMerchant;
use ext_php_rs::types::Zval;
use std::cell::Cell;
use std::sync::Arc;

/// The ledger on PDO.
pub type PdoLedger = Ledger<SqlStore<Pdo>, PhpShop>;

/// What a PHP `Ledger` holds. The core is taken out while it works, so that a callback that calls the same
/// object finds it busy and not half changed.
pub struct PhpLedger {
    core: Cell<Option<Box<PdoLedger>>>,
    gateway: Option<Zval>,
}

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

/// The core, away from its object; it goes back however the work ends.
struct BorrowedCore<'a> {
    ledger: &'a PhpLedger,
    core: Option<Box<PdoLedger>>,
}

impl Drop for BorrowedCore<'_> {
    fn drop(&mut self) {
        self.ledger.core.set(self.core.take());
    }
}

impl PhpLedger {
    /// A ledger of this shop, on its connection.
    pub fn new(pdo: Pdo, shop: PhpShop, gateway: Option<Zval>, credit_late: bool) -> Self {
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(1, |t| u64::from(t.subsec_nanos()));
        let jitter = Jitter::new(nanos ^ u64::from(std::process::id()) << 32);
        let core = Ledger { store: SqlStore::new(pdo), shop, rules: Rules { credit_late }, jitter };
        Self { core: Cell::new(Some(Box::new(core))), gateway }
    }

    /// Works with the core; `LogicException` if it is at work already.
    pub fn with<T>(&self, work: impl FnOnce(&mut PdoLedger) -> Result<T, Raise>) -> Result<T, Raise> {
        let mut borrowed = BorrowedCore { ledger: self, core: self.core.take() };
        if let Some(core) = borrowed.core.as_deref_mut() {
            return work(core);
        }
        // Whoever works with it puts it back.
        std::mem::forget(borrowed);
        Err(Raise::Logic("This Ledger is at work: its own callback must not call it".into()))
    }

    /// Does one thing with the core, all of whose ends are PHP's.
    pub fn run<T>(
        &self,
        out_trade_no: &str,
        work: impl FnOnce(&mut PdoLedger) -> LedgerResult<T, PdoFault>,
    ) -> Result<T, Raise> {
        // What is thrown is made when the core is back in its place: memory may end there.
        self.with(|core| Ok(work(core)))?.map_err(|halt| raised(halt, out_trade_no))
    }

    /// The same for a call to the gateway that acts.
    pub fn act<T>(
        &self,
        out_trade_no: &str,
        work: impl FnOnce(&mut PdoLedger) -> LedgerResult<T, PdoFault>,
    ) -> Result<T, Raise> {
        self.with(|core| Ok(work(core)))?.map_err(|halt| raised_by_act(halt, out_trade_no))
    }

    /// Whoever calls the gateway for this ledger.
    pub fn caller(&self, merchant: Arc<Merchant>) -> Result<Caller, Raise> {
        Caller::over(merchant, self.gateway.as_ref().map(Zval::shallow_clone))
    }
}

/// Carries questions for a caller; the certificate is read only if one of them needs it.
pub fn carrier(caller: &Caller, needs_certificate: bool, concurrency: usize) -> Carrier {
    let unneeded = || Err("no certificate was asked for".to_owned());
    let certified = if needs_certificate { caller.line_or_why(true) } else { unneeded() };
    Carrier { line: caller.line_or_why(false), certified, concurrency }
}

/// The shop's callbacks.
pub struct PhpShop {
    pdo: Zval,
    dialect: Dialect,
    on_credit: Zval,
    on_revoke: Option<Zval>,
}

impl PhpShop {
    /// The callbacks, called with the connection's PDO.
    pub fn new(pdo: &Pdo, on_credit: Zval, on_revoke: Option<Zval>) -> Self {
        Self { pdo: pdo.object.shallow_clone(), dialect: pdo.dialect(), on_credit, on_revoke }
    }

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

/// Whose order a method is about.
pub const MERCHANT: Param<Object<PhpMerchant>> = object("merchant");
/// The order's number.
pub const OUT_TRADE_NO: Param<Text> = text("outTradeNo");

/// What a person has to say.
pub const NOTE: Param<Text> = text("note");

/// The merchant that is given.
pub fn merchant(call: &Call<'_>) -> Result<Arc<Merchant>, Raise> {
    Ok(call.get(MERCHANT)?.0.clone())
}

/// The order that is named.
pub fn key(call: &Call<'_>) -> Result<OrderKey, Raise> {
    let merchant = merchant(call)?;
    let id = OrderId::out_trade_no(call.get(OUT_TRADE_NO)?)?;
    Ok(key_of(&merchant, id.number()))
}

/// A person's note.
pub fn noted<'a>(call: &Call<'a>, param: Param<Text>) -> Result<&'a str, Raise> {
    let note = call.get(param)?;
    if note.is_empty() || note.len() > 1000 || note.contains('\0') {
        return Err(call.bad(param, "must be 1 to 1000 bytes without NUL"));
    }
    Ok(note)
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
