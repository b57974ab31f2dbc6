//! PKCS#12 containers, such as WeChat's `apiclient_cert.p12`. The errors are predicates.

use p12_keystore::{Pkcs12Archive, error::Error};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Certificates in the order of the container, and a key; either may be missing.
pub type Contents = (Vec<CertificateDer<'static>>, Option<PrivateKeyDer<'static>>);

/// Opens a container with its password, which in WeChat's is the mch_id.
pub fn open(p12: &[u8], password: &str) -> Result<Contents, String> {
    if p12.starts_with(b"\x30\x80") {
        return Err(format!("is a PKCS#12 container in BER, not DER: {ANEW}"));
    }
    let archive = Pkcs12Archive::from_pkcs12(p12, password).map_err(|e| why(&e))?;
    let certificates =
        archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec())).collect();
    let key = archive.keys.first().map(|bag| PrivatePkcs8KeyDer::from(bag.key.as_der().to_vec()).into());
    Ok((certificates, key))
}

const ANEW: &str =
    "write it anew (openssl pkcs12 -in old.p12 -legacy -nodes -out all.pem gives PEM, which is taken)";

fn why(error: &Error) -> String {
    match error {
        Error::MacError(_) | Error::UnpadError => {
            "is a PKCS#12 container that the password does not open (WeChat's is the mch_id)".into()
        }
        Error::Pkcs5Error(words) if words.contains("decrypt") => {
            "is a PKCS#12 container that the password does not open (WeChat's is the mch_id)".into()
        }
        Error::UnsupportedEncryptionScheme
        | Error::UnsupportedMacAlgorithm
        | Error::UnsupportedContentType
        | Error::InvalidParameters
        | Error::Pkcs5Error(_) => format!("is a PKCS#12 container whose encryption is not supported: {ANEW}"),
        Error::InvalidVersion | Error::UnsupportedCertificateType => {
            format!("is a PKCS#12 container of a kind that is not supported: {ANEW}")
        }
        _ => "is neither PEM nor a PKCS#12 container, or it is damaged".into(),
    }
}

/// The key's certificate, then its issuers, one after the other. Without the key's, the order stays as it is.
pub fn chain(
    certificates: Vec<CertificateDer<'static>>,
    is_own: impl Fn(&CertificateDer<'static>) -> bool,
) -> Vec<CertificateDer<'static>> {
    let Some(own) = certificates.iter().find(|c| is_own(c)) else { return certificates };
    let mut chain = vec![own.clone()];
    while let Some(issuer) =
        chain.last().and_then(|last| certificates.iter().find(|c| has_issued(c, last) && !chain.contains(c)))
    {
        chain.push(issuer.clone());
    }
    chain
}

fn has_issued(issuer: &[u8], certificate: &[u8]) -> bool {
    let parsed = |der| x509_parser::parse_x509_certificate(der).map(|(_, parsed)| parsed);
    match (parsed(issuer), parsed(certificate)) {
        (Ok(issuer), Ok(certificate)) => issuer.subject() == certificate.issuer(),
        _ => false,
    }
}
