//! Names to addresses, remembered for a minute. ureq would ask on every request, each time on a new thread.

use super::threads::shielded;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

const REMEMBERED: Duration = Duration::from_secs(60);

/// Names that were looked up in this process.
#[derive(Debug, Default)]
pub struct Names {
    known: Mutex<HashMap<String, (Instant, Vec<SocketAddr>)>>,
}

impl Names {
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

    fn find(&self, uri: &Uri, timeout: NextTimeout) -> Result<Vec<SocketAddr>, ureq::Error> {
        let authority = uri.authority().map_or("", |a| a.as_str());
        if let Some(found) = self.remembered(authority) {
            return Ok(found);
        }
        let port = uri.port_u16().unwrap_or(443);
        let host = uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
        let found = look_up(host, port, timeout)?;
        if let Ok(mut known) = self.known.lock() {
            known.insert(authority.to_owned(), (Instant::now(), found.clone()));
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
pub struct SharedNames(pub std::sync::Arc<Names>);

impl Resolver for SharedNames {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        for address in self.0.find(uri, timeout)?.into_iter().take(16) {
            addresses.push(address);
        }
        if addresses.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(addresses) }
    }
}
