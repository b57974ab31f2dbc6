//! The keys that answers and notices may be signed with, by the name that their header gives.

use super::encrypted::EncryptedTexts;
use super::key_file::{KeyFileError, PublicPart, certificates, public};
use super::key_store::{KeyStore, KeysByName};
use super::platform_key::{PlatformKey, folded};
use std::sync::Arc;

/// Public keys of WeChat Pay, found by serial number or PUB_KEY_ID: never by prefix, never by being the only one.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: KeysByName,
    downloaded: Option<Arc<KeyStore>>,
    encrypted: Arc<EncryptedTexts>,
}

impl KeyRing {
    /// Takes a public key under its id.
    pub fn add_public_key(&mut self, id: &str, text: &[u8]) -> Result<(), KeyFileError> {
        self.add(id, &public(text)?)
    }

    /// Takes the certificate of a text, or all of them, under their own serial numbers, and gives those.
    pub fn add_certificate(&mut self, text: &[u8]) -> Result<Vec<String>, KeyFileError> {
        let parts = certificates(text)?;
        parts.into_iter().map(|part| self.add_part(&part)).collect()
    }

    fn add_part(&mut self, part: &PublicPart) -> Result<String, KeyFileError> {
        let serial = part.serial.clone().ok_or(KeyFileError::NotCertificate)?;
        self.add(&serial, part)?;
        Ok(serial)
    }

    /// Takes away the certificates that have ended.
    pub fn drop_expired(&mut self, now: i64) {
        self.keys.retain(|_, key| !key.is_expired(now));
    }

    /// Do both name the same key?
    pub fn same(one: &str, other: &str) -> bool {
        folded(one) == folded(other)
    }

    fn add(&mut self, id: &str, part: &PublicPart) -> Result<(), KeyFileError> {
        self.keys.insert(folded(id), Arc::new(PlatformKey::new(id, part)?));
        Ok(())
    }

    /// Finds beside the given keys those that WeChat Pay hands out itself.
    #[must_use]
    pub fn with_downloads(self, store: Arc<KeyStore>) -> Self {
        Self { downloaded: Some(store), ..self }
    }

    /// Knows the texts that these rings have encrypted together.
    #[must_use]
    pub fn with_texts(self, encrypted: Arc<EncryptedTexts>) -> Self {
        Self { encrypted, ..self }
    }

    /// Where downloaded keys are kept, if any are to be.
    pub fn downloads(&self) -> Option<&KeyStore> {
        self.downloaded.as_deref()
    }

    /// Could a list of certificates have the key that a `Wechatpay-Serial` names? A public key's is in none.
    pub fn is_worth_a_download(&self, serial: &str) -> bool {
        self.downloaded.is_some() && serial.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The given keys.
    pub fn into_keys(self) -> KeysByName {
        self.keys
    }

    /// The key that a `Wechatpay-Serial` names.
    pub fn named(&self, serial: &str) -> Option<Arc<PlatformKey>> {
        let given = self.keys.get(&folded(serial)).cloned();
        given.or_else(|| self.downloaded.as_ref()?.named(serial))
    }

    /// Texts that were encrypted for one of the keys.
    pub fn encrypted(&self) -> &EncryptedTexts {
        &self.encrypted
    }

    /// How many keys were given.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Was none given?
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What sensitive fields are encrypted for: a public key without an end, else the certificate that ends last.
    pub fn newest(&self) -> Option<Arc<PlatformKey>> {
        let downloaded = self.downloaded.as_ref().map(|store| store.all()).unwrap_or_default();
        let all = self.keys.values().chain(downloaded.values());
        all.max_by_key(|key| key.not_after.unwrap_or(i64::MAX)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{keys, text};
    use super::*;

    fn pem(name: &str) -> &'static str {
        text(&keys()[name]["certificate_pem"])
    }

    #[test]
    fn every_certificate_of_a_text_is_taken_and_none_is_left_out_silently() {
        let mut ring = KeyRing::default();
        let both = format!("{}\nthe next one:\n{}", pem("platform_old"), pem("platform_new"));
        assert_eq!(ring.add_certificate(both.as_bytes()).unwrap().len(), 2);
        for name in ["platform_old", "platform_new"] {
            let serial = text(&keys()[name]["serial"]);
            assert_eq!(ring.named(serial).unwrap().id, serial);
        }
        let halved = &both[..both.len() - 40];
        assert_eq!(ring.add_certificate(halved.as_bytes()), Err(KeyFileError::Unreadable));
        let other = text(&keys()["wechatpay_public"]["public_pem"]);
        assert_eq!(ring.add_certificate(other.as_bytes()), Err(KeyFileError::NotCertificate));
        let beside = format!("{other}{}", pem("platform_old"));
        assert_eq!(ring.add_certificate(beside.as_bytes()).unwrap().len(), 1);
        let key = text(&keys()["merchant"]["private_pem"]);
        assert_eq!(ring.add_certificate(key.as_bytes()), Err(KeyFileError::NotPublic("private key")));
    }
}
