//! The real transport against a real TLS peer on loopback that plays each fault.

mod faults;
mod proxy;
mod tls_server;
mod trust;

use super::*;
use crate::gateway::tls;
use tls_server::TlsServer;

/// An agent that trusts this peer's authority.
fn agent(peer: &TlsServer) -> PooledAgent {
    PooledAgent::new(tls::config(Some(peer.roots()), None).unwrap(), Arc::default(), None)
}

/// A question to the peer with these deadlines.
fn post(url: &str, connect_timeout_ms: u64, timeout_ms: u64) -> Post<'_> {
    Post {
        url,
        path: "/pay/orderquery",
        body: b"<xml/>",
        connect_timeout_ms,
        timeout_ms,
        may_resend: true,
        inbox: None,
    }
}

fn ask(agent: &PooledAgent, peer: &TlsServer) -> Result<Reply, TransportError> {
    agent.send(&post(&peer.url, 2000, 4000))
}
