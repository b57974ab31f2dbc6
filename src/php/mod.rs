//! Floor 5: PHP. The only floor that knows Zend, and the only one with `unsafe`; one thin file for each class.

#![allow(unsafe_code, reason = "Zend's interface is C; every block says why it is sound")]

mod auth_code_to_openid;
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
mod micropay;
mod module;
mod names;
mod notification;
mod options;
mod order;
mod order_query;
mod polling;
mod prepay;
mod refund;
mod refund_list;
mod refund_query;
mod report;
mod reverse;
mod scan_pay;
mod short_url;
mod signals;
mod signer;
mod unified_order;
mod value;
mod warning;
mod xml;
mod zend;
