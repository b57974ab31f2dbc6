//! The list of certificates in a file, which the processes of one machine share.

use crate::model::v3_keys::V3Credentials;
use crate::wire::v3::certificates;
use crate::wire::v3::json;
use crate::wire::v3::key_store::{KeyStore, LIST_LIVES};
use std::fs;
use std::io::Write;
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

/// What is in the file, and when it was written in seconds since 1970, if that is wanted.
fn read_file(path: &Path, is_wanted: impl FnOnce(i64) -> bool) -> Option<(Vec<u8>, i64)> {
    let file =
        fs::metadata(path).ok().filter(|file| file.is_file() && file.len() <= json::MOST_BYTES as u64)?;
    let at = i64::try_from(file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    if is_wanted(at) { Some((fs::read(path).ok()?, at)) } else { None }
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
