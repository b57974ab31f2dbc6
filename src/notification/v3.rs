//! Notices of APIv3 (protocol-v3.md E): verified, opened, and for one of the given merchants. A refund is verified here,
//! where v2 only decrypts it.

use super::notice::{Notification, Subject};
use crate::error::Error;
use crate::model::merchant::{Credentials, Merchant};
use crate::model::order::Order;
use crate::model::ours::{NotOurs, Ours, misfit, rank, shown};
use crate::model::refund::{RefundList, RefundNoticeFields};
use crate::model::v3_keys::V3Credentials;
use crate::wire::v2::fields::Fields;
use crate::wire::v3::json::{Json, JsonObject};
use crate::wire::v3::notice::{self, NoticeError, OpenedNotice};
use crate::wire::v3::resource;
use crate::wire::v3::signature::HeaderError;
use crate::wire::verified::Verified;
use crate::wire::words;
use std::sync::Arc;

/// A notice as it was posted.
#[derive(Debug, Clone, Copy)]
pub struct PostedNotice<'a> {
    /// All headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The raw body.
    pub body: &'a [u8],
    /// This machine's clock in seconds since 1970.
    pub now: i64,
}

/// Reads it for whichever of these merchants it is: each verifies with its own keys, and the best fit takes it.
pub fn read(posted: PostedNotice<'_>, merchants: &[&Merchant]) -> Result<Notification, Error> {
    let mut best: Result<(u8, Notification), Error> =
        Err(Error::Malformed("no merchant of APIv3 was given".into()));
    for (at, merchant) in merchants.iter().enumerate() {
        let Credentials::V3(keys) = &merchant.credentials else { continue };
        // Another merchant's keys that cannot be read keep nobody's notice back.
        let read = keys.get().map_err(Error::from).and_then(|keys| read_for(posted, merchant, &keys));
        let read = read.map(|(rank, told)| (rank, Notification { merchant: at, ..told }));
        best = better(best, read);
    }
    best.map(|(_, notification)| notification)
}

type Ranked = Result<(u8, Notification), Error>;

/// The better fit; of two refusals the one that came further.
fn better(one: Ranked, other: Ranked) -> Ranked {
    let weight = |ranked: &Ranked| match ranked {
        Ok((rank, _)) => 10 + rank,
        Err(Error::Mismatch { .. }) => 5,
        Err(Error::Malformed(why)) if why.starts_with("no merchant") => 0,
        Err(Error::Headers(HeaderError::UnknownSerial(_))) => 1,
        Err(Error::Headers(_)) => 2,
        Err(Error::Configuration(_)) => 3,
        Err(_) => 4,
    };
    if weight(&other) > weight(&one) { other } else { one }
}

fn read_for(posted: PostedNotice<'_>, merchant: &Merchant, keys: &V3Credentials) -> Ranked {
    let own: Vec<_> = [Some(&keys.key), keys.previous_key.as_ref()].into_iter().flatten().collect();
    let PostedNotice { headers, body, now } = posted;
    let opened = notice::open(headers, body, &keys.ring, now, |sealed| resource::open(sealed, &own))?;
    let OpenedNotice { id, event_type, resource } = opened;
    let (fit, subject, dedupe_key) = if is_refund(&event_type, &resource) {
        refund(&resource, merchant)?
    } else if is_payment(&event_type, &resource) {
        payment(&resource, merchant)?
    } else {
        other(&resource, merchant, &id)?
    };
    let sub_mch_id = resource.text("sub_mchid").ok().flatten().unwrap_or_default().to_owned();
    Ok((fit, Notification { merchant: 0, sub_mch_id, event_type: Some(event_type), subject, dedupe_key }))
}

/// A refund has a status of its own; only where it should have one does the event's name count.
fn is_refund(event: &str, told: &JsonObject) -> bool {
    let is_named_so = || event.starts_with("REFUND.") && told.get("out_refund_no").is_some();
    told.get("refund_status").is_some() || is_named_so()
}

