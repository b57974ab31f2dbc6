//! WeChat Pay for PHP shops: every accepted byte is verified, every fault says what to do next, every paid
//! order is credited once.
//!
//! docs/architecture.md has the floors and the way of one call through them; `tidy` keeps the imports to it.

pub mod api;
pub mod bill;
pub mod clock;
pub mod error;
pub mod gateway;
pub mod ledger;
pub mod model;
pub mod notification;
pub mod scan_pay;
pub mod wire;

#[cfg(test)]
#[path = "../benches/instructions.rs"]
mod instructions;
#[cfg(feature = "php")]
mod php;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(test)]
mod tidy;

pub use error::{Advice, Error, Fault};
pub use model::merchant::Merchant;
pub use model::order::Order;
pub use model::ours::Ours;
pub use model::trade_state::TradeState;
pub use wire::v2::fields::Fields;
pub use wire::v2::sign::SignType;
pub use wire::verified::Verified;
