use super::*;
use crate::wire::v3::request_key::Unauthorized;
use crate::wire::v3::vectors::{keys, text};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// Files that can change: what is in each, and when it was written; and may they all be looked at, but not read?
#[derive(Default)]
struct Disk(RefCell<HashMap<String, (Vec<u8>, u128)>>, Cell<bool>);

impl Disk {
    fn writes(&self, path: &str, content: &str) {
        let mut files = self.0.borrow_mut();
        let at = files.get(path).map_or(0, |(_, at)| at + 1);
        files.insert(path.to_owned(), (content.as_bytes().to_vec(), at));
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        if self.1.get() {
            return Err("forbidden".into());
        }
        self.0.borrow().get(path).map(|(bytes, _)| Zeroizing::new(bytes.clone())).ok_or_else(|| "gone".into())
    }

    fn stamp(&self, path: &str) -> Result<(u64, u128), String> {
        self.0.borrow().get(path).map(|(bytes, at)| (bytes.len() as u64, *at)).ok_or_else(|| "gone".into())
    }
}

const KEY_FILE: &str = "/shop/apiclient_key.pem";

fn source(mch_id: &str, key: &str) -> KeySource {
    KeySource {
        mch_id: mch_id.to_owned(),
        private_key: Material::Path(KEY_FILE.into()),
        certificate: OwnCertificate::serial(text(&keys()["merchant"]["serial"])).unwrap(),
        public_key: None,
        platform_certificates: Vec::new(),
        key: Key::new(key.as_bytes()).unwrap(),
        previous_key: None,
        cache: None,
    }
}

fn disk() -> Disk {
    let disk = Disk::default();
    disk.writes(KEY_FILE, text(&keys()["merchant"]["private_pem"]));
    disk
}

const KEY: &str = "anyKeyOf32BytesForTheTestsOfShop";

#[test]
fn v26_a_key_file_that_has_changed_is_read_again_and_texts_under_way_keep_their_key() {
    let (disk, source) = (disk(), source("1900000001", KEY));
    let first = kept(&source, &disk).unwrap();
    assert!(Arc::ptr_eq(&first, &kept(&source, &disk).unwrap()), "read once");
    let ciphertext = "c".repeat(344);
    first.ring.encrypted().remember(&ciphertext, "SERIAL");
    disk.writes(KEY_FILE, text(&keys()["platform_old"]["private_pem"]));
    let second = kept(&source, &disk).unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    let signed = |keys: &V3Credentials| keys.request_key(0).unwrap().sign(b"x").unwrap();
    assert_ne!(signed(&first), signed(&second));
    let body = format!("{{\"name\":\"{ciphertext}\"}}");
    assert_eq!(second.ring.encrypted().key_of(body.as_bytes()), Ok(Some("SERIAL".into())));
    disk.0.borrow_mut().clear();
    assert_eq!(why_unsigned(&kept(&source, &disk).unwrap()), "gone");
}

fn why_unsigned(keys: &V3Credentials) -> String {
    keys.request_key(0).unwrap_err().to_string()
}

#[test]
fn without_the_own_key_there_are_keys_for_notices_and_it_is_used_as_soon_as_it_can_be_read() {
    let (disk, source) = (Disk::default(), source("1900000004", KEY));
    let gone = kept(&source, &disk).unwrap();
    assert_eq!(why_unsigned(&gone), "gone");
    assert!(Arc::ptr_eq(&gone, &kept(&source, &disk).unwrap()), "what was downloaded stays");
    disk.1.set(true);
    disk.writes(KEY_FILE, text(&keys()["merchant"]["private_pem"]));
    let forbidden = kept(&source, &disk).unwrap();
    assert_eq!(why_unsigned(&forbidden), "forbidden");
    assert!(Arc::ptr_eq(&forbidden, &kept(&source, &disk).unwrap()));
    disk.1.set(false);
    let mended = kept(&source, &disk).unwrap();
    assert!(mended.request_key(0).is_ok(), "the file looks as before");
    assert!(Arc::ptr_eq(&mended, &kept(&source, &disk).unwrap()));
    let unread = KeySource { platform_certificates: vec![Material::Path("/nowhere".into())], ..source };
    assert_eq!(kept(&unread, &disk).err().unwrap(), "gone", "nobody verifies a notice");
}

