//! Classes, their methods and arguments, and how their objects behave.

pub mod call;
pub mod class;
pub mod lazy;
pub mod walk;
