//! APIv2: flat XML, signed with the API key.

pub mod cipher;
pub mod explain;
pub mod fields;
pub mod read;
pub mod sign;
pub mod split;
pub mod xml;
