//! Rust's values as PHP's: what is not there is null.

use crate::php::engine::convert::{date, value};
use crate::php::engine::raise::Outcome;
use ext_php_rs::types::Zval;
use time::OffsetDateTime;

/// What has a PHP value.
pub trait ToPhp {
    /// The value.
    fn to_php(&self) -> Outcome;
}

impl ToPhp for str {
    fn to_php(&self) -> Outcome {
        Ok(value::text(self))
    }
}

impl ToPhp for String {
    fn to_php(&self) -> Outcome {
        Ok(value::text(self))
    }
}

impl ToPhp for i64 {
    fn to_php(&self) -> Outcome {
        Ok(value::int(*self))
    }
}

impl ToPhp for usize {
    fn to_php(&self) -> Outcome {
        Ok(value::int(i64::try_from(*self).unwrap_or(i64::MAX)))
    }
}

impl ToPhp for u64 {
    fn to_php(&self) -> Outcome {
        Ok(value::int(i64::try_from(*self).unwrap_or(i64::MAX)))
    }
}

impl ToPhp for bool {
    fn to_php(&self) -> Outcome {
        Ok(value::bool(*self))
    }
}

/// In Beijing's time.
impl ToPhp for OffsetDateTime {
    fn to_php(&self) -> Outcome {
        date::beijing(*self)
    }
}

impl<T: ToPhp> ToPhp for Option<T> {
    fn to_php(&self) -> Outcome {
        self.as_ref().map_or_else(|| Ok(Zval::null()), T::to_php)
    }
}

impl<T: ToPhp + ?Sized> ToPhp for &T {
    fn to_php(&self) -> Outcome {
        (**self).to_php()
    }
}
