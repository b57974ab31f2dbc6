//! Parameters of methods: each is declared once, with its name, type and default, and read by that declaration.

use crate::model::argument::BadArgument;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::ClassEntry;
use std::marker::PhantomData;

/// A parameter whose arguments are read as `T` says.
pub struct Param<T> {
    /// What reflection shows.
    pub shown: Shown,
    read_as: PhantomData<fn() -> T>,
}

impl<T> Clone for Param<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Param<T> {}

/// How an argument is read.
pub trait Argument {
    /// What is read.
    type Of<'a>;

    /// Reads the argument at a place; an absent one is its parameter's default.
    fn read<'a>(call: &Call<'a>, n: usize, shown: &Shown) -> Result<Self::Of<'a>, Raise>;
}

impl<'a> Call<'a> {
    /// The argument of a parameter.
    pub fn get<T: Argument>(&self, param: Param<T>) -> Result<T::Of<'a>, Raise> {
        let n = self
            .place(param)
            .ok_or_else(|| Raise::Engine(format!("this method has no parameter ${}", param.shown.name)))?;
        T::read(self, n, &param.shown)
    }

    /// Where this method has a parameter.
    pub fn place<T>(&self, param: Param<T>) -> Option<usize> {
        self.place_of(param.shown.name)
    }

    /// The argument of a parameter as it is; `None` if it was not given.
    pub fn zval<T>(&self, param: Param<T>) -> Option<&'a mut Zval> {
        self.zval_at(self.place(param)?)
    }

    /// The arguments that a parameter takes as the rest, each with its value in PHP; none if there are none.
    pub fn rest<T: Argument>(&self, param: Param<T>) -> Result<Vec<(T::Of<'a>, Zval)>, Raise> {
        let first = self.place(param).unwrap_or(usize::MAX);
        let zval = |n| self.zval_at(n).map_or_else(Zval::null, |zval| zval.shallow_clone());
        self.places_from(first).map(|n| Ok((T::read(self, n, &param.shown)?, zval(n)))).collect()
    }

    /// A `ValueError` for an argument.
    #[allow(clippy::unused_self, reason = "an argument is blamed in its call")]
    pub fn bad<T>(&self, param: Param<T>, what: impl Into<String>) -> Raise {
        Raise::Argument(BadArgument::new(param.shown.name, what))
    }

    /// A wrong type inside an argument: PHP's `TypeError` for that argument.
    pub fn type_error<T>(&self, param: Param<T>, what: &str) -> Raise {
        Self::type_error_at(self.place(param).unwrap_or_default(), what)
    }

    /// An argument that must be an instance of the class that its parameter names.
    pub fn instance<T>(&self, param: Param<T>, class: &ClassEntry) -> Result<Option<&'a mut Zval>, Raise> {
        let name = param.shown.kind.class_name().unwrap_or_default();
        self.instance_or(self.place(param).unwrap_or(usize::MAX), class, name)
    }
}

/// A required parameter of some type.
pub const fn param<T>(name: &'static str, kind: DataType) -> Param<T> {
    let shown =
        Shown { name, kind, nullable: false, beside: None, default: None, variadic: false, sensitive: false };
    Param { shown, read_as: PhantomData }
}

impl<T> Param<T> {
    /// What is shown like this is read as `T` says.
    pub const fn of(shown: Shown) -> Self {
        Self { shown, read_as: PhantomData }
    }

    /// With a default, written as PHP code.
    pub const fn or(self, default: &'static str) -> Self {
        Param::of(Shown { default: Some(default), ..self.shown })
    }

    /// Nullable, null by default.
    pub const fn or_null(self) -> Param<Optional<T>> {
        Param::of(Shown { nullable: true, default: Some("null"), ..self.shown })
    }

    /// Or an array.
    pub const fn or_array(self) -> Self {
        Param::of(Shown { beside: Some(DataType::Array), ..self.shown })
    }

    /// Hidden in traces.
    pub const fn secret(self) -> Self {
        Param::of(Shown { sensitive: true, ..self.shown })
    }

    /// Takes all further arguments.
    pub const fn rest(self) -> Self {
        Param::of(Shown { variadic: true, ..self.shown })
    }
}

impl Param<Array> {
    /// An empty array by default.
    pub const fn or_empty(self) -> Param<Optional<Array>> {
        Param::of(Shown { default: Some("[]"), ..self.shown })
    }
}

impl<T> Param<Optional<T>> {
    /// The same where it was found to be given.
    pub const fn given(self) -> Param<T> {
        Param::of(self.shown)
    }
}

/// What may be null or absent.
pub struct Optional<T>(PhantomData<T>);

impl<T: Argument> Argument for Optional<T> {
    type Of<'a> = Option<T::Of<'a>>;

