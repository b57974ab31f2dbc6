//! What a callback of the shop's gave back.

use crate::php::ledger::pdo_fault::PdoFault;
use ext_php_rs::types::Zval;

/// What a callback gave. Whatever is neither `false` nor a Generator counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gave {
    /// Nothing that says anything.
    Nothing,
    /// `false`.
    False,
    /// A Generator: there is a `yield` in it, and its body never ran.
    Generator,
}

impl Gave {
    /// Looks at what was given.
    pub fn of(answer: &Zval) -> Self {
        if answer.is_false() {
            return Self::False;
        }
        let class = answer.object().and_then(|object| object.get_class_name().ok());
        if class.as_deref() == Some("Generator") { Self::Generator } else { Self::Nothing }
    }

    /// Fails if the callback never ran.
    pub fn ran(self, name: &str) -> Result<Self, PdoFault> {
        self.never_ran(name).map_or(Ok(self), |why| Err(PdoFault::logic(why)))
    }

    /// Why it did nothing, if it did not even run.
    pub fn never_ran(self, name: &str) -> Option<String> {
        let is_generator = self == Self::Generator;
        is_generator
            .then(|| format!("{name} gave a Generator: there is a yield in it, and none of it has run"))
    }

    /// Fails if the callback never ran, or says that it did not do it.
    pub fn did(self, name: &str) -> Result<(), PdoFault> {
        match self.ran(name)? {
            Self::False => Err(PdoFault::logic(format!(
                "{name} gave false: nothing is stored; it throws what stands in the way, or gives anything else"
            ))),
            _ => Ok(()),
        }
    }
}
