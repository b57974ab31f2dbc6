//! Calls about one payment, from its order to its refunds.

pub mod close_order;
pub mod micropay;
pub mod order_query;
pub mod refund;
pub mod refund_query;
pub mod reverse;
pub mod unified_order;
