//! Floor 3: one file for each call of WeChat Pay.

pub mod any_call;
pub mod close_order;
pub mod order_query;
pub mod unified_order;
pub mod until_final;
