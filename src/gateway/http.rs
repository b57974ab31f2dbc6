//! The ureq transport: a pool of TLS connections to one gateway under one identity.

use super::proxy::{Proxy, Stopped, Tunnel};
use super::refusal;
use super::resolver::{DnsCache, SharedResolver};
use super::tls::TlsConnector;
use super::trace;
use super::transport::{Body, Post, Reply, Transport};
use crate::error::{Phase, TransportError};
use receive::Lost;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::transport::{Connector, TcpConnector};

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

    fn exchange(&self, post: &Post<'_>, by: Instant) -> Result<(Body, Option<String>), TransportError> {
        let left = by.saturating_duration_since(Instant::now());
        let connect = milliseconds(post.connect_timeout_ms.max(1)).min(left);
        trace::begin(connect);
        // A file may take longer than a message, as long as it goes on coming.
        let (whole, silence) = post.inbox.map_or((left, None), |_| (left + FILE, Some(left)));
        let request = self
            .agent
            .post(format!("{}{}", post.url, post.path))
            .config()
            .timeout_global(Some(whole))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_recv_response(silence)
            .timeout_per_read(silence)
            .build()
            .content_type("text/xml; charset=utf-8");
        let broken = |e| self.broken(post.url, &e);
        let mut answer = request.send(post.body).map_err(broken)?;
        if answer.status() != 200 {
            return Err(self.refused(post.url, &mut answer));
        }
        let body = receive::body(&mut answer, post.inbox).or_else(|lost| match lost {
            Lost::OnTheWay(e) => Err(broken(e)),
            Lost::Unkept(e) => Ok(Body::Unkept(format!("the file cannot be kept: {}", plain(&e)))),
        })?;
        Ok((body, encoding(&answer)))
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

    fn refused(&self, url: &str, answer: &mut ureq::http::Response<ureq::Body>) -> TransportError {
        let (status, retry_after_ms, reused) =
            (answer.status().as_u16(), retry_after(answer), trace::reused());
        let said = if (400..=499).contains(&status) { page::said(answer) } else { None };
        let is_certificate = matches!(status, SSL_CERTIFICATE_ERROR | SSL_CERTIFICATE_REQUIRED)
            || said.as_deref().is_some_and(page::is_about_a_certificate);
        let phase = if is_certificate { Phase::Certificate } else { Phase::Status(status) };
        let what = if is_certificate {
            format!("the client certificate was refused{}, and the call was not looked at", self.none_shown())
        } else {
            meaning(status).to_owned()
        };
        let said = said.map(|said| format!(" (the page says: {said})")).unwrap_or_default();
        let message = format!("{} answered HTTP {status}: {what}{said}", host(url));
        TransportError { phase, message, sent: true, retry_after_ms, reused }
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
        let shows_one = self.tls.client_auth_cert_resolver.has_certs();
        if shows_one { "" } else { " (this call shows none: does it need one?)" }
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
    fn send(&self, post: &Post<'_>) -> Result<Reply, TransportError> {
        // A callback may have forked in the middle of a poll: the child never touches its parent's sockets.
        if std::process::id() != self.pid {
            return Self::new(self.tls.clone(), Arc::default(), self.proxy.clone()).send(post);
        }
        let by = Instant::now() + milliseconds(post.timeout_ms);
        let result = match self.exchange(post, by) {
            Err(fault) if post.may_resend && Self::is_stale(&fault) => self.exchange(post, by),
            result => result,
        };
        if matches!(&result, Err(fault) if matches!(fault.phase, Phase::Connect | Phase::Proxy)) {
            self.names.forget(self.next_hop(post.url));
        }
        result.map(|(body, encoding)| Reply { body, encoding, reused: !trace::read().is_new() })
    }
}

fn retry_after(answer: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    let seconds: u64 = answer.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    seconds.checked_mul(1000)
}

/// `Content-Encoding`, if the body is not as it is.
fn encoding(answer: &ureq::http::Response<ureq::Body>) -> Option<String> {
    let encoding = answer.headers().get("content-encoding")?.to_str().unwrap_or("?").trim();
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then(|| page::shown(encoding, 32))
}

/// nginx's own codes, which some servers show.
const SSL_CERTIFICATE_ERROR: u16 = 495;
const SSL_CERTIFICATE_REQUIRED: u16 = 496;

/// What a status other than 200 means.
fn meaning(status: u16) -> &'static str {
    match status {
        200..=299 => "WeChat Pay answers with 200 only, so this came from somebody in between",
        300..=399 => "a redirect, which is never followed",
        429 => "too many requests",
        400..=499 => "the request was refused by the gateway's server, or by one in front of it",
        500..=599 => "the gateway is in trouble",
        _ => "a status that HTTP does not have",
    }
}

fn host(url: &str) -> &str {
    url.trim_start_matches("https://")
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

mod page;
mod receive;

#[cfg(test)]
mod tests;
