//! Calls about one payment, from its order to its refunds.

use crate::php::engine::object::class::Register;

pub mod close_order;
pub mod micropay;
pub mod order_query;
pub mod refund;
pub mod refund_query;
pub mod reverse;
pub mod unified_order;

/// What registers the classes of this room, in order.
pub const CLASSES: &[Register] = &[
    unified_order::register_all,
    order_query::register_all,
    close_order::register_all,
    micropay::register_all,
    reverse::register_all,
    refund::register_all,
    refund_query::register_all,
];
