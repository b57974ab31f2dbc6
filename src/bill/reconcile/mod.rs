//! Compares bills with the shop's books: each side is read once, the bills are verified as it goes, and memory is
//! bounded by the keys of the bills.
//!
//! Bills come first: of each order and refund there stays a keyed fingerprint with its amount. Then every row of the
//! books finds its partner and is judged while its text is at hand. Only what differs needs the text of the bills
//! again: they are read a second time up to the last such row.

mod batch;
pub mod books;
pub mod compare;
pub mod csv;
pub mod difference;
mod draft;
mod fee;
mod flows;
mod judge;
mod leftovers;
mod orders;
mod refunds;
pub mod report;
mod statement;
mod table;
