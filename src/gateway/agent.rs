//! The ureq transport: a pool of TLS connections to one gateway under one identity.

use super::resolver::{Names, SharedNames};
use super::tls::TlsConnector;
use super::transport::{Post, Reply, Transport};
use crate::error::{Phase, TransportError};
use crate::wire::xml;
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
    names: Arc<Names>,
    tls: Arc<ClientConfig>,
    /// The process whose sockets these are.
    pid: u32,
}

impl PooledAgent {
    /// No connection is made yet.
    pub fn new(tls: Arc<ClientConfig>, names: Arc<Names>) -> Self {
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
        let connector = ().chain(TcpConnector::default()).chain(TlsConnector { config: tls.clone() });
        let agent = Agent::with_parts(config, connector, SharedNames(names.clone()));
        Self { agent, names, tls, pid: std::process::id() }
    }

    fn exchange(&self, post: &Post<'_>, by: Instant) -> Result<Vec<u8>, TransportError> {
        let left = by.saturating_duration_since(Instant::now());
        let connect = milliseconds(post.connect_timeout_ms.max(1)).min(left);
        trace::begin(connect);
        let request = self
            .agent
            .post(format!("{}{}", post.url, post.path))
            .config()
            .timeout_global(Some(left))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .build()
            .content_type("text/xml; charset=utf-8");
        let mut answer = request.send(post.body).map_err(|e| broken(post.url, &e))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(refused(post.url, status, retry_after(&answer)));
        }
        // ureq refuses a body as soon as the limit is used up, so the last byte allowed needs one more.
        let limit = xml::MAX_BYTES as u64 + 1;
        answer.body_mut().with_config().limit(limit).read_to_vec().map_err(|e| broken(post.url, &e))
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
            return Self::new(self.tls.clone(), Arc::default()).send(post);
        }
        let by = Instant::now() + milliseconds(post.timeout_ms);
        let result = match self.exchange(post, by) {
            Err(fault) if post.may_resend && Self::is_stale(&fault) => self.exchange(post, by),
            result => result,
        };
        if matches!(&result, Err(fault) if fault.phase == Phase::Connect) {
            self.names.forget(post.url.trim_start_matches("https://"));
        }
        result.map(|body| Reply { body, reused: !trace::read().connected })
    }
}

fn retry_after(answer: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    let seconds: u64 = answer.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    seconds.checked_mul(1000)
}

fn refused(url: &str, status: u16, retry_after_ms: Option<u64>) -> TransportError {
    let what = match status {
        300..=399 => "a redirect, which is never followed",
        429 => "too many requests",
        400..=499 => "the request was refused by a gateway or proxy",
        _ => "the gateway is in trouble",
    };
    let message = format!("{} answered HTTP {status}: {what}", host(url));
    TransportError {
        phase: Phase::Status(status),
        message,
        sent: true,
        retry_after_ms,
        reused: trace::reused(),
    }
}

fn broken(url: &str, error: &ureq::Error) -> TransportError {
    let seen = trace::read();
    let phase = phase(error, seen.reached());
    if matches!(error, ureq::Error::Timeout(_)) {
        trace::timed_out();
    }
    let what = match phase {
        Phase::Dns => format!("cannot find {}: {}", host(url), reason(error)),
        Phase::Connect => format!("cannot connect to {}: {}", host(url), reason(error)),
        Phase::Tls => format!("{} is not trusted: {}", host(url), reason(error)),
        _ => format!("no complete answer from {}: {}", host(url), reason(error)),
    };
    TransportError { phase, message: what, sent: seen.sent, retry_after_ms: None, reused: trace::reused() }
}

fn host(url: &str) -> &str {
    url.trim_start_matches("https://")
}

fn phase(error: &ureq::Error, reached: bool) -> Phase {
    match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(ureq::Timeout::Resolve) => Phase::Dns,
        _ if !reached && tls_error(error).is_some() => Phase::Tls,
        _ if !reached => Phase::Connect,
        ureq::Error::Protocol(_)
        | ureq::Error::LargeResponseHeader(..)
        | ureq::Error::BodyExceedsLimit(_) => Phase::Protocol,
        _ => Phase::Answer,
    }
}

/// The handshake's own error, wherever ureq has put it. A peer that merely hangs up is not one.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(e) => Some(e),
        ureq::Error::Io(e) => e.get_ref()?.downcast_ref::<rustls::Error>(),
        _ => None,
    }
}

fn reason(error: &ureq::Error) -> String {
    match (error, tls_error(error)) {
        (_, Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(words)))) => {
            words.to_string()
        }
        (_, Some(other)) => format!("TLS: {other}"),
        (ureq::Error::Timeout(ureq::Timeout::Resolve), _) => "the name was not resolved in time".into(),
        (ureq::Error::Timeout(ureq::Timeout::Connect), _) => {
            "no connection within the connect deadline".into()
        }
        (ureq::Error::Timeout(_), _) => "the deadline has passed".into(),
        (ureq::Error::HostNotFound, _) => "the name is not known".into(),
        (ureq::Error::BodyExceedsLimit(_), _) => "it is larger than 1 MiB".into(),
        (ureq::Error::Io(e), _) => e.to_string(),
        (other, _) => other.to_string(),
    }
}

/// What happens on this thread's connection during one exchange. ureq calls back on the calling thread.
pub mod trace {
    use std::cell::Cell;
    use std::time::{Duration, Instant};
    use ureq::unversioned::transport::NextTimeout;

    /// One exchange as its connection saw it.
    #[derive(Debug, Clone, Copy, Default)]
    pub struct Trace {
        connect_by: Option<Instant>,
        /// A new connection was made.
        pub connected: bool,
        /// Bytes of the request were handed to the connection.
        pub sent: bool,
        /// How many bytes of an answer came.
        pub received: usize,
        /// It was the deadline that ended it.
        pub timed_out: bool,
    }

    impl Trace {
        /// Was there a connection at all, new or old?
        pub fn reached(&self) -> bool {
            self.connected || self.sent
        }
    }

    thread_local! { static TRACE: Cell<Trace> = const { Cell::new(Trace { connect_by: None, connected: false, sent: false, received: 0, timed_out: false }) } }

    /// A new exchange; name, connection and TLS have this long together.
    pub fn begin(connect: Duration) {
        TRACE.set(Trace { connect_by: Instant::now().checked_add(connect), ..Trace::default() });
    }

    /// The exchange so far.
    pub fn read() -> Trace {
        TRACE.get()
    }

    /// Did an older connection carry it?
    pub fn reused() -> Option<bool> {
        let seen = read();
        seen.reached().then_some(!seen.connected)
    }

    /// The handshake is done.
    pub fn connected() {
        TRACE.set(Trace { connected: true, ..read() });
    }

    /// The request is on its way.
    pub fn sending() {
        TRACE.set(Trace { sent: true, ..read() });
    }

    /// Something came.
    pub fn received(amount: usize) {
        TRACE.set(Trace { received: read().received + amount, ..read() });
    }

    /// The deadline has passed.
    pub fn timed_out() {
        TRACE.set(Trace { timed_out: true, ..read() });
    }

    /// What is left of the connect deadline for the handshake.
    pub fn connect_time_left(mut timeout: NextTimeout) -> NextTimeout {
        if let Some(by) = read().connect_by {
            let left = by.saturating_duration_since(Instant::now());
            if timeout.after.is_not_happening() || left < *timeout.after {
                timeout.after = left.into();
            }
        }
        timeout
    }
}

#[cfg(test)]
mod tests;
