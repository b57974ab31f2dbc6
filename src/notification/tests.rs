use super::reply::{SUCCESS, fail};
use super::*;
use crate::model::merchant::{Credentials, V2Credentials};
use crate::wire::key::Key;
use crate::wire::v2::sign::SignType;
use serde_json::Value;

const KEY: &str = "0123456789abcdefghijKLMNOPQRSTUV";

fn merchant(sign_type: SignType) -> Merchant {
    Merchant {
        appid: "wx2421b1c4370ec43b".into(),
        mch_id: "10000100".into(),
        sub_appid: None,
        sub_mch_id: None,
        credentials: Credentials::V2(V2Credentials {
            sign_type,
            key: Key::new(KEY.as_bytes()).unwrap(),
            previous_key: None,
            accept_md5: false,
            certificate: None,
        }),
    }
}

fn of_sub(sub_mch_id: &str) -> Merchant {
    Merchant { sub_mch_id: Some(sub_mch_id.into()), ..merchant(SignType::Md5) }
}

fn vectors(group: &str) -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../php-tests/fixtures/vectors.json")).unwrap();
    vectors[group].clone()
}

fn fields(extra: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    let pairs = [("out_trade_no", "T1"), ("transaction_id", "4200"), ("total_fee", "100")];
    for (name, text) in pairs.iter().chain(extra) {
        fields.set(name, *text);
    }
    fields
}

fn notice(extra: &[(&str, &str)], merchant: &Merchant) -> Vec<u8> {
    sign(fields(extra), merchant, "nonce").unwrap()
}

#[test]
fn every_notice_of_the_vectors_is_read_or_refused_as_it_says() {
    for vector in vectors("v2_xml").as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        if !id.starts_with("notify-") {
            continue;
        }
        let sign_type = if vector["sign_type"] == "MD5" { SignType::Md5 } else { SignType::HmacSha256 };
        let merchant = merchant(sign_type);
        let read = read(vector["xml"].as_str().unwrap().as_bytes(), &[&merchant]).unwrap();
        let Subject::Payment(order) = read.subject else { panic!("{id}") };
        assert!(order.is_paid() && read.dedupe_key.starts_with("pay:10000100:"), "{id}");
    }
}

#[test]
fn the_refund_notice_of_the_vectors_opens() {
    let group = vectors("v2_refund_notify");
    let document = group.as_array().unwrap().iter().find(|v| v["xml"].is_string()).unwrap();
    let merchant = merchant(SignType::HmacSha256);
    let read = read(document["xml"].as_str().unwrap().as_bytes(), &[&merchant]).unwrap();
    let Subject::Refund(notice) = read.subject else { panic!("a refund") };
    assert_eq!(notice.typed().refund_id, document["fields"]["refund_id"].as_str().unwrap());
    assert_eq!(read.dedupe_key, format!("refund:10000100::{}:SUCCESS", notice.typed().refund_id));
}

#[test]
fn f19_the_replies_are_the_exact_bytes() {
    let replies = vectors("v2_notify_reply");
    assert_eq!(SUCCESS, replies["success"].as_str().unwrap());
    assert_eq!(fail("reason"), replies["fail"].as_str().unwrap());
}

#[test]
fn a_reason_can_neither_break_the_reply_nor_fill_it() {
    let reply = fail(&format!("]]><evil/>\0\n{}", "失".repeat(200)));
    let fields = xml::decode(reply.as_bytes(), Root::Xml).unwrap();
    assert!(fields.text("return_msg").unwrap().starts_with("]]><evil/>  失"));
    assert!(reply.len() < 400 && !reply.contains('\n'));
}

