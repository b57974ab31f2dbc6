//! The keys of an APIv3 merchant. They are read when the first call needs them: a page that needs none lives on the day
//! when a file is gone.

use crate::wire::key::Key;
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::request_key::RequestKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::{Arc, RwLock};
use time::OffsetDateTime;

/// What APIv3 needs.
pub struct V3Credentials {
    /// Signs requests; or why it cannot, which keeps nobody from reading notices.
    pub own: Result<OwnKey, UnusableKeys>,
    /// Verifies answers and notices.
    pub ring: KeyRing,
    /// Which key answers are to be signed with: a `PUB_KEY_ID`.
    pub answer_key: Option<String>,
    /// The APIv3 key, which opens notices.
    pub key: Key,
    /// The one before, for notices under way.
    pub previous_key: Option<Key>,
}

/// The merchant's own key, as far as its certificate is known.
#[derive(Debug)]
pub struct OwnKey {
    /// The key.
    pub key: RequestKey,
    /// When its certificate ends, in seconds since 1970; `None` if only its serial number was given.
    pub not_after: Option<i64>,
}

impl V3Credentials {
    /// The key that signs, if its certificate lives at this time (seconds since 1970): to be asked for at each signing.
    pub fn request_key(&self, now: i64) -> Result<&RequestKey, UnusableKeys> {
        let own = self.own.as_ref().map_err(Clone::clone)?;
        match own.not_after {
            Some(end) if end <= now => Err(ended(end)),
            _ => Ok(&own.key),
        }
    }

    /// The key that opens what was encrypted for its certificate, also after the end of that.
    pub fn private_key(&self) -> Result<&RequestKey, UnusableKeys> {
        self.own.as_ref().map(|own| &own.key).map_err(Clone::clone)
    }

    /// Is this the signature of the key that has this name in the ring?
    pub fn has_signed(&self, name: &str, message: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature).unwrap_or_default();
        self.ring.named(name).is_some_and(|key| key.verifies(message, &signature))
    }
}

/// Reads keys, or says what is wrong with them.
type KeyReader = dyn Fn() -> Result<Arc<V3Credentials>, String> + Send + Sync;

/// Keys that are read when they are needed, and again when what they are read from has changed.
pub struct V3Keys {
    /// None if they are there already.
    read: Option<Box<KeyReader>>,
    known: RwLock<Option<Arc<V3Credentials>>>,
    takes_codes: bool,
}

/// The keys cannot be used; the sentence never shows them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableKeys(pub String);

impl V3Keys {
    /// Keys that this reads, on the thread that asks for them; it is asked each time, and keeps what it has read.
    pub fn new(read: impl Fn() -> Result<Arc<V3Credentials>, String> + Send + Sync + 'static) -> Self {
        Self { read: Some(Box::new(read)), known: RwLock::default(), takes_codes: false }
    }

    /// The same of a merchant to whom WeChat Pay has opened code payments in APIv3, or has not.
    #[must_use]
    pub fn taking_codes(self, takes_codes: bool) -> Self {
        Self { takes_codes, ..self }
    }

    /// Are code payments open?
    pub const fn takes_codes(&self) -> bool {
        self.takes_codes
    }

    /// The keys as they are now: a file that has changed is read again.
    pub fn get(&self) -> Result<Arc<V3Credentials>, UnusableKeys> {
        let Some(read) = &self.read else { return self.last_seen().ok_or_else(gone) };
        let keys = read().map_err(UnusableKeys)?;
        // Nobody waits: a child that was forked while another thread had the lock reads them itself.
        let is_known = self.last_seen().is_some_and(|known| Arc::ptr_eq(&known, &keys));
        if let Some(mut known) = self.known.try_write().ok().filter(|_| !is_known) {
            *known = Some(keys.clone());
        }
        Ok(keys)
    }

    /// The keys as they were seen last, for a call that has begun: what reads files belongs to the thread that called.
    pub fn seen(&self) -> Result<Arc<V3Credentials>, UnusableKeys> {
        self.last_seen().map_or_else(|| self.get(), Ok)
    }

    fn last_seen(&self) -> Option<Arc<V3Credentials>> {
        self.known.try_read().ok()?.clone()
    }
}

fn ended(not_after: i64) -> UnusableKeys {
    let day = OffsetDateTime::from_unix_timestamp(not_after).map(|end| end.date().to_string());
    UnusableKeys(format!(
        "the merchant certificate expired on {}; get a new one from the merchant platform",
        day.unwrap_or_default()
    ))
}

fn gone() -> UnusableKeys {
    UnusableKeys("the keys are gone".into())
}

/// Keys that are there already.
impl From<V3Credentials> for V3Keys {
    fn from(known: V3Credentials) -> Self {
        Self { read: None, known: RwLock::new(Some(Arc::new(known))), takes_codes: false }
    }
}

#[cfg(test)]
impl V3Keys {
    /// The keys, to be changed by a test.
    pub(crate) fn for_test(&mut self) -> &mut V3Credentials {
        self.known.get_mut().unwrap().as_mut().and_then(Arc::get_mut).unwrap()
    }
}
