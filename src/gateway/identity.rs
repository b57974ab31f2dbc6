//! The client certificate: read and checked when the first call needs it (decisions.md 2.5).

use crate::model::merchant::{CertificateSource, Material};
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Opens a file for us; the host checks first whether it may be opened.
pub trait Files {
    /// The file's bytes, or a sentence that says why not.
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String>;

    /// Size and time of change, which tell whether it must be read again.
    fn stamp(&self, path: &str) -> Result<(u64, u128), String>;
}

/// What a thing read from files or texts is known by: content of texts; path, size and time of files.
pub type Fingerprint = [u8; 32];

/// Takes a fingerprint without reading files.
pub fn fingerprint<'a>(
    parts: impl IntoIterator<Item = &'a Material>,
    files: &dyn Files,
) -> Result<Fingerprint, String> {
    let mut digest = Sha256::new();
    for part in parts {
        match part {
            Material::Inline(bytes) => digest.update(Sha256::digest(bytes)),
            Material::Path(path) => {
                let (size, changed) = files.stamp(path)?;
                digest.update(format!("{path}\0{size}\0{changed}\0"));
            }
        }
    }
    Ok(digest.finalize().into())
}

/// A certificate chain with its key.
pub struct Identity {
    /// The chain, own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key.
    pub key: PrivateKeyDer<'static>,
    /// When the own certificate expires.
    pub expires_at: OffsetDateTime,
    /// Whose it is: its common name, which WeChat sets to the mch_id.
    pub common_name: Option<String>,
}

impl Identity {
    /// Reads the source; says what is wrong with it, and never shows it.
    pub fn load(source: &CertificateSource, files: &dyn Files) -> Result<Self, String> {
        let certificate = bytes(&source.certificate, files)?;
        let (chain, key) = match &source.private_key {
            Some(key) => (pem_chain(&certificate)?, pem_key(&bytes(key, files)?)?),
            None if is_pem(&certificate) => (pem_chain(&certificate)?, pem_key(&certificate)?),
            None => container(&certificate, &source.password)?,
        };
        let own = chain.first().ok_or("the client certificate has no certificate in it")?;
        let (expires_at, common_name) = expiry_and_name(own)?;
        matching(own, &key)?;
        Ok(Self { chain, key, expires_at, common_name })
    }
}

/// An expired certificate is refused before anything is sent.
pub fn still_valid(expires_at: OffsetDateTime, unix_seconds: i64) -> Result<(), String> {
    if expires_at.unix_timestamp() > unix_seconds {
        return Ok(());
    }
    Err(format!(
        "the client certificate expired on {}; get a new one from the merchant platform",
        expires_at.date()
    ))
}

/// Another merchant's certificate is refused before anything is sent. Names that are no numbers say nothing.
pub fn belongs_to(mch_id: &str, common_name: Option<&str>) -> Result<(), String> {
    let is_number = |name: &&str| name.len() >= 8 && name.bytes().all(|b| b.is_ascii_digit());
    match common_name.filter(is_number) {
        Some(named) if named != mch_id => {
            Err(format!("the client certificate is that of merchant {named}, not of {mch_id}"))
        }
        _ => Ok(()),
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|w| w == b"-----BEGIN ")
}

fn bytes(material: &Material, files: &dyn Files) -> Result<Zeroizing<Vec<u8>>, String> {
    match material {
        Material::Inline(bytes) => Ok(bytes.clone()),
        Material::Path(path) => files.read(path),
    }
}

fn pem_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    chain.map_err(|_| "the client certificate is no PEM".into())
}

fn pem_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| "the private key is no unencrypted PEM key".into())
}

type ChainAndKey = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// WeChat's `apiclient_cert.p12`; its password is the mch_id unless given.
fn container(p12: &[u8], password: &str) -> Result<ChainAndKey, String> {
    let store = KeyStore::from_pkcs12(p12, password, Pkcs12ImportPolicy::Relaxed)
        .map_err(|_| "the client certificate is neither PEM nor a PKCS#12 container that the password opens (WeChat's is the mch_id)")?;
    let entry = store.entries().find_map(|(_, entry)| match entry {
        KeyStoreEntry::PrivateKeyChain(chain) => Some(chain),
        _ => None,
    });
    let entry = entry.ok_or("the PKCS#12 container has no private key in it")?;
    let chain = entry.certs().iter().map(|c| CertificateDer::from(c.as_der().to_vec())).collect();
    let key = PrivatePkcs8KeyDer::from(entry.key().as_der().to_vec());
    Ok((chain, key.into()))
}

fn expiry_and_name(certificate: &CertificateDer<'_>) -> Result<(OffsetDateTime, Option<String>), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|_| "the client certificate cannot be read")?;
    let common_name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    Ok((parsed.validity().not_after.to_datetime(), common_name.map(str::to_owned)))
}

fn matching(certificate: &CertificateDer<'_>, key: &PrivateKeyDer<'_>) -> Result<(), String> {
    let key = rustls::crypto::ring::sign::any_supported_type(key)
        .map_err(|_| "the private key is of a kind that TLS cannot use")?;
    let certified = rustls::sign::CertifiedKey::new(vec![certificate.clone().into_owned()], key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(()),
        Err(_) => Err("the private key does not belong to the client certificate".into()),
    }
}

/// When the certificate of this source expires, if it can be read.
pub fn expires_at(source: &CertificateSource, files: &dyn Files) -> Option<OffsetDateTime> {
    Identity::load(source, files).ok().map(|identity| identity.expires_at)
}

#[cfg(test)]
mod tests;
