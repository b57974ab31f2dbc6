//! The platform's certificates of a merchant without a public key (protocol-v3.md B.2, B.3): downloaded when a call first
//! needs them, before they are old, and when an answer names one that is not known.

use crate::clock::Clock;
use crate::error::{Advice, Error, Fault, Phase, Repeat, TransportError};
use crate::gateway::attempt::{Attempt, OnAttempt, report};
use crate::model::v3_keys::V3Credentials;
use crate::wire::v3::key_store::{KeyStore, KeysByName, ListFailure, StoreError};
use crate::wire::v3::signature::HeaderError;
use cache::{keep, kept};
use list::CertificateList;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

mod cache;
pub mod list;

/// A refresh that the call can do without takes so many milliseconds at most.
const OPTIONAL_MS: u64 = 1000;
/// With fewer milliseconds the list is not asked for: it would fail, and be asked for again in a minute only.
const LEAST_MS: u64 = 300;

/// Who can ask for the list.
pub trait ListSource {
    /// Asks for it within so many milliseconds.
    fn list(
        &self,
        keys: &Arc<V3Credentials>,
        within_ms: u64,
        on_attempt: OnAttempt<'_>,
    ) -> Result<CertificateList, Error>;
}

/// The way to the list for a call that needs certificates.
#[derive(Clone, Copy)]
pub struct CertificateRoad<'c> {
    /// Who asks.
    pub source: &'c dyn ListSource,
    /// The clock.
    pub clock: &'c dyn Clock,
    /// When the call's time is up.
    pub deadline_ms: u64,
    /// What it is asked for and opened with.
    pub keys: &'c Arc<V3Credentials>,
    /// Who hears of the tries.
    pub on_attempt: OnAttempt<'c>,
}

/// Sees to it that there are keys before a call is made. Without a key the list is a step of the call, which leaves half
/// of the time to the call itself where that is enough for both; a list that is only old is asked for within a quarter of it, and is enough if that fails.
pub fn ready(road: &CertificateRoad<'_>) -> Result<(), Error> {
    let ring = &road.keys.ring;
    let Some(store) = ring.downloads() else { return Ok(()) };
    let now = road.clock.unix_seconds();
    let lives = || ring.newest().is_some_and(|key| !key.is_expired(now));
    // Certificates that were given do until they end, or an answer names another.
    if !store.is_due(now) || store.is_new() && lives() || kept(store, road.keys, now) && lives() {
        return Ok(());
    }
    let left_ms = road.left_ms();
    if !lives() {
        return refreshed(road, store, (left_ms / 2).max(LEAST_MS).min(left_ms)).map(drop);
    }
    if store.may_be_asked(now) {
        // What is known does.
        let _ = load(road, store, (left_ms / 4).min(OPTIONAL_MS));
    }
    Ok(())
}

/// Looks for the key that an answer or a notice names: true if it has come meanwhile, or there is a new list, which is worth
/// another look. What others have loaded comes first; a list that did not come is a fault.
pub fn missed(road: &CertificateRoad<'_>, serial: &str) -> Result<bool, Error> {
    let now = road.clock.unix_seconds();
    let ring = &road.keys.ring;
    let Some(store) = ring.downloads().filter(|_| ring.is_worth_a_download(serial)) else { return Ok(false) };
    let is_there = || store.named(serial).is_some();
    if is_there() || kept(store, road.keys, now) && is_there() {
        return Ok(true);
    }
    let came = refreshed(road, store, road.left_ms());
    if is_there() { Ok(true) } else { came }
}

/// Loads the list if it was not asked for in the last minute: true if it came. What it failed of then is told again.
fn refreshed(road: &CertificateRoad<'_>, store: &KeyStore, within_ms: u64) -> Result<bool, Error> {
    if store.may_be_asked(road.clock.unix_seconds()) {
        return load(road, store, within_ms).map(|()| true);
    }
    store.failure().map_or(Ok(false), |failure| {
        let why = format!("{} (that was less than a minute ago; it is asked for once a minute)", failure.why);
        Err(told_again(&ListFailure { why, ..failure }))
    })
}

