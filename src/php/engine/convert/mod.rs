//! PHP's values made of Rust's, and Rust's read from PHP's.

pub mod fields;
pub mod iteration;
pub mod names;
pub mod options;
pub mod value;
