//! The classes that ask WeChat Pay; one file for each.

pub mod auth_code_to_openid;
pub mod client;
pub mod gateway;
pub mod payment;
pub mod polling;
pub mod report;
pub mod short_url;
