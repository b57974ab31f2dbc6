//! The exception tree, and the only translation of a fault into PHP.
//!
//! The classes are built by hand: `#[php_class]` would take file, line and trace from them.

use crate::error::{Advice, Error, Fault, RefusalDetail};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::object::call::{Call, run};
use crate::php::engine::object::class::{Handler, keep, with_params};
use crate::php::engine::object::param::{
    Argument, Array, Bool, Bytes, Int, Optional, Param, bytes, int, param,
};
use crate::php::engine::object::property::{
    ARRAY, BOOL, Property, PropertyOf, STRING, declare, nullable, property,
};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use crate::php::values::enums::{Case, PhpEnum};
use crate::php::values::order;
use ext_php_rs::builders::{ClassBuilder, FunctionBuilder};
use ext_php_rs::convert::IntoZval;
use ext_php_rs::flags::{DataType, MethodFlags};
use ext_php_rs::types::{PropertyQuery, ZendObject, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData, ce};
use std::sync::atomic::{AtomicPtr, Ordering};

/// One exception class: its name, what it adds to its parent, and its constructor.
struct Class {
    name: &'static str,
    entry: &'static AtomicPtr<ClassEntry>,
    own: &'static [Told],
    params: &'static [Shown],
    handler: Handler,
}

/// What an exception tells of its fault: a property, and the constructor's parameter of that name.
#[derive(Clone, Copy)]
struct Told {
    property: PropertyOf<Fault>,
    /// The parameter's default, as PHP code.
    default: &'static str,
}

const fn told(property: PropertyOf<Fault>, default: &'static str) -> Told {
    Told { property, default }
}

impl Told {
    const fn shown(&self) -> Shown {
        let Property { name, kind, nullable, .. } = self.property;
        Shown { nullable, ..param::<()>(name, kind).or(self.default).shown }
    }
}

const ORDER: DataType = DataType::object("WechatPay\\Order");

const MESSAGE: Param<Bytes> = bytes("message").or("''");
const CODE: Param<Int> = int("code").or("0");
const PREVIOUS: Param<Optional<Throwable>> = param("previous", DataType::object("Throwable")).or_null();

const ADVICE: Told = told(
    property("advice", DataType::object(Advice::NAME), |f| f.advice.to_php()),
    "\\WechatPay\\Advice::GiveUp",
);
const RETRYABLE: Told = told(property("retryable", BOOL, |f| f.retryable.to_php()), "false");
const MAYBE_PROCESSED: Told = told(property("maybeProcessed", BOOL, |f| f.maybe_processed.to_php()), "false");
const OUT_TRADE_NO: Told = told(nullable("outTradeNo", STRING, |f| f.out_trade_no.to_php()), "null");
const STILL_WANTED: Told = told(property("stillWanted", BOOL, |f| f.still_wanted.to_php()), "false");

/// What every exception of ours tells.
const COMMON: &[Told] = &[ADVICE, RETRYABLE, MAYBE_PROCESSED, OUT_TRADE_NO, STILL_WANTED];

/// Declares an exception class with what it tells beyond the common properties; what stands behind the semicolon comes
/// last among the arguments, since it came last.
macro_rules! exception {
    ($static:ident, $name:literal $(, $told:expr)* $(; $($later:expr),*)? $(,)?) => {
        static $static: Class = {
            static ENTRY: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());
            static PARAMS: &[Shown] = &[
                MESSAGE.shown,
                $($told.shown(),)*
                ADVICE.shown(),
                RETRYABLE.shown(),
                MAYBE_PROCESSED.shown(),
                OUT_TRADE_NO.shown(),
                CODE.shown,
                PREVIOUS.shown,
                STILL_WANTED.shown(),
                $($($later.shown(),)*)?
            ];
            extern "C" fn handler(ex: &mut ExecuteData, returned: &mut Zval) {
                run(ex, returned, PARAMS, |call| construct(call, &$static));
            }
            Class { name: $name, entry: &ENTRY, own: &[$($told,)* $($($later),*)?], params: PARAMS, handler }
        };
    };
}

exception!(PAY, "WechatPay\\PayException");
exception!(TRANSPORT, "WechatPay\\TransportException");
exception!(MALFORMED, "WechatPay\\MalformedMessageException");
exception!(SIGNATURE, "WechatPay\\SignatureException");
exception!(
    GATEWAY,
    "WechatPay\\GatewayException",
    told(property("returnMsg", STRING, |f| return_msg(&f.error).to_php()), "''"),
);
exception!(
    MISMATCH,
    "WechatPay\\MismatchException",
    told(nullable("field", STRING, |f| field(&f.error).to_php()), "null"),
);
exception!(
    SERVICE,
    "WechatPay\\ServiceException",
    told(property("errCode", STRING, |f| err_code(&f.error).to_php()), "''"),
    told(nullable("errCodeDes", STRING, |f| err_code_des(&f.error).to_php()), "null");
    told(nullable("detail", ARRAY, |f| detail(&f.error)), "null"),
    told(nullable("requestId", STRING, |f| request_id(&f.error).to_php()), "null")
);
exception!(
    UNDECIDED,
    "WechatPay\\UndecidedException",
    told(nullable("lastSeen", ORDER, |f| last_seen(&f.error)), "null"),
    told(property("reversed", BOOL, |f| reversed(&f.error).to_php()), "false"),
);

