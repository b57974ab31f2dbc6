//! Making PHP classes: methods with exact signatures, typed readonly properties, secrets hidden in traces.

use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::property;
use crate::php::engine::object::property::{Property, declare, mask};
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use ext_php_rs::args::{Arg, ArgInfoTables};
use ext_php_rs::builders::{ClassBuilder, FunctionBuilder};
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::error::Result;
use ext_php_rs::ffi::zend_function;
use ext_php_rs::flags::{DataType, MethodFlags};
use ext_php_rs::types::{ZendClassObject, ZendHashTable, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData, ZendObjectHandlers};
use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

/// What PHP calls.
pub type Handler = extern "C" fn(&mut ExecuteData, &mut Zval);

/// Declares classes of ours to PHP; runs while the module starts.
pub type Register = fn() -> Result<()>;

/// A method: name, parameters, what it gives back.
pub struct Method {
    /// The name.
    pub name: &'static str,
    /// What runs.
    pub handler: Handler,
    /// The parameters.
    pub params: &'static [Shown],
    /// The return type; `None` for constructors.
    pub returns: Option<Returns>,
    /// Called without an object?
    pub is_static: bool,
}

/// A return type.
#[derive(Debug, Clone, Copy)]
pub struct Returns(pub DataType, pub bool);

/// Makes a [`Method`] around a body `fn(&mut Call) -> Outcome`.
macro_rules! method {
    ($name:literal, $body:path, [$($param:expr),* $(,)?], $returns:expr) => {
        crate::php::engine::object::class::method!(@ $name, $body, [$($param),*], $returns, false)
    };
    (static $name:literal, $body:path, [$($param:expr),* $(,)?], $returns:expr) => {
        crate::php::engine::object::class::method!(@ $name, $body, [$($param),*], $returns, true)
    };
    (@ $name:literal, $body:path, [$($param:expr),*], $returns:expr, $is_static:literal) => {{
        static PARAMS: &[crate::php::engine::object::shown::Shown] = &[$($param.shown),*];
        extern "C" fn handler(ex: &mut ext_php_rs::zend::ExecuteData, returned: &mut ext_php_rs::types::Zval) {
            crate::php::engine::object::call::run(ex, returned, PARAMS, $body);
        }
        crate::php::engine::object::class::Method { name: $name, handler, params: PARAMS, returns: $returns, is_static: $is_static }
    }};
}
pub(crate) use method;

/// Which values of PHP's the Rust half of an object holds, so that PHP's collector can follow them.
///
/// Each reference is named once, by the object that owns it: the collector counts them off. What several objects share
/// is therefore an object of PHP's, and each of them has a reference to it.
pub trait Holds {
    /// Names what it holds now.
    fn each(&self, see: &mut dyn FnMut(&Zval));
}

/// Ties a Rust type to a PHP class: final, no dynamic properties, no serialization, no clone.
///
/// The last argument makes the object: a body that PHP runs as the public constructor, or `private` for values
/// that only we can make. A type that holds values of PHP's says so with `holds` and implements [`Holds`].
macro_rules! php_class {
    ($type:ty, $name:literal, private) => {
        crate::php::engine::object::class::php_class!(@ nothing $type);
        crate::php::engine::object::class::php_class!(@ $type, $name, {
            fn constructor() -> Option<ext_php_rs::class::ConstructorMeta<Self>> {
                Some(ext_php_rs::class::ConstructorMeta {
                    constructor: |_| {
                        let message = concat!("Cannot instantiate ", $name).to_owned();
                        ext_php_rs::class::ConstructorResult::Exception(message.into())
                    },
                    build_fn: |function| function,
                    flags: Some(ext_php_rs::flags::MethodFlags::Private),
                })
            }
        });
    };
    (@ nothing $type:ty) => {
        impl crate::php::engine::object::class::Holds for $type {
            fn each(&self, _: &mut dyn FnMut(&ext_php_rs::types::Zval)) {}
        }
    };
    ($type:ty, $name:literal, $construct:path, $params:expr) => {
        crate::php::engine::object::class::php_class!(@ nothing $type);
        crate::php::engine::object::class::php_class!($type, $name, $construct, $params, holds);
    };
    ($type:ty, $name:literal, $construct:path, $params:expr, holds) => {
        crate::php::engine::object::class::php_class!(@ $type, $name, {
            fn constructor() -> Option<ext_php_rs::class::ConstructorMeta<Self>> {
                Some(ext_php_rs::class::ConstructorMeta {
                    constructor: |ex| crate::php::engine::object::class::construct(ex, $params, $construct),
                    build_fn: |function| crate::php::engine::object::class::with_params(function, $params),
                    flags: Some(ext_php_rs::flags::MethodFlags::Public),
                })
            }
        });
    };
    (@ $type:ty, $name:literal, { $($constructor:tt)* }) => {
        impl ext_php_rs::class::RegisteredClass for $type {
            const CLASS_NAME: &'static str = $name;
            const BUILDER_MODIFIER: Option<fn(ext_php_rs::builders::ClassBuilder) -> ext_php_rs::builders::ClassBuilder> = None;
            const EXTENDS: Option<ext_php_rs::class::ClassEntryInfo> = None;
            const IMPLEMENTS: &'static [ext_php_rs::class::ClassEntryInfo] = &[];
            const FLAGS: ext_php_rs::flags::ClassFlags =
                ext_php_rs::flags::ClassFlags::Final.union(ext_php_rs::flags::ClassFlags::NoDynamicProperties);
            fn get_metadata() -> &'static ext_php_rs::class::ClassMetadata<Self> {
                static METADATA: ext_php_rs::class::ClassMetadata<$type> = ext_php_rs::class::ClassMetadata::new(&[]);
                &METADATA
            }
            fn method_builders() -> Vec<(ext_php_rs::builders::FunctionBuilder<'static>, ext_php_rs::flags::MethodFlags)> {
                Vec::new()
            }
            $($constructor)*
            fn constants() -> &'static [(
                &'static str,
                &'static dyn ext_php_rs::convert::IntoZvalDyn,
                ext_php_rs::describe::DocComments,
                ext_php_rs::flags::ConstantFlags,
            )] {
                &[]
            }
        }
    };
}
pub(crate) use php_class;

