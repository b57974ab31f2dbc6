//! The conversation in APIv3: what a call declares, and one exchange.

pub mod certificates;
pub mod endpoint;
pub mod exchange;
pub mod keys;
mod packed;
pub mod recent;