/// A payment is of one order, and has its state: shares of money and combined orders are told under the same names. What
/// failed without a transaction was paid by nobody.
fn is_payment(event: &str, told: &JsonObject) -> bool {
    let state = told.get("trade_state");
    let is_success = || state.and_then(Json::text).is_none_or(|state| state == "SUCCESS");
    told.get("out_trade_no").is_some()
        && (state.is_some() || event.starts_with("TRANSACTION."))
        && (is_success() || told.get("transaction_id").is_some())
}

/// How well it fits, what it says, and the key of its repeats.
type ReadSubject = Result<(u8, Subject, String), Error>;

fn payment(told: &Verified<JsonObject>, merchant: &Merchant) -> ReadSubject {
    let (fit, fields) = addressed(words::order(told, &merchant.appid)?, merchant)?;
    let dedupe_key = key("pay", &fields, &[fields.text("transaction_id")])?;
    let order = Order::from_payment(fields)?.as_told(told);
    Ok((fit, Subject::Payment(Arc::new(order)), dedupe_key))
}

fn refund(told: &Verified<JsonObject>, merchant: &Merchant) -> ReadSubject {
    let (fit, fields) = addressed(words::refund_notice(told, &merchant.appid)?, merchant)?;
    let dedupe_key = key("refund", &fields, &[fields.text("refund_id_0"), told.text("refund_status")?])?;
    let refund = RefundList::from_page(fields, 0)?.as_told(told);
    if RefundNoticeFields::of(&refund).is_none() {
        return Err(Error::Malformed("it does not say which refund of which order it is about".into()));
    }
    Ok((fit, Subject::Refunded(Box::new(refund)), dedupe_key))
}

fn other(told: &Verified<JsonObject>, merchant: &Merchant, id: &str) -> ReadSubject {
    let dedupe_key = ["other", &merchant.mch_id, id].join(":");
    Ok((fit_of_other(told, merchant)?, Subject::Other(told.clone()), dedupe_key))
}

/// How other events name whom they are for, beside the id that it must be; no event names all.
fn named(merchant: &Merchant) -> [(&'static [&'static str], Option<&str>); 4] {
    [
        (&["appid", "sp_appid", "combine_appid"], Some(&merchant.appid)),
        (&["mchid", "sp_mchid", "mch_id", "combine_mchid"], Some(&merchant.mch_id)),
        (&["sub_mchid", "sub_mch_id"], merchant.sub_mch_id.as_deref()),
        (&["sub_appid"], merchant.sub_appid.as_deref()),
    ]
}

/// How well another event fits, as [`rank`] has it: what ids it names are this merchant's, or it tells this merchant of
/// money that another has shared with it. The other's sub-merchants are not ours.
fn fit_of_other(told: &JsonObject, merchant: &Merchant) -> Result<u8, Error> {
    let named = named(merchant);
    let [_, (mch_ids, mch_id), ..] = named;
    if no_other(told, mch_ids, mch_id).is_err() && has_received(told, merchant) {
        return Ok(if merchant.sub_mch_id.is_none() && merchant.sub_appid.is_none() { 5 } else { 4 });
    }
    named.iter().try_for_each(|(names, own)| no_other(told, names, *own))?;
    let is_exact = |(names, own): &(&[&str], Option<&str>)| {
        names.iter().find_map(|name| told.get(name)).and_then(Json::written) == *own
    };
    Ok(match named.get(2..).map(|subs| subs.iter().map(is_exact).collect::<Vec<_>>()).as_deref() {
        Some([true, true]) => 3,
        Some([true, false]) if merchant.sub_mch_id.is_some() => 2,
        _ => 1,
    })
}

fn has_received(told: &JsonObject, merchant: &Merchant) -> bool {
    let receiver = told.get("receiver").and_then(Json::object).and_then(|receiver| receiver.get("account"));
    receiver.and_then(Json::written) == Some(&merchant.mch_id)
}

