//! A notice of APIv3: signed like an answer, and sealed inside (protocol-v3.md E).

use super::json::{self, JsonError, JsonObject};
use super::key_ring::KeyRing;
use super::resource::ResourceError;
use super::signature::{HeaderError, SignatureHeaders};
use crate::wire::verified::Verified;
use zeroize::Zeroizing;

/// What was sealed in a notice.
#[derive(Debug, Clone)]
pub struct OpenedNotice {
    /// `id`, the same for every repeat.
    pub id: String,
    /// `event_type`; what is inside decides.
    pub event_type: String,
    /// What was inside.
    pub resource: Verified<JsonObject>,
}

/// Why a notice is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Nobody proved to be WeChat Pay.
    #[error(transparent)]
    Signature(#[from] HeaderError),
    /// The envelope, or what is in it, is not what WeChat Pay says.
    #[error(transparent)]
    Malformed(#[from] JsonError),
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] ResourceError),
}

/// Verifies a notice, then opens it; `now` is this machine's clock in seconds since 1970.
pub fn open(
    headers: &[(&str, &str)],
    body: &[u8],
    ring: &KeyRing,
    now: i64,
    unseal: impl FnOnce(&JsonObject) -> Result<Zeroizing<Vec<u8>>, ResourceError>,
) -> Result<OpenedNotice, NoticeError> {
    SignatureHeaders::of(headers)?.verify(body, ring, now)?;
    let envelope = json::object(body)?;
    let event_type = envelope.text("event_type")?.ok_or(JsonError::Missing("event_type"))?.to_owned();
    let id = envelope.text("id")?.unwrap_or_default().to_owned();
    let sealed = envelope.object("resource")?.ok_or(JsonError::Missing("resource"))?;
    let resource = json::object(&unseal(sealed)?)?;
    Ok(OpenedNotice { id, event_type, resource: Verified::by_check(resource) })
}
