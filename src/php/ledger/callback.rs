//! How the shop's callbacks end.

use crate::ledger::sql::dialect::Dialect;
use crate::ledger::store::Kind;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::raise::Raise;
use crate::php::ledger::pdo::fault::{PdoFault, of_raise, taken};

/// A callback's end. What its exception says of tables, keys or replicas is about the shop's own.
pub fn of_callback<R>(dialect: Dialect, called: Result<R, Raise>, what: &str) -> Result<R, PdoFault> {
    if let Some(fault) = taken(dialect) {
        let kind = if fault.kind == Kind::ReadOnly { Kind::Other } else { fault.kind };
        return Err(PdoFault { kind, taken: false, nested: false, logic: false, ..fault });
    }
    called.map_err(|raise| of_raise(raise, what))
}

impl Gave {
    /// Fails if the callback never ran.
    pub fn ran(self, name: &str) -> Result<Self, PdoFault> {
        self.never_ran(name).map_or(Ok(self), |why| Err(PdoFault::logic(why)))
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
