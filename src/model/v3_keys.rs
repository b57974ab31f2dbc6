//! The keys of an APIv3 merchant. They are read when the first call needs them: a page that needs none lives on the day
//! when a file is gone.

use crate::wire::key::Key;
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::request_key::RequestKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::{Arc, OnceLock};

/// What APIv3 needs.
pub struct V3Credentials {
    /// Signs requests.
    pub request_key: RequestKey,
    /// Verifies answers and notices.
    pub ring: KeyRing,
    /// Which key answers are to be signed with: a `PUB_KEY_ID`.
    pub answer_key: Option<String>,
    /// The APIv3 key, which opens notices.
    pub key: Key,
    /// The one before, for notices under way.
    pub previous_key: Option<Key>,
}

impl V3Credentials {
    /// Is this the signature of the key that has this name in the ring?
    pub fn has_signed(&self, name: &str, message: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature).unwrap_or_default();
        self.ring.named(name).is_some_and(|key| key.verifies(message, &signature))
    }
}

/// Reads keys, or says what is wrong with them.
type KeyReader = dyn Fn() -> Result<Arc<V3Credentials>, String> + Send + Sync;

/// Keys that are read once, and again only as long as they cannot be read.
pub struct V3Keys {
    read: Box<KeyReader>,
    known: OnceLock<Arc<V3Credentials>>,
    takes_codes: bool,
}

/// The keys cannot be used; the sentence never shows them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableKeys(pub String);

impl V3Keys {
    /// Keys that this reads, on the thread that first asks for them.
    pub fn new(read: impl Fn() -> Result<Arc<V3Credentials>, String> + Send + Sync + 'static) -> Self {
        Self { read: Box::new(read), known: OnceLock::new(), takes_codes: false }
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

    /// The keys.
    pub fn get(&self) -> Result<&V3Credentials, UnusableKeys> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let read = (self.read)().map_err(UnusableKeys)?;
        Ok(self.known.get_or_init(|| read))
    }
}

/// Keys that are there already.
impl From<V3Credentials> for V3Keys {
    fn from(known: V3Credentials) -> Self {
        let known = OnceLock::from(Arc::new(known));
        Self { read: Box::new(|| Err("the keys are gone".into())), known, takes_codes: false }
    }
}

#[cfg(test)]
impl V3Keys {
    /// The keys, to be changed by a test.
    pub(crate) fn for_test(&mut self) -> &mut V3Credentials {
        self.known.get_mut().and_then(Arc::get_mut).unwrap()
    }
}
