//! Connections that outlive one call, one script, one php-fpm request: one pool a process.

use super::client::{ApiClient, random_nonce};
use super::http::PooledAgent;
use super::identity::{self, Files, Fingerprint, Identity, belongs_to, fingerprint, still_valid};
use super::proxy::Proxy;
use super::resolver::DnsCache;
use super::retry::Health;
use super::settings::Settings;
use super::tls;
use crate::clock::{Clock, SystemClock};
use crate::model::merchant::{CertificateSource, Credentials, Material, Merchant, V2Credentials};
use crate::model::misplaced::shown_path;
use rustls::RootCertStore;
use std::sync::{Arc, Mutex};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Gateways and identities kept at most; the oldest goes first.
const MOST_KEPT: usize = 64;

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

struct Pool {
    /// Sockets must never be shared with a forked child.
    pid: u32,
    names: Arc<DnsCache>,
    kept: Vec<(ConnectionKey, KeptAgent)>,
}

/// What tells one set of connections from another: gateway, the way to it, and client identity.
#[derive(PartialEq, Eq, Clone)]
struct ConnectionKey {
    url: String,
    backup_url: Option<String>,
    proxy: Option<Proxy>,
    ca: Option<Fingerprint>,
    identity: Option<Fingerprint>,
}

#[derive(Clone)]
struct KeptAgent {
    agent: Arc<PooledAgent>,
    health: Arc<Health>,
    /// When the client certificate expires.
    expires_at: Option<OffsetDateTime>,
    /// Whose it is.
    common_name: Option<String>,
}

/// Makes a client for this merchant, whose key can sign. CA file, certificate and keys are looked at on the calling thread,
/// and read only when they are new or have changed.
pub fn client(
    settings: &Settings,
    merchant: &Arc<Merchant>,
    certificate: bool,
    files: &dyn Files,
) -> Result<ApiClient, String> {
    let client = client_for_notices(settings, merchant, certificate, files)?;
    if let Credentials::V3(keys) = &merchant.credentials {
        let now = SystemClock.unix_seconds();
        keys.seen().and_then(|keys| keys.request_key(now).map(drop)).map_err(|why| why.to_string())?;
    }
    Ok(client)
}

/// The same for notices, which need WeChat Pay's keys only: what cannot sign finds keys that others have downloaded.
pub fn client_for_notices(
    settings: &Settings,
    merchant: &Arc<Merchant>,
    certificate: bool,
    files: &dyn Files,
) -> Result<ApiClient, String> {
    let source = source_of(merchant, certificate)?;
    let key = key(settings, source, files)?;
    let kept = match find(&key) {
        Some(kept) => kept,
        None => keep(key, fresh(settings, source, files)?),
    };
    if let Some(expires_at) = kept.expires_at {
        still_valid(expires_at, SystemClock.unix_seconds())?;
    }
    belongs_to(&merchant.mch_id, kept.common_name.as_deref())?;
    Ok(ApiClient {
        merchant: merchant.clone(),
        transport: kept.agent,
        clock: Arc::new(SystemClock),
        health: kept.health,
        url: settings.url.clone(),
        backup_url: settings.backup_url.clone(),
        connect_timeout_ms: settings.connect_timeout_ms,
        timeout_ms: settings.timeout_ms,
        nonce: random_nonce,
    })
}

/// What TLS shows of the merchant: APIv3 signs every request instead.
fn source_of(merchant: &Merchant, certificate: bool) -> Result<Option<&CertificateSource>, String> {
    match &merchant.credentials {
        Credentials::V2(keys) if certificate => certificate_of(keys).map(Some),
        Credentials::V2(_) => Ok(None),
        Credentials::V3(keys) => keys.get().map(|_| None).map_err(|e| e.to_string()),
    }
}

fn certificate_of(keys: &V2Credentials) -> Result<&CertificateSource, String> {
    keys.certificate.as_ref().ok_or_else(|| {
        "this call needs the merchant's client certificate: give Merchant certificate and privateKey (or the p12)".into()
    })
}

