//! The classes that ask WeChat Pay; one file for each.

use crate::php::engine::object::class::Register;

pub mod auth_code_to_openid;
pub mod client;
pub mod gateway;
pub mod notification;
pub mod payment;
pub mod polling;
pub mod report;
pub mod short_url;

/// What registers the classes of this room, in order.
pub const CLASSES: &[Register] = &[
    gateway::register_all,
    notification::register_all,
    client::register_all,
    auth_code_to_openid::register_all,
    short_url::register_all,
    report::register_all,
];
