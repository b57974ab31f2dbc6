//! Floor 5: PHP. The only floor that knows Zend, and the only one with `unsafe`; one thin file for each class.

#![allow(unsafe_code, reason = "Zend's interface is C; every block says why it is sound")]

mod bills;
mod calls;
mod engine;
mod ledger;
mod module;
mod tools;
mod values;
