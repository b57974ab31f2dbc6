//! What went wrong on a connection, and what it means for the ledger.

use super::dialect::{Dialect, Problem, classify, is_definite, is_in_transaction, is_missing, is_taken};
use crate::ledger::store::{Failure, Kind};

/// What went wrong; `C` is what it came from.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own to the database's error")]
pub struct SqlFault<C> {
    /// What it means for us.
    pub kind: Kind,
    /// Did a unique key stand in the way?
    pub taken: bool,
    /// Does a transaction run that the connection has not begun?
    pub nested: bool,
    /// Has the database itself said that it did not do it?
    pub definite: bool,
    /// Is it the program's fault and not the database's: a `LogicException`?
    pub logic: bool,
    /// Our own words, where there is no cause or it says too little.
    pub message: String,
    /// What it came from, if it was not found by us.
    pub cause: Option<C>,
}

impl<C> std::fmt::Debug for SqlFault<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqlFault({:?}: {})", self.kind, self.message)
    }
}

impl<C> Failure for SqlFault<C> {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn text(&self) -> &str {
        &self.message
    }
}

impl<C> SqlFault<C> {
    /// A fault that we found ourselves.
    pub fn own(message: String) -> Self {
        Self {
            kind: Kind::Other,
            taken: false,
            nested: false,
            definite: false,
            logic: false,
            message,
            cause: None,
        }
    }

    /// Something that the program must not do.
    pub fn logic(message: impl Into<String>) -> Self {
        Self { logic: true, ..Self::own(message.into()) }
    }

    /// A transaction that is not what it was.
    pub fn broken(message: &str) -> Self {
        Self { kind: Kind::Broken, ..Self::logic(message) }
    }

    /// A connection that cannot be used any more.
    pub fn lost(message: &str) -> Self {
        Self { kind: Kind::Lost, ..Self::own(message.to_owned()) }
    }

    /// What the database said.
    pub fn of(dialect: Dialect, problem: &Problem) -> Self {
        if is_missing(dialect, problem) {
            return Self::logic(format!(
                "The ledger's tables are not there, call Ledger::install(): {}",
                problem.text
            ));
        }
        Self {
            kind: classify(dialect, problem),
            taken: is_taken(dialect, problem),
            nested: is_in_transaction(dialect, problem),
            definite: is_definite(dialect, problem),
            ..Self::own(problem.text.clone())
        }
    }

    /// The same fault with another meaning.
    #[must_use]
    pub fn meaning(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}
