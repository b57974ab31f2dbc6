//! Floor 3: one file for each call of WeChat Pay.

pub mod again;
pub mod any_call;
pub mod close_order;
pub mod micropay;
pub mod order_query;
pub mod refund;
pub mod refund_query;
pub mod reverse;
pub mod unified_order;
pub mod until_final;
