//! Calls through a real CONNECT proxy on loopback.

use super::tls_server::{TlsServer, answer, ok, stall};
use super::{Arc, HttpRequest, HttpResponse, Phase, PooledAgent, Transport, TransportError, post, send};
use crate::gateway::proxy::Proxy;
use crate::gateway::tls;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// A proxy: what it was asked, and the bytes that went through it to the gateway.
struct Neighbour {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
    passed: Arc<Mutex<Vec<u8>>>,
}

impl Neighbour {
    /// Opens tunnels; answers with these bytes first.
    fn open(established: &'static str) -> Self {
        Self::new(move |head, mut socket, passed| {
            let target = head.split_whitespace().nth(1).unwrap().replace("localhost", "127.0.0.1");
            let gateway = TcpStream::connect(target).unwrap();
            socket.write_all(established.as_bytes()).unwrap();
            join(socket, gateway, passed);
        })
    }

    /// Answers every CONNECT so, and hangs up.
    fn saying(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::new(move |_, mut socket, _| _ = socket.write_all(bytes.as_ref()))
    }

    fn new(serve: impl Fn(&str, TcpStream, &Arc<Mutex<Vec<u8>>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heads, passed) = (Arc::new(Mutex::new(Vec::new())), Arc::default());
        let neighbour = Self { url, heads: heads.clone(), passed: Arc::clone(&passed) };
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (heads, passed, serve) = (heads.clone(), passed.clone(), serve.clone());
                let mut socket = socket.unwrap();
                thread::spawn(move || {
                    let head = read_head(&mut socket);
                    heads.lock().unwrap().push(head.clone());
                    serve(&head, socket, &passed);
                });
            }
        });
        neighbour
    }

    fn agent(&self, peer: &TlsServer) -> PooledAgent {
        self.agent_as("", peer)
    }

    fn agent_as(&self, user: &str, peer: &TlsServer) -> PooledAgent {
        let proxy = Proxy::new(&self.url.replace("http://", &format!("http://{user}"))).unwrap();
        PooledAgent::new(tls::config(Some(peer.roots()), None).unwrap(), Arc::default(), Some(proxy))
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn read_head(socket: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn join(client: TcpStream, gateway: TcpStream, passed: &Arc<Mutex<Vec<u8>>>) {
    let (mut from, mut to, passed) =
        (client.try_clone().unwrap(), gateway.try_clone().unwrap(), passed.clone());
    let up = thread::spawn(move || copy(&mut from, &mut to, Some(&passed)));
    let (mut from, mut to) = (gateway, client);
    copy(&mut from, &mut to, None);
    up.join().unwrap();
}

fn copy(from: &mut TcpStream, to: &mut TcpStream, seen: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if let Some(seen) = seen {
            seen.lock().unwrap().extend_from_slice(&buffer[..n]);
        }
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

fn gateway() -> TlsServer {
    TlsServer::new(|_, wire| while answer(wire, ok("<xml></xml>")) {})
}

fn ask(agent: &PooledAgent, peer: &TlsServer) -> Result<HttpResponse, TransportError> {
    send(agent, &HttpRequest { may_resend: false, ..post(&peer.url, 2000, 4000) })
}

#[test]
fn n25_r38_a_call_goes_through_the_proxy_and_the_connection_is_kept() {
    for established in [
        ESTABLISHED,
        "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n",
        "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n",
    ] {
        let (peer, proxy) = (gateway(), Neighbour::open(established));
        let agent = proxy.agent_as("user:p%40ss@", &peer);
        assert!(!ask(&agent, &peer).unwrap().reused && ask(&agent, &peer).unwrap().reused);
        let heads = proxy.heads();
        assert_eq!((heads.len(), peer.connections()), (1, 1));
        let target = peer.url.trim_start_matches("https://");
        assert!(
            heads[0].starts_with(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n")),
            "{heads:?}"
        );
        assert!(heads[0].contains("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"), "{heads:?}");
    }
}

#[test]
fn n25_r38_nothing_of_the_request_goes_through_in_the_clear() {
    let (peer, proxy) = (gateway(), Neighbour::open(ESTABLISHED));
    ask(&proxy.agent(&peer), &peer).unwrap();
    let passed = proxy.passed.lock().unwrap();
    assert!(passed.len() > 200 && passed[0] == 0x16, "TLS begins with a handshake record");
    assert!(!passed.windows(4).any(|w| w == b"POST" || w == b"/pay" || w == b"<xml"));
}

#[test]
fn n25_r38_the_gateway_is_verified_as_without_a_proxy() {
    let (peer, stranger, proxy) = (gateway(), gateway(), Neighbour::open(ESTABLISHED));
    let fault = ask(&proxy.agent(&stranger), &peer).unwrap_err();
    assert_eq!((fault.phase, fault.sent), (Phase::Tls, false), "{fault:?}");
    assert!(fault.message.contains("not trusted"), "{}", fault.message);
}

#[test]
fn n25_r38_the_name_is_the_proxys_to_find() {
    let (peer, proxy) =
        (TlsServer::new(|_, wire| _ = answer(wire, ok(""))), Neighbour::saying("HTTP/1.1 502 No\r\n\r\n"));
    let nowhere = HttpRequest { url: "https://nowhere.invalid", ..post(&peer.url, 2000, 4000) };
    let fault = proxy.agent(&peer).send(&nowhere).unwrap_err();
    assert_eq!((fault.phase, fault.sent), (Phase::Connect, false));
    assert!(proxy.heads()[0].starts_with("CONNECT nowhere.invalid:443 "), "{:?}", proxy.heads());
}

#[test]
fn n25_r38_each_refusal_of_the_proxy_is_named_as_the_proxys_with_nothing_sent() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(20_000));
    let cases: [(String, Phase, &str); 12] = [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".into(),
            Phase::Barred,
            "another user and password",
        ),
        ("HTTP/1.1 407 x\r\nContent-Length: 4\r\n\r\npage".into(), Phase::Barred, "407"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n".into(), Phase::Barred, "does not allow"),
        ("HTTP/1.1 405 No\r\n\r\n".into(), Phase::Barred, "CONNECT"),
        ("HTTP/1.1 302 Login\r\nLocation: http://portal/\r\n\r\n".into(), Phase::Barred, "302"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n".into(), Phase::Connect, "could not connect"),
        ("HTTP/1.1 504 Gateway Timeout\r\n\r\n".into(), Phase::Connect, "504"),
        ("SSH-2.0-OpenSSH_9.2\r\n".into(), Phase::Barred, "is it an HTTP proxy?"),
        (String::new(), Phase::Proxy, "hung up"),
        ("HTTP/1.1 200 Conn".into(), Phase::Proxy, "hung up"),
        (format!("{ESTABLISHED}<html>"), Phase::Barred, "bytes of its own"),
        (long, Phase::Barred, "more than 8 KiB"),
    ];
    for (bytes, phase, says) in cases {
        let (peer, proxy) = (gateway(), Neighbour::saying(bytes.clone()));
        let fault = ask(&proxy.agent_as("user:secret@", &peer), &peer).unwrap_err();
        assert_eq!((fault.phase, fault.sent, fault.reused), (phase, false, None), "{bytes}: {fault:?}");
        assert!(
            fault.message.starts_with("the proxy 127.0.0.1:") && fault.message.contains(says),
            "{}",
            fault.message
        );
        assert!(!fault.message.contains("secret") && !fault.message.contains("user:"), "{}", fault.message);
        assert_eq!(peer.connections(), 0);
    }
}

#[test]
fn n25_r38_a_proxy_that_is_down_is_a_fault_of_the_proxy() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}"), "http://nowhere.invalid:3128".into()] {
        let peer = gateway();
        let proxy = Proxy::new(&url).unwrap();
        let agent =
            PooledAgent::new(tls::config(Some(peer.roots()), None).unwrap(), Arc::default(), Some(proxy));
        let fault = ask(&agent, &peer).unwrap_err();
        assert_eq!((fault.phase, fault.sent), (Phase::Proxy, false), "{fault:?}");
        assert!(fault.message.contains(&url.replace("http://", "the proxy ")), "{}", fault.message);
        assert_eq!(peer.connections(), 0);
    }
}

#[test]
fn n25_r38_n10_a_proxy_that_drips_or_stalls_ends_at_the_connect_deadline() {
    let drips = Neighbour::new(|_, mut socket, _| {
        for byte in "HTTP/1.1 200 OK\r\nX-Padding: ".bytes().chain(std::iter::repeat(b'x')) {
            if socket.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(40));
        }
    });
    let stalls = Neighbour::new(|_, _socket, _| stall());
    for proxy in [drips, stalls] {
        let (peer, started) = (gateway(), Instant::now());
        let fault = proxy.agent(&peer).send(&post(&peer.url, 400, 8000)).unwrap_err();
        let ms = started.elapsed().as_millis();
        assert_eq!((fault.phase, fault.sent), (Phase::Proxy, false), "{fault:?}");
        assert!((350..3000).contains(&ms), "{ms}");
    }
}
