//! The ureq transport: a pool of TLS connections to one gateway under one identity.

use super::proxy::{Proxy, Stopped, Tunnel};
use super::refusal;
use super::refused::{self, host};
use super::resolver::{DnsCache, SharedResolver};
use super::tls::TlsConnector;
use super::trace;
use super::transport::{Body, HttpMethod, HttpRequest, HttpResponse, Room, Transport};
use crate::error::{Phase, TransportError};
use receive::Lost;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::unversioned::transport::{Connector, TcpConnector};
use ureq::{Agent, RequestBuilder};

/// WeChat closes idle connections after 8 s; ours go a second earlier.
const IDLE: Duration = Duration::from_secs(7);
/// As many idle connections as `many` may have threads.
const MOST_IDLE: usize = 64;
/// How long a file may take from its first byte on.
const FILE: Duration = Duration::from_secs(600);
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// Longer than anybody waits, and short enough to be added to any instant.
const LONGEST_MS: u64 = 86_400_000;

fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms.min(LONGEST_MS))
}

/// Connections to one gateway under one identity.
#[derive(Debug)]
pub struct PooledAgent {
    agent: Agent,
    names: Arc<DnsCache>,
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
    /// The process whose sockets these are.
    pid: u32,
}

impl PooledAgent {
    /// No connection is made yet.
    pub fn new(tls: Arc<ClientConfig>, names: Arc<DnsCache>, proxy: Option<Proxy>) -> Self {
        let config = Config::builder()
            .http_status_as_error(false)
            .https_only(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_age(IDLE)
            .max_idle_connections(MOST_IDLE)
            .max_idle_connections_per_host(MOST_IDLE)
            .max_response_header_size(MOST_HEADER_BYTES)
            .input_buffer_size(2 * MOST_HEADER_BYTES)
            .output_buffer_size(MOST_HEADER_BYTES)
            .user_agent(concat!("wechatpay-php/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector =
            ().chain(TcpConnector::default())
                .chain(Tunnel(proxy.clone()))
                .chain(TlsConnector { config: tls.clone() });
        let shared = SharedResolver { names: names.clone(), proxy: proxy.clone() };
        let agent = Agent::with_parts(config, connector, shared);
        Self { agent, names, tls, proxy, pid: std::process::id() }
    }

    fn exchange(&self, request: &HttpRequest<'_>, by: Instant) -> Result<HttpResponse, TransportError> {
        let left = by.saturating_duration_since(Instant::now());
        let connect = milliseconds(request.connect_timeout_ms.max(1)).min(left);
        trace::begin(connect);
        let uri = format!("{}{}", request.url, request.target);
        let answer = match request.method {
            HttpMethod::Get => prepared(self.agent.get(uri), request, connect, left).call(),
            HttpMethod::Delete => prepared(self.agent.delete(uri), request, connect, left).call(),
            HttpMethod::Post => prepared(self.agent.post(uri), request, connect, left).send(request.body),
            HttpMethod::Put => prepared(self.agent.put(uri), request, connect, left).send(request.body),
            HttpMethod::Patch => prepared(self.agent.patch(uri), request, connect, left).send(request.body),
        };
        let broken = |e| self.broken(request.url, &e);
        let mut answer = answer.map_err(broken)?;
        let body = receive::body(&mut answer, request.room).or_else(|lost| match lost {
            Lost::OnTheWay(e) => Err(broken(e)),
            Lost::Unkept(e) => Ok(Body::Unkept(format!("the file cannot be kept: {}", plain(&e)))),
        })?;
        Ok(HttpResponse {
            status: answer.status().as_u16(),
            headers: std::mem::take(answer.headers_mut()),
            body,
            reused: !trace::read().is_new(),
            has_certificate: self.has_certificate(),
        })
    }

    fn broken(&self, url: &str, error: &ureq::Error) -> TransportError {
        let seen = trace::read();
        if matches!(error, ureq::Error::Timeout(_)) {
            trace::timed_out();
        }
        let before_the_tunnel =
            self.proxy.as_ref().filter(|_| !seen.reached() && seen.made == trace::ConnectionStage::Nothing);
        let (phase, message) = before_the_tunnel
            .map_or_else(|| self.lost(host(url), error, &seen), |proxy| at_the_proxy(proxy, error));
        TransportError { phase, message, sent: seen.sent, retry_after_ms: None, reused: trace::reused() }
    }

    fn lost(&self, host: &str, error: &ureq::Error, seen: &trace::Trace) -> (Phase, String) {
        let (phase, reason) = (phase(error, seen), reason(error));
        let message = match phase {
            Phase::Dns => format!("cannot find {host}: {reason}"),
            Phase::Connect => format!("cannot connect to {host}: {reason}"),
            Phase::Tls if is_distrust(error) => format!("{host} is not trusted: {reason}"),
            Phase::Tls => format!("no TLS with {host}: {reason}"),
            Phase::Certificate => {
                format!("{host} refused our client certificate{}: {reason}", self.none_shown())
            }
            _ => format!("no complete answer from {host}: {reason}"),
        };
        (phase, message)
    }

    /// Who refuses our certificate may miss one.
    fn none_shown(&self) -> &'static str {
        refused::none_shown(self.has_certificate())
    }

    fn has_certificate(&self) -> bool {
        self.tls.client_auth_cert_resolver.has_certs()
    }

    /// Where the connection goes first.
    fn next_hop<'a>(&'a self, url: &'a str) -> &'a str {
        self.proxy.as_ref().map_or(host(url), Proxy::authority)
    }

    /// A kept connection that died unseen: nothing of an answer came, so the same may be sent again.
    fn is_stale(fault: &TransportError) -> bool {
        fault.reused == Some(true)
            && fault.phase == Phase::Answer
            && !trace::read().timed_out
            && trace::read().received == 0
    }
}

impl Transport for PooledAgent {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        // A callback may have forked in the middle of a poll: the child never touches its parent's sockets.
        if std::process::id() != self.pid {
            return Self::new(self.tls.clone(), Arc::default(), self.proxy.clone()).send(request);
        }
        let by = Instant::now() + milliseconds(request.timeout_ms);
        let result = match self.exchange(request, by) {
            Err(fault) if request.may_resend && Self::is_stale(&fault) => self.exchange(request, by),
            result => result,
        };
        if matches!(&result, Err(fault) if matches!(fault.phase, Phase::Connect | Phase::Proxy)) {
            self.names.forget(self.next_hop(request.url));
        }
        result
    }
}

/// The head and the deadlines of a request. A file may take longer than a message, as long as it goes on coming.
fn prepared<B>(
    builder: RequestBuilder<B>,
    request: &HttpRequest<'_>,
    connect: Duration,
    left: Duration,
) -> RequestBuilder<B> {
    let (whole, silence) = match request.room {
        Room::Memory(_) => (left, None),
        Room::Inbox(_) => (left + FILE, Some(left)),
    };
    let builder =
        request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder
        .config()
        .timeout_global(Some(whole))
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
        .build()
}

/// What went wrong on the way to the proxy, or what it said.
fn at_the_proxy(proxy: &Proxy, error: &ureq::Error) -> (Phase, String) {
    let proxy = proxy.authority();
    if let Some(stopped) = inner::<Stopped>(error) {
        return (stopped.phase, format!("the proxy {proxy} {stopped}"));
    }
    let what = match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(ureq::Timeout::Resolve) => "cannot find",
        _ => "cannot connect through",
    };
    (Phase::Proxy, format!("{what} the proxy {proxy}: {}", reason(error)))
}

