//! An address on this machine that notices may be posted to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A parsed `notify_url` on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// https instead of http.
    pub tls: bool,
    /// Host and port as they stand in the address.
    pub authority: String,
    /// The addresses to try.
    pub addresses: Vec<SocketAddr>,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads an address; anything that is not on loopback is refused.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(format!("{url} is no http or https address")),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = split(authority, if tls { 443 } else { 80 })
            .ok_or_else(|| format!("{authority} is no host and port"))?;
        let addresses: Vec<_> = loopback(host).into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        if addresses.is_empty() {
            return Err(format!("{host} is not a loopback address"));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { tls, authority: authority.to_owned(), addresses, path: format!("{slash}{path}") })
    }
}

fn split(authority: &str, default: u16) -> Option<(&str, u16)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = port.strip_prefix(':').map_or(Ok(default), str::parse);
        return Some((host, port.ok()?));
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((authority, default)),
    }
}

fn loopback(host: &str) -> Vec<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    let ip = host.parse::<IpAddr>().ok();
    ip.filter(IpAddr::is_loopback).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_taken_in_all_its_forms() {
        let target = Target::parse("http://127.0.0.1:8080/wx/notify?a=1").unwrap();
        assert_eq!((target.tls, target.path.as_str()), (false, "/wx/notify?a=1"));
        assert_eq!(target.addresses, ["127.0.0.1:8080".parse().unwrap()]);
        assert_eq!(Target::parse("https://[::1]").unwrap().addresses[0].port(), 443);
        assert_eq!(Target::parse("http://localhost").unwrap().path, "/");
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "https://example.com/n",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "http://127.0.0.1:x/",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }
}