use ext_php_rs::class::ConstructorResult;

/// Runs a constructor's body.
pub fn construct<T: RegisteredClass>(
    ex: &mut ExecuteData,
    params: &'static [Shown],
    body: fn(&mut Call<'_>) -> std::result::Result<T, Raise>,
) -> ConstructorResult<T> {
    door::frame(|| constructed(ex, params, body)).unwrap_or(ConstructorResult::ArgError)
}

fn constructed<T: RegisteredClass>(
    ex: &mut ExecuteData,
    params: &'static [Shown],
    body: fn(&mut Call<'_>) -> std::result::Result<T, Raise>,
) -> ConstructorResult<T> {
    let Some(mut call) = Call::new(ex, params) else { return ConstructorResult::ArgError };
    let made = call.unconstructed::<T>().and_then(|()| body(&mut call));
    // PHP code that an argument ran may have constructed the same object meanwhile.
    match made.and_then(|made| call.unconstructed::<T>().map(|()| made)) {
        Ok(value) => ConstructorResult::Ok(value),
        Err(raise) => {
            call.raise(raise);
            ConstructorResult::ArgError
        }
    }
}

impl Call<'_> {
    /// Fails if `$this` has been constructed already.
    fn unconstructed<T: RegisteredClass>(&mut self) -> std::result::Result<(), Raise> {
        match self.this::<T>() {
            Ok(_) => Err(Raise::Engine(format!("{} is constructed already", T::CLASS_NAME))),
            Err(_) => Ok(()),
        }
    }

    /// Fills the properties of `$this`: the last thing that a constructor does.
    pub fn fill<T: RegisteredClass, G>(
        &mut self,
        properties: &[Property<G>],
        read: impl Fn(&G) -> Outcome,
    ) -> std::result::Result<(), Raise> {
        self.unconstructed::<T>()?;
        property::fill(self.this_object()?, properties, read)
    }
}

/// Adds parameters to a function.
pub fn with_params<'a>(function: FunctionBuilder<'a>, params: &'static [Shown]) -> FunctionBuilder<'a> {
    let required = params.iter().filter(|p| p.default.is_none() && !p.variadic).count();
    let variadic = usize::from(params.iter().any(|p| p.variadic));
    params.iter().fold(function, |f, p| f.arg(arg(p))).required_args(required + variadic)
}

fn arg(param: &Shown) -> Arg<'static> {
    let mut arg = Arg::new(param.name, param.kind);
    if param.nullable {
        arg = arg.allow_null();
    }
    if let Some(default) = param.default {
        arg = arg.default(default);
    }
    if param.variadic {
        arg = arg.is_variadic();
    }
    arg
}

/// The function PHP sees for a method.
pub fn function(method: &Method) -> (FunctionBuilder<'static>, MethodFlags) {
    let mut function = with_params(FunctionBuilder::new(method.name, method.handler), method.params);
    if let Some(Returns(kind, nullable)) = method.returns {
        function = function.returns(kind, false, nullable);
    }
    let flags =
        if method.is_static { MethodFlags::Public | MethodFlags::Static } else { MethodFlags::Public };
    (function, flags)
}

