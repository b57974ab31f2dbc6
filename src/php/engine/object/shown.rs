//! What reflection shows of a parameter.

use crate::php::engine::raise::Raise;
use ext_php_rs::flags::DataType;

/// A parameter as reflection shows it.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The name, in PHP's case.
    pub name: &'static str,
    /// The type.
    pub kind: DataType,
    /// May it be null?
    pub nullable: bool,
    /// What it may be beside its type.
    pub beside: Option<DataType>,
    /// The default as PHP code; none for required ones.
    pub default: Option<&'static str>,
    /// Does it take the rest?
    pub variadic: bool,
    /// Must traces hide it?
    pub sensitive: bool,
}

impl Shown {
    /// The default's own text: that of a number, inside the quotes of a text, the name of a case.
    pub fn default_word(&self) -> &'static str {
        let code = self.default.unwrap_or_default();
        code.rsplit("::").next().unwrap_or(code).trim_matches('\'')
    }

    /// What is said of a required argument that is not there, as PHP sees to.
    pub fn missing(&self) -> Raise {
        Raise::Engine(format!("the argument ${} is missing", self.name))
    }
}