fn return_msg(error: &Error) -> &str {
    match error {
        Error::Gateway { return_msg, .. } => return_msg,
        Error::Unsigned { code, .. } => code,
        _ => "",
    }
}

fn field(error: &Error) -> Option<&str> {
    if let Error::Mismatch { field, .. } = error { Some(field) } else { None }
}

fn err_code(error: &Error) -> &str {
    if let Error::Service { err_code, .. } = error { err_code } else { "" }
}

fn err_code_des(error: &Error) -> Option<&str> {
    if let Error::Service { err_code_des, .. } = error { err_code_des.as_deref() } else { None }
}

fn detail(error: &Error) -> Outcome {
    let detail = refusal_detail(error).and_then(|more| more.detail.as_ref());
    detail.map_or_else(|| Ok(Zval::null()), elements::told)
}

fn request_id(error: &Error) -> Option<&str> {
    refusal_detail(error)?.request_id.as_deref()
}

fn refusal_detail(error: &Error) -> Option<&RefusalDetail> {
    if let Error::Service { more, .. } = error { more.as_deref() } else { None }
}

fn last_seen(error: &Error) -> Outcome {
    match error {
        Error::Undecided { last_seen: Some(seen), .. } => order::to_php((**seen).clone()),
        _ => Ok(Zval::null()),
    }
}

fn reversed(error: &Error) -> bool {
    matches!(error, Error::Undecided { reversed: true, .. })
}

impl Class {
    fn entry(&self) -> &'static ClassEntry {
        // SAFETY: registered at startup, lives as long as the module.
        unsafe { &*self.entry.load(Ordering::Acquire) }
    }
}

fn runtime_exception() -> &'static ClassEntry {
    zend::internal_class("runtimeexception").unwrap_or_else(ce::exception)
}

/// Registers the tree.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    register(&PAY, (runtime_exception, "\\RuntimeException"))?;
    declare(PAY.entry(), properties(COMMON));
    for class in [&TRANSPORT, &MALFORMED, &SIGNATURE, &GATEWAY, &MISMATCH, &SERVICE, &UNDECIDED] {
        register(class, (|| PAY.entry(), "\\WechatPay\\PayException"))?;
        declare(class.entry(), properties(class.own));
    }
    Ok(())
}

fn properties(told: &[Told]) -> impl Iterator<Item = &PropertyOf<Fault>> {
    told.iter().map(|told| &told.property)
}

fn register(
    class: &'static Class,
    parent: (fn() -> &'static ClassEntry, &'static str),
) -> ext_php_rs::error::Result<()> {
    static LATEST: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());
    let constructor = with_params(FunctionBuilder::new("__construct", class.handler), class.params);
    ClassBuilder::new(class.name)
        .extends(parent)
        .method(constructor, MethodFlags::Public)
        .registration(|entry, tables| {
            LATEST.store(entry, Ordering::Release);
            keep(tables);
        })
        .register()?;
    class.entry.store(LATEST.load(Ordering::Acquire), Ordering::Release);
    Ok(())
}

/// The constructor PHP calls: sets message, code and previous, our common properties and the class's own.
fn construct(call: &mut Call<'_>, class: &'static Class) -> Outcome {
    let given = |told: &'static Told| Ok((told, argument(call, told)?));
    let message = call.get(MESSAGE)?;
    let own = class.own.iter().map(given).collect::<Result<Vec<_>, Raise>>()?;
    let common = COMMON.iter().map(given).collect::<Result<Vec<_>, Raise>>()?;
    let (code, previous) = (call.get(CODE)?, call.get(PREVIOUS)?);
    let object = call.this_object()?;
    if object.has_property(ADVICE.property.name, PropertyQuery::Isset)? {
        return Err(Raise::Engine(format!("{} is constructed already", class.name)));
    }
    set_base(object, message, code, previous);
    for (told, value) in common {
        set(object, PAY.entry(), told.property.name, value);
    }
    for (told, value) in own {
        set(object, class.entry(), told.property.name, value);
    }
    Ok(Zval::null())
}