#[test]
fn f2_f3_f14_what_is_forged_or_for_another_is_refused() {
    let ours = merchant(SignType::HmacSha256);
    let body = String::from_utf8(notice(&[], &ours)).unwrap();
    let forged = body.replace(">100<", ">1<");
    assert!(matches!(read(forged.as_bytes(), &[&ours]), Err(Error::Signature(_))));
    let bare = "<xml><appid>wx2421b1c4370ec43b</appid><mch_id>10000100</mch_id><out_trade_no>T1</out_trade_no></xml>";
    assert!(matches!(read(bare.as_bytes(), &[&ours]), Err(Error::Signature(_))));
    let other = body.replace("10000100", "10000101");
    assert!(matches!(read(other.as_bytes(), &[&ours]), Err(Error::Mismatch { .. })));
}

#[test]
fn f5_the_sender_does_not_choose_the_algorithm() {
    let hmac = merchant(SignType::HmacSha256);
    let with_md5 = notice(&[], &merchant(SignType::Md5));
    assert!(matches!(read(&with_md5, &[&hmac]), Err(Error::Signature(_))));
    let lying = notice(&[("sign_type", "MD5")], &hmac);
    assert!(matches!(read(&lying, &[&hmac]), Err(Error::Signature(_))));
}

#[test]
fn f6_f7_cut_empty_and_altered_bodies_are_refused_with_a_hint() {
    let ours = merchant(SignType::HmacSha256);
    let body = notice(&[], &ours);
    for broken in [&body[..body.len() - 10], b"", b"a=1&b=2"] {
        let error = read(broken, &[&ours]).unwrap_err();
        assert!(error.to_string().contains("php://input"), "{error}");
    }
}

#[test]
fn p4_the_previous_key_is_accepted_while_a_key_is_rotated() {
    let old = merchant(SignType::HmacSha256);
    let mut keys = old.v2().unwrap().clone();
    let before = std::mem::replace(&mut keys.key, Key::new(&[b'n'; 32]).unwrap());
    let mut new = Merchant { credentials: Credentials::V2(keys.clone()), ..old.clone() };
    assert!(read(&notice(&[], &old), &[&new]).is_err());
    keys.previous_key = Some(before);
    new.credentials = Credentials::V2(keys);
    assert!(read(&notice(&[], &old), &[&new]).is_ok());
}

#[test]
fn the_best_fitting_merchant_takes_the_notice() {
    let (plain, one, two) = (merchant(SignType::Md5), of_sub("1"), of_sub("2"));
    let body = notice(&[], &two);
    assert_eq!(read(&body, &[&plain, &one, &two]).unwrap().merchant, 2);
    assert_eq!(read(&body, &[&one, &plain]).unwrap().merchant, 1);
    assert!(matches!(read(&body, &[&one]), Err(Error::Mismatch { .. })));
    assert!(matches!(read(&notice(&[], &plain), &[&one]), Err(Error::Mismatch { .. })));
}

#[test]
fn a_notice_without_a_sub_appid_still_reaches_the_sub_merchant_but_another_one_does_not() {
    let named = Merchant { sub_appid: Some("wxsub".into()), ..of_sub("1") };
    assert!(read(&notice(&[], &of_sub("1")), &[&named]).is_ok());
    let other = notice(&[("sub_appid", "wxother")], &of_sub("1"));
    assert!(matches!(read(&other, &[&named]), Err(Error::Mismatch { .. })));
}

#[test]
fn a_failed_payment_is_a_refusal_and_a_needed_number_that_lacks_is_malformed() {
    let ours = merchant(SignType::Md5);
    let failed = notice(&[("result_code", "FAIL"), ("err_code", "X")], &ours);
    assert!(matches!(read(&failed, &[&ours]), Err(Error::Service { .. })));
    for name in ["out_trade_no", "transaction_id", "total_fee"] {
        let body = notice(&[(name, "")], &ours);
        assert!(matches!(read(&body, &[&ours]), Err(Error::Malformed(_))), "{name}");
    }
}

#[test]
fn f1_every_repeat_of_an_event_has_one_key() {
    let ours = merchant(SignType::Md5);
    let first = read(&notice(&[("nonce_str", "a")], &ours), &[&ours]).unwrap();
    let again = read(&notice(&[("nonce_str", "b")], &ours), &[&ours]).unwrap();
    assert_eq!(first.dedupe_key, again.dedupe_key);
}
