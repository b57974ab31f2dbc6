//! What the network does to an answer.

use super::tls_server::{TlsServer, answer, answer_and_close, close, ok, read_request, stall};
use super::{HttpRequest, Phase, Transport, TransportError, agent, ask, post, send};
use crate::wire::v2::xml::MAX_BYTES;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A peer whose every connection gives these bytes to the first request and ends.
fn once(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> TlsServer {
    TlsServer::new(move |_, wire| {
        answer(wire, bytes.as_ref());
        close(wire);
    })
}

fn fault_of(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> TransportError {
    let peer = once(bytes);
    send(&agent(&peer), &HttpRequest { may_resend: false, ..post(&peer.url, 2000, 4000) }).unwrap_err()
}

/// The fault, and the milliseconds until it came.
fn timed(peer: &TlsServer, connect_timeout_ms: u64, timeout_ms: u64) -> (TransportError, u128) {
    let started = Instant::now();
    let fault = agent(peer).send(&post(&peer.url, connect_timeout_ms, timeout_ms)).unwrap_err();
    (fault, started.elapsed().as_millis())
}

#[test]
fn n1_a_refused_connection_is_a_connect_fault_with_nothing_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fault = agent(&TlsServer::plain(|_, _| ()))
        .send(&post(&format!("https://{closed}"), 2000, 4000))
        .unwrap_err();
    assert_eq!((fault.phase, fault.sent, fault.reused), (Phase::Connect, false, None), "{fault:?}");
}

#[test]
fn n8_a_stalled_handshake_ends_at_the_connect_deadline() {
    let peer = TlsServer::plain(|_, _socket| stall());
    let (fault, ms) = timed(&peer, 300, 4000);
    assert_eq!((fault.phase, fault.sent), (Phase::Connect, false), "{fault:?}");
    assert!((250..2000).contains(&ms), "{ms}");
}

#[test]
fn n9_a_peer_that_hangs_up_in_the_handshake_is_a_fault_at_once_without_spinning() {
    let close_notify = b"\x15\x03\x03\x00\x02\x01\x00";
    for alerts in [0, 1, 100] {
        let peer = TlsServer::plain(move |_, mut socket| {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(&close_notify.repeat(alerts));
        });
        let (fault, ms) = timed(&peer, 3000, 4000);
        assert!(!fault.sent && matches!(fault.phase, Phase::Connect | Phase::Tls), "{fault:?}");
        assert!(ms < 1500, "{alerts}: {ms}");
    }
}

#[test]
fn n9_a_peer_that_says_goodbye_in_the_handshake_and_stays_ends_at_the_connect_deadline() {
    let peer = TlsServer::plain(|_, mut socket| {
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(b"\x15\x03\x03\x00\x02\x01\x00");
        stall();
    });
    let (fault, ms) = timed(&peer, 400, 4000);
    assert!(!fault.sent && ms < 2000, "{ms} {fault:?}");
}

#[test]
fn n10_headers_that_drip_end_at_the_total_deadline() {
    let peer = TlsServer::new(|_, wire| {
        read_request(wire);
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<xml/>" {
            std::thread::sleep(Duration::from_millis(100));
            if wire.write_all(&[*byte]).and_then(|()| wire.flush()).is_err() {
                return;
            }
        }
    });
    let (fault, ms) = timed(&peer, 2000, 700);
    assert_eq!((fault.phase, fault.sent), (Phase::Answer, true), "{fault:?}");
    assert!((600..2000).contains(&ms), "{ms}");
}

