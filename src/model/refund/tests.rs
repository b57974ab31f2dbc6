//! Refunds: what an answer must have, coupons in every numbering, and refunds that come twice.

use super::*;
use crate::wire::key::Key;
use crate::wire::v2::sign::{SignType, SignaturePolicy, add_sign, verify};

fn verified(pairs: &[(&str, &str)]) -> Ours<Fields> {
    let key = Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap();
    let mut fields = Fields::from_texts(pairs.iter().copied()).unwrap();
    add_sign(&mut fields, &key, SignType::Md5);
    let sign_type = SignType::Md5;
    Ours::for_test(
        verify(
            fields,
            &SignaturePolicy { sign_type, fixed: false, accept_md5: false, key: &key, previous_key: None },
        )
        .unwrap(),
    )
}

fn page(pairs: &[(&str, &str)]) -> Result<RefundList, FieldError> {
    RefundList::from_page(verified(pairs), 0)
}

/// The fields of the n-th refund.
fn refund(n: usize, number: &str, status: &str, fee: &str) -> Vec<(String, String)> {
    [("out_refund_no", number), ("refund_id", &format!("5{}", number.trim_start_matches('R')))]
        .into_iter()
        .chain([("refund_status", status), ("refund_fee", fee)])
        .map(|(name, text)| (format!("{name}_{n}"), text.to_owned()))
        .collect()
}

fn list(refunds: &[Vec<(String, String)>], count: &str) -> Result<RefundList, FieldError> {
    let mut pairs = vec![("total_refund_count", count)];
    pairs.extend(refunds.iter().flatten().map(|(n, v)| (n.as_str(), v.as_str())));
    page(&pairs)
}

#[test]
fn r41_a_receipt_without_the_gateways_number_is_refused() {
    for pairs in [&[("refund_fee", "40")][..], &[("refund_id", ""), ("refund_fee", "40")]] {
        let refused = RefundReceipt::from_answer(verified(pairs)).unwrap_err();
        assert_eq!(refused, FieldError::missing("refund_id"));
    }
    assert!(RefundReceipt::from_answer(verified(&[("refund_id", "50001")])).is_ok());
}

#[test]
fn r43_coupons_are_read_in_the_order_of_their_index_wherever_it_begins() {
    for indexes in [&[0, 1][..], &[1, 2], &[1], &[0, 2, 5], &[3, 10, 11], &[100, 7]] {
        let mut sorted = indexes.to_vec();
        sorted.sort_unstable();
        for before in ["", "0_", "3_"] {
            let mut pairs: Vec<(String, String)> = Vec::new();
            for index in indexes {
                pairs.push((format!("coupon_refund_id_{before}{index}"), format!("C{index}")));
                pairs.push((format!("coupon_refund_fee_{before}{index}"), format!("{index}")));
                pairs.push((format!("coupon_type_{before}{index}"), "CASH".into()));
            }
            pairs.push((format!("coupon_refund_id_{before}x"), "no number".into()));
            pairs.push((format!("coupon_refund_id_{before}"), "no number".into()));
            pairs.push((format!("coupon_refund_id_7{before}99_1"), "another's".into()));
            let fields = Fields::from_pairs(pairs).unwrap();
            let read: Vec<_> = coupons(&fields, before).into_iter().map(|c| (c.id, c.fee)).collect();
            let expected: Vec<_> = sorted.iter().map(|n| (Some(format!("C{n}").into()), Some(*n))).collect();
            assert_eq!(read, expected, "{indexes:?} {before:?}");
        }
    }
}

#[test]
fn r43_a_receipt_and_an_entry_give_their_coupons() {
    let coupon = |receipt: &[(&str, &str)]| RefundReceipt::from_answer(verified(receipt)).unwrap().coupons;
    let told = coupon(&[("refund_id", "5"), ("coupon_refund_id_1", "C"), ("coupon_refund_fee_1", "3")]);
    assert_eq!((told.len(), told[0].id.as_deref(), told[0].fee), (1, Some("C"), Some(3)));
    let mut pairs = refund(0, "R1", "SUCCESS", "40");
    pairs.push(("coupon_refund_id_0_1".into(), "C".into()));
    let told = list(&[pairs], "1").unwrap();
    assert_eq!(told.entries[0].coupons[0].id.as_deref(), Some("C"));
}

#[test]
fn r65_the_same_refund_twice_counts_once_on_a_page_and_on_two() {
    let sum = |list: &RefundList| list.sum(RefundStatus::takes_money);
    let (r1, r2) = (|n| refund(n, "R1", "SUCCESS", "40"), |n| refund(n, "R2", "PROCESSING", "2"));
    for count in ["1", "2"] {
        let twice = list(&[r1(0), r1(1)], count).unwrap();
        assert_eq!((twice.entries.len(), sum(&twice), twice.is_whole()), (1, 40, true), "{count}");
    }
    let mut pages = list(&[r1(0), r2(1)], "3").unwrap();
    assert!(!pages.is_whole());
    pages.append(list(&[r2(0), refund(1, "R3", "SUCCESS", "1")], "3").unwrap()).unwrap();
    assert_eq!((pages.entries.len(), sum(&pages), pages.is_whole(), pages.received), (3, 43, true, 4));
    let mut same = list(&[r1(0), r2(1)], "4").unwrap();
    same.append(list(&[r1(0), r2(1)], "4").unwrap()).unwrap();
    assert!(!same.is_whole(), "a gateway that takes no notice of the offset has not told all");
}

#[test]
fn r65_twins_that_contradict_each_other_are_refused_by_the_fields_name() {
    let r1 = refund(0, "R1", "SUCCESS", "40");
    for (at, text, field) in [
        (0, "R9", "refund_id"),
        (1, "59", "out_refund_no"),
        (2, "PROCESSING", "refund_id"),
        (3, "41", "refund_id"),
    ] {
        let mut other = refund(1, "R1", "SUCCESS", "40");
        other[at].1 = text.into();
        let refused = list(&[r1.clone(), other.clone()], "2").unwrap_err();
        assert_eq!(refused.name, field, "{refused}");
        for (name, _) in &mut other {
            *name = name.replace("_1", "_0");
        }
        let mut pages = list(std::slice::from_ref(&r1), "2").unwrap();
        assert!(pages.append(list(&[other], "2").unwrap()).is_err());
    }
}

#[test]
fn r41_r65_an_entry_that_takes_money_has_its_amount_and_every_entry_its_status() {
    for status in RefundStatus::ALL {
        let told = list(&[refund(0, "R1", status.wire(), "")], "1").map(|list| list.entries.len());
        let missing = Err(FieldError::missing("refund_fee_0"));
        assert_eq!(told, if status.takes_money() { missing } else { Ok(1) }, "{status:?}");
    }
    let silent = list(&[refund(0, "R1", "SUCCESS", "40"), refund(1, "R2", "", "40")], "2").unwrap_err();
    assert_eq!(silent, FieldError::missing("refund_status_1"));
}
