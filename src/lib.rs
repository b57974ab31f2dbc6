//! WeChat Pay for PHP shops: every accepted byte is verified, every fault says what to do next, every paid
//! order is credited once.
//!
//! The house, floor by floor; a file imports only from floors below its own (`tidy` keeps it so):
//!
//! | floor | modules | what |
//! |---|---|---|
//! | 1 | [`wire`] | what travels: fields, XML, signs, keys. Pure functions |
//! | 2 | [`model`] | meaning: orders, states, money, merchants |
//! | 3 | [`gateway`], [`api`] | conversations: the ladder from request to verified answer; one file per call |
//! | 3 | [`bill`] | the day's money: bills read, verified, compared with the shop's books. Pure functions |
//! | 3 | [`notification`], [`scan_pay`] | what WeChat posts to the shop, verified or decrypted |
//! | 4 | [`ledger`] | keeping the shop right: every paid order credited once |
//! | 5 | `php` | the binding, the only floor that knows Zend |
//! | annex | `simulator` | a local WeChat Pay gateway with its own signer, so that it judges ours |

pub mod api;
pub mod bill;
pub mod error;
pub mod gateway;
pub mod ledger;
pub mod model;
pub mod notification;
pub mod scan_pay;
pub mod time;
pub mod wire;

#[cfg(feature = "php")]
mod php;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(test)]
mod tidy;

pub use error::{Advice, Error, Fault};
pub use model::merchant::Merchant;
pub use model::order::Order;
pub use model::trade_state::TradeState;
pub use wire::fields::Fields;
pub use wire::sign::{SignType, Verified};
