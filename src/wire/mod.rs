//! Floor 1: what travels. Pure functions over bytes; nothing here asks, waits or remembers.

pub mod cipher;
pub mod explain;
pub mod fields;
pub mod key;
pub mod read;
pub mod sign;
pub mod split;
pub mod v3;
pub mod xml;
