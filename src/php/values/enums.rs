//! Our enums. `#[php_enum]` cannot have instance methods, so they are built by hand (decisions.md 5.3).

use crate::bill::document::AccountType;
use crate::bill::header::BillType;
use crate::bill::reconcile::difference::{DifferenceKind, DifferenceState};
use crate::error::Advice;
use crate::ledger::resolve::Resolution;
use crate::ledger::state::LedgerState;
use crate::model::merchant::ApiVersion;
use crate::model::refund::RefundStatus;
use crate::model::trade_state::TradeState;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Method, Returns, function, keep, method};
use crate::php::engine::object::param::{Argument, Param, Text, param, text};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::wire::v2::sign::SignType;
use ext_php_rs::builders::EnumBuilder;
use ext_php_rs::enum_::{Discriminant, EnumCase};
use ext_php_rs::ffi::zend_enum_get_case;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendObject, ZendStr, Zval};
use ext_php_rs::zend::ClassEntry;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};

/// `ZEND_ACC_ENUM`.
const ZEND_ACC_ENUM: u32 = 1 << 28;

/// A Rust enum that PHP knows as a backed enum.
pub trait PhpEnum: Sized + Copy + PartialEq + 'static {
    /// The PHP name.
    const NAME: &'static str;
    /// The values with their cases.
    const CASES: &'static [(Self, EnumCase)];

    /// Where the registered class is kept.
    fn class() -> &'static AtomicPtr<ClassEntry>;
}

const fn case(name: &'static str, value: &'static str) -> EnumCase {
    EnumCase { name, discriminant: Some(Discriminant::String(value)), docs: &[] }
}

macro_rules! php_enum {
    ($type:ty, $name:literal, [$($value:path => $case:literal = $wire:literal),* $(,)?]) => {
        impl ToPhp for $type {
            fn to_php(&self) -> Outcome {
                Ok(to_php(*self))
            }
        }

        impl PhpEnum for $type {
            const NAME: &'static str = $name;
            const CASES: &'static [(Self, EnumCase)] = &[$(($value, case($case, $wire))),*];

            fn class() -> &'static AtomicPtr<ClassEntry> {
                static CLASS: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());
                &CLASS
            }
        }
    };
}

php_enum!(TradeState, "WechatPay\\TradeState", [
    TradeState::Success => "Success" = "SUCCESS",
    TradeState::Refund => "Refund" = "REFUND",
    TradeState::NotPay => "NotPay" = "NOTPAY",
    TradeState::Closed => "Closed" = "CLOSED",
    TradeState::Revoked => "Revoked" = "REVOKED",
    TradeState::UserPaying => "UserPaying" = "USERPAYING",
    TradeState::PayError => "PayError" = "PAYERROR",
    TradeState::Accept => "Accept" = "ACCEPT",
    TradeState::Unknown => "Unknown" = "UNKNOWN",
]);

php_enum!(SignType, "WechatPay\\SignType", [
    SignType::Md5 => "Md5" = "MD5",
    SignType::HmacSha256 => "HmacSha256" = "HMAC-SHA256",
]);

php_enum!(ApiVersion, "WechatPay\\ApiVersion", [
    ApiVersion::V2 => "V2" = "v2",
    ApiVersion::V3 => "V3" = "v3",
]);

php_enum!(Advice, "WechatPay\\Advice", [
    Advice::Retry => "Retry" = "retry",
    Advice::QueryOrder => "QueryOrder" = "query_order",
    Advice::FixCall => "FixCall" = "fix_call",
    Advice::FixConfiguration => "FixConfiguration" = "fix_configuration",
    Advice::AskPayer => "AskPayer" = "ask_payer",
    Advice::Wait => "Wait" = "wait",
    Advice::GiveUp => "GiveUp" = "give_up",
]);

php_enum!(RefundStatus, "WechatPay\\RefundStatus", [
    RefundStatus::Success => "Success" = "SUCCESS",
    RefundStatus::Processing => "Processing" = "PROCESSING",
    RefundStatus::RefundClose => "RefundClose" = "REFUNDCLOSE",
    RefundStatus::Change => "Change" = "CHANGE",
    RefundStatus::Unknown => "Unknown" = "UNKNOWN",
]);

