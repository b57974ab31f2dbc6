//! The client certificate: read and checked when the first call needs it (decisions.md 2.5).

use super::{container, pem, refusal};
use crate::model::merchant::{CertificateSource, Material};
use rustls::InconsistentKeys;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use time::OffsetDateTime;
use x509_parser::x509::X509Version;
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
        let held = CertificateFile::read(&bytes(&source.certificate, files)?, &source.password)?;
        let key = match &source.private_key {
            Some(key) => private_key(&bytes(key, files)?, &source.password)?,
            None => held.key?,
        };
        let signer = signer(&key)?;
        let chain = if held.is_container {
            container::chain(held.chain, |c| is_pair(c, &signer))
        } else {
            held.chain
        };
        let own = chain.first().ok_or("the client certificate has no certificate in it")?;
        let (expires_at, common_name) = expiry_and_name(own)?;
        matching(&chain, &signer)?;
        Ok(Self { chain, key, expires_at, common_name })
    }
}

/// What a certificate file holds: a chain, and a key or why there is none.
struct CertificateFile {
    chain: Vec<CertificateDer<'static>>,
    key: Result<PrivateKeyDer<'static>, String>,
    /// Does it know no order, so that ours counts?
    is_container: bool,
}

impl CertificateFile {
    fn read(bytes: &[u8], password: &str) -> Result<Self, String> {
        if pem::is_pem(bytes) {
            let chain = pem::certificates(bytes).map_err(|e| format!("the client certificate {e}"))?;
            let key = pem::private_key(bytes).map_err(|e| format!("the private key {e}"));
            return Ok(Self { chain, key, is_container: false });
        }
        let bytes = pem::bare_der(bytes);
        if x509_parser::parse_x509_certificate(bytes).is_ok_and(|(rest, _)| rest.is_empty()) {
            let key = Err("the private key is missing: a certificate has none in it, give privateKey".into());
            return Ok(Self { chain: vec![CertificateDer::from(bytes.to_vec())], key, is_container: false });
        }
        let (chain, key) =
            container::open(bytes, password).map_err(|e| format!("the client certificate {e}"))?;
        if chain.is_empty() {
            return Err(
                "the client certificate has no certificate in it: the PKCS#12 container has only a key"
                    .into(),
            );
        }
        let key = key.ok_or_else(|| "the PKCS#12 container has no private key in it".into());
        Ok(Self { chain, key, is_container: true })
    }
}

/// A private key of its own: PEM, DER, or in a container as well.
fn private_key(bytes: &[u8], password: &str) -> Result<PrivateKeyDer<'static>, String> {
    if pem::is_pem(bytes) {
        return pem::private_key(bytes).map_err(|e| format!("the private key {e}"));
    }
    let bytes = pem::bare_der(bytes);
    match (container::open(bytes, password), PrivateKeyDer::try_from(bytes)) {
        (Ok((_, key)), _) => {
            key.ok_or_else(|| "the PKCS#12 container given as the private key has none in it".into())
        }
        (Err(_), Ok(der)) if signer(&der).is_ok() => Ok(der.clone_key()),
        // DER begins with 0x30; text without its two lines is what a copied key has become.
        (Err(_), _) if !bytes.starts_with(b"\x30") => {
            Err("the private key is no unencrypted PEM key: it has no lines with BEGIN and END".into())
        }
        (Err(why), _) => Err(format!("the private key {why}")),
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

/// What the material holds.
pub fn bytes(material: &Material, files: &dyn Files) -> Result<Zeroizing<Vec<u8>>, String> {
    match material {
        Material::Inline(bytes) => Ok(bytes.clone()),
        Material::Path(path) => files.read(path),
    }
}

fn expiry_and_name(certificate: &CertificateDer<'_>) -> Result<(OffsetDateTime, Option<String>), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|_| "the client certificate cannot be read")?;
    if parsed.version() != X509Version::V3 {
        return Err("the client certificate is of X.509 version 1, which TLS here does not support: get one of version 3 \
             from the merchant platform"
            .into());
    }
    let common_name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    Ok((parsed.validity().not_after.to_datetime(), common_name.map(str::to_owned)))
}

type Signer = Arc<dyn SigningKey>;

fn signer(key: &PrivateKeyDer<'_>) -> Result<Signer, String> {
    rustls::crypto::ring::sign::any_supported_type(key).map_err(|_| {
        "the private key is damaged, or of a kind or size that TLS here cannot use (it takes RSA of 2048 to 8192 bits, \
         EC on P-256 or P-384, and Ed25519)"
            .into()
    })
}

fn pair(certificate: &CertificateDer<'static>, signer: &Signer) -> Result<(), rustls::Error> {
    CertifiedKey::new(vec![certificate.clone()], signer.clone()).keys_match()
}

fn is_pair(certificate: &CertificateDer<'static>, signer: &Signer) -> bool {
    pair(certificate, signer).is_ok()
}

/// The first certificate must be the key's: TLS shows the chain in the order of the file.
fn matching(chain: &[CertificateDer<'static>], signer: &Signer) -> Result<(), String> {
    match chain.first().map_or(Ok(()), |own| pair(own, signer)) {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(match chain.iter().position(|c| is_pair(c, signer)) {
            Some(at) => format!(
                "the first certificate is not the private key's, number {} is: put it first, before its issuers",
                at + 1
            ),
            None => "the private key does not belong to the client certificate".into(),
        }),
        Err(other) => Err(format!("the client certificate cannot be used: {}", refusal::sentence(&other))),
    }
}

/// When the certificate of this source expires, if it can be read.
pub fn expires_at(source: &CertificateSource, files: &dyn Files) -> Option<OffsetDateTime> {
    Identity::load(source, files).ok().map(|identity| identity.expires_at)
}

#[cfg(test)]
mod tests;
