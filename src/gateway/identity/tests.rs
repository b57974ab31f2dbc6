//! Client certificates: what is taken, and what is said about the rest.

use super::*;
use crate::gateway::fixtures::certificates::{CertificateAuthority, IssuedCertificate};
use base64::Engine;
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use std::collections::HashMap;

/// Files in memory.
#[derive(Default)]
struct MemoryFiles(HashMap<String, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        self.0.get(path).cloned().map(Zeroizing::new).ok_or_else(|| format!("{path} is not there"))
    }

    fn stamp(&self, path: &str) -> Result<(u64, u128), String> {
        self.0.get(path).map(|bytes| (bytes.len() as u64, 0)).ok_or_else(|| format!("{path} is not there"))
    }
}

fn shelf(files: &[(&str, &[u8])]) -> MemoryFiles {
    MemoryFiles(files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect())
}

fn source(certificate: &[u8], private_key: Option<&[u8]>, password: &str) -> CertificateSource {
    CertificateSource {
        certificate: Material::new(certificate),
        private_key: private_key.map(Material::new),
        password: Zeroizing::new(password.into()),
    }
}

fn paper() -> IssuedCertificate {
    CertificateAuthority::new("test CA").issue("merchant", -1, 30)
}

fn load(source: &CertificateSource) -> Result<Identity, String> {
    Identity::load(source, &MemoryFiles::default())
}

/// Why it was refused; an identity has no Debug, on purpose.
fn refusal(source: &CertificateSource) -> String {
    load(source).err().unwrap()
}

fn p12(paper: &IssuedCertificate, password: &str) -> Vec<u8> {
    let (chain, key) = (
        pem::certificates(paper.certificate.as_bytes()).unwrap(),
        pem::private_key(paper.key.as_bytes()).unwrap(),
    );
    let certificate = Certificate::from_der(&chain[0]).unwrap();
    let chain = PrivateKeyChain::new("1", PrivateKey::from_der(key.secret_der()).unwrap(), [certificate]);
    let mut store = KeyStore::new();
    store.add_entry("merchant", KeyStoreEntry::PrivateKeyChain(chain));
    store.writer(password).write().unwrap()
}

