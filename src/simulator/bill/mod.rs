//! The bills of a day, made of the gateway's own book: columns and sums as docs/protocol.md E has them.

pub mod damage;
mod flows;
mod request;
mod table;
mod trades;

pub use flows::flows;
pub use request::BillRequest;
pub use table::BillTable;
pub use trades::{BillKind, trades};
