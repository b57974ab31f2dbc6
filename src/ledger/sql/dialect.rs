//! The ledger's SQL, as plain text for three databases: nothing here talks to one.
//!
//! What differs is small and stands together: types, the clock, the row lock, "insert once", how due rows are
//! claimed, and which error means what. All else is common SQL with `?`.

mod database;
pub mod days;
mod errors;
mod schema;
mod sql;
mod statement;
mod upgrade;
mod version;

pub use database::{ASK_BUSY_TIMEOUT, Dialect};
pub use errors::{Problem, classify, is_definite, is_in_transaction, is_missing, is_taken};
pub use sql::Sql;
pub use statement::Statement;
pub use upgrade::{Step, VERSION};

#[cfg(test)]
mod tests;