/// `apiclient_cert.p12` in the old cipher of WeChat's (RC2-40 and 3DES), made by OpenSSL; password 10000100.
fn old_p12() -> Vec<u8> {
    let text: String =
        include_str!("../../../php-tests/fixtures/old_p12.base64").split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn a_certificate_and_its_key_are_taken_as_texts_as_files_and_as_one() {
    let paper = paper();
    let (certificate, key) = (paper.certificate.as_bytes(), paper.key.as_bytes());
    assert!(load(&source(certificate, Some(key), "")).is_ok());
    let files = shelf(&[("cert.pem", certificate), ("key.pem", key)]);
    let identity = Identity::load(&source(b"cert.pem", Some(b"key.pem"), ""), &files).unwrap();
    assert_eq!(identity.chain.len(), 1);
    let both = [certificate, key].concat();
    assert!(load(&source(&both, None, "")).is_ok());
}

#[test]
fn a_container_is_opened_with_its_password() {
    let container = p12(&paper(), "10000100");
    let identity = load(&source(&container, None, "10000100")).unwrap();
    assert_eq!(identity.chain.len(), 1);
    let files = shelf(&[("apiclient_cert.p12", &container)]);
    assert!(Identity::load(&source(b"apiclient_cert.p12", None, "10000100"), &files).is_ok());
}

#[test]
fn a_container_in_wechats_old_cipher_is_opened_too() {
    let identity = load(&source(&old_p12(), None, "10000100")).unwrap();
    assert!(identity.expires_at.year() > 2040);
}

#[test]
fn n28_a_wrong_password_is_refused_without_showing_it() {
    for container in [p12(&paper(), "10000100"), old_p12()] {
        let error = refusal(&source(&container, None, "wrong-word"));
        assert!(error.contains("mch_id") && !error.contains("wrong-word"), "{error}");
    }
}

#[test]
fn r31_a_line_end_behind_der_is_none_of_it() {
    let paper = paper();
    let chain = pem::certificates(paper.certificate.as_bytes()).unwrap();
    let key = pem::private_key(paper.key.as_bytes()).unwrap();
    let with = |der: &[u8], behind: &str| [der, behind.as_bytes()].concat();
    for behind in ["", "\n", "\r\n", " \n\n"] {
        let container = with(&p12(&paper, "10000100"), behind);
        assert!(load(&source(&container, None, "10000100")).is_ok(), "{behind:?}");
        let (certificate, key) = (with(&chain[0], behind), with(key.secret_der(), behind));
        assert!(load(&source(&certificate, Some(&key), "")).is_ok(), "{behind:?}");
    }
    for stranger in [with(&p12(&paper, "10000100"), "x"), with(&chain[0], "\nx")] {
        assert!(
            refusal(&source(&stranger, Some(paper.key.as_bytes()), "10000100")).contains("neither PEM nor")
        );
    }
}

#[test]
fn r31_text_of_two_bytes_a_character_is_named() {
    let paper = paper();
    let (certificate, key) = (paper.certificate.as_bytes(), paper.key.as_bytes());
    let low: Vec<u8> = paper.certificate.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let high: Vec<u8> = paper.key.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [b"\xFF\xFE".as_slice(), &low].concat();
    for wide in [&low, &marked] {
        let error = refusal(&source(wide, Some(key), ""));
        assert!(error.contains("certificate is written in UTF-16"), "{error}");
    }
    let error = refusal(&source(certificate, Some(&high), ""));
    assert!(error.contains("private key is written in UTF-16"), "{error}");
}

#[test]
fn n28_a_key_of_another_certificate_is_refused() {
    let (one, two) = (paper(), paper());
    let error = refusal(&source(one.certificate.as_bytes(), Some(two.key.as_bytes()), ""));
    assert!(error.contains("does not belong"), "{error}");
}

#[test]
fn n28_what_is_missing_or_broken_is_said_and_never_shown() {
    let paper = paper();
    let (certificate, key) = (paper.certificate.as_bytes(), paper.key.as_bytes());
    let broken = b"-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n";
    let broken_key = b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    for (source, says) in [
        (source(key, Some(key), ""), "no certificate in it"),
        (source(certificate, None, ""), "private key"),
        (source(certificate, Some(certificate), ""), "private key"),
        (source(broken, Some(key), ""), "cannot be read"),
        (source(certificate, Some(broken_key), ""), "private key"),
        (source(&[0x30, 0x82, 0xFF, 0xFF], None, ""), "neither PEM nor"),
        (source(b"nowhere.pem", Some(key), ""), "nowhere.pem is not there"),
        (source(certificate, Some(b"nowhere.key"), ""), "nowhere.key is not there"),
    ] {
        let error = refusal(&source);
        assert!(error.contains(says), "{says}: {error}");
        assert!(
            !error.contains("BEGIN") && !error.contains("c2VjcmV0") && !error.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn n28_an_expired_certificate_loads_but_is_refused_before_anything_is_sent() {
    let paper = CertificateAuthority::new("test CA").issue("merchant", -30, -1);
    let identity = load(&source(paper.certificate.as_bytes(), Some(paper.key.as_bytes()), "")).unwrap();
    let at = identity.expires_at.unix_timestamp();
    assert!(still_valid(identity.expires_at, at - 1).is_ok());
    for now in [at, at + 1] {
        let error = still_valid(identity.expires_at, now).unwrap_err();
        assert!(error.contains("expired on"), "{error}");
    }
}

#[test]
fn the_day_of_expiry_is_known_without_an_error_for_what_cannot_be_read() {
    let paper = paper();
    let known = expires_at(
        &source(paper.certificate.as_bytes(), Some(paper.key.as_bytes()), ""),
        &MemoryFiles::default(),
    );
    assert!(known.is_some());
    assert!(expires_at(&source(b"nowhere.pem", None, ""), &MemoryFiles::default()).is_none());
}

#[test]
fn a_fingerprint_changes_with_path_size_and_content_and_reads_no_file() {
    let files = shelf(&[("a", b"1"), ("b", b"1"), ("c", b"12")]);
    let of = |parts: &[Material]| fingerprint(parts, &files).unwrap();
    let path = |p: &str| Material::Path(p.into());
    let text = |t: &[u8]| Material::Inline(Zeroizing::new(t.to_vec()));
    let all = [of(&[path("a")]), of(&[path("b")]), of(&[path("c")]), of(&[text(b"1")]), of(&[text(b"2")])];
    for (i, one) in all.iter().enumerate() {
        assert!(all.iter().skip(i + 1).all(|other| other != one), "{i}");
    }
    assert_eq!(of(&[path("a")]), of(&[path("a")]));
    assert!(fingerprint(&[path("nowhere")], &files).is_err());
}

/// Made by OpenSSL: x509 of version 1 with its key, and containers, all with the password 10000100.
mod odd {
    pub const V1: &str = include_str!("../../../php-tests/fixtures/identity/v1.pem");
    pub const KEY_ONLY: &[u8] = include_bytes!("../../../php-tests/fixtures/identity/key_only.p12");
    pub const RC2_128: &[u8] = include_bytes!("../../../php-tests/fixtures/identity/rc2_128.p12");
    pub const CERT_ONLY: &[u8] = include_bytes!("../../../php-tests/fixtures/identity/cert_only.p12");
    pub const CHAIN: &[u8] = include_bytes!("../../../php-tests/fixtures/identity/chain.p12");
    pub const KEY: &str = include_str!("../../../php-tests/fixtures/identity/key.pem");
}

#[test]
fn r33_each_cause_has_its_own_sentence() {
    let (paper, issuer) = (paper(), CertificateAuthority::new("test CA").pem);
    let key = paper.key.as_bytes();
    let ca_first = [issuer.as_bytes(), paper.certificate.as_bytes()].concat();
    for (source, says) in [
        (source(odd::V1.as_bytes(), None, ""), "version 1"),
        (source(odd::KEY_ONLY, None, "10000100"), "no certificate in it"),
        (source(odd::CERT_ONLY, None, "10000100"), "no private key in it"),
        (source(odd::RC2_128, None, "10000100"), "encryption is not supported"),
        (source(odd::RC2_128, None, "wrong-word"), "the password does not open"),
        (source(b"\x30\x80\x02\x01\x03", None, ""), "in BER"),
        (source(&ca_first, Some(key), ""), "the first certificate is not the private key's, number 2 is"),
        (source(issuer.as_bytes(), Some(key), ""), "does not belong"),
        (source(paper.certificate.as_bytes(), None, ""), "what stands there is CERTIFICATE"),
    ] {
        let error = refusal(&source);
        assert!(error.contains(says) && !error.contains("wrong-word"), "{says}: {error}");
    }
}

#[test]
fn r33_a_container_is_used_whatever_stands_beside_it() {
    let key = odd::KEY.as_bytes();
    let both = [
        (odd::CERT_ONLY, Some(key)),
        (odd::CHAIN, Some(key)),
        (odd::CHAIN, None),
        (odd::CHAIN, Some(odd::CHAIN)),
    ];
    for (certificate, key) in both {
        let identity = load(&source(certificate, key, "10000100")).unwrap();
        assert_eq!(identity.common_name.as_deref(), Some("10000100"));
    }
    assert_eq!(load(&source(odd::CHAIN, None, "10000100")).unwrap().chain.len(), 2);
}

#[test]
fn r31_an_identity_in_der_is_taken() {
    let paper = paper();
    let der = pem::certificates(paper.certificate.as_bytes()).unwrap().remove(0);
    let key = pem::private_key(paper.key.as_bytes()).unwrap();
    assert!(load(&source(&der, Some(key.secret_der()), "")).is_ok());
    assert!(refusal(&source(&der, None, "")).contains("give privateKey"));
}
