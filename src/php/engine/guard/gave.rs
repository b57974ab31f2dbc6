//! What a callback of the shop's gave back.

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

    /// Why it did nothing, if it did not even run.
    pub fn never_ran(self, name: &str) -> Option<String> {
        let is_generator = self == Self::Generator;
        is_generator
            .then(|| format!("{name} gave a Generator: there is a yield in it, and none of it has run"))
    }
}
