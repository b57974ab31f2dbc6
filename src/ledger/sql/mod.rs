//! The ledger's store in a database, over any [`Connection`](connection::Connection) to one: the binding brings PDO's,
//! the tests SQLite's own.

mod claims;
pub mod connection;
mod days;
pub mod dialect;
pub mod fault;
mod install;
pub(super) mod rows;
pub mod store;

#[cfg(test)]
pub(super) mod sqlite;
#[cfg(test)]
mod tests;