#[test]
fn a_certificate_that_has_ended_signs_nothing_and_opens_what_was_encrypted_for_it() {
    let own = &keys()["platform_expired"];
    let (private_key, certificate) =
        (inline(text(&own["private_pem"])), inline(text(&own["certificate_pem"])));
    let certificate = OwnCertificate::Certificate(certificate);
    let source = KeySource { private_key, certificate, ..source("1900000005", KEY) };
    let read = kept(&source, &disk()).unwrap();
    let end = read.own.as_ref().unwrap().not_after.unwrap();
    assert!(read.request_key(end - 1).is_ok() && read.private_key().is_ok());
    let why = read.request_key(end).unwrap_err().to_string();
    assert!(why.starts_with("the merchant certificate expired on 20"), "{why}");
}

#[test]
fn a_list_that_one_key_has_opened_is_not_given_to_another_key_or_merchant() {
    let disk = disk();
    let of = |mch_id: &str, key: &str| kept(&source(mch_id, key), &disk).unwrap();
    let own = of("1900000002", KEY);
    own.ring.downloads().unwrap().take(HashMap::new(), 7);
    for (mch_id, key) in [("1900000002", "anotherKeyOf32BytesForTheseTests"), ("1900000003", KEY)] {
        assert_eq!(of(mch_id, key).ring.downloads().unwrap().loaded_at(), None);
    }
    assert_eq!(of("1900000002", KEY).ring.downloads().unwrap().loaded_at(), Some(7));
}

#[test]
fn a_process_that_serves_hundreds_of_merchants_in_turns_downloads_for_each_of_them_once() {
    let disk = disk();
    let of = |number: usize| kept(&source(&format!("19100{number:05}"), KEY), &disk).unwrap();
    for number in 0..300 {
        of(number).ring.downloads().unwrap().take(HashMap::new(), 7);
    }
    for number in 0..300 {
        assert_eq!(of(number).ring.downloads().unwrap().loaded_at(), Some(7), "{number}");
    }
}

#[test]
fn a_serial_number_goes_out_with_its_forty_digits_however_it_was_given() {
    let (disk, full) = (disk(), format!("00{}", "AB12".repeat(9) + "CD"));
    for given in [&full[..], &full[1..], &full[2..], &full[2..].to_lowercase()] {
        let certificate = OwnCertificate::serial(given).unwrap();
        let keys = kept(&KeySource { certificate, ..source("1900000004", KEY) }, &disk).unwrap();
        let request = Unauthorized { method: "GET", target: "/v3/x", timestamp: "1", nonce: "n", body: b"" };
        let head = keys.request_key(0).unwrap().authorization("1900000004", &request).unwrap();
        assert!(head.contains(&format!("serial_no=\"{full}\"")), "{head}");
    }
}

#[test]
fn a_serial_number_is_told_from_what_openssl_prints_and_from_a_path() {
    let (line, digits) = ("1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", "1D:DE:55:AD:98:ED:71:D6:ED:D4");
    for printed in [format!("serial={line}"), format!("Serial={digits}"), digits.into(), format!("{line}\n")]
    {
        assert!(OwnCertificate::is_printed_serial(&printed), "{printed}");
        assert!(OwnCertificate::serial(&printed).is_none());
    }
    for other in
        [line, "/etc/wechatpay/apiclient_cert.pem", "serial=no", "ab:cd", "", "cafe/1DDE55AD98ED71D6ED"]
    {
        assert!(!OwnCertificate::is_printed_serial(other), "{other}");
    }
}
