//! Why a call of a PHP method ends without a value.

use crate::error::{Error, Fault};
use crate::model::argument::BadArgument;
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ExecutorGlobals;

/// Why a call ends without a value.
#[derive(Debug)]
pub enum Raise {
    /// An exception is pending already, or the engine bails out.
    Pending,
    /// An argument that no call could use: a `ValueError` that names it.
    Argument(BadArgument),
    /// A fault of the conversation: a `PayException`.
    Fault(Box<Fault>),
    /// The program asks for something that cannot be at this point: a `LogicException`.
    Logic(String),
    /// A fault of the engine: an `Error`.
    Engine(String),
}

impl From<BadArgument> for Raise {
    /// The core names fields; PHP's arguments are named after them.
    fn from(bad: BadArgument) -> Self {
        Self::Argument(BadArgument { name: camel_case(&bad.name).into(), what: with_arguments(&bad.what) })
    }
}

/// `outTradeNo` for `out_trade_no`.
pub fn camel_case(field: &str) -> String {
    let mut before = None;
    let letter = |c: char| if before.replace(c) == Some('_') { c.to_ascii_uppercase() } else { c };
    field.chars().map(letter).filter(|c| *c != '_').collect()
}

/// The same for each field that a text names with a `$`, as PHP names an argument.
fn with_arguments(text: &str) -> String {
    let mut parts = text.split('$');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |text, part| {
        let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(part.len());
        let (field, rest) = part.split_at(end);
        text + "$" + &camel_case(field) + rest
    })
}

impl From<Fault> for Raise {
    /// What a dialect cannot take of an argument is the argument's fault, not the conversation's.
    fn from(fault: Fault) -> Self {
        match fault.error {
            Error::Argument(bad) => Self::from(bad),
            _ => Self::Fault(Box::new(fault)),
        }
    }
}

impl From<ext_php_rs::error::Error> for Raise {
    fn from(e: ext_php_rs::error::Error) -> Self {
        if ExecutorGlobals::has_exception() { Self::Pending } else { Self::Engine(e.to_string()) }
    }
}

/// What a method gives back.
pub type Outcome = Result<Zval, Raise>;
