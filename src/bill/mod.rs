//! The day's money: bills read as a stream, verified to the last digit, compared with the shop's books.
//!
//! A bill is text that nobody signed (docs/protocol.md E). What is read here is what came, not a proof: it says
//! where to look, and a verified query says what is true.

pub mod answer;
pub mod content;
pub mod document;
pub mod empty;
pub mod fault;
pub mod field;
pub mod header;
mod index;
pub mod layout;
mod lines;
pub mod moment;
pub mod number;
pub mod reader;
pub mod reconcile;
pub mod row;
pub mod source;
pub mod sum;
pub mod sums;
pub mod unbalanced;
pub mod verify;

#[cfg(test)]
mod tests;
