//! The platform's certificates of a merchant without a public key (protocol-v3.md B.2, B.3): downloaded when a call first
//! needs them, before they are old, and when an answer names one that is not known.

use super::endpoint::V3Request;
use super::exchange::{authorization, head, texts};
use crate::clock::Clock;
use crate::error::{Error, Phase, TransportError};
use crate::gateway::attempt::{Attempt, OnAttempt, outcome, report};
use crate::gateway::refused;
use crate::gateway::transport::{HttpRequest, HttpResponse, Room, Transport};
use crate::model::merchant::Merchant;
use crate::model::v3_keys::V3Credentials;
use crate::wire::v3::answer::refusal;
use crate::wire::v3::certificates::{self, CertificatesError};
use crate::wire::v3::json;
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::key_store::{KeyStore, KeysByName, LIST_LIVES, StoreError};
use crate::wire::v3::resource::ResourceError;
use crate::wire::v3::signature::HeaderError;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

const TARGET: &str = "/v3/certificates";

/// The way to the gateway, as the call goes that needs certificates.
#[derive(Clone, Copy)]
pub struct CertificateRoad<'c> {
    /// The network.
    pub transport: &'c dyn Transport,
    /// The clock.
    pub clock: &'c dyn Clock,
    /// The domains, the healthier one first.
    pub urls: [Option<&'c str>; 2],
    /// Makes a fresh nonce.
    pub nonce: fn() -> String,
    /// Milliseconds for name, connection and TLS together.
    pub connect_timeout_ms: u64,
    /// When the call's time is up.
    pub deadline_ms: u64,
    /// Whose certificates.
    pub merchant: &'c Merchant,
    /// What they are asked for and opened with.
    pub keys: &'c V3Credentials,
    /// Who hears of the tries.
    pub on_attempt: OnAttempt<'c>,
}

/// Sees to it that there are keys before a call is made: a list that is due is loaded. What is known already is enough if
/// that fails.
pub fn ready(road: &CertificateRoad<'_>) -> Result<(), Error> {
    let ring = &road.keys.ring;
    let Some(store) = ring.downloads() else { return Ok(()) };
    let now = road.clock.unix_seconds();
    let lives = || ring.newest().is_some_and(|key| !key.is_expired(now));
    // Certificates that were given do until they end, or an answer names another.
    if !store.is_due(now) || store.is_new() && lives() {
        return Ok(());
    }
    if store.is_new() && kept(road, store, now) {
        return Ok(());
    }
    let loaded = load(road, store, now);
    if lives() { Ok(()) } else { loaded }
}

/// Looks for the key that an answer or a notice names: true if there is a new list, which is worth another look. That
/// of another process comes first, and nothing is asked for twice in a minute; a list that did not come is a fault.
pub fn missed(road: &CertificateRoad<'_>, serial: &str) -> Result<bool, Error> {
    let now = road.clock.unix_seconds();
    let ring = &road.keys.ring;
    let Some(store) = ring.downloads().filter(|_| ring.is_worth_a_download(serial)) else { return Ok(false) };
    if kept(road, store, now) && store.named(serial).is_some() {
        return Ok(true);
    }
    if store.may_be_asked(now) {
        return load(road, store, now).map(|()| true);
    }
    store.failure().map_or(Ok(false), |why| Err(others(&why).into()))
}

/// Downloads the list, alone; its tries are reported when nobody waits for it any more.
fn load(road: &CertificateRoad<'_>, store: &KeyStore, now: i64) -> Result<(), Error> {
    let mut attempts = Vec::new();
    let patience = Duration::from_millis(road.left_ms());
    let loaded = store.refresh(now, patience, || download(road, store, &mut attempts));
    for attempt in &attempts {
        report(road.on_attempt, attempt);
    }
    loaded.map_err(|error| match error {
        StoreError::Download(error) => error,
        StoreError::Theirs(why) => others(&why).into(),
    })
}

/// Somebody else in this process has failed to load it.
fn others(why: &str) -> TransportError {
    let message = format!("WeChat Pay's certificates were not loaded: {why}");
    TransportError { phase: Phase::Answer, message, sent: false, retry_after_ms: None, reused: None }
}

/// Asks one domain, and the other one if the first is not reached.
fn download(
    road: &CertificateRoad<'_>,
    store: &KeyStore,
    attempts: &mut Vec<Attempt>,
) -> Result<KeysByName, Error> {
    let mut ended = Err(Error::Malformed("nobody was asked for the certificates".into()));
    for url in road.urls.into_iter().flatten() {
        ended = one_try(road, store, url, attempts);
        if !matches!(ended, Err(Error::Transport(_))) {
            break;
        }
    }
    ended
}

