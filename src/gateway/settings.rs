//! Where the gateway is and how long we wait for it.

use super::authority::is_authority;
use super::proxy::Proxy;
use crate::model::argument::BadArgument;

/// WeChat's gateway.
pub const URL: &str = "https://api.mch.weixin.qq.com";
/// The same in another city.
pub const BACKUP_URL: &str = "https://api2.mch.weixin.qq.com";

/// One gateway's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The HTTP proxy that leads to the gateway, if there is one. Never read from the environment.
    pub proxy: Option<Proxy>,
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
        Ok((url, backup.map(|b| address("backup_url", b)).transpose()?))
    }
}

/// `https://host[:port]` and nothing after it.
fn address(name: &'static str, text: &str) -> Result<String, BadArgument> {
    let bare = text.strip_suffix('/').unwrap_or(text);
    if bare.strip_prefix("https://").is_some_and(is_authority) {
        return Ok(bare.to_owned());
    }
    Err(BadArgument::new(name, "must be https://host[:port] without path, user or query"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sets_a_url_without_a_backup_has_none() {
        assert_eq!(Settings::addresses(None, None).unwrap(), (URL.into(), Some(BACKUP_URL.into())));
        assert_eq!(Settings::addresses(Some("https://127.0.0.1:1"), None).unwrap().1, None);
        assert_eq!(Settings::addresses(Some("https://[::1]:4/"), None).unwrap().0, "https://[::1]:4");
        // As containers call each other.
        let (url, _) = Settings::addresses(Some("https://pay_simulator:8443"), None).unwrap();
        assert_eq!(url, "https://pay_simulator:8443");
        assert!(rustls::pki_types::ServerName::try_from("pay_simulator").is_ok());
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
            "https://a:0",
            "https://a:",
            "https://:443",
            "https://a:b",
            "https://a:1:2",
            "https://[::1",
            "https://[zz]",
            "https://::1",
            "https://a//",
            "HTTP://a",
            "https://a#b",
            "https://a\n",
        ] {
            assert!(Settings::addresses(Some(wrong), None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_backup_may_be_named_alone_and_is_checked_by_its_own_name() {
        let (url, backup) = Settings::addresses(None, Some("https://b:8443")).unwrap();
        assert_eq!((url.as_str(), backup.as_deref()), (URL, Some("https://b:8443")));
        let error = Settings::addresses(Some("https://a"), Some("http://b")).unwrap_err();
        assert_eq!(error.name, "backup_url");
        assert_eq!(Settings::addresses(Some("ftp://a"), None).unwrap_err().name, "url");
    }
}
