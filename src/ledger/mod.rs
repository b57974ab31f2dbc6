//! Floor 4: keeping the shop right. Every paid order is credited once and no order is forgotten.
//!
//! [`decide`] and [`refunds`] are pure: what is known and what was seen give what follows. [`ledger`] applies
//! that in one transaction of a [`store`], and calls the shop inside it. [`sync`] asks WeChat about whatever
//! is due. [`sql`] is the store in a database, and no file outside of it knows SQL.

mod anothers;
mod apply_refunds;
pub mod ascii;
pub mod carrier;
pub mod days;
pub mod decide;
pub mod desk;
pub mod entry;
mod errand;
pub mod intents;
#[allow(clippy::module_inception, reason = "the ledger is what this floor is about")]
pub mod ledger;
pub mod outbox;
pub mod purge;
pub mod question;
mod questions;
pub mod reason;
pub mod refunds;
pub mod resolve;
pub mod schedule;
pub mod sighting;
pub mod sql;
pub mod state;
pub mod store;
pub mod sync;
pub mod tally;
mod transact;
pub mod transition;
pub mod turns;

#[cfg(test)]
mod simulation;
