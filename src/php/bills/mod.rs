//! Bills, and their reconciliation with the shop's books.

pub mod bill;
pub mod bill_row;
pub mod books;
pub mod day_report;
pub mod download_bill;
pub mod download_fund_flow;
pub mod reconciliation;
