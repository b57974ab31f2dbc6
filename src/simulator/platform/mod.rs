//! The gateway's keys and certificates of APIv3, and how it proves itself with them.

mod certificates;
mod keys;
mod mode;
mod seal;

pub use certificates::{PlatformCertificate, V3Certificates, certificates};
pub use keys::{SERIAL, SimulatedKey, V3_MATERIAL, V3Material, is_the_merchants};
pub use mode::{Platform, PlatformSetting};
pub use seal::{SignatureFault, SignedHead, sealed, signed};

#[cfg(test)]
pub use keys::pair_for_tests;
