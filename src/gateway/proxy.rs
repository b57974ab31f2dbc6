//! An HTTP proxy, if one is configured: it opens a tunnel to the gateway, and TLS runs inside. It sees the gateway's
//! name and nothing else; who the gateway is, is verified as without it.

use super::authority::is_authority;
use super::trace;
use crate::error::Phase;
use crate::model::argument::BadArgument;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use ureq::Timeout;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Transport};
use zeroize::Zeroizing;

/// The longest answer to CONNECT: a proxy's page of refusal is not read to its end.
const MOST_HEAD: usize = 8 * 1024;

/// Where the proxy is, and what it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    authority: String,
    /// `user:password` in Base64.
    credentials: Option<Zeroizing<String>>,
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`; user and password are percent-encoded.
    pub fn new(text: &str) -> Result<Self, BadArgument> {
        const FORM: &str = "must be http://[user:password@]host:port, user and password percent-encoded";
        let bad = || BadArgument::new("proxy", FORM);
        let rest = text.strip_prefix("http://").ok_or_else(bad)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, authority) = match rest.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, rest),
        };
        if !is_authority(authority) || !has_port(authority) {
            return Err(bad());
        }
        let credentials = user.map(|user| credentials(user).ok_or_else(bad)).transpose()?;
        Ok(Self { authority: authority.to_owned(), credentials })
    }

    /// `host:port`: what messages and lookups call it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// `http://host:port`, without user and password.
    pub fn shown(&self) -> String {
        format!("http://{}", self.authority)
    }

    fn request(&self, target: &str) -> Zeroizing<String> {
        let mut head = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
        head.push_str(concat!("User-Agent: wechatpay-php/", env!("CARGO_PKG_VERSION"), "\r\n"));
        if let Some(credentials) = &self.credentials {
            head.push_str("Proxy-Authorization: Basic ");
            head.push_str(credentials);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

/// Shows where, never the password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

fn has_port(authority: &str) -> bool {
    authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn credentials(user: &str) -> Option<Zeroizing<String>> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let (name, password) = (decoded(name)?, decoded(password)?);
    let is_fine = !name.is_empty() && !name.contains(&b':') && name.len() + password.len() <= 1024;
    let both = Zeroizing::new([&**name, b":", &**password].concat());
    (is_fine && !both.iter().any(u8::is_ascii_control)).then(|| Zeroizing::new(STANDARD.encode(&*both)))
}

/// Percent-decoded; `None` where a `%` is no code.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (code, behind) = rest.split_at_checked(2)?;
        let code = std::str::from_utf8(code).ok().filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        rest = behind;
    }
    Some(bytes)
}

/// Why the proxy's answer ended the attempt; the words follow "the proxy host:port".
#[derive(Debug)]
pub struct Stopped {
    /// Whose trouble it is.
    pub phase: Phase,
    /// What happened.
    pub words: String,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Stopped {}

fn stopped(phase: Phase, words: impl Into<String>) -> ureq::Error {
    ureq::Error::Io(std::io::Error::other(Stopped { phase, words: words.into() }))
}

/// Opens the tunnel on a connection to the proxy; without a proxy it has nothing to do.
#[derive(Debug)]
pub struct Tunnel(pub Option<Proxy>);

impl<In: Transport> Connector<In> for Tunnel {
    type Out = In;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<In>, ureq::Error> {
        let Some(proxy) = &self.0 else { return Ok(chained) };
        let Some(mut socket) = chained else { return Ok(None) };
        let host = details.uri.host().unwrap_or("");
        let target = format!("{host}:{}", details.uri.port_u16().unwrap_or(443));
        ask(&mut socket, proxy.request(&target).as_bytes(), details)?;
        loop {
            let (status, length) = answer(&mut socket, details)?;
            let behind = socket.buffers().input().len() - length;
            socket.buffers().input_consume(length);
            match judged(status, &target) {
                None if (100..200).contains(&status) => {}
                None if behind > 0 => {
                    return Err(stopped(
                        Phase::Barred,
                        "sent bytes of its own into the tunnel, where only TLS may be",
                    ));
                }
                None => break,
                Some(refusal) => return Err(refusal),
            }
        }
        trace::tunnelled();
        Ok(Some(socket))
    }
}

fn ask<In: Transport>(
    socket: &mut In,
    head: &[u8],
    details: &ConnectionDetails<'_>,
) -> Result<(), ureq::Error> {
    let output = socket.buffers().output();
    let Some(place) = output.get_mut(..head.len()) else {
        return Err(stopped(Phase::Barred, "cannot be asked: user and password are too long"));
    };
    place.copy_from_slice(head);
    socket.transmit_output(head.len(), trace::connect_time_left(details.timeout))
}

/// The status of the proxy's answer, and how long its head is.
fn answer<In: Transport>(
    socket: &mut In,
    details: &ConnectionDetails<'_>,
) -> Result<(u16, usize), ureq::Error> {
    loop {
        let input = socket.buffers().input();
        if let Some(length) = head_length(input) {
            let status = status(input).ok_or_else(|| stopped(Phase::Barred, NO_HTTP))?;
            return Ok((status, length));
        }
        if !b"HTTP/1.".starts_with(input.get(..7).unwrap_or(input)) {
            return Err(stopped(Phase::Barred, NO_HTTP));
        }
        if input.len() > MOST_HEAD {
            return Err(stopped(Phase::Barred, "answered with a head of more than 8 KiB"));
        }
        let timeout = trace::connect_time_left(details.timeout);
        if timeout.after.is_zero() {
            return Err(ureq::Error::Timeout(Timeout::Connect));
        }
        if !socket.await_input(timeout)? {
            return Err(stopped(Phase::Proxy, "hung up without an answer"));
        }
    }
}

const NO_HTTP: &str = "does not answer in HTTP: is it an HTTP proxy?";

/// Up to and with the blank line.
fn head_length(input: &[u8]) -> Option<usize> {
    let end = |mark: &[u8]| input.windows(mark.len()).position(|w| w == mark).map(|at| at + mark.len());
    match (end(b"\r\n\r\n"), end(b"\n\n")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// `HTTP/1.1 200 Connection established`
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|b| *b == b'\n').next()?;
    let mut words = line.strip_prefix(b"HTTP/1.")?.split(|b| matches!(b, b' ' | b'\r')).skip(1);
    let code = std::str::from_utf8(words.next()?).ok().filter(|code| code.len() == 3)?;
    code.parse().ok().filter(|code| (100..600).contains(code))
}

/// What a status other than success means; only what the proxy says of the gateway's side may pass by itself.
fn judged(status: u16, target: &str) -> Option<ureq::Error> {
    let (phase, what) = match status {
        100..=299 => return None,
        407 => (Phase::Barred, "wants another user and password than it was shown (HTTP 407)".to_owned()),
        401 | 403 => (Phase::Barred, format!("does not allow connections to {target} (HTTP {status})")),
        405 | 501 => (Phase::Barred, format!("does not know CONNECT (HTTP {status})")),
        408 | 429 => (Phase::Proxy, format!("cannot serve us now (HTTP {status})")),
        500..=599 => (Phase::Connect, format!("could not connect to {target} (HTTP {status})")),
        _ => (Phase::Barred, format!("refused to connect to {target} (HTTP {status})")),
    };
    Some(stopped(phase, what))
}

#[cfg(test)]
mod tests;
