//! Posts one notice: HTTP/1.1, http or unverified https, 5 s for everything.

use super::super::platform::SignedHead;
use super::target::Target;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

const LIMIT: Duration = Duration::from_secs(5);
const BODY_CAP: usize = 64 << 10;

/// Status and body of the reply, or why there is none.
pub async fn post(target: &Target, body: &str, headers: &SignedHead) -> Result<(u16, String), String> {
    match timeout(LIMIT, exchange(target, body, headers)).await {
        Ok(reply) => reply.map_err(|fault| fault.to_string()),
        Err(_) => Err("no answer within 5 s".to_owned()),
    }
}

type DeliveryFault = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(target: &Target, body: &str, headers: &SignedHead) -> Result<(u16, String), DeliveryFault> {
    let stream = TcpStream::connect(target.addresses.as_slice()).await?;
    let mut request = Request::post(&target.path)
        .header("host", &target.authority)
        .header("user-agent", "Mozilla/4.0")
        .header("accept", "*/*");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request
        .header("connection", "close")
        .header("content-length", body.len())
        .body(Full::new(Bytes::from(body.to_owned())))?;
    if !target.tls {
        return converse(stream, request).await;
    }
    let name = ServerName::try_from("localhost")?;
    let stream = connector()?.connect(name, stream).await?;
    converse(stream, request).await
}

async fn converse<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(u16, String), DeliveryFault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let reply = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_CAP).collect().await?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok((status, body))
    };
    let reply = reply.await;
    driver.abort();
    reply
}

fn connector() -> Result<TlsConnector, DeliveryFault> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone { provider }))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Trusts every certificate: the merchant's endpoint is on this machine and self-signed.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
