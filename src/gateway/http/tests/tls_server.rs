//! A peer on loopback: speaks TLS, and answers as the test says.

use crate::gateway::fixtures::certificates::{CertificateAuthority, IssuedCertificate};
use crate::gateway::tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// One TLS connection as the peer sees it.
pub type Wire = StreamOwned<ServerConnection, TcpStream>;

/// Where it listens, whom to trust, and how often it was called.
pub struct TlsServer {
    pub url: String,
    authority: String,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    /// Serves each connection (numbered from 0) by this function, each on its own thread.
    pub fn new(serve: impl Fn(usize, &mut Wire) + Send + Sync + 'static) -> Self {
        let authority = CertificateAuthority::new("test CA");
        let paper = authority.issue("127.0.0.1", -1, 30);
        Self::with_paper(&authority, &paper, serve)
    }

    pub fn with_paper(
        authority: &CertificateAuthority,
        paper: &IssuedCertificate,
        serve: impl Fn(usize, &mut Wire) + Send + Sync + 'static,
    ) -> Self {
        let config = config(paper);
        let mut peer = Self::plain(move |n, socket| {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut wire = StreamOwned::new(session, socket);
            serve(n, &mut wire);
        });
        peer.authority.clone_from(&authority.pem);
        peer
    }

    /// Serves bare sockets, before any TLS.
    pub fn plain(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, serve) = (connections.clone(), Arc::new(serve));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (n, serve) = (count.fetch_add(1, Ordering::SeqCst), serve.clone());
                let Ok(socket) = socket else { return };
                thread::spawn(move || serve(n, socket));
            }
        });
        Self { url, authority: CertificateAuthority::new("nobody").pem, connections }
    }

    pub fn roots(&self) -> Arc<RootCertStore> {
        tls::roots(self.authority.as_bytes()).unwrap()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn config(paper: &IssuedCertificate) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(paper.certificate.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(paper.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// Reads one whole request; `false` when there is none any more.
pub fn read_request(wire: &mut Wire) -> bool {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"<xml/>") {
        match wire.read(&mut byte) {
            Ok(1) => seen.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// Reads a request and writes these bytes; `false` when the connection is gone.
pub fn answer(wire: &mut Wire, bytes: impl AsRef<[u8]>) -> bool {
    read_request(wire) && wire.write_all(bytes.as_ref()).and_then(|()| wire.flush()).is_ok()
}

/// Answers and says goodbye in one flight.
pub fn answer_and_close(wire: &mut Wire, bytes: impl AsRef<[u8]>) {
    read_request(wire);
    wire.conn.writer().write_all(bytes.as_ref()).unwrap();
    close(wire);
}

/// A proper answer with this body.
pub fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Says goodbye as TLS does.
pub fn close(wire: &mut Wire) {
    wire.conn.send_close_notify();
    let _ = wire.flush();
}

/// Longer than any deadline of these tests.
pub fn stall() {
    thread::sleep(Duration::from_secs(20));
}
