//! What PHP gets and gives: verified messages, merchants, enums, exceptions.

use crate::php::engine::object::class::Register;

pub mod enums;
pub mod exception;
pub mod merchant;
pub mod order;
pub mod prepay;
pub mod refund_list;
pub mod reply;
pub mod scan_pay;

/// What registers the classes of this room, in order.
pub const CLASSES: &[Register] = &[
    enums::register_all,
    order::register_all,
    exception::register_all,
    merchant::register_all,
    prepay::register_all,
    refund_list::register_all,
    reply::register_all,
    scan_pay::register_all,
];
