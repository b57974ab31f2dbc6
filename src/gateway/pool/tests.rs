//! What is kept, what is read again, and what is refused before anything is sent.

use super::*;
use crate::gateway::fixtures::certificates::{CertificateAuthority, IssuedCertificate};
use crate::gateway::fixtures::{merchant, with};
use base64::Engine;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files in memory: bytes and the time of their last change. Counts what is read.
#[derive(Default)]
struct MemoryFiles {
    files: HashMap<String, (Vec<u8>, u128)>,
    reads: AtomicUsize,
}

impl MemoryFiles {
    fn put(&mut self, path: &str, bytes: impl AsRef<[u8]>, changed: u128) {
        self.files.insert(path.into(), (bytes.as_ref().to_vec(), changed));
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.files
            .get(path)
            .map(|(b, _)| Zeroizing::new(b.clone()))
            .ok_or_else(|| format!("cannot read {path}"))
    }

    fn stamp(&self, path: &str) -> Result<(u64, u128), String> {
        let found = self.files.get(path).map(|(bytes, changed)| (bytes.len() as u64, *changed));
        found.ok_or_else(|| format!("cannot read {path}"))
    }
}

/// There is one pool a process: one test at a time, so that none throws out what another has kept.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Settings of a gateway that no other test has.
fn settings(host: &str, ca_file: Option<&str>) -> Settings {
    Settings {
        url: format!("https://{host}.test"),
        backup_url: None,
        ca_file: ca_file.map(str::to_owned),
        connect_timeout_ms: 3000,
        timeout_ms: 8000,
        proxy: None,
    }
}

fn with_certificate(certificate: &[u8], private_key: Option<&[u8]>, password: &str) -> Merchant {
    let certificate = Some(CertificateSource {
        certificate: Material::new(certificate),
        private_key: private_key.map(Material::new),
        password: Zeroizing::new(password.into()),
    });
    with(|keys| keys.certificate = certificate)
}

fn paper(to_days: i64) -> IssuedCertificate {
    CertificateAuthority::new("test CA").issue("merchant", -30, to_days)
}

fn client(
    settings: &Settings,
    merchant: &Merchant,
    certificate: bool,
    files: &MemoryFiles,
) -> Result<ApiClient, String> {
    super::client(settings, &Arc::new(merchant.clone()), certificate, files)
}

fn is_same(one: &ApiClient, other: &ApiClient) -> bool {
    Arc::ptr_eq(&one.transport, &other.transport) && Arc::ptr_eq(&one.health, &other.health)
}

fn refusal(settings: &Settings, merchant: &Merchant, files: &MemoryFiles) -> String {
    client(settings, merchant, true, files).err().unwrap()
}

#[test]
fn one_gateway_has_one_set_of_connections_and_another_has_its_own() {
    let _turn = turn();
    let files = MemoryFiles::default();
    let open = |host: &str| client(&settings(host, None), &merchant(), false, &files).unwrap();
    assert!(is_same(&open("same"), &open("same")));
    assert!(!is_same(&open("same"), &open("other")));
}

#[test]
fn a_ca_file_is_read_once_and_again_when_it_has_changed() {
    let _turn = turn();
    let mut files = MemoryFiles::default();
    files.put("ca.pem", CertificateAuthority::new("one").pem, 1);
    let settings = settings("changing-ca", Some("ca.pem"));
    let first = client(&settings, &merchant(), false, &files).unwrap();
    assert!(is_same(&first, &client(&settings, &merchant(), false, &files).unwrap()));
    assert_eq!(files.reads(), 1);
    files.put("ca.pem", CertificateAuthority::new("two").pem, 2);
    assert!(!is_same(&first, &client(&settings, &merchant(), false, &files).unwrap()));
}