    fn read<'a>(call: &Call<'a>, n: usize, shown: &Shown) -> Result<Self::Of<'a>, Raise> {
        if call.is_given(n) { T::read(call, n, shown).map(Some) } else { Ok(None) }
    }
}

/// A string's bytes.
pub struct Bytes;

/// A string of any bytes.
pub const fn bytes(name: &'static str) -> Param<Bytes> {
    param(name, DataType::String)
}

impl Argument for Bytes {
    type Of<'a> = &'a [u8];

    fn read<'a>(call: &Call<'a>, n: usize, shown: &Shown) -> Result<&'a [u8], Raise> {
        Ok(call.bytes_or(n)?.unwrap_or(shown.default_word().as_bytes()))
    }
}

/// A string that must be UTF-8.
pub struct Text;

/// A string of UTF-8.
pub const fn text(name: &'static str) -> Param<Text> {
    param(name, DataType::String)
}

impl Argument for Text {
    type Of<'a> = &'a str;

    fn read<'a>(call: &Call<'a>, n: usize, shown: &Shown) -> Result<&'a str, Raise> {
        Ok(call.text_or(n)?.unwrap_or(shown.default_word()))
    }
}

/// An int.
pub struct Int;

/// An int, as PHP takes it.
pub const fn int(name: &'static str) -> Param<Int> {
    param(name, DataType::Long)
}

impl Argument for Int {
    type Of<'a> = i64;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Result<i64, Raise> {
        Ok(call.int_or_null(n)?.unwrap_or_else(|| shown.default_word().parse().unwrap_or_default()))
    }
}

/// An amount of money.
pub struct Fen;

/// An amount of money: an int of which nothing was cut off.
pub const fn fen(name: &'static str) -> Param<Fen> {
    param(name, DataType::Long)
}

impl Argument for Fen {
    type Of<'a> = i64;

    fn read(call: &Call<'_>, n: usize, _: &Shown) -> Result<i64, Raise> {
        call.fen(n)
    }
}

/// A bool.
pub struct Bool;

/// A bool, as PHP takes it.
pub const fn flag(name: &'static str) -> Param<Bool> {
    param(name, DataType::Bool)
}

impl Argument for Bool {
    type Of<'a> = bool;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Result<bool, Raise> {
        Ok(call.bool_or_null(n)?.unwrap_or(shown.default_word() == "true"))
    }
}

/// An array.
pub struct Array;

/// An array of anything.
pub const fn array(name: &'static str) -> Param<Array> {
    param(name, DataType::Array)
}

impl Argument for Array {
    type Of<'a> = &'a ZendHashTable;

    fn read<'a>(call: &Call<'a>, n: usize, shown: &Shown) -> Result<&'a ZendHashTable, Raise> {
        call.array_or(n)?.ok_or_else(|| shown.missing())
    }
}

/// Something to call.
pub struct Callback;

/// A callable, held for as long as its value is.
pub const fn callback(name: &'static str) -> Param<Callback> {
    param(name, DataType::Callable)
}

impl Argument for Callback {
    type Of<'a> = Zval;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Result<Zval, Raise> {
        call.callable_or(n)?.ok_or_else(|| shown.missing())
    }
}

/// An object of one of our classes.
pub struct Object<T>(PhantomData<T>);

/// An object of one of our classes, as what it holds.
pub const fn object<T: RegisteredClass>(name: &'static str) -> Param<Object<T>> {
    param(name, DataType::object(T::CLASS_NAME))
}

impl<T: RegisteredClass> Argument for Object<T> {
    type Of<'a> = &'a T;

    fn read<'a>(call: &Call<'a>, n: usize, shown: &Shown) -> Result<&'a T, Raise> {
        call.object_or(n)?.ok_or_else(|| shown.missing())
    }
}

/// An instant.
pub struct Instant;

/// A `DateTimeInterface`, read as seconds since 1970; what gives no number counts as later than any time.
pub const fn instant(name: &'static str) -> Param<Instant> {
    param(name, DataType::object("DateTimeInterface"))
}

impl Argument for Instant {
    type Of<'a> = i64;

    fn read(call: &Call<'_>, n: usize, shown: &Shown) -> Result<i64, Raise> {
        // SAFETY: ext/date is always there, and its interface lives as long as the process.
        let interface: &ClassEntry = unsafe { &*zend::php_date_get_interface_ce() };
        let given = call.instance_or(n, interface, "DateTimeInterface")?;
        let time = given.and_then(|zval| zval.object()).ok_or_else(|| shown.missing())?;
        Ok(door::method(time, "getTimestamp", &[])?.long().unwrap_or(i64::MAX))
    }
}

/// What only its own reader knows: a PHP class that may be missing, or one of several types.
pub struct Raw;
