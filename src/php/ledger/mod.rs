//! The ledger on the shop's PDO, and the worker beside it.

pub mod calls;
pub mod class;
pub mod errors;
pub mod pdo;
pub mod pdo_fault;
pub mod setup;
pub mod sync;
pub mod sync_report;
pub mod transition;