/// What is told under these names is the merchant's own; one without such an id takes any.
fn no_other(told: &JsonObject, names: &[&'static str], own: Option<&str>) -> Result<(), NotOurs> {
    let Some(own) = own else { return Ok(()) };
    for (name, id) in names.iter().filter_map(|name| Some((name, told.get(name)?))) {
        let got = id.written().unwrap_or("no text and no number");
        if got != own {
            return Err(NotOurs { field: (*name).to_owned(), asked: own.to_owned(), got: shown(got) });
        }
    }
    Ok(())
}

/// The fields, if they are for this merchant, and how well they fit.
fn addressed(fields: Verified<Fields>, merchant: &Merchant) -> Result<(u8, Ours<Fields>), Error> {
    let fit = rank(&fields, merchant).unwrap_or_default();
    let ours = Ours::addressed_to(merchant, fields).map_err(|fields| misfit(&fields, &[merchant]))?;
    Ok((fit, ours))
}

/// What every repeat of one event has in common.
fn key(what: &str, fields: &Fields, event: &[Option<&str>]) -> Result<String, Error> {
    let mut key = vec![what, fields.text("mch_id").unwrap_or(""), fields.text("sub_mch_id").unwrap_or("")];
    for word in event {
        key.push(word.ok_or_else(|| Error::Malformed("it does not say what it is about".into()))?);
    }
    Ok(key.join(":"))
}

impl From<NoticeError> for Error {
    fn from(e: NoticeError) -> Self {
        match e {
            NoticeError::Signature(e) => Self::Headers(e),
            e => Self::Malformed(e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::v3::{NOW, merchant, provider, signed};
    use crate::model::v3_keys::UnusableKeys;
    use crate::wire::key::Key;
    use crate::wire::v3::vectors::{body, group, headers, keys, refusal, ring, text};
    use serde_json::{Value, json};

    /// The merchant that a vector is read with.
    fn reader(inputs: &Value, is_partner: bool) -> Merchant {
        let mut merchant = if is_partner { provider() } else { merchant() };
        let Credentials::V3(keys) = &mut merchant.credentials else { panic!() };
        let keys = Arc::get_mut(keys).unwrap().for_test();
        let key = |name: &str| inputs[name].as_str().map(|text| Key::new(text.as_bytes()).unwrap());
        keys.ring = ring(&inputs["keys"]);
        (keys.key, keys.previous_key) = (key("apiv3_key").unwrap(), key("previous_apiv3_key"));
        merchant
    }

    fn read_vector(vector: &Value) -> Result<Notification, Error> {
        let inputs = &vector["inputs"];
        let (headers, body) = (headers(&inputs["headers"]), body(inputs));
        let posted = PostedNotice { headers: &headers, body: &body, now: inputs["now"].as_i64().unwrap() };
        read(posted, &[&reader(inputs, vector["id"] == "good-partner")])
    }

    fn shown(notification: &Notification) -> Value {
        let (event, dedupe_key) = (&notification.event_type, &notification.dedupe_key);
        match &notification.subject {
            Subject::Payment(order) => {
                let typed = order.typed();
                json!({
                    "event": event, "kind": "payment", "out_trade_no": typed.out_trade_no,
                    "transaction_id": typed.transaction_id, "trade_state": order.trade_state().wire(),
                    "total": typed.total_fee, "dedupe_key": dedupe_key,
                })
            }
            Subject::Refunded(list) => {
                let entry = &list.entries()[0];
                json!({
                    "event": event, "kind": "refund", "out_trade_no": list.trade().out_trade_no,
                    "out_refund_no": entry.out_refund_no, "refund_id": entry.refund_id,
                    "refund_status": entry.refund_status.wire(), "refund": entry.refund_fee,
                    "total": list.trade().total_fee, "dedupe_key": dedupe_key,
                })
            }
            Subject::Other(_) => json!({ "event": event, "kind": "other" }),
            Subject::Refund(_) => panic!("a notice of v2"),
        }
    }

    #[test]
    fn v1_v3_v5_v20_v22_every_notice_of_the_vectors_is_read_or_refused_as_it_says() {
        for vector in group("notify") {
            match (read_vector(vector), refusal(vector)) {
                (Ok(notification), None) => {
                    let seen = shown(&notification);
                    for (name, wanted) in vector["expected"]["accept"].as_object().unwrap() {
                        let wanted = match (name.as_str(), wanted.as_str()) {
                            ("refund_status", Some("ABNORMAL")) => &json!("CHANGE"),
                            ("refund_status", Some("CLOSED")) => &json!("REFUNDCLOSE"),
                            _ => wanted,
                        };
                        assert_eq!(&seen[name], wanted, "{}: {name}", vector["id"]);
                    }
                }
                (Err(Error::Mismatch { .. }), Some("mismatch")) => {}
                (
                    Err(Error::Malformed(_)),
                    Some("malformed" | "decrypt_failed" | "unsupported_algorithm"),
                ) => {}
                (Err(Error::Headers(_)), Some(word)) => {
                    assert!(!matches!(word, "mismatch" | "malformed" | "decrypt_failed"), "{}", vector["id"]);
                }
                (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
            }
        }
    }

    #[test]
    fn the_best_fitting_of_several_merchants_takes_the_notice() {
        let vector = group("notify").iter().find(|v| v["id"] == "good-partner").unwrap();
        let inputs = &vector["inputs"];
        let (headers, body) = (headers(&inputs["headers"]), body(inputs));
        let posted = PostedNotice { headers: &headers, body: &body, now: inputs["now"].as_i64().unwrap() };
        let (any, exact) = (reader(inputs, false), reader(inputs, true));
        assert_eq!(read(posted, &[&any, &exact]).unwrap().merchant, 1);
        assert_eq!(read(posted, &[&any]).unwrap().merchant, 0);
        let v2 = crate::gateway::fixtures::merchant();
        assert!(matches!(read(posted, &[&v2]), Err(Error::Malformed(_))));
        let unsigned = PostedNotice { headers: &[], ..posted };
        assert!(matches!(read(unsigned, &[&v2, &any]), Err(Error::Headers(HeaderError::Unsigned))));
        assert_eq!(text(&vector["inputs"]["mchid"]), any.mch_id);
    }

    /// Reads what WeChat Pay tells under this name of an event.
    fn told(event: &str, told: &Value, merchants: &[&Merchant]) -> Result<Notification, Error> {
        let key = Key::new(text(&keys()["apiv3_key"]).as_bytes()).unwrap();
        let nonce = "0123456789ab";
        let ciphertext =
            resource::seal(&key, nonce.as_bytes().first_chunk().unwrap(), "", told.to_string().as_bytes());
        let sealed = json!({ "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "ciphertext": ciphertext });
        let body = json!({ "id": "N1", "event_type": event, "resource": sealed }).to_string();
        let head = signed(200, &body).headers;
        let headers: Vec<_> =
            head.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        read(PostedNotice { headers: &headers, body: body.as_bytes(), now: NOW }, merchants)
    }

    #[test]
    fn a_share_is_told_to_the_merchant_that_the_ids_name_or_to_who_received_it_from_another() {
        let (own, of_190, of_191) = (merchant(), of_sub("190"), of_sub("191"));
        let all = [&of_190, &of_191, &own];
        let commission =
            json!({ "sp_mchid": own.mch_id, "sub_mchid": "191", "receiver": { "account": own.mch_id } });
        let taker = |inside: &Value, merchants: &[&Merchant]| {
            told("TRANSACTION.SUCCESS", inside, merchants).map(|notice| notice.merchant)
        };
        assert_eq!(taker(&commission, &all).unwrap(), 1);
        assert!(matches!(taker(&commission, &all[..1]), Err(Error::Mismatch { .. })));
        let received = json!({ "mchid": "1", "sub_mchid": "190", "receiver": { "account": own.mch_id } });
        assert_eq!((taker(&received, &all).unwrap(), taker(&received, &all[..1]).unwrap()), (2, 0));
        let sharer = Merchant { mch_id: "1".into(), ..merchant() };
        assert_eq!(taker(&received, &[&sharer, &of_191]).unwrap(), 1, "before who shared it");
        let given_away = json!({ "mchid": own.mch_id, "receiver": { "account": "1" } });
        assert_eq!(taker(&given_away, &all).unwrap(), 2);
    }

    fn of_sub(sub_mch_id: &str) -> Merchant {
        Merchant { sub_mch_id: Some(sub_mch_id.into()), ..merchant() }
    }

    #[test]
    fn a_notice_is_read_by_who_has_no_key_that_signs() {
        let mut own = merchant();
        let Credentials::V3(keys) = &mut own.credentials else { panic!() };
        Arc::get_mut(keys).unwrap().for_test().own = Err(UnusableKeys("gone".into()));
        let named = json!({ "mchid": own.mch_id, "complaint_id": "1" });
        assert_eq!(told("COMPLAINT.CREATE", &named, &[&own]).unwrap().merchant, 0);
    }

    #[test]
    fn what_is_inside_decides_what_a_notice_is_about_and_not_the_name_of_its_event() {
        let own = merchant();
        let order =
            json!({ "appid": own.appid, "mchid": own.mch_id, "out_trade_no": "T1", "transaction_id": "42" });
        let with = |more: Value| {
            let mut whole = order.as_object().unwrap().clone();
            whole.extend(more.as_object().unwrap().clone());
            whole.retain(|_, value| !value.is_null());
            Value::Object(whole)
        };
        let share = json!({ "mchid": own.mch_id, "transaction_id": "42", "order_id": "30", "receiver": { "account": "1" } });
        let combined =
            json!({ "combine_mchid": own.mch_id, "combine_out_trade_no": "C1", "sub_orders": [order] });
        let parked = with(json!({ "trade_state": "FAIL", "transaction_id": null }));
        let refund =
            json!({ "out_refund_no": "R1", "refund_id": "50", "amount": { "total": 3, "refund": 1 } });
        let (refunded, status) = (with(refund.clone()), with(json!({ "refund_status": "SUCCESS" })));
        for (event, inside, wanted) in [
            ("TRANSACTION.SUCCESS", &share, "other"),
            ("TRANSACTION.SUCCESS", &combined, "other"),
            ("TRANSACTION.FAIL", &parked, "other"),
            ("REFUND.SUCCESS", &share, "other"),
            ("A.NEW.ONE", &order, "other"),
            ("A.NEW.ONE", &with(json!({ "trade_state": "SUCCESS" })), "pay"),
            ("TRANSACTION.FAIL", &with(json!({ "trade_state": "PAYERROR" })), "pay"),
            ("TRANSACTION.SUCCESS", &order, "malformed"),
            (
                "TRANSACTION.SUCCESS",
                &with(json!({ "trade_state": "SUCCESS", "transaction_id": null })),
                "malformed",
            ),
            ("TRANSACTION.SUCCESS", &with(json!({ "trade_state": 1, "transaction_id": null })), "malformed"),
            ("REFUND.SUCCESS", &refunded, "malformed"),
            ("REFUND.SUCCESS", &status, "malformed"),
        ] {
            let ended = match told(event, inside, &[&own]) {
                Ok(notice) => notice.dedupe_key.split(':').next().unwrap().to_owned(),
                Err(Error::Malformed(_)) => "malformed".to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(ended, wanted, "{event} {inside}");
        }
        let whole = with(
            json!({ "refund_status": "SUCCESS", "out_refund_no": "R1", "refund_id": "50", "amount": refund["amount"] }),
        );
        assert_eq!(
            told("TRANSACTION.SUCCESS", &whole, &[&own]).unwrap().dedupe_key,
            format!("refund:{}::50:SUCCESS", own.mch_id)
        );
    }
}
