//! The TLS faces of the listeners: the honest one, and one for each certificate that is wrong.

use super::authority::{Authority, SimulatedIdentity};
use super::fault::FaultKind;
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::crypto::ring::{self, cipher_suite};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedCipherSuite};
use x509_parser::prelude::{FromDer, X509Certificate};

const NAMES: &[&str] = &["127.0.0.1", "::1", "localhost", "api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"];

/// valgrind can follow how ring computes these; of AES-GCM it takes the tag for uninitialised (php-tests/valgrind.sh).
const CHACHA20: [SupportedCipherSuite; 3] = [
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// All faces.
#[derive(Clone)]
pub struct ServerConfigs {
    honest: TlsAcceptor,
    wrong_host: TlsAcceptor,
    expired: TlsAcceptor,
    unknown_ca: TlsAcceptor,
}

impl ServerConfigs {
    /// Makes every face from the authority; with one kind of cipher if so told.
    pub fn new(authority: &Authority, chacha20: bool) -> io::Result<Self> {
        let stranger = Authority::new("Nobody's CA")?;
        let mut provider = ring::default_provider();
        if chacha20 {
            provider.cipher_suites = CHACHA20.to_vec();
        }
        let provider = Arc::new(provider);
        let face =
            |identity: io::Result<SimulatedIdentity>| acceptor(authority, &identity?, Arc::clone(&provider));
        Ok(Self {
            honest: face(authority.server(NAMES, false))?,
            wrong_host: face(authority.server(&["wrong.host.test"], false))?,
            expired: face(authority.server(NAMES, true))?,
            unknown_ca: face(stranger.server(NAMES, false))?,
        })
    }

    /// The face under a fault at the door.
    pub fn under(&self, fault: Option<FaultKind>) -> &TlsAcceptor {
        match fault {
            Some(FaultKind::WrongHostCert) => &self.wrong_host,
            Some(FaultKind::ExpiredCert) => &self.expired,
            Some(FaultKind::UnknownCa) => &self.unknown_ca,
            _ => &self.honest,
        }
    }
}

fn acceptor(
    authority: &Authority,
    identity: &SimulatedIdentity,
    provider: Arc<CryptoProvider>,
) -> io::Result<TlsAcceptor> {
    let (chain, key) = identity.for_rustls();
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier(authority, provider)?)
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A client certificate may be shown, and only one of ours.
fn verifier(authority: &Authority, provider: Arc<CryptoProvider>) -> io::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).map_err(io::Error::other)?;
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(io::Error::other)
}

/// The merchant whom a client certificate names.
pub fn merchant_of(certificate: &[u8]) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}
