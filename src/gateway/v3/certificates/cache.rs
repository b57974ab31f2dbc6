//! The list of certificates in a file, which the processes of one machine share.

use crate::model::v3_keys::V3Credentials;
use crate::wire::v3::certificates;
use crate::wire::v3::json;
use crate::wire::v3::key_store::{KeyStore, LIST_LIVES};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Takes the list that another process has kept, unless it is old, or no newer than ours. What does not open with the
/// merchant's key is nobody's list.
pub fn kept(store: &KeyStore, keys: &V3Credentials, now: i64) -> bool {
    let is_news =
        |at: i64| (0..LIST_LIVES).contains(&(now - at)) && store.loaded_at().is_none_or(|ours| at > ours);
    let Some((body, at)) = store.cache.as_deref().and_then(|path| read_file(path, is_news)) else {
        return false;
    };
    let ring = certificates::reopened(&body, &[&keys.key], now).ok();
    let is_kept = ring.is_some();
    if let Some(ring) = ring {
        store.take(ring.into_keys(), at);
    }
    is_kept
}

/// What is in the file, and when it was written in seconds since 1970, if that is wanted. What others may have put there
/// instead of a file is not followed, and not waited for.
fn read_file(path: &Path, is_wanted: impl FnOnce(i64) -> bool) -> Option<(Vec<u8>, i64)> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let found = file.metadata().ok()?;
    let at = i64::try_from(found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    if !found.is_file() || found.len() > json::MOST_BYTES as u64 || !is_wanted(at) {
        return None;
    }
    let mut body = Vec::new();
    file.take(json::MOST_BYTES as u64).read_to_end(&mut body).ok()?;
    Some((body, at))
}

/// Keeps the list as it came, for this user only and never half of it. A folder that cannot be written costs a download.
pub fn keep(store: &KeyStore, body: &[u8]) {
    let Some((path, folder)) = store.cache.as_deref().and_then(|path| Some((path, path.parent()?))) else {
        return;
    };
    let Ok(mut file) = tempfile::NamedTempFile::new_in(folder) else { return };
    if file.write_all(body).is_ok() {
        let _ = file.persist(path);
    }
}