/// Downloads the list, alone; its tries are reported when nobody waits for it any more. A caller whose time is nearly up
/// leaves it to the next one.
fn load(road: &CertificateRoad<'_>, store: &KeyStore, within_ms: u64) -> Result<(), Error> {
    if within_ms < LEAST_MS {
        return Err(missing("too little time was left to ask for it").into());
    }
    let attempts = RefCell::default();
    let patience = Duration::from_millis(within_ms);
    let now = road.clock.unix_seconds();
    let loaded = store.refresh(now, patience, || download(road, store, within_ms, &attempts));
    for attempt in attempts.take() {
        report(road.on_attempt, &attempt);
    }
    loaded.map_err(|error| match error {
        StoreError::Download(error) => of_the_list(error),
        StoreError::Theirs(failure) => told_again(&failure),
    })
}

fn download(
    road: &CertificateRoad<'_>,
    store: &KeyStore,
    within_ms: u64,
    attempts: &RefCell<Vec<Attempt>>,
) -> Result<KeysByName, Error> {
    let hears = |attempt: &Attempt| attempts.borrow_mut().push(attempt.clone());
    let list = road.source.list(road.keys, within_ms, Some(&hears))?;
    keep(store, &list.sealed);
    Ok(list.ring.into_keys())
}

impl CertificateRoad<'_> {
    fn left_ms(&self) -> u64 {
        self.deadline_ms.saturating_sub(self.clock.now_ms())
    }
}

fn not_loaded(why: &str) -> String {
    format!("the list of platform certificates could not be loaded: {why}")
}

/// What the list met is not what the call met that needs it.
fn of_the_list(error: Error) -> Error {
    match error {
        Error::Transport(fault) if is_lasting(&fault.clone().into()) => {
            TransportError { message: not_loaded(&fault.message), ..fault }.into()
        }
        Error::Transport(fault) => missing(&fault.message).into(),
        Error::Malformed(why) => Error::Malformed(not_loaded(&why)),
        Error::Configuration(why) => Error::Configuration(not_loaded(&why)),
        Error::Headers(why) => Error::Headers(why.of_the_list()),
        Error::Unsigned { code, message } => {
            let said = message.map(|message| format!(" {message}")).unwrap_or_default();
            Error::Unsigned { code, message: Some(format!("(the list of platform certificates){said}")) }
        }
        error => Error::Malformed(not_loaded(&error.to_string())),
    }
}

/// What it met in another call.
fn told_again(failure: &ListFailure) -> Error {
    if failure.is_lasting {
        Error::Configuration(not_loaded(&failure.why))
    } else {
        missing(&failure.why).into()
    }
}

/// The list may come in a minute.
fn missing(why: &str) -> TransportError {
    let (phase, message) = (Phase::Certificates, not_loaded(why));
    TransportError { phase, message, sent: false, retry_after_ms: None, reused: None }
}

impl From<Error> for ListFailure {
    fn from(error: Error) -> Self {
        Self { why: error.to_string(), is_lasting: is_lasting(&error) }
    }
}

/// Does it stay so until somebody mends something? What nobody has signed may be anybody's, and the next one WeChat Pay's.
fn is_lasting(error: &Error) -> bool {
    let advice = Fault::new(error.clone(), Repeat::Query, None).advice;
    matches!(advice, Advice::FixConfiguration | Advice::FixCall) && !matches!(error, Error::Headers(_))
}

/// An answer names a certificate that is not known, and the list that may have it did not come: nobody knows whether the
/// answer is genuine.
pub fn unjudged(serial: &str, why: &Error) -> Error {
    let message = format!("it names the certificate {serial}, which is not known here, and {why}");
    if is_lasting(why) {
        return HeaderError::Unlisted(message).into();
    }
    let message = format!("the answer could not be judged: {message}");
    TransportError { message, sent: true, ..missing("") }.into()
}

#[cfg(test)]
mod tests;