php_enum!(LedgerState, "WechatPay\\LedgerState", [
    LedgerState::Created => "Created" = "CREATED",
    LedgerState::UserPaying => "UserPaying" = "USERPAYING",
    LedgerState::Paid => "Paid" = "PAID",
    LedgerState::PartiallyRefunded => "PartiallyRefunded" = "PART_REFUNDED",
    LedgerState::Refunded => "Refunded" = "REFUNDED",
    LedgerState::Closing => "Closing" = "CLOSING",
    LedgerState::Closed => "Closed" = "CLOSED",
    LedgerState::Revoked => "Revoked" = "REVOKED",
    LedgerState::PaidLate => "PaidLate" = "PAID_LATE",
    LedgerState::Review => "Review" = "REVIEW",
]);

php_enum!(Resolution, "WechatPay\\Resolution", [
    Resolution::Credit => "Credit" = "CREDIT",
    Resolution::Refund => "Refund" = "REFUND",
    Resolution::Dismiss => "Dismiss" = "DISMISS",
]);

// A fund flow is no bill type.
php_enum!(BillType, "WechatPay\\BillType", [
    BillType::All => "All" = "ALL",
    BillType::Success => "Success" = "SUCCESS",
    BillType::Refund => "Refund" = "REFUND",
    BillType::RechargeRefund => "RechargeRefund" = "RECHARGE_REFUND",
]);

php_enum!(AccountType, "WechatPay\\AccountType", [
    AccountType::Basic => "Basic" = "Basic",
    AccountType::Operation => "Operation" = "Operation",
    AccountType::Fees => "Fees" = "Fees",
]);

php_enum!(DifferenceKind, "WechatPay\\DifferenceKind", [
    DifferenceKind::PaidNotBooked => "PaidNotBooked" = "PaidNotBooked",
    DifferenceKind::BookedNotPaid => "BookedNotPaid" = "BookedNotPaid",
    DifferenceKind::AmountDiffers => "AmountDiffers" = "AmountDiffers",
    DifferenceKind::StateDiffers => "StateDiffers" = "StateDiffers",
    DifferenceKind::FeeTypeDiffers => "FeeTypeDiffers" = "FeeTypeDiffers",
    DifferenceKind::TransactionIdDiffers => "TransactionIdDiffers" = "TransactionIdDiffers",
    DifferenceKind::RefundNotBooked => "RefundNotBooked" = "RefundNotBooked",
    DifferenceKind::RefundUnknown => "RefundUnknown" = "RefundUnknown",
    DifferenceKind::RefundDiffers => "RefundDiffers" = "RefundDiffers",
    DifferenceKind::FeeDiffers => "FeeDiffers" = "FeeDiffers",
    DifferenceKind::RevokedAfterPaid => "RevokedAfterPaid" = "RevokedAfterPaid",
    DifferenceKind::SettlementDiffers => "SettlementDiffers" = "SettlementDiffers",
    DifferenceKind::BalanceBroken => "BalanceBroken" = "BalanceBroken",
    DifferenceKind::AppidUnknown => "AppidUnknown" = "AppidUnknown",
    DifferenceKind::DuplicateRow => "DuplicateRow" = "DuplicateRow",
    DifferenceKind::BillChanged => "BillChanged" = "BillChanged",
]);

php_enum!(DifferenceState, "WechatPay\\DifferenceState", [
    DifferenceState::Waiting => "Waiting" = "waiting",
    DifferenceState::Open => "Open" = "open",
    DifferenceState::Healed => "Healed" = "healed",
    DifferenceState::Settled => "Settled" = "settled",
]);

/// The text that backs a case of any enum of ours; every other value as it is.
pub fn plain(value: Zval) -> Zval {
    let backing = value.object().filter(|object| is_case(object)).map(|case| backing(case).shallow_clone());
    backing.unwrap_or(value)
}

/// Only cases of enums are objects of classes that are enums.
fn is_case(object: &ZendObject) -> bool {
    // SAFETY: the engine keeps the class of a live object.
    unsafe { (*object.ce).ce_flags & ZEND_ACC_ENUM != 0 }
}

/// The value of a case.
fn backing(case: &ZendObject) -> &Zval {
    // SAFETY: a case of a backed enum has two slots, its name and its value; ours are backed.
    unsafe { &*case.properties_table.as_ptr().add(1) }
}