fn key(
    settings: &Settings,
    source: Option<&CertificateSource>,
    files: &dyn Files,
) -> Result<ConnectionKey, String> {
    let ca = settings.ca_file.clone().map(Material::Path);
    let identity = source.map(|source| identity_fingerprint(source, files));
    Ok(ConnectionKey {
        url: settings.url.clone(),
        backup_url: settings.backup_url.clone(),
        proxy: settings.proxy.clone(),
        ca: ca.map(|path| fingerprint([&path], files)).transpose()?,
        identity: identity.transpose()?,
    })
}

/// When the certificate of this source expires, if it can be read. Opening a container costs as much as a call, and
/// every request of a shop makes its merchant anew: so each is opened once.
pub fn expires_at(source: &CertificateSource, files: &dyn Files) -> Option<OffsetDateTime> {
    static KNOWN: Mutex<Vec<(Fingerprint, OffsetDateTime)>> = Mutex::new(Vec::new());
    let fingerprint = identity_fingerprint(source, files).ok()?;
    // A child forked while another thread had the lock goes without.
    let known =
        KNOWN.try_lock().ok().and_then(|known| known.iter().find(|(f, _)| *f == fingerprint).copied());
    if let Some((_, expires_at)) = known {
        return Some(expires_at);
    }
    let expires_at = identity::expires_at(source, files)?;
    if let Ok(mut known) = KNOWN.try_lock() {
        if known.len() >= MOST_KEPT {
            known.remove(0);
        }
        known.push((fingerprint, expires_at));
    }
    Some(expires_at)
}

/// The password takes part: who does not know it must not get what another has opened with it.
fn identity_fingerprint(source: &CertificateSource, files: &dyn Files) -> Result<Fingerprint, String> {
    let password = Material::Inline(Zeroizing::new(source.password.as_bytes().to_vec()));
    let parts = [&source.certificate, &password].into_iter().chain(&source.private_key);
    fingerprint(parts, files)
}

fn fresh(
    settings: &Settings,
    source: Option<&CertificateSource>,
    files: &dyn Files,
) -> Result<KeptAgent, String> {
    let roots = settings.ca_file.as_deref().map(|path| roots(path, files)).transpose()?;
    let identity = source.map(|source| Identity::load(source, files)).transpose()?;
    let tls = tls::config(roots, identity.as_ref())?;
    let agent = Arc::new(PooledAgent::new(tls, with_pool(|pool| pool.names.clone()), settings.proxy.clone()));
    let (expires_at, common_name) = identity.map(|i| (i.expires_at, i.common_name)).unzip();
    Ok(KeptAgent { agent, health: Arc::default(), expires_at, common_name: common_name.flatten() })
}

fn roots(path: &str, files: &dyn Files) -> Result<Arc<RootCertStore>, String> {
    tls::roots(&files.read(path)?).map_err(|e| format!("the CA file {} {e}", shown_path(path)))
}

fn find(key: &ConnectionKey) -> Option<KeptAgent> {
    with_pool(|pool| pool.kept.iter().find(|(k, _)| k == key).map(|(_, kept)| kept.clone()))
}

fn keep(key: ConnectionKey, kept: KeptAgent) -> KeptAgent {
    with_pool(|pool| {
        if pool.kept.len() >= MOST_KEPT {
            pool.kept.remove(0);
        }
        pool.kept.push((key, kept.clone()));
        kept
    })
}

fn with_pool<T>(use_it: impl FnOnce(&mut Pool) -> T) -> T {
    let mut slot = POOL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    use_it(Pool::of_this_process(&mut slot))
}

impl Pool {
    /// In a forked child the parent's pool is left alone, not even closed: its sockets are the parent's.
    fn of_this_process(slot: &mut Option<Self>) -> &mut Self {
        let pid = std::process::id();
        if slot.as_ref().is_some_and(|pool| pool.pid != pid) {
            std::mem::forget(slot.take());
        }
        slot.get_or_insert_with(|| Self { pid, names: Arc::default(), kept: Vec::new() })
    }
}

#[cfg(test)]
mod tests;
