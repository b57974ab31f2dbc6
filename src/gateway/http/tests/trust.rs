//! Who is believed to be the gateway.

use super::tls_server::{TlsServer, answer, ok};
use super::{Arc, Phase, PooledAgent, Transport, TransportError, agent, ask, post};
use crate::gateway::fixtures::certificates::CertificateAuthority;
use crate::gateway::tls;

fn refused(fault: &TransportError, says: &str) {
    assert_eq!((fault.phase, fault.sent, fault.reused), (Phase::Tls, false, None), "{fault:?}");
    assert!(fault.message.contains(says), "{}", fault.message);
}

#[test]
fn n7_the_roots_of_a_ca_file_are_believed() {
    let peer = TlsServer::new(|_, wire| while answer(wire, ok("<xml></xml>")) {});
    assert_eq!(ask(&agent(&peer), &peer).unwrap().message(), b"<xml></xml>");
}

#[test]
fn n4_an_unknown_authority_is_refused_and_named() {
    let peer = TlsServer::new(|_, wire| while answer(wire, ok("")) {});
    let built_in = PooledAgent::new(tls::config(None, None).unwrap(), Arc::default(), None);
    refused(&ask(&built_in, &peer).unwrap_err(), "test CA");
    let other = TlsServer::plain(|_, _| ());
    refused(&ask(&agent(&other), &peer).unwrap_err(), "not trusted");
}

#[test]
fn n5_a_certificate_out_of_its_time_is_refused_with_a_hint_at_the_clock() {
    for (from, to, says) in [(-30, -10, "expired on"), (10, 30, "not valid before")] {
        let authority = CertificateAuthority::new("test CA");
        let peer = TlsServer::with_paper(&authority, &authority.issue("127.0.0.1", from, to), |_, wire| {
            _ = answer(wire, ok(""));
        });
        let fault = ask(&agent(&peer), &peer).unwrap_err();
        refused(&fault, says);
        assert!(fault.message.contains("clock"), "{}", fault.message);
    }
}

#[test]
fn n6_a_certificate_of_another_host_is_refused() {
    let authority = CertificateAuthority::new("test CA");
    let paper = authority.issue("shop.example", -1, 30);
    let peer = TlsServer::with_paper(&authority, &paper, |_, wire| _ = answer(wire, ok("")));
    refused(&ask(&agent(&peer), &peer).unwrap_err(), "another host");
}

#[test]
fn a_name_that_does_not_exist_is_a_dns_fault() {
    let peer = TlsServer::plain(|_, _| ());
    let fault = agent(&peer).send(&post("https://nowhere.invalid", 2000, 4000)).unwrap_err();
    assert_eq!((fault.phase, fault.sent), (Phase::Dns, false), "{fault:?}");
}
