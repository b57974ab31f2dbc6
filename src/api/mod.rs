//! Floor 3: one file for each call of WeChat Pay.

pub mod any_call;
pub mod any_v3_call;
pub mod auth_code_to_openid;
pub mod close_order;
pub mod download_bill;
pub mod flows;
mod form;
pub mod micropay;
pub mod order_query;
pub mod refund;
pub mod refund_query;
pub mod report;
pub mod reverse;
pub mod sensitive;
pub mod short_url;
pub mod unified_order;
pub mod v3;
