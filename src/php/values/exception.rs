//! The exception tree, and the only translation of a fault into PHP.
//!
//! The classes are built by hand: `#[php_class]` would take file, line and trace from them.

use crate::error::{Advice, Error, Fault};
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, Outcome, Param, Raise, param};
use crate::php::engine::object::class::{Handler, Property, declare, keep, nullable, property, with_params};
use crate::php::engine::zend;
use crate::php::values::enums::{self, PhpEnum};
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
    own: &'static [Property],
    params: &'static [Param],
    handler: Handler,
}

const MESSAGE: Param = param("message", DataType::String).or("''");
const ADVICE: Param = param("advice", DataType::object(Advice::NAME)).or("\\WechatPay\\Advice::GiveUp");
const RETRYABLE: Param = param("retryable", DataType::Bool).or("false");
const MAYBE_PROCESSED: Param = param("maybeProcessed", DataType::Bool).or("false");
const OUT_TRADE_NO: Param = param("outTradeNo", DataType::String).or_null();
const STILL_WANTED: Param = param("stillWanted", DataType::Bool).or("false");
const CODE: Param = param("code", DataType::Long).or("0");
const PREVIOUS: Param = param("previous", DataType::object("Throwable")).or_null();

/// Declares an exception class: what it has beyond message and the common properties.
macro_rules! exception {
    ($static:ident, $name:literal, [$($property:expr),*], [$($param:expr),*]) => {
        static $static: Class = {
            static ENTRY: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());
            static PARAMS: &[Param] =
                &[MESSAGE, $($param,)* ADVICE, RETRYABLE, MAYBE_PROCESSED, OUT_TRADE_NO, CODE, PREVIOUS, STILL_WANTED];
            extern "C" fn handler(ex: &mut ExecuteData, returned: &mut Zval) {
                crate::php::engine::object::call::run(ex, returned, PARAMS, |call| construct(call, &$static));
            }
            Class { name: $name, entry: &ENTRY, own: &[$($property),*], params: PARAMS, handler }
        };
    };
}

const COMMON: [Property; 5] = [
    property("advice", DataType::object(Advice::NAME)),
    property("retryable", DataType::Bool),
    property("maybeProcessed", DataType::Bool),
    nullable("outTradeNo", DataType::String),
    property("stillWanted", DataType::Bool),
];

exception!(PAY, "WechatPay\\PayException", [], []);
exception!(TRANSPORT, "WechatPay\\TransportException", [], []);
exception!(MALFORMED, "WechatPay\\MalformedMessageException", [], []);
exception!(SIGNATURE, "WechatPay\\SignatureException", [], []);
exception!(
    GATEWAY,
    "WechatPay\\GatewayException",
    [property("returnMsg", DataType::String)],
    [param("returnMsg", DataType::String).or("''")]
);
exception!(
    MISMATCH,
    "WechatPay\\MismatchException",
    [nullable("field", DataType::String)],
    [param("field", DataType::String).or_null()]
);
exception!(
    SERVICE,
    "WechatPay\\ServiceException",
    [property("errCode", DataType::String), nullable("errCodeDes", DataType::String)],
    [param("errCode", DataType::String).or("''"), param("errCodeDes", DataType::String).or_null()]
);
exception!(
    UNDECIDED,
    "WechatPay\\UndecidedException",
    [nullable("lastSeen", DataType::object("WechatPay\\Order")), property("reversed", DataType::Bool)],
    [
        param("lastSeen", DataType::object("WechatPay\\Order")).or_null(),
        param("reversed", DataType::Bool).or("false")
    ]
);

impl Class {
    fn entry(&self) -> &'static ClassEntry {
        // SAFETY: registered at startup, lives as long as the module.
        unsafe { &*self.entry.load(Ordering::Acquire) }
    }
}

fn runtime_exception() -> &'static ClassEntry {
    value::internal_class("runtimeexception").unwrap_or_else(ce::exception)
}

static LOGIC: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());

/// SPL's `LogicException`.
pub fn logic_exception() -> &'static ClassEntry {
    // SAFETY: found at startup; an internal class lives as long as the process.
    unsafe { LOGIC.load(Ordering::Acquire).as_ref() }.unwrap_or_else(ce::exception)
}

