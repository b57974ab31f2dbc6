use super::*;
use crate::wire::v3::vectors::{keys, text};
use std::cell::RefCell;
use std::collections::HashMap;

/// Files that can change: what is in each, and when it was written.
#[derive(Default)]
struct Disk(RefCell<HashMap<String, (Vec<u8>, u128)>>);

impl Disk {
    fn writes(&self, path: &str, content: &str) {
        let mut files = self.0.borrow_mut();
        let at = files.get(path).map_or(0, |(_, at)| at + 1);
        files.insert(path.to_owned(), (content.as_bytes().to_vec(), at));
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
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
    assert_ne!(first.request_key.sign(b"x").unwrap(), second.request_key.sign(b"x").unwrap());
    let body = format!("{{\"name\":\"{ciphertext}\"}}");
    assert_eq!(second.ring.encrypted().key_of(body.as_bytes()), Ok(Some("SERIAL".into())));
    disk.0.borrow_mut().clear();
    assert!(kept(&source, &disk).is_err(), "it is gone");
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
