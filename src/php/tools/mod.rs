//! Tools for whoever looks at messages and money by hand.

use crate::php::engine::object::class::Register;

pub mod fen;
pub mod signer;
pub mod xml;

/// What registers the classes of this room, in order.
pub const CLASSES: &[Register] = &[signer::register_all, xml::register_all, fen::register_all];
