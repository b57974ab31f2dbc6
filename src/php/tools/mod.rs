//! Tools for whoever looks at messages and money by hand.

pub mod fen;
pub mod signer;
pub mod xml;
