//! The keys of a merchant of APIv3 from texts and files: read and checked when the first call needs them, once for each
//! process and content (protocol-v3.md B.1, B.7).

use super::recent::Recent;
use crate::clock::{Clock, SystemClock};
use crate::gateway::identity::{Files, Fingerprint, bytes, fingerprint};
use crate::model::merchant::Material;
use crate::model::v3_keys::V3Credentials;
use crate::wire::key::Key;
use crate::wire::v3::encrypted::EncryptedTexts;
use crate::wire::v3::key_file::{self, PublicPart};
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::key_store::KeyStore;
use crate::wire::v3::request_key::RequestKey;
use std::path::PathBuf;
use std::sync::Arc;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// What the keys are read from.
pub struct KeySource {
    /// `mchid`: other merchants' keys are other keys.
    pub mch_id: String,
    /// The merchant's own key.
    pub private_key: Material,
    /// The merchant's own certificate.
    pub certificate: OwnCertificate,
    /// WeChat Pay's public key, under its id.
    pub public_key: Option<(String, Material)>,
    /// WeChat Pay's certificates.
    pub platform_certificates: Vec<Material>,
    /// The APIv3 key.
    pub key: Key,
    /// The one before.
    pub previous_key: Option<Key>,
    /// The file for certificates that are downloaded, if they are to outlive the process.
    pub cache: Option<PathBuf>,
}

/// What tells the serial number that requests name.
pub enum OwnCertificate {
    /// The number itself.
    Serial(String),
    /// The certificate.
    Certificate(Material),
}

impl OwnCertificate {
    /// A serial number is nothing but 40 hex digits, as the merchant platform shows it, or less by a few zeros in front; no
    /// path is. An APIv3 key may be 32 hex digits, and must not be sent as one.
    pub fn serial(text: &str) -> Option<Self> {
        let is_serial = (33..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_serial.then(|| Self::Serial(text.to_ascii_uppercase()))
    }

    /// When it ends, if it is given and can be read.
    pub fn expires_at(&self, files: &dyn Files) -> Option<OffsetDateTime> {
        let Self::Certificate(material) = self else { return None };
        let part = key_file::public(&bytes(material, files).ok()?).ok()?;
        part.not_after.and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok())
    }
}

/// The keys: those that this process has read already, as long as the files are the same.
pub fn kept(source: &KeySource, files: &dyn Files) -> Result<Arc<V3Credentials>, String> {
    static KEPT: Recent<Fingerprint, Arc<V3Credentials>> = Recent::nothing();
    let print = source.fingerprint(files)?;
    if let Some(known) = KEPT.find(&print) {
        return Ok(known);
    }
    let read = Arc::new(source.read(files)?);
    KEPT.keep(print, read.clone());
    Ok(read)
}

/// The texts of this merchant: a key file that changes between a text and its request takes nothing from both.
fn texts_of(mch_id: &str) -> Arc<EncryptedTexts> {
    static TEXTS: Recent<String, Arc<EncryptedTexts>> = Recent::nothing();
    TEXTS.shared(mch_id.to_owned(), Arc::default)
}

impl KeySource {
    fn fingerprint(&self, files: &dyn Files) -> Result<Fingerprint, String> {
        let text = |text: &[u8]| Material::Inline(Zeroizing::new(text.to_vec()));
        let previous = self.previous_key.as_ref().map_or(&[][..], Key::expose);
        let own = match &self.certificate {
            OwnCertificate::Serial(serial) => text(serial.as_bytes()),
            OwnCertificate::Certificate(material) => material.clone(),
        };
        let id = self.public_key.as_ref().map_or("", |(id, _)| id);
        let cache = self.cache.as_ref().map_or(&[][..], |path| path.as_os_str().as_encoded_bytes());
        let words = [
            text(self.mch_id.as_bytes()),
            text(self.key.expose()),
            text(previous),
            own,
            text(id.as_bytes()),
            text(cache),
        ];
        let public = self.public_key.as_ref().map(|(_, material)| material);
        let given = [&self.private_key].into_iter().chain(public).chain(&self.platform_certificates);
        fingerprint(words.iter().chain(given), files)
    }

    fn read(&self, files: &dyn Files) -> Result<V3Credentials, String> {
        let private = bytes(&self.private_key, files)?;
        let request_key = RequestKey::new(&private, "").map_err(|why| format!("the private key {why}"))?;
        let serial = match &self.certificate {
            OwnCertificate::Serial(serial) => serial.clone(),
            OwnCertificate::Certificate(material) => serial_of(&bytes(material, files)?, &request_key)?,
        };
        Ok(V3Credentials {
            request_key: request_key.under(serial),
            ring: self.ring(files)?,
            answer_key: self.public_key.as_ref().map(|(id, _)| id.clone()),
            key: self.key.clone(),
            previous_key: self.previous_key.clone(),
        })
    }

    fn ring(&self, files: &dyn Files) -> Result<KeyRing, String> {
        let mut ring = KeyRing::default().with_texts(texts_of(&self.mch_id));
        if let Some((id, material)) = &self.public_key {
            ring.add_public_key(id, &bytes(material, files)?)
                .map_err(|why| format!("WeChat Pay's public key {why}"))?;
        }
        for material in &self.platform_certificates {
            ring.add_certificate(&bytes(material, files)?)
                .map_err(|why| format!("a platform certificate {why}"))?;
        }
        // Whoever has a public key has no certificates.
        let is_by_certificates = self.public_key.is_none();
        Ok(if is_by_certificates {
            ring.with_downloads(Arc::new(KeyStore::new(self.cache.clone())))
        } else {
            ring
        })
    }
}

/// The serial number of a certificate that is this key's, and lives.
fn serial_of(certificate: &[u8], own: &RequestKey) -> Result<String, String> {
    let part = key_file::public(certificate).map_err(|why| format!("the merchant certificate {why}"))?;
    if own.public() != part.pkcs1 {
        return Err(
            "the private key does not belong to the merchant certificate: that is apiclient_cert.pem, not a \
                    certificate or key of WeChat Pay's"
                .into(),
        );
    }
    let PublicPart { serial, not_after, .. } = part;
    still_valid(not_after.unwrap_or(i64::MAX))?;
    serial.ok_or_else(|| {
        "a public key is given as the merchant certificate: give apiclient_cert.pem, or its serial number"
            .into()
    })
}

fn still_valid(not_after: i64) -> Result<(), String> {
    if not_after > SystemClock.unix_seconds() {
        return Ok(());
    }
    let day = OffsetDateTime::from_unix_timestamp(not_after).map(|end| end.date().to_string());
    Err(format!(
        "the merchant certificate expired on {}; get a new one from the merchant platform",
        day.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests;
