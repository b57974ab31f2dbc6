//! Classes, their methods and arguments, and how their objects behave.

pub mod body;
pub mod call;
pub mod class;
pub mod fields;
pub mod interfaces;
pub mod json;
pub mod lazy;
pub mod param;
pub mod property;
pub mod shown;
pub mod walk;