/// The PHP case of a value.
pub fn to_php<E: PhpEnum>(value: E) -> Zval {
    let mut zval = Zval::null();
    let Some((_, case)) = E::CASES.iter().find(|(v, _)| *v == value) else { return zval };
    let mut name = ZendStr::new(case.name, false);
    // SAFETY: the class was registered at startup and has this case; the engine owns the case object, of which
    // `set_object` takes a reference.
    unsafe {
        let object = zend_enum_get_case(E::class().load(Ordering::Acquire), &raw mut *name);
        if let Some(object) = object.as_mut() {
            zval.set_object(object);
        }
    }
    zval
}

/// The value of a PHP case.
pub fn from_php<E: PhpEnum>(zval: &Zval) -> Option<E> {
    from_object(zval.object()?)
}

fn from_object<E: PhpEnum>(case: &ZendObject) -> Option<E> {
    let is_ours = std::ptr::eq(case.ce.cast_const(), E::class().load(Ordering::Acquire));
    let wire = is_ours.then(|| backing(case))?.str()?;
    let is =
        |case: &EnumCase| matches!(case.discriminant, Some(Discriminant::String(value)) if value == wire);
    E::CASES.iter().find(|(_, case)| is(case)).map(|(value, _)| *value)
}

/// A case of one of our enums.
pub struct Case<E>(PhantomData<E>);

/// A case of one of our enums, as its value.
pub const fn case_of<E: PhpEnum>(name: &'static str) -> Param<Case<E>> {
    param(name, DataType::object(E::NAME))
}

impl<E: PhpEnum> Argument for Case<E> {
    type Of<'a> = E;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Result<E, Raise> {
        // SAFETY: the class was registered at startup and lives as long as the module.
        let class: &ClassEntry = unsafe { &*E::class().load(Ordering::Acquire) };
        let given = call.instance_or(n, class, E::NAME)?.map(|zval| from_php(zval));
        given.unwrap_or_else(|| named(shown.default_word())).ok_or_else(|| shown.missing())
    }
}

/// The value whose case has this name.
fn named<E: PhpEnum>(name: &str) -> Option<E> {
    E::CASES.iter().find(|(_, case)| case.name == name).map(|(value, _)| *value)
}

impl Call<'_> {
    fn this_state(&mut self) -> Result<TradeState, Raise> {
        from_object(self.this_object()?).ok_or_else(|| Raise::Engine("called without a TradeState".into()))
    }
}

fn register<E: PhpEnum>(methods: &[Method]) -> ext_php_rs::error::Result<()> {
    let mut builder = E::CASES.iter().fold(EnumBuilder::new(E::NAME), |b, (_, case)| b.case(case));
    for method in methods {
        let (function, flags) = function(method);
        builder = builder.method(function, flags);
    }
    builder
        .registration(|class, tables| {
            E::class().store(class, Ordering::Release);
            keep(tables);
        })
        .register()
}

const NEXT: Param<Case<TradeState>> = case_of("next");
const LANG: Param<Text> = text("lang").or("'zh'");

/// Registers all enums.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const BOOL: Option<Returns> = Some(Returns(DataType::Bool, false));
    register::<SignType>(&[])?;
    register::<ApiVersion>(&[])?;
    register::<Advice>(&[])?;
    register::<RefundStatus>(&[])?;
    register::<LedgerState>(&[])?;
    register::<Resolution>(&[])?;
    register::<BillType>(&[])?;
    register::<AccountType>(&[])?;
    register::<DifferenceKind>(&[])?;
    register::<DifferenceState>(&[])?;
    register::<TradeState>(&[
        method!("isFinal", is_final, [], BOOL),
        method!("isPaid", is_paid, [], BOOL),
        method!("isPending", is_pending, [], BOOL),
        method!("mayBecome", may_become, [NEXT], BOOL),
        method!("label", label, [LANG], Some(Returns(DataType::String, false))),
    ])
}

fn is_final(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this_state()?.is_final()))
}

fn is_paid(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this_state()?.is_paid()))
}

fn is_pending(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this_state()?.is_pending()))
}

fn may_become(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this_state()?.may_become(call.get(NEXT)?)))
}

fn label(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(call.this_state()?.label(call.get(LANG)?)))
}
