//! The simulator's own certificate authority and the files that it hands out.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber,
};
use std::io;
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate with its key.
#[derive(Debug)]
pub struct SimulatedIdentity {
    /// The certificate in DER.
    pub certificate: Vec<u8>,
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The key in PKCS#8 DER.
    pub key: Vec<u8>,
    /// The key in PKCS#8 PEM.
    pub key_pem: String,
}

impl SimulatedIdentity {
    /// The pair in the form rustls takes.
    pub fn for_rustls(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivatePkcs8KeyDer::from(self.key.clone());
        (vec![CertificateDer::from(self.certificate.clone())], key.into())
    }
}

/// A certificate authority that lives as long as the simulator.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// A new authority of this name.
    pub fn new(name: &str) -> io::Result<Self> {
        Self::with_key(name, KeyPair::generate().map_err(io::Error::other)?)
    }

    /// The authority of this name and key, as whoever trusts its certificate knows it.
    pub fn again(name: &str, key_pem: &str) -> io::Result<Self> {
        Self::with_key(name, KeyPair::from_pem(key_pem).map_err(io::Error::other)?)
    }

    fn with_key(name: &str, key: KeyPair) -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        set_validity(&mut params, -1, 3_650);
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)?;
        Ok(Self { issuer })
    }

    /// The authority's certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its key.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// The authority's certificate in DER.
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A server certificate; one that ended yesterday if it is to be expired.
    pub fn server(&self, names: &[&str], expired: bool) -> io::Result<SimulatedIdentity> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, "wechatpay-simulator", expired)
    }

    /// A client certificate that names a merchant.
    pub fn client(&self, mch_id: &str, expired: bool) -> io::Result<SimulatedIdentity> {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, mch_id, expired)
    }

    /// A certificate in PEM for an RSA key that is there already; the serial number is of hexadecimal digits.
    pub fn of_rsa_key(&self, key_pem: &str, serial: &str, name: &str, days: i64) -> io::Result<String> {
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &PKCS_RSA_SHA256);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(bytes_of(serial)?));
        set_validity(&mut params, -1, days);
        let certificate = params.signed_by(&key.map_err(io::Error::other)?, &self.issuer);
        Ok(certificate.map_err(io::Error::other)?.pem())
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        name: &str,
        expired: bool,
    ) -> io::Result<SimulatedIdentity> {
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let (from, to) = if expired { (-30, -1) } else { (-1, 825) };
        set_validity(&mut params, from, to);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(SimulatedIdentity {
            certificate: certificate.der().to_vec(),
            certificate_pem: certificate.pem(),
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        })
    }
}

fn bytes_of(hex: &str) -> io::Result<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair));
    let bytes: Result<_, _> = pairs.map(|pair| u8::from_str_radix(&pair, 16)).collect();
    bytes.map_err(io::Error::other)
}

fn set_validity(params: &mut CertificateParams, from_days: i64, to_days: i64) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now + Duration::days(from_days);
    params.not_after = now + Duration::days(to_days);
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::{FromDer, X509Certificate};

    #[test]
    fn a_client_certificate_names_its_merchant_and_its_end() {
        let authority = Authority::new("test").unwrap();
        for expired in [false, true] {
            let identity = authority.client("10000100", expired).unwrap();
            let (_, parsed) = X509Certificate::from_der(&identity.certificate).unwrap();
            assert_eq!(super::super::tls::merchant_of(&identity.certificate).as_deref(), Some("10000100"));
            assert_eq!(parsed.validity().is_valid(), !expired);
        }
    }
}