fn argument(call: &Call<'_>, told: &Told) -> Outcome {
    let (kind, shown) = (told.property.kind, told.shown());
    match kind {
        DataType::Bool => call.get(Param::<Bool>::of(shown))?.to_php(),
        DataType::String if shown.nullable => {
            Ok(value::text_or_null(call.get(Param::<Optional<Bytes>>::of(shown))?))
        }
        DataType::String => Ok(value::text(call.get(Param::<Bytes>::of(shown))?)),
        DataType::Array => {
            let detail = Param::<Optional<Array>>::of(shown);
            let given = call.get(detail)?.and(call.zval(detail));
            Ok(given.map_or_else(Zval::null, |detail| detail.shallow_clone()))
        }
        _ if kind == ORDER => {
            Ok(call.get(Param::<Optional<OrderValue>>::of(shown))?.unwrap_or_else(Zval::null))
        }
        _ => call.get(Param::<Case<Advice>>::of(shown))?.to_php(),
    }
}

/// An exception of anybody's, as it is.
struct Throwable;

impl Argument for Throwable {
    type Of<'a> = Zval;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Outcome {
        let given = call.instance_or(n, ce::throwable(), "Throwable")?;
        given.map(|zval| zval.shallow_clone()).ok_or_else(|| shown.missing())
    }
}

/// An `Order`, as it is.
struct OrderValue;

impl Argument for OrderValue {
    type Of<'a> = Zval;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Outcome {
        let given = call.instance_or(n, order::class(), "WechatPay\\Order")?;
        given.map(|zval| zval.shallow_clone()).ok_or_else(|| shown.missing())
    }
}

fn set(object: &mut ZendObject, scope: &ClassEntry, name: &str, mut value: Zval) {
    // SAFETY: `object` is live and `scope` declares the property; the engine copies the value, taking its own
    // reference, and ours is dropped after.
    unsafe {
        let scope = zend::scope(scope);
        zend::zend_update_property(scope, object, name.as_ptr().cast(), name.len(), &raw mut value);
    }
}

fn set_base(object: &mut ZendObject, message: &[u8], code: i64, previous: Option<Zval>) {
    set(object, ce::exception(), "message", value::text(message));
    set(object, ce::exception(), "code", value::int(code));
    if let Some(previous) = previous {
        set(object, ce::exception(), "previous", previous);
    }
}

/// Throws a fault. An exception that is pending already stays.
pub fn throw(fault: &Fault) {
    if let Error::Argument(bad) = &fault.error {
        ext_php_rs::exception::PhpException::new(bad.to_string(), 0, ce::value_error()).throw();
        return;
    }
    let thrown = ext_php_rs::exception::throw_object(to_php(fault));
    debug_assert!(thrown.is_ok(), "an exception object can always be thrown");
}

/// Throws a fault with the exception that led to it as its previous.
pub fn throw_caused_by(fault: &Fault, previous: Option<Zval>) {
    let thrown = ext_php_rs::exception::throw_object(caused_by(fault, previous));
    debug_assert!(thrown.is_ok(), "an exception object can always be thrown");
}

/// A fault as its exception, with another one before it; not thrown.
pub fn caused_by(fault: &Fault, previous: Option<Zval>) -> Zval {
    let mut made = to_php(fault);
    if let (Some(previous), Some(object)) = (previous, made.object_mut()) {
        set(object, ce::exception(), "previous", previous);
    }
    made
}

/// A fault as its exception, not thrown.
pub fn to_php(fault: &Fault) -> Zval {
    let class = class_of(&fault.error);
    let mut object = ZendObject::new(class.entry());
    let previous = match &fault.error {
        Error::Undecided { cause: Some(cause), .. } => Some(to_php(cause)),
        _ => None,
    };
    set_base(&mut object, message(fault).as_bytes(), 0, previous);
    for (scope, told) in [(PAY.entry(), COMMON), (class.entry(), class.own)] {
        for property in properties(told) {
            set(&mut object, scope, property.name, (property.get)(fault).unwrap_or_else(|_| Zval::null()));
        }
    }
    object.into_zval(false).unwrap_or_else(|_| Zval::null())
}

fn message(fault: &Fault) -> String {
    match &fault.out_trade_no {
        Some(number) => format!("{} (out_trade_no {number})", fault.error),
        None => fault.error.to_string(),
    }
}

fn class_of(error: &Error) -> &'static Class {
    match error {
        Error::Argument(_) | Error::Configuration(_) => &PAY,
        Error::Transport(_) => &TRANSPORT,
        Error::Malformed(_) | Error::Bill(_) | Error::Split(_) => &MALFORMED,
        Error::Gateway { .. } | Error::Unsigned { .. } => &GATEWAY,
        Error::Signature(_) | Error::Headers(_) => &SIGNATURE,
        Error::Mismatch { .. } => &MISMATCH,
        Error::Service { .. } => &SERVICE,
        Error::Undecided { .. } => &UNDECIDED,
    }
}
