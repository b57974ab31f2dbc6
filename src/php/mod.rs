//! Floor 5: PHP. The only floor that knows Zend, and the only one with `unsafe`; one thin file for each class.

#![allow(unsafe_code, reason = "Zend's interface is C; every block says why it is sound")]

mod call;
mod class;
mod client;
mod close_order;
mod enums;
mod exception;
mod fen;
mod fields;
mod files;
mod gateway;
mod ini;
mod merchant;
mod module;
mod names;
mod order;
mod order_query;
mod prepay;
mod signals;
mod signer;
mod unified_order;
mod value;
mod warning;
mod xml;
mod zend;