fn one_try(
    road: &CertificateRoad<'_>,
    store: &KeyStore,
    url: &str,
    attempts: &mut Vec<Attempt>,
) -> Result<KeysByName, Error> {
    let started = road.clock.now_ms();
    let carried = road.carry(url);
    let (status, reused) = match &carried {
        Ok(response) => (Some(response.status), Some(response.reused)),
        Err(_) => (None, None),
    };
    let ended = carried.and_then(|response| {
        let ring = road.read(&response, url)?;
        keep(store, response.message());
        Ok(ring.into_keys())
    });
    attempts.push(Attempt {
        path: TARGET.to_owned(),
        host: refused::host(url).to_owned(),
        number: u32::try_from(attempts.len()).unwrap_or(0).saturating_add(1),
        reused,
        ms: road.clock.now_ms().saturating_sub(started),
        status,
        outcome: ended.as_ref().err().map_or("ok", outcome),
    });
    ended
}

impl CertificateRoad<'_> {
    fn left_ms(&self) -> u64 {
        self.deadline_ms.saturating_sub(self.clock.now_ms())
    }

    fn carry(&self, url: &str) -> Result<HttpResponse, Error> {
        let request = V3Request::get(TARGET.to_owned());
        let fresh = (self.clock.unix_seconds(), &*(self.nonce)());
        let authorization = authorization(self.merchant, self.keys, &request, fresh)?;
        let left_ms = self.left_ms();
        Ok(self.transport.send(&HttpRequest {
            url,
            method: request.method,
            target: &request.target,
            headers: &head(&authorization, self.keys, &request),
            body: &[],
            connect_timeout_ms: self.connect_timeout_ms.min(left_ms),
            timeout_ms: left_ms,
            may_resend: true,
            room: Room::Memory(json::MOST_BYTES as u64),
        })?)
    }

    fn read(&self, response: &HttpResponse, url: &str) -> Result<KeyRing, Error> {
        let now = self.clock.unix_seconds();
        let (headers, body) = (texts(&response.headers), response.message());
        let keys: Vec<_> =
            [Some(&self.keys.key), self.keys.previous_key.as_ref()].into_iter().flatten().collect();
        let said = json::object(body).and_then(|said| refusal(&said)).ok();
        match (response.status, said) {
            (200, _) => {}
            (404, Some(said)) if said.code == "RESOURCE_NOT_EXISTS" => {}
            // It may be signed with what we do not have yet: no verdict, and none is needed.
            (400..=499, Some(said)) if response.status != 429 => {
                return Err(Error::Unsigned { code: said.code, message: said.message });
            }
            _ => return Err(refused::fault(response, url).into()),
        }
        certificates::read(response.status, &headers, body, &keys, now).map_err(fault)
    }
}

fn fault(error: CertificatesError) -> Error {
    match error {
        CertificatesError::Signature(HeaderError::UnknownSerial(_)) => Error::Headers(HeaderError::Wrong),
        CertificatesError::Signature(error) => Error::Headers(error),
        CertificatesError::NoneIssued | CertificatesError::Sealed(ResourceError::NotOurs) => {
            Error::Configuration(error.to_string())
        }
        error => Error::Malformed(error.to_string()),
    }
}

/// Takes the list that another process has kept, unless it is old, or no newer than ours. What does not open with the
/// merchant's key is nobody's list.
fn kept(road: &CertificateRoad<'_>, store: &KeyStore, now: i64) -> bool {
    let is_news =
        |at: i64| (0..LIST_LIVES).contains(&(now - at)) && store.loaded_at().is_none_or(|ours| at > ours);
    let Some((body, at)) = store.cache.as_deref().and_then(|path| read_file(path, is_news)) else {
        return false;
    };
    let ring = certificates::reopened(&body, &[&road.keys.key], now).ok();
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
fn keep(store: &KeyStore, body: &[u8]) {
    let Some((path, folder)) = store.cache.as_deref().and_then(|path| Some((path, path.parent()?))) else {
        return;
    };
    let Ok(mut file) = tempfile::NamedTempFile::new_in(folder) else { return };
    if file.write_all(body).is_ok() {
        let _ = file.persist(path);
    }
}

#[cfg(test)]
mod tests;
