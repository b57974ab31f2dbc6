//! The day's money: a day's bill compared with the ledger, and WeChat asked about what does not fit.
//!
//! [`reconcile`] holds the day by a lease and brings its bill; [`books`] reads the ledger's side of it; `heal` asks about
//! each difference and applies what WeChat says by the ledger's normal path; `keep` stores what was found for a person.
//! A difference moves no money by itself.

mod apply_all;
pub mod books;
mod heal;
mod keep;
mod missing;
pub mod reconcile;
pub mod store;
pub mod told;
pub mod work;

pub use missing::{BILL_HOUR, first_day, last_day};
pub use work::{AskedAbout, DayDesk, DayHalt, Inquiry, Reconciled};
