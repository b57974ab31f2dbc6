//! Names to addresses, remembered for a minute. ureq would ask on every request, each time on a new thread.

use super::proxy::Proxy;
use super::threads::shielded;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

const REMEMBERED: Duration = Duration::from_secs(60);

/// Names that were looked up in this process.
#[derive(Debug, Default)]
pub struct DnsCache {
    known: Mutex<HashMap<String, (Instant, Vec<SocketAddr>)>>,
}

impl DnsCache {
    /// Forgets an address that did not work.
    pub fn forget(&self, authority: &str) {
        if let Ok(mut known) = self.known.lock() {
            known.remove(authority);
        }
    }

    fn remembered(&self, authority: &str) -> Option<Vec<SocketAddr>> {
        let known = self.known.lock().ok()?;
        known.get(authority).filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, found)| found.clone())
    }

    fn find(&self, authority: &Authority, timeout: NextTimeout) -> Result<Vec<SocketAddr>, ureq::Error> {
        if let Some(found) = self.remembered(authority.as_str()) {
            return Ok(found);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let found = look_up(host, authority.port_u16().unwrap_or(443), timeout)?;
        if let Ok(mut known) = self.known.lock() {
            known.insert(authority.as_str().to_owned(), (Instant::now(), found.clone()));
        }
        Ok(found)
    }
}

fn look_up(host: &str, port: u16, timeout: NextTimeout) -> Result<Vec<SocketAddr>, ureq::Error> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (answer, wait) = mpsc::sync_channel(1);
    let name = (host.to_owned(), port);
    shielded(&mut || {
        let (answer, name) = (answer.clone(), name.clone());
        // A thread that cannot be made leaves the channel silent, which is a lookup that timed out.
        let _ = thread::Builder::new().spawn(move || answer.send(name.to_socket_addrs()).ok());
    });
    match wait.recv_timeout(*timeout.after) {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(_)) => Err(ureq::Error::HostNotFound),
        Err(_) => Err(ureq::Error::Timeout(ureq::Timeout::Resolve)),
    }
}

/// The resolver ureq asks; shares the process's names.
#[derive(Debug)]
pub struct SharedResolver {
    /// The names.
    pub names: Arc<DnsCache>,
    /// Whoever goes through a proxy looks for the proxy: the gateway's name is the proxy's to find.
    pub proxy: Option<Proxy>,
}

impl Resolver for SharedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let authority = match &self.proxy {
            Some(proxy) => Authority::try_from(proxy.authority()).ok(),
            None => uri.authority().cloned(),
        };
        let authority = authority.ok_or(ureq::Error::HostNotFound)?;
        let mut addresses = self.empty();
        for address in self.names.find(&authority, timeout)?.into_iter().take(16) {
            addresses.push(address);
        }
        if addresses.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(addresses) }
    }
}