fn is_distrust(error: &ureq::Error) -> bool {
    matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_)))
}

fn phase(error: &ureq::Error, seen: &trace::Trace) -> Phase {
    match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(ureq::Timeout::Resolve) => Phase::Dns,
        _ if refuses_our_certificate(error) && seen.is_fresh() => Phase::Certificate,
        _ if !seen.reached() && tls_error(error).is_some() => Phase::Tls,
        _ if !seen.reached() => Phase::Connect,
        ureq::Error::Protocol(_)
        | ureq::Error::LargeResponseHeader(..)
        | ureq::Error::BodyExceedsLimit(_) => Phase::Protocol,
        _ => Phase::Answer,
    }
}

/// TLS 1.3 tells so after the handshake, when the request is on its way already; it is thrown away unread.
fn refuses_our_certificate(error: &ureq::Error) -> bool {
    matches!(tls_error(error), Some(rustls::Error::AlertReceived(alert)) if refusal::is_about_our_certificate(*alert))
}

/// The handshake's own error, wherever ureq has put it. A peer that merely hangs up is not one.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(e) => Some(e),
        other => inner(other),
    }
}

/// What stands inside of an error of input or output.
fn inner<E: std::error::Error + 'static>(error: &ureq::Error) -> Option<&E> {
    match error {
        ureq::Error::Io(e) => e.get_ref()?.downcast_ref(),
        _ => None,
    }
}

fn reason(error: &ureq::Error) -> String {
    if let Some(tls) = tls_error(error) {
        return refusal::sentence(tls);
    }
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve) => "the name was not resolved in time".into(),
        ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection within the connect deadline".into(),
        ureq::Error::Timeout(_) => "the deadline has passed".into(),
        ureq::Error::HostNotFound => "the name is not known".into(),
        ureq::Error::ConnectionFailed => "no connection could be made".into(),
        ureq::Error::BodyExceedsLimit(limit) => format!("it is larger than {} MiB", limit / (1024 * 1024)),
        ureq::Error::LargeResponseHeader(..) => "its head is too large".into(),
        ureq::Error::Io(e) => plain(e),
        _ => "what came is no proper HTTP".into(),
    }
}

/// The system's words; an error that was made up on the way has words of its own, which may be Rust's.
fn plain(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        _ if error.raw_os_error().is_some() => error.to_string(),
        ErrorKind::UnexpectedEof => "the connection was closed too early".into(),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "the deadline has passed".into(),
        ErrorKind::InvalidData => "what came is no proper HTTP or TLS".into(),
        kind => kind.to_string(),
    }
}

mod receive;

#[cfg(test)]
mod tests;
