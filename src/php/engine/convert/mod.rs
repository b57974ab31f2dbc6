//! PHP's values made of Rust's, and Rust's read from PHP's.

pub mod array;
pub mod date;
pub mod elements;
pub mod interned;
pub mod iteration;
pub mod to_php;
pub mod value;
