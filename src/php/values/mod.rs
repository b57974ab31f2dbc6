//! What PHP gets and gives: verified messages, merchants, enums, exceptions.

pub mod enums;
pub mod exception;
pub mod merchant;
pub mod notification;
pub mod order;
pub mod prepay;
pub mod refund_list;
pub mod scan_pay;