/// Registers the tree.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let logic = value::internal_class("logicexception").unwrap_or_else(ce::exception);
    LOGIC.store(std::ptr::from_ref(logic).cast_mut(), Ordering::Release);
    register(&PAY, (runtime_exception, "\\RuntimeException"))?;
    declare(PAY.entry(), &COMMON);
    for class in [&TRANSPORT, &MALFORMED, &SIGNATURE, &GATEWAY, &MISMATCH, &SERVICE, &UNDECIDED] {
        register(class, (|| PAY.entry(), "\\WechatPay\\PayException"))?;
        declare(class.entry(), class.own);
    }
    Ok(())
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
    let after = 1 + class.own.len();
    let message = call.bytes(0)?;
    let own = class
        .own
        .iter()
        .enumerate()
        .map(|(at, p)| own_argument(call, 1 + at, p))
        .collect::<Result<Vec<_>, _>>()?;
    let advice: Advice = call.case_or(after)?.unwrap_or(Advice::GiveUp);
    let retryable = call.bool_or(after + 1, false)?;
    let maybe_processed = call.bool_or(after + 2, false)?;
    let out_trade_no = call.bytes_or(after + 3)?;
    let code = call.int(after + 4)?;
    let previous = call.instance_or(after + 5, ce::throwable(), "Throwable")?.map(|p| p.shallow_clone());
    let still_wanted = call.bool_or(after + 6, false)?;
    let object = call.this_object()?;
    if object.has_property("advice", PropertyQuery::Isset)? {
        return Err(Raise::Engine(format!("{} is constructed already", class.name)));
    }
    set_base(object, message, code, previous);
    let out_trade_no = value::text_or_null(out_trade_no);
    set_common(object, advice, [retryable, maybe_processed, still_wanted], out_trade_no);
    for (property, value) in class.own.iter().zip(own) {
        set(object, class.entry(), property.name, value);
    }
    Ok(Zval::null())
}

fn own_argument(call: &Call<'_>, n: usize, property: &Property) -> Outcome {
    Ok(match property.kind {
        DataType::Bool => value::bool(call.bool_or(n, false)?),
        DataType::String if property.nullable => value::text_or_null(call.bytes_or(n)?),
        DataType::String => value::text(call.bytes(n)?),
        _ => match call.instance_or(n, order::class(), "WechatPay\\Order")? {
            Some(order) => order.shallow_clone(),
            None => Zval::null(),
        },
    })
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

fn set_common(
    object: &mut ZendObject,
    advice: Advice,
    [retryable, maybe_processed, still_wanted]: [bool; 3],
    out_trade_no: Zval,
) {
    let flag = value::bool;
    let values =
        [enums::to_php(advice), flag(retryable), flag(maybe_processed), out_trade_no, flag(still_wanted)];
    for (property, value) in COMMON.iter().zip(values) {
        set(object, PAY.entry(), property.name, value);
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
    let (class, own) = class_of(&fault.error);
    let mut object = ZendObject::new(class.entry());
    let previous = match &fault.error {
        Error::Undecided { cause: Some(cause), .. } => Some(to_php(cause)),
        _ => None,
    };
    set_base(&mut object, message(fault).as_bytes(), 0, previous);
    let out_trade_no = value::text_or_null(fault.out_trade_no.as_deref());
    let flags = [fault.retryable, fault.maybe_processed, fault.still_wanted];
    set_common(&mut object, fault.advice, flags, out_trade_no);
    for (property, value) in class.own.iter().zip(own) {
        set(&mut object, class.entry(), property.name, value);
    }
    object.into_zval(false).unwrap_or_else(|_| Zval::null())
}

fn message(fault: &Fault) -> String {
    match &fault.out_trade_no {
        Some(number) => format!("{} (out_trade_no {number})", fault.error),
        None => fault.error.to_string(),
    }
}

fn class_of(error: &Error) -> (&'static Class, Vec<Zval>) {
    match error {
        Error::Argument(_) | Error::Configuration(_) => (&PAY, vec![]),
        Error::Transport(_) => (&TRANSPORT, vec![]),
        Error::Malformed(_) | Error::Bill(_) | Error::Split(_) => (&MALFORMED, vec![]),
        Error::Gateway { return_msg, .. } => (&GATEWAY, vec![value::text(return_msg)]),
        Error::Signature(_) => (&SIGNATURE, vec![]),
        Error::Mismatch { field, .. } => (&MISMATCH, vec![value::text(field)]),
        Error::Service { err_code, err_code_des } => {
            (&SERVICE, vec![value::text(err_code), value::text_or_null(err_code_des.as_deref())])
        }
        Error::Undecided { last_seen, reversed, .. } => {
            let last_seen = last_seen.as_deref().and_then(|o| order::to_php(o.clone()).ok());
            (&UNDECIDED, vec![last_seen.unwrap_or_else(Zval::null), value::bool(*reversed)])
        }
    }
}
