//! The keys of a merchant of APIv3 from texts and files: read and checked when the first call or notice needs them, once
//! for each process and content (protocol-v3.md B.1, B.7). Without the merchant's own key notices are read all the same.

use super::recent::Recent;
use crate::gateway::identity::{Files, Fingerprint, bytes, fingerprint};
use crate::model::merchant::Material;
use crate::model::v3_keys::{OwnKey, UnusableKeys, V3Credentials};
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
        is_serial.then(|| Self::Serial(key_file::forty_digits(text)))
    }

    /// Is it a serial number as openssl prints it, `serial=` before it, colons in it, or a blank beside it? No path is.
    pub fn is_printed_serial(text: &str) -> bool {
        let bare = text.trim().to_ascii_lowercase();
        let digits = bare.strip_prefix("serial=").unwrap_or(&bare).replace(':', "");
        let is_serial = (16..=40).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_serial && digits.len() < text.len()
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
    // A key file that could not be read looks no other when it can be.
    let is_mended = |known: &V3Credentials| known.own.is_err() && source.own_key(files).is_ok();
    if let Some(known) = KEPT.find(&print).filter(|known| !is_mended(known)) {
        return Ok(known);
    }
    let read = Arc::new(source.read(files)?);
    KEPT.keep(print, read.clone());
    Ok(read)
}

/// What may be missing, as it looks now.
fn as_it_looks(material: &Material, files: &dyn Files) -> Material {
    let Material::Path(path) = material else { return material.clone() };
    inline(&match files.stamp(path) {
        Ok((size, changed)) => format!("{path}\0{size}\0{changed}"),
        Err(why) => format!("{path}\0{why}"),
    })
}

fn inline(text: impl AsRef<[u8]>) -> Material {
    Material::Inline(Zeroizing::new(text.as_ref().to_vec()))
}

/// The texts of this merchant: a key file that changes between a text and its request takes nothing from both.
fn texts_of(mch_id: &str) -> Arc<EncryptedTexts> {
    static TEXTS: Recent<String, Arc<EncryptedTexts>> = Recent::nothing();
    TEXTS.shared(mch_id.to_owned(), Arc::default)
}

impl KeySource {
    fn fingerprint(&self, files: &dyn Files) -> Result<Fingerprint, String> {
        let previous = self.previous_key.as_ref().map_or(&[][..], Key::expose);
        let own = match &self.certificate {
            OwnCertificate::Serial(serial) => inline(serial),
            OwnCertificate::Certificate(material) => as_it_looks(material, files),
        };
        let id = self.public_key.as_ref().map_or("", |(id, _)| id);
        let cache = self.cache.as_ref().map_or(&[][..], |path| path.as_os_str().as_encoded_bytes());
        let words = [
            inline(&self.mch_id),
            inline(self.key.expose()),
            inline(previous),
            own,
            inline(id),
            inline(cache),
            as_it_looks(&self.private_key, files),
        ];
        let public = self.public_key.as_ref().map(|(_, material)| material);
        fingerprint(words.iter().chain(public).chain(&self.platform_certificates), files)
    }

    fn read(&self, files: &dyn Files) -> Result<V3Credentials, String> {
        Ok(V3Credentials {
            own: self.own_key(files).map_err(UnusableKeys),
            ring: self.ring(files)?,
            answer_key: self.public_key.as_ref().map(|(id, _)| id.clone()),
            key: self.key.clone(),
            previous_key: self.previous_key.clone(),
        })
    }

    fn own_key(&self, files: &dyn Files) -> Result<OwnKey, String> {
        let private = bytes(&self.private_key, files)?;
        let key = RequestKey::new(&private, "").map_err(|why| format!("the private key {why}"))?;
        let (serial, not_after) = match &self.certificate {
            OwnCertificate::Serial(serial) => (serial.clone(), None),
            OwnCertificate::Certificate(material) => named_by(&bytes(material, files)?, &key)?,
        };
        Ok(OwnKey { key: key.under(serial), not_after })
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

/// The serial number of a certificate that is this key's, and when it ends.
fn named_by(certificate: &[u8], own: &RequestKey) -> Result<(String, Option<i64>), String> {
    let part = key_file::public(certificate).map_err(|why| format!("the merchant certificate {why}"))?;
    if own.public() != part.pkcs1 {
        return Err(
            "the private key does not belong to the merchant certificate: that is apiclient_cert.pem, not a \
                    certificate or key of WeChat Pay's"
                .into(),
        );
    }
    let PublicPart { serial, not_after, .. } = part;
    let serial = serial.ok_or(
        "a public key is given as the merchant certificate: give apiclient_cert.pem, or its serial number",
    )?;
    Ok((serial, not_after))
}

#[cfg(test)]
mod tests;
