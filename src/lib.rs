//! WeChat Pay for PHP shops.
#![allow(missing_docs)]
#[cfg(feature = "simulator")]
pub mod simulator;