#[test]
fn n11_a_body_that_drips_ends_at_the_total_deadline() {
    let peer = TlsServer::new(|_, wire| {
        answer(wire, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while wire.write_all(b"x").and_then(|()| wire.flush()).is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let (fault, ms) = timed(&peer, 2000, 700);
    assert_eq!((fault.phase, fault.sent), (Phase::Answer, true), "{fault:?}");
    assert!((600..2000).contains(&ms), "{ms}");
}

#[test]
fn n23_a_peer_that_never_answers_ends_at_the_total_deadline() {
    let peer = TlsServer::new(|_, wire| {
        read_request(wire);
        stall();
    });
    let (fault, ms) = timed(&peer, 2000, 500);
    assert_eq!((fault.phase, fault.sent, peer.connections()), (Phase::Answer, true, 1), "{fault:?}");
    assert!(ms < 2000, "{ms}");
}

#[test]
fn n12_n21_a_body_shorter_than_its_length_is_a_transport_fault() {
    let fault = fault_of("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<xml></xml>");
    assert_eq!((fault.phase, fault.sent), (Phase::Answer, true), "{fault:?}");
}

#[test]
fn n13_bytes_after_the_body_are_ignored_and_the_connection_is_not_used_again() {
    for extra in [1, 300, 60_000] {
        let peer = TlsServer::new(move |_, wire| {
            let more = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother".repeat(extra);
            while answer(wire, ok("<xml></xml>") + &more) {}
        });
        let agent = agent(&peer);
        for n in 1..=3 {
            assert_eq!(ask(&agent, &peer).unwrap().message(), b"<xml></xml>", "{extra}");
            assert_eq!(peer.connections(), n, "{extra}");
        }
    }
}

#[test]
fn n24_an_answer_that_comes_after_the_deadline_is_never_read_as_that_of_another_call() {
    let peer = TlsServer::new(|n, wire| {
        read_request(wire);
        std::thread::sleep(Duration::from_millis(if n == 0 { 500 } else { 0 }));
        let _ = wire.write_all(ok(if n == 0 { "late" } else { "fresh" }).as_bytes());
        stall();
    });
    let agent = agent(&peer);
    assert!(agent.send(&post(&peer.url, 2000, 300)).is_err());
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(ask(&agent, &peer).unwrap().message(), b"fresh");
}

#[test]
fn n14_a_body_of_a_mebibyte_is_taken_and_one_byte_more_is_not() {
    let peer = TlsServer::new(|_, wire| _ = answer(wire, ok(&"x".repeat(MAX_BYTES))));
    assert_eq!(ask(&agent(&peer), &peer).unwrap().message().len(), MAX_BYTES);
    let fault = fault_of(ok(&"x".repeat(MAX_BYTES + 1)));
    assert_eq!(fault.phase, Phase::Protocol, "{fault:?}");
    assert!(fault.message.contains("larger than 1 MiB"), "{}", fault.message);
}

#[test]
fn n14_a_promised_length_of_many_gigabytes_costs_no_memory() {
    let fault = fault_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n<xml/>");
    assert!(matches!(fault.phase, Phase::Answer | Phase::Protocol), "{fault:?}");
}

#[test]
fn n15_r51_a_compressed_body_is_not_unpacked() {
    let peer = once("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\x1f<xml>");
    let reply = ask(&agent(&peer), &peer).unwrap();
    assert_eq!((reply.message(), reply.encoding().as_deref()), (b"\x1f<xml>".as_slice(), Some("gzip")));
}

#[test]
fn n16_a_bad_chunk_is_a_transport_fault() {
    for chunks in [
        "zz\r\n<xml/>\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n<xml/>\r\n",
        "-1\r\n<xml/>",
        "5\r\n<xml/>0\r\n\r\n",
    ] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let fault = fault_of(format!("{head}{chunks}"));
        assert!(matches!(fault.phase, Phase::Protocol | Phase::Answer), "{chunks:?}: {fault:?}");
    }
}

#[test]
fn n17_n18_an_error_status_is_told_with_its_retry_after() {
    for status in [429, 500, 502, 503, 504, 404] {
        let fault = fault_of(format!("HTTP/1.1 {status} No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!((fault.phase, fault.retry_after_ms), (Phase::Status(status), Some(2000)));
    }
    let dated = "HTTP/1.1 429 No\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(fault_of(dated).retry_after_ms, None);
}

#[test]
fn n20_a_redirect_is_not_followed() {
    let target = TlsServer::new(|_, wire| _ = answer(wire, ok("stolen")));
    for status in [301, 302, 307, 308] {
        let location = format!("Location: {}/x", target.url);
        let fault = fault_of(format!("HTTP/1.1 {status} Moved\r\n{location}\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(fault.phase, Phase::Status(status));
    }
    assert_eq!(target.connections(), 0);
}

#[test]
fn what_is_no_http_is_a_transport_fault() {
    for noise in
        ["", "SSH-2.0-x\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"]
    {
        let fault = fault_of(noise);
        assert!(matches!(fault.phase, Phase::Answer | Phase::Protocol), "{noise:?}: {fault:?}");
    }
}

#[test]
fn a_connection_is_kept_and_told_as_reused() {
    let peer = TlsServer::new(|_, wire| while answer(wire, ok("<xml/>")) {});
    let agent = agent(&peer);
    let reused: Vec<_> = (0..3).map(|_| ask(&agent, &peer).unwrap().reused).collect();
    assert_eq!((reused, peer.connections()), (vec![false, true, true], 1));
}

#[test]
fn n22_a_connection_that_said_goodbye_is_not_used_again() {
    let peer = TlsServer::new(|_, wire| {
        answer_and_close(wire, ok("<xml/>"));
        stall();
    });
    let agent = agent(&peer);
    for n in 1..=3 {
        let only_once = HttpRequest { may_resend: false, ..post(&peer.url, 2000, 4000) };
        assert!(agent.send(&only_once).is_ok());
        assert_eq!(peer.connections(), n);
    }
}

/// The first connection answers once and dies on the second request; later ones do as told.
fn dies_on_the_second_request(
    then: impl Fn(&mut super::tls_server::Wire) + Send + Sync + 'static,
    after: Duration,
) -> TlsServer {
    TlsServer::new(move |n, wire| {
        if n > 0 {
            return then(wire);
        }
        answer(wire, ok("<xml/>"));
        read_request(wire);
        std::thread::sleep(after);
    })
}

#[test]
fn n22_a_query_on_a_dead_connection_is_sent_again_in_silence_and_a_call_that_acts_is_not() {
    for may_resend in [true, false] {
        let peer = dies_on_the_second_request(|wire| _ = answer(wire, ok("<xml/>")), Duration::ZERO);
        let agent = agent(&peer);
        assert!(ask(&agent, &peer).is_ok());
        let second = agent.send(&HttpRequest { may_resend, ..post(&peer.url, 2000, 4000) });
        match second {
            Ok(reply) => assert!(may_resend && !reply.reused),
            Err(fault) => {
                assert!(!may_resend, "{fault:?}");
                assert_eq!((fault.phase, fault.sent, fault.reused), (Phase::Answer, true, Some(true)));
            }
        }
        assert_eq!(peer.connections(), if may_resend { 2 } else { 1 });
    }
}

#[test]
fn n22_the_silent_second_send_stays_inside_the_one_deadline() {
    let stalls = |wire: &mut super::tls_server::Wire| {
        read_request(wire);
        stall();
    };
    let peer = dies_on_the_second_request(stalls, Duration::from_millis(700));
    let agent = agent(&peer);
    assert!(ask(&agent, &peer).is_ok());
    let started = Instant::now();
    assert!(agent.send(&post(&peer.url, 2000, 1000)).is_err());
    let ms = started.elapsed().as_millis();
    assert!((900..1500).contains(&ms), "{ms}");
    assert_eq!(peer.connections(), 2);
}

#[test]
fn r35_a_page_about_the_client_certificate_is_the_operators_with_its_title() {
    for (status, page) in [
        (400, "<html><head><title>400 The SSL certificate error</title></head></html>"),
        (400, "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>"),
        (403, "<h1>Client certificate revoked</h1>"),
        (496, "证书未传"),
        (495, ""),
        (496, ""),
    ] {
        let length = page.len();
        let fault = fault_of(format!("HTTP/1.1 {status} No\r\nContent-Length: {length}\r\n\r\n{page}"));
        assert_eq!((fault.phase, fault.sent), (Phase::Certificate, true), "{fault:?}");
        assert!(fault.message.contains("client certificate was refused (this call shows none"), "{fault:?}");
        assert!(
            !fault.message.contains('<') && fault.message.contains(&format!("HTTP {status}")),
            "{}",
            fault.message
        );
    }
    let fault = fault_of("HTTP/1.1 400 No\r\nContent-Length: 31\r\n\r\n<title>400 Bad HttpRequest</title>\n");
    assert_eq!(fault.phase, Phase::Status(400));
    assert!(fault.message.contains("400 Bad HttpRequest"), "{}", fault.message);
    let cut = fault_of("HTTP/1.1 404 No\r\nContent-Length: 9999\r\n\r\n<title>gone");
    assert_eq!(cut.phase, Phase::Status(404));
}

#[test]
fn r51_a_status_that_is_not_200_is_told_as_what_it_is() {
    for (status, says) in [(201, "200 only"), (204, "200 only"), (503, "in trouble"), (302, "redirect")] {
        let fault = fault_of(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
        assert!(fault.message.contains(says), "{}", fault.message);
    }
}
