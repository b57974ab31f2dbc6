//! Why a call of a PHP method ends without a value.

use crate::error::Fault;
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
    fn from(bad: BadArgument) -> Self {
        Self::Argument(bad)
    }
}

impl From<Fault> for Raise {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<ext_php_rs::error::Error> for Raise {
    fn from(e: ext_php_rs::error::Error) -> Self {
        if ExecutorGlobals::has_exception() { Self::Pending } else { Self::Engine(e.to_string()) }
    }
}

/// What a method gives back.
pub type Outcome = Result<Zval, Raise>;
