//! What stands between Rust and PHP code: the door, forks, signals, and what callbacks throw or give.

pub mod door;
pub mod fork;
pub mod gave;
pub mod orphan;
pub mod throw;
pub mod thrown;
pub mod warning;
