//! One call of a PHP method: its arguments as PHP's internal functions take them, and its end.

use crate::model::argument::BadArgument;
use crate::php::engine::guard::door;
use crate::php::engine::guard::throw::raise;
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::ffi;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, ZendHashTable, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData, ExecutorGlobals};
use std::ffi::CString;
use std::ptr;

/// The running call.
pub struct Call<'a> {
    ex: &'a mut ExecuteData,
    params: &'static [Shown],
    count: usize,
}

/// Runs a method's body: counts the arguments, turns every end into PHP's. A panic becomes an `Error`.
pub fn run(
    ex: &mut ExecuteData,
    returned: &mut Zval,
    params: &'static [Shown],
    body: fn(&mut Call<'_>) -> Outcome,
) {
    door::frame(|| {
        let Some(mut call) = Call::new(ex, params) else { return };
        match body(&mut call) {
            Ok(value) => *returned = value,
            Err(raise) => call.raise(raise),
        }
    });
}

impl<'a> Call<'a> {
    /// Checks the number of arguments, and that none has an unknown name; else PHP's `ArgumentCountError` is pending.
    pub fn new(ex: &'a mut ExecuteData, params: &'static [Shown]) -> Option<Self> {
        let count = zend::argument_count(ex);
        let required = params.iter().filter(|p| p.default.is_none() && !p.variadic).count();
        let variadic = params.iter().any(|p| p.variadic);
        let (least, most) = (u32::try_from(required).ok()?, u32::try_from(params.len()).ok()?);
        if count < least || (count > most && !variadic) {
            // SAFETY: only formats a message and throws.
            unsafe { ffi::zend_wrong_parameters_count_error(least, if variadic { u32::MAX } else { most }) };
            return None;
        }
        if zend::has_unknown_names(ex) {
            // SAFETY: only formats a message and throws.
            unsafe { zend::zend_unexpected_extra_named_error() };
            return None;
        }
        Some(Self { ex, params, count: count as usize })
    }

    /// Throws, unless the script is over anyway.
    pub fn raise(&self, raised: Raise) {
        match raised {
            Raise::Argument(bad) if !door::is_shut() => self.value_error(bad),
            other => raise(other),
        }
    }

    fn value_error(&self, bad: BadArgument) {
        let Some(at) = self.params.iter().position(|p| p.name == bad.name) else {
            // No argument of this method is to blame.
            return raise(Raise::Argument(bad));
        };
        let number = number(at);
        let what = CString::new(bad.what.replace('\0', "\\0")).unwrap_or_default();
        // SAFETY: format and text are NUL-terminated; the engine copies both.
        unsafe { zend::zend_argument_value_error(number, c"%s".as_ptr(), what.as_ptr()) };
    }

    /// The same by the argument's place.
    pub fn type_error_at(n: usize, what: &str) -> Raise {
        let what = CString::new(what.replace('\0', "\\0")).unwrap_or_default();
        // SAFETY: as in `value_error`.
        unsafe { zend::zend_argument_type_error(number(n), c"%s".as_ptr(), what.as_ptr()) };
        Raise::Pending
    }

    /// A `ValueError` for the n-th argument.
    pub fn bad_at(&self, n: usize, what: impl Into<String>) -> Raise {
        let name = self.params.get(n).map_or("", |p| p.name);
        Raise::Argument(BadArgument::new(name, what))
    }

    /// The n-th argument, counted from 0; `None` if it was not given, or skipped by a named one.
    pub fn zval_at(&self, n: usize) -> Option<&'a mut Zval> {
        if n >= self.count {
            return None;
        }
        // SAFETY: n is below the number of arguments of this running call; each slot is read through one
        // reference at a time, and outlives the call's body.
        let arg = unsafe { self.ex.zend_call_arg(n) }?;
        if arg.is_reference() {
            return arg.reference_mut();
        }
        (arg.get_type() != DataType::Undef).then_some(arg)
    }

    /// The places of arguments from one on.
    pub fn places_from(&self, first: usize) -> std::ops::Range<usize> {
        first..self.count.max(first)
    }

    /// Where a parameter of this name has its argument.
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|shown| shown.name == name)
    }

    /// Is there an argument, and no null where null says that there is none?
    pub fn is_given(&self, n: usize) -> bool {
        self.given(n).is_some()
    }

    fn given(&self, n: usize) -> Option<&'a mut Zval> {
        let nullable = self.params.get(n).is_some_and(|p| p.nullable);
        self.zval_at(n).filter(|arg| !(nullable && arg.is_null()))
    }

    /// A string argument's bytes, `None` if it is null or absent.
    pub fn bytes_or(&self, n: usize) -> Result<Option<&'a [u8]>, Raise> {
        let Some(arg) = self.given(n) else { return Ok(None) };
        if arg.is_string() {
            return Ok(arg.zend_str().map(ZendStr::as_bytes));
        }
        let mut text: *mut ffi::zend_string = ptr::null_mut();
        // SAFETY: `arg` is a live argument slot.
        let read = door::through(|| unsafe { zend::zend_parse_arg_str_slow(arg, &raw mut text, number(n)) })?;
        if !read {
            return Err(self.wrong_type(n, ffi::_zend_expected_type_Z_EXPECTED_STRING, arg));
        }
        // SAFETY: a converted string is stored back into its slot by the engine, so it lives as long as the slot.
        Ok(unsafe { text.cast_const().cast::<ZendStr>().as_ref() }.map(ZendStr::as_bytes))
    }

    /// A string argument that must be UTF-8, `None` if it is null or absent.
    pub fn text_or(&self, n: usize) -> Result<Option<&'a str>, Raise> {
        let Some(bytes) = self.bytes_or(n)? else { return Ok(None) };
        let text = std::str::from_utf8(bytes).map_err(|_| self.bad_at(n, "must be valid UTF-8"))?;
        Ok(Some(text))
    }

    /// An int argument, `None` if it is null or absent.
    pub fn int_or_null(&self, n: usize) -> Result<Option<i64>, Raise> {
        let Some(arg) = self.given(n) else { return Ok(None) };
        if let Some(int) = arg.long() {
            return Ok(Some(int));
        }
        let mut int = 0;
        // SAFETY: `arg` is a live argument slot.
        if door::through(|| unsafe { zend::zend_parse_arg_long_slow(arg, &raw mut int, number(n)) })? {
            return Ok(Some(int));
        }
        Err(self.wrong_type(n, ffi::_zend_expected_type_Z_EXPECTED_LONG, arg))
    }

    /// An amount of money: an int, or a numeric text or float that is whole (decisions.md 8.7). PHP would cut a fraction
    /// off, and a text behind its digits; money is never cut.
    pub fn fen(&self, n: usize) -> Result<i64, Raise> {
        if let Some(arg) = self.given(n) {
            let text = arg.zend_str().map(ZendStr::as_bytes);
            let is_cut =
                text.is_some_and(|text| !is_whole(text)) || arg.double().is_some_and(|f| f.fract() != 0.0);
            if is_cut {
                return Err(self.wrong_type(n, ffi::_zend_expected_type_Z_EXPECTED_LONG, arg));
            }
        }
        Ok(self.int_or_null(n)?.unwrap_or_default())
    }

    /// A bool argument, `None` if it is null or absent.
    pub fn bool_or_null(&self, n: usize) -> Result<Option<bool>, Raise> {
        let Some(arg) = self.given(n) else { return Ok(None) };
        if let Some(flag) = arg.bool() {
            return Ok(Some(flag));
        }
        let mut flag = false;
        // SAFETY: `arg` is a live argument slot.
        if door::through(|| unsafe { zend::zend_parse_arg_bool_slow(arg, &raw mut flag, number(n)) })? {
            return Ok(Some(flag));
        }
        Err(self.wrong_type(n, ffi::_zend_expected_type_Z_EXPECTED_BOOL, arg))
    }

    /// An array argument, `None` if it is null or absent.
    pub fn array_or(&self, n: usize) -> Result<Option<&'a ZendHashTable>, Raise> {
        let Some(arg) = self.given(n) else { return Ok(None) };
        if !arg.is_array() {
            return Err(self.wrong_type(n, ffi::_zend_expected_type_Z_EXPECTED_ARRAY, arg));
        }
        Ok(arg.array())
    }

    /// A callable argument, `None` if it is null or absent.
    pub fn callable_or(&self, n: usize) -> Result<Option<Zval>, Raise> {
        let Some(arg) = self.given(n) else { return Ok(None) };
        let mut error = ptr::null_mut();
        let nobody = ptr::null_mut();
        // SAFETY: `arg` is a live argument slot; `error` is freed by the error function below.
        let callable = door::through(|| unsafe {
            zend::zend_is_callable_ex(arg, nobody, 0, ptr::null_mut(), ptr::null_mut(), &raw mut error)
        })?;
        if callable {
            return Ok(Some(arg.shallow_clone()));
        }
        if !ExecutorGlobals::has_exception() {
            // SAFETY: `error` was allocated by the engine, which frees it here.
            unsafe {
                if self.params.get(n).is_some_and(|p| p.nullable) {
                    zend::zend_wrong_callback_or_null_error(number(n), error);
                } else {
                    zend::zend_wrong_callback_error(number(n), error);
                }
            }
        }
        Err(Raise::Pending)
    }

    /// An object argument of one of our classes, `None` if it is null or absent.
    pub fn object_or<T: RegisteredClass>(&self, n: usize) -> Result<Option<&'a T>, Raise> {
        let Some(arg) = self.instance_or(n, T::get_metadata().ce(), T::CLASS_NAME)? else { return Ok(None) };
        let class_object = arg.object().and_then(ZendClassObject::<T>::from_zend_obj);
        let inner = class_object.and_then(|object| object.obj.as_ref());
        inner.map(Some).ok_or_else(|| Raise::Engine(format!("this {} was not constructed", T::CLASS_NAME)))
    }

    /// An argument that must be an instance of a class.
    pub fn instance_or(
        &self,
        n: usize,
        class: &ClassEntry,
        name: &str,
    ) -> Result<Option<&'a mut Zval>, Raise> {
        let Some(arg) = self.given(n) else { return Ok(None) };
        if arg.object().is_some_and(|object| object.instance_of(class)) {
            return Ok(Some(arg));
        }
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: formats a message and throws.
        unsafe {
            if self.params.get(n).is_some_and(|p| p.nullable) {
                zend::zend_wrong_parameter_class_or_null_error(number(n), name.as_ptr(), arg);
            } else {
                zend::zend_wrong_parameter_class_error(number(n), name.as_ptr(), arg);
            }
        }
        Err(Raise::Pending)
    }

    /// `$this`, as what it holds.
    pub fn this<T: RegisteredClass>(&mut self) -> Result<&'a T, Raise> {
        let object = self.this_object()?;
        let inner = ZendClassObject::<T>::from_zend_obj(object).and_then(|o| o.obj.as_ref());
        inner.ok_or_else(|| Raise::Engine(format!("this {} was not constructed", T::CLASS_NAME)))
    }

    /// `$this`.
    pub fn this_object(&mut self) -> Result<&'a mut ZendObject, Raise> {
        let object =
            self.ex.This.object_mut().ok_or_else(|| Raise::Engine("called without an object".into()))?;
        let object = ptr::from_mut(object);
        // SAFETY: the engine holds `$this` for the whole call.
        Ok(unsafe { &mut *object })
    }

    fn wrong_type(&self, n: usize, expected: u32, arg: &mut Zval) -> Raise {
        if !ExecutorGlobals::has_exception() {
            let or_null = u32::from(self.params.get(n).is_some_and(|p| p.nullable));
            // SAFETY: formats a message and throws; "or null" is the next value of the enumeration.
            unsafe { zend::zend_wrong_parameter_type_error(number(n), expected + or_null, arg) };
        }
        Raise::Pending
    }
}

/// A number without a fraction, as PHP writes numbers; blanks may stand around it.
pub fn is_whole(text: &[u8]) -> bool {
    let Some(number) = std::str::from_utf8(text).ok().map(str::trim) else { return false };
    let is_number = |b: u8| matches!(b, b'+' | b'-' | b'.' | b'e' | b'E') || b.is_ascii_digit();
    let Some(parsed) = number.parse::<f64>().ok().filter(|_| number.bytes().all(is_number)) else {
        return false;
    };
    // A float forgets a fraction behind many digits, the text does not.
    let written = number.split_once('.').map_or("", |(_, fraction)| fraction);
    parsed.fract() == 0.0 && (number.contains(['e', 'E']) || written.bytes().all(|digit| digit == b'0'))
}

fn number(n: usize) -> u32 {
    u32::try_from(n + 1).unwrap_or(u32::MAX)
}
