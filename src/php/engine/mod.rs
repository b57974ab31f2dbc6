//! The engine's side: what every class of ours needs from Zend.

pub mod cache;
pub mod convert;
pub mod files;
pub mod guard;
pub mod ini;
pub mod object;
pub mod raise;
pub mod signals;
pub mod zend;
