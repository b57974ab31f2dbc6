//! Many calls with the same keys.

use super::*;
use crate::model::client_sign::{Fresh, jsapi};
use crate::model::merchant::Credentials;
use crate::model::v3_keys::{OwnKey, V3Credentials, V3Keys};
use crate::wire::key::Key;
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::request_key::RequestKey;

fn read_keys() -> V3Credentials {
    let (id, mut ring) = (text(&keys()["wechatpay_public"]["id"]), KeyRing::default());
    ring.add_public_key(id, text(&keys()["wechatpay_public"]["public_pem"]).as_bytes()).unwrap();
    let own = &keys()["merchant"];
    V3Credentials {
        own: Ok(OwnKey {
            key: RequestKey::new(text(&own["private_pem"]).as_bytes(), text(&own["serial"])).unwrap(),
            not_after: None,
        }),
        ring,
        answer_key: Some(id.into()),
        key: Key::new(text(&keys()["apiv3_key"]).as_bytes()).unwrap(),
        previous_key: None,
    }
}

#[test]
fn v26_keys_are_read_once_however_many_answers_are_verified() {
    let reads = Arc::new(AtomicU64::new(0));
    let counted = reads.clone();
    let keys = V3Keys::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(read_keys()))
    });
    let merchant = Merchant { credentials: Credentials::V3(Arc::new(keys)), ..merchant() };
    let network = Arc::new(ListedAnswers {
        answers: Mutex::new([signed(200, paid())].into()),
        arrived: Mutex::default(),
    });
    let client = client(&network, &merchant);
    assert_eq!(reads.load(Ordering::SeqCst), 0, "nobody has needed them yet");
    for _ in 0..500 {
        assert!(client.ask(&query()).unwrap().is_paid());
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[test]
fn a_certificate_that_ends_while_the_process_lives_signs_nothing_more() {
    let mut merchant = merchant();
    let Credentials::V3(own) = &mut merchant.credentials else { panic!() };
    Arc::get_mut(own).unwrap().for_test().own.as_mut().unwrap().not_after = Some(NOW + 2);
    let answers = Mutex::new([signed(200, paid())].into());
    let network = Arc::new(ListedAnswers { answers, arrived: Mutex::default() });
    let client = client(&network, &merchant);
    assert!(client.ask(&query()).unwrap().is_paid());
    client.api.clock.sleep_ms(2000);
    for fault in [client.ask(&query()).err(), client.ask(&close()).err()] {
        let Fault { error, advice, maybe_processed, .. } = fault.unwrap();
        assert_eq!((advice, maybe_processed), (Advice::FixConfiguration, false));
        assert!(error.to_string().contains("the merchant certificate expired on 2026-03-01"), "{error}");
    }
    assert_eq!(network.arrived.lock().unwrap().len(), 1);
    let signs = |seconds| jsapi(&merchant, "wx1", "prepay1", Fresh { seconds, nonce: "n" }).is_ok();
    assert!(signs(NOW + 1) && !signs(NOW + 2));
}

#[test]
fn v26_a_merchant_whose_key_was_changed_signs_its_next_call_with_the_new_one() {
    let read = Arc::new(Mutex::new(Arc::new(read_keys())));
    let source = read.clone();
    let keys = Arc::new(V3Keys::new(move || Ok(source.lock().unwrap().clone())));
    let old = keys.get().unwrap();
    *read.lock().unwrap() = Arc::new(read_keys());
    assert!(Arc::ptr_eq(&old, &keys.seen().unwrap()), "a call that has begun keeps its keys");
    let new = keys.get().unwrap();
    assert!(!Arc::ptr_eq(&old, &new) && Arc::ptr_eq(&new, &keys.seen().unwrap()));
}