#[test]
fn h16_a_ca_file_that_is_missing_or_empty_is_a_clear_error() {
    let _turn = turn();
    let mut files = MemoryFiles::default();
    files.put("empty.pem", "", 1);
    for (path, says) in
        [("nowhere.pem", "cannot read nowhere.pem"), ("empty.pem", "the CA file empty.pem has no")]
    {
        let error = client(&settings("no-ca", Some(path)), &merchant(), false, &files).err().unwrap();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn n28_a_call_that_needs_a_certificate_is_refused_without_one() {
    let _turn = turn();
    let error = refusal(&settings("none", None), &merchant(), &MemoryFiles::default());
    assert!(error.contains("client certificate"), "{error}");
}

#[test]
fn n28_an_expired_certificate_is_refused_each_time_and_does_not_hinder_other_calls() {
    let _turn = turn();
    let paper = paper(-1);
    let merchant = with_certificate(paper.certificate.as_bytes(), Some(paper.key.as_bytes()), "");
    let (settings, files) = (settings("expired", None), MemoryFiles::default());
    for _ in 0..2 {
        assert!(refusal(&settings, &merchant, &files).contains("expired on"));
    }
    assert!(client(&settings, &merchant, false, &files).is_ok());
}

#[test]
fn connections_with_a_certificate_are_not_those_without() {
    let _turn = turn();
    let paper = paper(30);
    let merchant = with_certificate(paper.certificate.as_bytes(), Some(paper.key.as_bytes()), "");
    let (settings, files) = (settings("both", None), MemoryFiles::default());
    let open = |certificate| client(&settings, &merchant, certificate, &files).unwrap();
    assert!(is_same(&open(true), &open(true)) && is_same(&open(false), &open(false)));
    assert!(!is_same(&open(true), &open(false)));
}

#[test]
fn who_does_not_know_a_containers_password_gets_nothing_that_another_opened() {
    let _turn = turn();
    let text: String =
        include_str!("../../../php-tests/fixtures/old_p12.base64").split_whitespace().collect();
    let container = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let (settings, files) = (settings("password", None), MemoryFiles::default());
    let owner =
        |password| Merchant { mch_id: "1900000109".into(), ..with_certificate(&container, None, password) };
    let opened = client(&settings, &owner("10000100"), true, &files);
    assert!(opened.is_ok(), "{:?}", opened.err());
    assert!(refusal(&settings, &owner("wrong"), &files).contains("password"));
}

#[test]
fn h1_a_pool_of_another_process_is_left_alone() {
    let _turn = turn();
    let mut slot = Some(Pool { pid: std::process::id() + 1, names: Arc::default(), kept: Vec::new() });
    let before = slot.as_ref().map(|pool| pool.names.clone()).unwrap();
    let pool = Pool::of_this_process(&mut slot);
    assert_eq!(pool.pid, std::process::id());
    assert!(!Arc::ptr_eq(&pool.names, &before));
    assert_eq!(Arc::strong_count(&before), 2, "the parent's pool was dropped");
}

#[test]
fn no_more_than_64_sets_of_connections_are_kept() {
    let _turn = turn();
    let files = MemoryFiles::default();
    let first = client(&settings("crowd-0", None), &merchant(), false, &files).unwrap();
    for n in 1..=MOST_KEPT {
        client(&settings(&format!("crowd-{n}"), None), &merchant(), false, &files).unwrap();
    }
    assert!(with_pool(|pool| pool.kept.len()) <= MOST_KEPT);
    assert!(!is_same(&first, &client(&settings("crowd-0", None), &merchant(), false, &files).unwrap()));
}

#[test]
fn n28_another_merchants_certificate_is_refused_and_one_without_a_number_is_not() {
    let _turn = turn();
    let files = MemoryFiles::default();
    let settings = settings("whose", None);
    let of = |name: &str| {
        let paper = CertificateAuthority::new("test CA").issue(name, -30, 30);
        with_certificate(paper.certificate.as_bytes(), Some(paper.key.as_bytes()), "")
    };
    let mch_id = merchant().mch_id;
    assert!(client(&settings, &of(&mch_id), true, &files).is_ok());
    assert!(client(&settings, &of("A shop"), true, &files).is_ok());
    for _ in 0..2 {
        let says = refusal(&settings, &of("1900000109"), &files);
        assert_eq!(says, format!("the client certificate is that of merchant 1900000109, not of {mch_id}"));
    }
}

#[test]
fn a_certificate_is_opened_once_to_know_when_it_expires() {
    let _turn = turn();
    let paper = paper(30);
    let mut shelf = MemoryFiles::default();
    shelf.put("expiry.pem", format!("{}{}", paper.certificate, paper.key), 1);
    let merchant = with_certificate(b"expiry.pem", None, "");
    let source = merchant.v2().unwrap().certificate.as_ref().unwrap();
    let first = expires_at(source, &shelf);
    assert!(first.is_some());
    assert_eq!((expires_at(source, &shelf), shelf.reads()), (first, 1));
    shelf.put("expiry.pem", "gone", 2);
    assert_eq!((expires_at(source, &shelf), shelf.reads()), (None, 2));
}
