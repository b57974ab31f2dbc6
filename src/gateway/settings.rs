//! Where the gateway is and how long we wait for it.

use crate::model::numbers::BadArgument;

/// WeChat's gateway.
pub const URL: &str = "https://api.mch.weixin.qq.com";
/// The same in another city.
pub const BACKUP_URL: &str = "https://api2.mch.weixin.qq.com";

/// One gateway's settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `https://host[:port]`.
    pub url: String,
    /// The other domain, if there is one.
    pub backup_url: Option<String>,
    /// A PEM file whose certificates replace the built-in roots.
    pub ca_file: Option<String>,
    /// Milliseconds for name, connection and TLS together.
    pub connect_timeout_ms: u64,
    /// Milliseconds for a whole call, tries and pauses included.
    pub timeout_ms: u64,
}

impl Settings {
    /// Milliseconds a connection may take unless told otherwise.
    pub const CONNECT_TIMEOUT_MS: u64 = 3000;
    /// Milliseconds a call may take unless told otherwise.
    pub const TIMEOUT_MS: u64 = 8000;

    /// The addresses: who names a gateway without a backup has no backup (decisions.md 2.3).
    pub fn addresses(
        url: Option<&str>,
        backup: Option<&str>,
    ) -> Result<(String, Option<String>), BadArgument> {
        let backup = match (url, backup) {
            (None, None) => Some(BACKUP_URL),
            (_, backup) => backup,
        };
        let url = address("url", url.unwrap_or(URL))?;
        Ok((url, backup.map(|b| address("backupUrl", b)).transpose()?))
    }
}

/// `https://host[:port]` and nothing after it.
fn address(name: &'static str, text: &str) -> Result<String, BadArgument> {
    let bare = text.strip_suffix('/').unwrap_or(text);
    let authority = bare.strip_prefix("https://").unwrap_or("");
    let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let is_plain = !authority.is_empty() && authority.len() <= 260 && authority.bytes().all(is_host);
    let parsed = ureq::http::Uri::try_from(bare).ok().filter(|uri| is_plain && uri.host().is_some());
    match parsed {
        Some(_) => Ok(bare.to_owned()),
        None => Err(BadArgument::new(name, "must be https://host[:port] without path, user or query")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sets_a_url_without_a_backup_has_none() {
        assert_eq!(Settings::addresses(None, None).unwrap(), (URL.into(), Some(BACKUP_URL.into())));
        assert_eq!(Settings::addresses(Some("https://127.0.0.1:1"), None).unwrap().1, None);
        assert_eq!(Settings::addresses(Some("https://[::1]:4/"), None).unwrap().0, "https://[::1]:4");
    }

    #[test]
    fn an_address_is_https_and_bare() {
        for wrong in [
            "http://a",
            "https://",
            "https://a/b",
            "https://u@a",
            "https://a?b",
            "a",
            "",
            "https://a b",
            "https://a:99999",
        ] {
            assert!(Settings::addresses(Some(wrong), None).is_err(), "{wrong}");
        }
    }
}
