//! The running simulator, seen through sockets.

use super::document::XmlDocument;
use super::signer::SignMethod;
use super::{Account, Options, Simulator};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn started() -> Simulator {
    Simulator::start(&Options { seed: Some(7), ..Options::default() }).unwrap()
}

fn config(simulator: &Simulator, with_certificate: bool) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(simulator.ca_pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(if with_certificate {
        let chain = CertificateDer::pem_file_iter(simulator.cert_file()).unwrap();
        let key = PrivateKeyDer::from_pem_file(simulator.key_file()).unwrap();
        let chain = chain.map(Result::unwrap).collect();
        builder.with_client_auth_cert(chain, key).unwrap()
    } else {
        builder.with_no_client_auth()
    })
}

fn connected(url: &str, config: Arc<ClientConfig>) -> io::Result<Tls> {
    let stream = TcpStream::connect(url.trim_start_matches("https://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

fn query_body() -> String {
    let account = Account::default();
    let mut document = XmlDocument::default();
    document
        .text("appid", account.appid)
        .text("mch_id", account.mch_id)
        .text("nonce_str", "n")
        .text("out_trade_no", "T000001");
    document.seal(&account.key, SignMethod::Md5);
    document.to_xml()
}

fn message(verb: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!("{verb} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Sends a request and reads one answer by its Content-Length.
fn exchange(stream: &mut (impl Read + Write), message: &str) -> io::Result<String> {
    stream.write_all(message.as_bytes())?;
    stream.flush()?;
    let mut reader = BufReader::with_capacity(1, stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = head[from..].to_ascii_lowercase();
        if let Some(text) = line.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(head + &String::from_utf8(body).unwrap())
}

fn queried(stream: &mut Tls) -> io::Result<String> {
    exchange(stream, &message("POST", "/pay/orderquery", &query_body()))
}

fn control(simulator: &Simulator, verb: &str, path: &str, body: &str) -> String {
    let url = simulator.control_url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    exchange(&mut stream, &message(verb, path, body)).unwrap()
}

#[test]
fn one_connection_carries_many_requests_and_both_listeners_serve_one_book() {
    let simulator = started();
    control(&simulator, "POST", "/orders", r#"{"out_trade_no":"T000001","total_fee":1}"#);
    let mut api = connected(&simulator.url(), config(&simulator, false)).unwrap();
    let mut api2 = connected(&simulator.backup_url(), config(&simulator, false)).unwrap();
    for stream in [&mut api, &mut api2] {
        assert!(queried(stream).unwrap().contains("NOTPAY"));
        assert!(queried(stream).unwrap().contains("NOTPAY"));
    }
    assert!(control(&simulator, "GET", "/connections", "").ends_with("{\"opened\":2,\"open\":2}\n"));
}

#[test]
fn a_second_handshake_resumes_the_first() {
    let simulator = started();
    let config = config(&simulator, false);
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let mut stream = connected(&simulator.url(), Arc::clone(&config)).unwrap();
        queried(&mut stream).unwrap();
        kinds.push(stream.conn.handshake_kind().unwrap());
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
}

#[test]
fn an_idle_connection_is_closed() {
    let simulator = Simulator::start(&Options { idle_ms: 100, ..Options::default() }).unwrap();
    let mut stream = connected(&simulator.url(), config(&simulator, false)).unwrap();
    queried(&mut stream).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_client_certificate_is_taken_but_not_demanded() {
    let simulator = started();
    for (with, words) in [(false, "证书未传"), (true, "签名错误")] {
        let mut stream = connected(&simulator.url(), config(&simulator, with)).unwrap();
        let body = query_body().replace("T000001", "T000002");
        let asked = message("POST", "/secapi/pay/refund", &body);
        assert!(exchange(&mut stream, &asked).unwrap().contains(words));
    }
}

#[test]
fn a_refused_port_comes_back_as_the_same_port() {
    let simulator = started();
    let mut old = connected(&simulator.url(), config(&simulator, false)).unwrap();
    queried(&mut old).unwrap();
    control(&simulator, "POST", "/faults", r#"{"fault":"refuse"}"#);
    assert!(queried(&mut old).is_err());
    let refused = connected(&simulator.url(), config(&simulator, false)).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    control(&simulator, "DELETE", "/faults", "");
    let mut new = connected(&simulator.url(), config(&simulator, false)).unwrap();
    assert!(queried(&mut new).is_ok());
}

#[test]
fn broken_answers_break_as_they_are_called() {
    let simulator = started();
    let broken = |fault: &str| {
        let rule = format!(r#"{{"fault":"{fault}","ms":1}}"#);
        control(&simulator, "POST", "/faults", &rule);
        let mut stream = connected(&simulator.url(), config(&simulator, false)).unwrap();
        queried(&mut stream).map_err(|fault| fault.kind())
    };
    assert_eq!(broken("truncate"), Err(io::ErrorKind::UnexpectedEof));
    assert_eq!(broken("close_after_request"), Err(io::ErrorKind::UnexpectedEof));
    assert_eq!(broken("reset_mid_body"), Err(io::ErrorKind::ConnectionReset));
    assert!(broken("slow_body").unwrap().contains("ORDERNOTEXIST"));
    for fault in ["wrong_host_cert", "expired_cert", "unknown_ca"] {
        assert_eq!(broken(fault), Err(io::ErrorKind::InvalidData), "{fault}");
        control(&simulator, "DELETE", "/faults", "");
    }
}

#[test]
fn a_notice_is_repeated_until_it_is_accepted() {
    let simulator = started();
    let shop = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", shop.local_addr().unwrap());
    let (ears, notices) = mpsc::channel();
    std::thread::spawn(move || {
        let success = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
        for reply in ["not yet", success] {
            let (mut stream, _) = shop.accept().unwrap();
            let mut request = [0; 4_096];
            let length = stream.read(&mut request).unwrap();
            let length_of = reply.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length_of}\r\n\r\n{reply}");
            stream.write_all(answer.as_bytes()).unwrap();
            ears.send(String::from_utf8_lossy(&request[..length]).into_owned()).unwrap();
        }
    });
    let order = format!(r#"{{"out_trade_no":"T000001","total_fee":1,"notify_url":"{url}"}}"#);
    control(&simulator, "POST", "/orders", &order);
    control(&simulator, "POST", "/pay", r#"{"out_trade_no":"T000001"}"#);
    assert!(notices.recv_timeout(Duration::from_secs(5)).unwrap().starts_with("POST /notify "));
    assert!(control(&simulator, "POST", "/settle", "").contains("\"accepted\":false"));
    control(&simulator, "POST", "/clock", r#"{"advance_ms":15000}"#);
    notices.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(control(&simulator, "POST", "/settle", "").contains("\"next_try\":null"));
}

#[test]
fn a_product_link_is_verified_before_anybody_is_called() {
    let simulator = started();
    let account = Account::default();
    let mut link = XmlDocument::default();
    link.text("appid", &account.appid)
        .text("mch_id", &account.mch_id)
        .text("product_id", "P1")
        .text("time_stamp", "1")
        .text("nonce_str", "n");
    let sign = link.sign_with(&account.key, SignMethod::Md5);
    let query: Vec<_> = link.pairs().map(|(name, text)| format!("{name}={text}")).collect();
    let url = format!("weixin://wxpay/bizpayurl?sign={sign}&{}", query.join("&"));
    let scan = |url: &str| {
        let body = format!(r#"{{"url":"{url}","notify_url":"http://127.0.0.1:1/"}}"#);
        control(&simulator, "POST", "/scan", &body)
    };
    let right = scan(&url);
    assert!(right.starts_with("HTTP/1.1 200"), "{right}");
    assert!(right.contains("\"product_id\":\"P1\"") && right.contains("\"status\":null"));
    assert!(scan(&url.replace("P1", "P2")).starts_with("HTTP/1.1 409"));
}

/// The `code_url` of an order that is placed.
fn placed_code(simulator: &Simulator, number: &str) -> String {
    let account = Account::default();
    let mut document = XmlDocument::default();
    for (name, text) in [
        ("appid", account.appid.as_str()),
        ("mch_id", &account.mch_id),
        ("nonce_str", "n"),
        ("out_trade_no", number),
        ("body", "tea"),
        ("total_fee", "1"),
        ("spbill_create_ip", "10.0.0.1"),
        ("notify_url", "https://shop.example/notify"),
        ("trade_type", "NATIVE"),
    ] {
        document.text(name, text);
    }
    document.seal(&account.key, SignMethod::Md5);
    let mut api = connected(&simulator.url(), config(simulator, false)).unwrap();
    let answer = exchange(&mut api, &message("POST", "/pay/unifiedorder", &document.to_xml())).unwrap();
    let from = answer.find("weixin://").unwrap_or_else(|| panic!("{answer}"));
    answer[from..].split(['<', ']']).next().unwrap().to_owned()
}

#[test]
fn a_code_leads_to_its_order_while_it_lives_and_the_order_can_be_paid() {
    let simulator = started();
    let code = placed_code(&simulator, "CODE-1");
    let scan = || control(&simulator, "POST", "/scan", &format!(r#"{{"url":"{code}"}}"#));
    let opened = scan();
    assert!(opened.starts_with("HTTP/1.1 200") && opened.contains("\"out_trade_no\":\"CODE-1\""), "{opened}");
    let unknown = control(&simulator, "POST", "/scan", r#"{"url":"weixin://wxpay/bizpayurl?pr=nobody"}"#);
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    control(&simulator, "POST", "/clock", r#"{"advance_ms":7200000}"#);
    assert!(scan().contains("the code is stale"));
    control(&simulator, "POST", "/state", r#"{"out_trade_no":"CODE-1","trade_state":"CLOSED"}"#);
    assert!(scan().contains("it is CLOSED"));
}

#[test]
fn the_control_says_what_is_wrong() {
    let simulator = started();
    let wrong = |verb: &str, path: &str, body: &str| control(&simulator, verb, path, body);
    assert!(
        wrong("POST", "/orders", r#"{"out_trade_no":"A","total_fee":1,"x":1}"#).contains("unknown key x")
    );
    assert!(wrong("POST", "/pay", r#"{"out_trade_no":"A"}"#).starts_with("HTTP/1.1 404"));
    assert!(wrong("POST", "/faults", r#"{"fault":"nope"}"#).contains("no fault is called nope"));
    assert!(wrong("GET", "/nowhere", "").contains("no control call GET /nowhere"));
    for sub in ["1", "2"] {
        let order = format!(r#"{{"out_trade_no":"A","total_fee":1,"sub_mch_id":"{sub}"}}"#);
        assert!(control(&simulator, "POST", "/orders", &order).starts_with("HTTP/1.1 200"));
    }
    assert!(wrong("POST", "/pay", r#"{"out_trade_no":"A"}"#).starts_with("HTTP/1.1 409"));
    let one = r#"{"out_trade_no":"A","sub_mch_id":"2"}"#;
    assert!(wrong("POST", "/pay", one).starts_with("HTTP/1.1 200"));
    assert!(wrong("POST", "/pay", one).contains("an order in SUCCESS cannot be paid"));
}

#[test]
fn dropping_it_closes_the_ports_and_removes_the_files() {
    let simulator = started();
    let (url, file) = (simulator.url(), simulator.ca_file());
    assert!(file.exists());
    drop(simulator);
    assert!(!file.exists());
    assert!(TcpStream::connect(url.trim_start_matches("https://")).is_err());
}
