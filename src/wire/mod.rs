//! Floor 1: what travels. Pure functions over bytes; nothing here asks, waits or remembers.

pub(crate) mod hex;
pub mod key;
pub mod per_process;
pub mod v2;
pub mod v3;
pub mod verified;
pub mod words;
