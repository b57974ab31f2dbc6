//! The certificates of APIv3: the merchant's own and WeChat Pay's, issued when the first one is asked for.

use super::super::authority::Authority;
use super::super::clock::{self, DAY};
use super::keys::{SimulatedKey, V3_MATERIAL};
use std::io;
use std::sync::OnceLock;

/// Days from now on.
const FIVE_YEARS: i64 = 5 * 365;
/// The platform's certificate that is about to end.
const LAST_DAYS: i64 = 8;

/// Certificates in PEM.
#[derive(Debug, Clone)]
pub struct V3Certificates {
    /// The merchant's, which names its serial number.
    pub merchant: String,
    /// The platform's that ends soon, and the one that follows it.
    pub platform: [PlatformCertificate; 2],
}

/// A certificate of the platform.
#[derive(Debug, Clone)]
pub struct PlatformCertificate {
    /// Its key.
    pub key: SimulatedKey,
    /// The certificate.
    pub pem: String,
    /// When it begins and ends, in milliseconds since 1970.
    pub valid_ms: (i64, i64),
}

/// The same for as long as the process lives.
pub fn certificates() -> io::Result<&'static V3Certificates> {
    static ISSUED: OnceLock<Result<V3Certificates, String>> = OnceLock::new();
    let issued = ISSUED.get_or_init(|| issued().map_err(|error| error.to_string()));
    issued.as_ref().map_err(|error| io::Error::other(error.clone()))
}

fn issued() -> io::Result<V3Certificates> {
    let authority = Authority::new("Tenpay.com Root CA")?;
    let issue = |pem: &str, serial: &str, name: &str, days| authority.of_rsa_key(pem, serial, name, days);
    let platform = |key: SimulatedKey, days| {
        let pem = issue(key.pem(), key.id(), "Tenpay.com sign", days)?;
        let now = clock::real_now();
        io::Result::Ok(PlatformCertificate { key, pem, valid_ms: (now - DAY, now + days * DAY) })
    };
    Ok(V3Certificates {
        merchant: issue(V3_MATERIAL.private_key, V3_MATERIAL.serial, "10000100", FIVE_YEARS)?,
        platform: [platform(SimulatedKey::Old, LAST_DAYS)?, platform(SimulatedKey::New, FIVE_YEARS)?],
    })
}
