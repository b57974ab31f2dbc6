//! The ledger on the shop's PDO, and the worker beside it.

use crate::php::engine::object::class::Register;

pub mod callback;
pub mod calls;
pub mod class;
pub mod core;
pub mod days;
pub mod errors;
pub mod pdo;
pub mod setup;
pub mod sync;
pub mod sync_report;
pub mod transition;

/// What registers the classes of this room, in order.
pub const CLASSES: &[Register] = &[transition::register_all, class::register_all, sync::register_all];
