//! TLS: who is trusted, who we are, and how a rejected certificate is explained. No switch turns checks off.

use super::identity::Identity;
use super::trace;
use super::{pem, refusal};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme, StreamOwned,
};
use std::fmt;
use std::io::{Read, Write};
use std::sync::{Arc, LazyLock};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));

/// The built-in roots, parsed once a process, when first needed.
static BUILT_IN: LazyLock<Arc<RootCertStore>> =
    LazyLock::new(|| Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }));

/// The roots of a CA file (PEM, one or many; or one in DER), or why it has none.
pub fn roots(file: &[u8]) -> Result<Arc<RootCertStore>, String> {
    let der = pem::bare_der(file);
    let certificates = match x509_parser::parse_x509_certificate(der) {
        Ok(([], _)) => vec![CertificateDer::from(der.to_vec())],
        _ => pem::certificates(file)?,
    };
    let mut store = RootCertStore::empty();
    for (at, certificate) in certificates.into_iter().enumerate() {
        store
            .add(certificate)
            .map_err(|_| format!("has a certificate that cannot be used (number {})", at + 1))?;
    }
    Ok(Arc::new(store))
}

/// A client configuration for one set of roots and one identity; keeps its session tickets.
pub fn config(
    roots: Option<Arc<RootCertStore>>,
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, String> {
    let roots = roots.unwrap_or_else(|| BUILT_IN.clone());
    let inner = WebPkiServerVerifier::builder_with_provider(roots, PROVIDER.clone())
        .build()
        .map_err(|e| e.to_string())?;
    let builder = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| refusal::sentence(&e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { inner }));
    let config = match identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key()),
        None => Ok(builder.with_no_client_auth()),
    };
    config.map(Arc::new).map_err(|e| refusal::sentence(&e))
}

/// webpki's own verifier; only its refusals are put into words that help.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
}

/// Why the peer's certificate was refused, in words.
#[derive(Debug)]
struct CertificateRefusal(String);

impl fmt::Display for CertificateRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CertificateRefusal {}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|e| explained(e, end_entity, now))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn explained(error: rustls::Error, certificate: &CertificateDer<'_>, now: UnixTime) -> rustls::Error {
    let rustls::Error::InvalidCertificate(reason) = &error else { return error };
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return error };
    let words = match reason {
        CertificateError::UnknownIssuer => {
            format!("its certificate is signed by \"{}\", which is not trusted", parsed.issuer())
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!(
                "its certificate expired on {}{}",
                parsed.validity().not_after,
                clock_hint(now, parsed.validity().not_after.timestamp())
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!(
                "its certificate is not valid before {}{}",
                parsed.validity().not_before,
                clock_hint(now, parsed.validity().not_before.timestamp())
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate belongs to another host ({})", parsed.subject())
        }
        other => refusal::certificate(other),
    };
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(CertificateRefusal(
        words,
    )))))
}

fn clock_hint(now: UnixTime, limit: i64) -> &'static str {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now.abs_diff(limit) > 86_400 { "; is this machine's clock right?" } else { "" }
}

/// Makes TLS of every connection, within the connect deadline.
#[derive(Debug)]
pub struct TlsConnector {
    /// Roots, identity and tickets.
    pub config: Arc<ClientConfig>,
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = TlsTransport<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(socket) = chained else { return Ok(None) };
        let host = details.uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| ureq::Error::HostNotFound)?;
        let mut session = ClientConnection::new(self.config.clone(), name)?;
        let mut socket = TransportAdapter::new(socket, details.current_time.clone());
        socket.set_timeout(trace::connect_time_left(details.timeout));
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        trace::connected();
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let stream = StreamOwned::new(session, socket);
        Ok(Some(TlsTransport { buffers, waiting: Vec::new(), just_read: false, stream }))
    }
}

/// As much as one TLS record holds.
const RECORD: usize = 16 * 1024;

/// One TLS connection; notes what it sends and receives for the call under way.
pub struct TlsTransport<In: Transport> {
    buffers: LazyBuffers,
    /// What ureq has written and nobody has sent yet: head and body leave together, as one record in one packet.
    waiting: Vec<u8>,
    /// Was the last thing that happened here an answer? ureq asks whether the connection is open when it puts it back,
    /// and again when it takes it out.
    just_read: bool,
    stream: StreamOwned<ClientConnection, TransportAdapter<In>>,
}

impl<In: Transport> TlsTransport<In> {
    fn flush(&mut self) -> Result<(), ureq::Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        trace::sending();
        let sent = self.stream.write_all(&self.waiting);
        self.waiting.clear();
        Ok(sent?)
    }
}

impl<In: Transport> Transport for TlsTransport<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.waiting.extend_from_slice(output);
        if self.waiting.len() < RECORD {
            return Ok(());
        }
        self.stream.get_mut().set_timeout(timeout);
        self.flush()
    }

    /// ureq asks for an answer as soon as the request is written: both have this time together.
    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.flush()?;
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        trace::received(amount);
        self.just_read = amount > 0;
        Ok(amount > 0)
    }

    /// Open, and quiet: neither a goodbye nor bytes nobody asked for are waiting inside TLS or on the socket. Right
    /// after an answer the socket is not looked at: it is before the next request.
    fn is_open(&mut self) -> bool {
        let state = self.stream.conn.process_new_packets();
        let is_quiet = state.is_ok_and(|s| s.plaintext_bytes_to_read() == 0 && !s.peer_has_closed());
        is_quiet && (std::mem::take(&mut self.just_read) || self.stream.get_mut().get_mut().is_open())
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl<In: Transport> fmt::Debug for TlsTransport<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::certificates::CertificateAuthority;

    #[test]
    fn n7_a_ca_file_holds_one_certificate_or_many() {
        let (one, two) = (CertificateAuthority::new("one").pem, CertificateAuthority::new("two").pem);
        assert_eq!(roots(one.as_bytes()).unwrap().len(), 1);
        assert_eq!(roots(format!("# ours\n{one}\n{two}").as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn n7_the_built_in_roots_are_many() {
        assert!(BUILT_IN.len() > 100);
        assert!(config(None, None).is_ok());
    }

    #[test]
    fn a_ca_file_without_a_usable_certificate_says_so() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for (pem, says) in [
            ("", "no certificate"),
            ("text", "no certificate"),
            (broken, "block 1 (CERTIFICATE) cannot be read"),
        ] {
            let error = roots(pem.as_bytes()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(roots(cut.as_bytes()).is_err());
    }

    #[test]
    fn n5_a_clock_more_than_a_day_off_is_hinted_at() {
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_000_000));
        assert_eq!(clock_hint(now, 1_000_000 - 86_400), "");
        assert!(clock_hint(now, 1_000_000 - 86_401).contains("clock"));
        assert!(clock_hint(now, 1_000_000 + 86_401).contains("clock"));
    }
}
