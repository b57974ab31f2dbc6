//! The real transport against a real TLS peer on loopback that plays each fault.

mod faults;
mod proxy;
mod tls_server;
mod trust;

use super::*;
use crate::gateway::tls;
use crate::wire::v2::xml;
use tls_server::TlsServer;

/// An agent that trusts this peer's authority.
fn agent(peer: &TlsServer) -> PooledAgent {
    PooledAgent::new(tls::config(Some(peer.roots()), None).unwrap(), Arc::default(), None)
}

/// As a call that takes 200 only.
fn send(agent: &PooledAgent, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
    agent.send(request).and_then(|response| refused::only_ok(response, request.url))
}

/// A question to the peer with these deadlines.
fn post(url: &str, connect_timeout_ms: u64, timeout_ms: u64) -> HttpRequest<'_> {
    HttpRequest {
        url,
        method: HttpMethod::Post,
        target: "/pay/orderquery",
        headers: &[("content-type", "text/xml; charset=utf-8")],
        body: b"<xml/>",
        connect_timeout_ms,
        timeout_ms,
        may_resend: true,
        room: Room::Memory(xml::MAX_BYTES as u64),
    }
}

fn ask(agent: &PooledAgent, peer: &TlsServer) -> Result<HttpResponse, TransportError> {
    send(agent, &post(&peer.url, 2000, 4000))
}
