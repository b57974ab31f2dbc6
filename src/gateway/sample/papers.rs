//! Certificates made for tests: an authority, and what it issues.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::time::{Duration, SystemTime};

/// A test's own certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

/// A certificate with its key, both PEM.
pub struct Paper {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Issues for a host, good from that many days ago to that many days ahead.
    pub fn issue(&self, host: &str, from_days: i64, to_days: i64) -> Paper {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = day(from_days);
        params.not_after = day(to_days);
        params.distinguished_name.push(DnType::CommonName, host);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Paper { certificate, key: key.serialize_pem() }
    }
}

fn day(days: i64) -> time::OffsetDateTime {
    let distance = Duration::from_secs(86_400 * days.unsigned_abs());
    let at = if days < 0 { SystemTime::now() - distance } else { SystemTime::now() + distance };
    at.into()
}