/// Registers a class of ours. Called while the module starts.
pub fn register<T: RegisteredClass + Holds, G>(
    properties: &[Property<G>],
    methods: &[Method],
    interfaces: &[ext_php_rs::class::ClassEntryInfo],
) -> Result<()> {
    let mut builder = ClassBuilder::new(T::CLASS_NAME).flags(T::FLAGS);
    for method in methods {
        let (function, flags) = function(method);
        builder = builder.method(function, flags);
    }
    for interface in interfaces {
        builder = builder.implements(*interface);
    }
    builder
        .object_override::<T>()
        .registration(|class: &'static mut ClassEntry, tables: ArgInfoTables| {
            T::get_metadata().set_ce(class);
            T::get_metadata().set_arg_info(tables);
        })
        .register()?;
    // SAFETY: there is no object yet that has these handlers, and nobody else reads them.
    unsafe { (&raw mut (*handlers::<T>()).get_gc).write(Some(held::<T>)) };
    let class = T::get_metadata().ce();
    declare(class, properties);
    for method in methods {
        hide(class, method.name, method.params);
        widen(class, method);
    }
    Ok(())
}

/// The engine's functions for objects of a class, in a cell of its own; to be changed while the module starts.
pub fn handlers<T: RegisteredClass>() -> *mut ZendObjectHandlers {
    std::ptr::from_ref(T::get_metadata().handlers()).cast_mut()
}

/// What the collector asks an object for: what its Rust half holds, and its properties.
unsafe extern "C" fn held<T: RegisteredClass + Holds>(
    object: *mut ZendObject,
    table: *mut *mut Zval,
    count: *mut c_int,
) -> *mut ZendHashTable {
    // SAFETY: the engine asks a live object of this class, with places for the answer; its slots are as many as its
    // class declares.
    unsafe {
        let buffer = zend::zend_get_gc_buffer_create();
        let mut see = |value: &Zval| zend::GcBuffer::add(buffer, value);
        let ours = ZendClassObject::<T>::from_zend_obj(&*object).and_then(|object| object.obj.as_ref());
        if let Some(ours) = ours {
            ours.each(&mut see);
        }
        if (*object).properties.is_null() {
            let slots = usize::try_from((*(*object).ce).default_properties_count).unwrap_or(0);
            let first = (*object).properties_table.as_ptr();
            (0..slots).for_each(|at| see(&*first.add(at)));
        }
        *table = (*buffer).start;
        *count = c_int::try_from((*buffer).cur.offset_from((*buffer).start)).unwrap_or(0);
        (*object).properties
    }
}

/// Keeps what the engine points into until the process ends.
pub fn keep(tables: ArgInfoTables) {
    static KEPT: Mutex<Vec<KeptTables>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(KeptTables(tables));
}

struct KeptTables(#[expect(dead_code, reason = "only kept alive")] ArgInfoTables);

// SAFETY: nobody reads the tables through this; the engine, which does, never writes to them.
unsafe impl Send for KeptTables {}

/// Lets parameters be something beside objects of their class, as reflection shows them.
fn widen(class: &ClassEntry, method: &Method) {
    let lower = method.name.to_ascii_lowercase();
    let Some(entry) = class.function_table.get(lower.as_str()) else { return };
    // SAFETY: a class's function table holds pointers to functions and nothing else.
    let Some(found) = (unsafe { entry.ptr::<zend_function>() }) else { return };
    for (at, param) in method.params.iter().enumerate() {
        let Some(more) = param.beside.map(mask) else { continue };
        // SAFETY: `found` is the function just registered; it has as many descriptions as parameters, in memory that is
        // its own and that nobody reads yet.
        unsafe { (*(*found).common.arg_info.add(at)).type_.type_mask |= more };
    }
}

/// Marks secret parameters with `#[\SensitiveParameter]`, so that traces show no key.
pub fn hide(class: &ClassEntry, method: &str, params: &[Shown]) {
    let lower = method.to_ascii_lowercase();
    let Some(entry) = class.function_table.get(lower.as_str()) else { return };
    // SAFETY: a class's function table holds pointers to functions and nothing else.
    let Some(found) = (unsafe { entry.ptr::<zend_function>() }) else { return };
    for (at, _) in params.iter().enumerate().filter(|(_, p)| p.sensitive) {
        let offset = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let name = ZendStr::new_interned("SensitiveParameter", true).into_raw();
        // SAFETY: `found` is the function just registered; the attribute is made persistent (flag 1), as those
        // of internal functions are.
        unsafe {
            let attributes = &raw mut (*found).common.attributes;
            zend::zend_add_attribute(attributes.cast(), name, 0, 1, offset, 0);
        }
    }
}
