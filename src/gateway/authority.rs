//! What stands behind `https://` in an address.

use std::net::Ipv6Addr;
use ureq::http::Uri;
/// `host[:port]`.
pub(super) fn is_authority(authority: &str) -> bool {
    let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let is_plain = !authority.is_empty() && authority.len() <= 260 && authority.bytes().all(is_host);
    let parsed = Uri::try_from(format!("https://{authority}")).ok().filter(|_| is_plain);
    parsed.is_some_and(|uri| has_host(&uri) && has_true_port(&uri, authority))
}

/// A name or an IPv4 address, or an IPv6 address in brackets.
fn has_host(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or("");
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '[', ']']),
    }
}

/// `Uri` alone takes port 99999, and a colon without a port.
fn has_true_port(uri: &Uri, authority: &str) -> bool {
    let port = authority.strip_prefix(uri.host().unwrap_or("")).unwrap_or("");
    port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0))
}
