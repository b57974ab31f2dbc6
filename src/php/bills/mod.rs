//! Bills, and their reconciliation with the shop's books.

use crate::php::engine::object::class::Register;

pub mod bill;
pub mod bill_row;
pub mod books;
pub mod day_report;
pub mod download_bill;
pub mod download_fund_flow;
pub mod reconciliation;

/// What registers the classes of this room, in order.
pub const CLASSES: &[Register] = &[
    bill_row::register_all,
    bill::register_all,
    download_bill::register_all,
    download_fund_flow::register_all,
    day_report::register_all,
    reconciliation::register_all,
];
