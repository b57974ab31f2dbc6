//! Split texts: each deciding name in each form, and all second splits of random signed documents.

use super::*;
use crate::wire::key::Key;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{NotVerified, SignType, SignaturePolicy, add_sign, byte_pairs, verify};
use crate::wire::verified::Verified;
use proptest::prelude::*;

fn key() -> Key {
    Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap()
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::from_texts(pairs.iter().copied()).unwrap()
}

/// Signed and verified again, as WeChat's message would be.
fn received(mut fields: Fields) -> Result<Verified<Fields>, NotVerified> {
    let key = key();
    add_sign(&mut fields, &key, SignType::Md5);
    let sign_type = SignType::Md5;
    verify(
        fields,
        &SignaturePolicy { sign_type, fixed: false, accept_md5: false, key: &key, previous_key: None },
    )
}

#[test]
fn r1_r61_a_value_that_hides_a_deciding_field_is_refused_wherever_it_stands() {
    for name in DECIDING {
        for form in [name.to_owned(), format!("{name}_0"), format!("{name}_12"), format!("{name}_3_45")] {
            for text in [format!("&{form}="), format!("x&{form}=1"), format!("a=1&b=2&{form}=&z=")] {
                for field in ["a", "attach", "return_msg", "zzz"] {
                    let refused = received(fields(&[(field, &text)])).err();
                    let hidden = Split::Hidden { field: field.into(), hidden: name };
                    assert_eq!(refused, Some(hidden.into()), "{field}={text}");
                }
            }
        }
    }
}

#[test]
fn r1_r61_what_could_not_become_a_deciding_field_is_taken() {
    for fine in [
        "a=1&b=2",
        "total_fee=1",
        "&total_fee",
        "&total_fee&x=1",
        "&Total_fee=1",
        "& total_fee=1",
        "&total_fee_=1",
        "&total_fee_x=1",
        "&total_fee_1_2_3=1",
        "&xtotal_fee=1",
        "&coupon_refund_fee_0=1",
        "&amp;total_fee=1",
        "%26total_fee=1",
        "&&=&",
    ] {
        assert!(received(fields(&[("attach", fine)])).is_ok(), "{fine}");
    }
}

#[test]
fn r61_a_deciding_value_that_could_be_cut_is_refused() {
    for name in DECIDING {
        let numbered = format!("{name}_0");
        for field in [name, numbered.as_str()].into_iter().filter(|name| *name != "sign_type") {
            let refused = received(fields(&[(field, "1&x=2")])).err();
            assert_eq!(refused, Some(Split::Cut { field: field.into() }.into()), "{field}");
        }
    }
}

#[test]
fn r1_ids_outside_their_charset_are_refused_and_those_inside_taken() {
    let long = "x".repeat(129);
    for (field, fine, wrong) in [
        ("appid", "wx2421b1c4370ec43b", "wx 1"),
        ("mch_id", "10000100", "1&1"),
        ("sub_appid", "wx_a-b", "微信"),
        ("sub_mch_id", "19", "1=9"),
        ("out_trade_no", "a|b*c@d_e-f", "a b"),
        ("out_trade_no", &long[..32], &long[..33]),
        ("transaction_id", "4200", "42-00"),
        ("out_refund_no", &long[..64], &long[..65]),
        ("out_refund_no_3", "R|1", "R\n1"),
        ("refund_id", "50000", "5|0"),
        ("refund_id_49", "50000", "5.0"),
        ("prepay_id", "wx20_1-a", "wx1&result_code=SUCCESS"),
        ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "o U"),
        ("sub_openid", "o-1", &long),
    ] {
        assert!(received(fields(&[(field, fine)])).is_ok(), "{field}={fine}");
        let refused = received(fields(&[(field, wrong)])).unwrap_err();
        assert!(matches!(refused, NotVerified::Split(_)) && refused.to_string().contains(field), "{field}");
        assert!(!refused.to_string().contains(wrong), "{refused}");
    }
    assert!(received(fields(&[("sub_mch_id", ""), ("refund_id_x", "?"), ("openid_0", "?")])).is_ok());
}

/// What decides, as the message says it.
fn decided(fields: &Fields) -> Vec<(&str, &str)> {
    let decides = |(name, text): &(&str, &str)| !text.is_empty() && deciding(name.as_bytes()).is_some();
    fields.sorted().filter(decides).collect()
}

/// Every document that has the same signed text: each `&name=` in it may begin a field, or not.
fn splits(signed: &Fields) -> Vec<Fields> {
    let pairs: Vec<String> = signed
        .sorted()
        .filter(|(n, v)| *n != "sign" && !v.is_empty())
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    let text = pairs.join("&");
    let pieces: Vec<&str> = text.split('&').collect();
    let joints = pieces.len() - 1;
    // The few that have more ways than can be tried are not tried.
    let joints = if joints <= 12 { joints } else { return Vec::new() };
    (0..1_u32 << joints).filter_map(|cuts| split(&pieces, cuts, signed.get("sign")?)).collect()
}

/// Cuts where the bits say; `None` if that is no document: a piece without a name, a name twice, another order.
fn split(pieces: &[&str], cuts: u32, sign: &str) -> Option<Fields> {
    let mut texts: Vec<String> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match texts.last_mut() {
            Some(last) if cuts >> (at - 1) & 1 == 0 => *last = format!("{last}&{piece}"),
            _ => texts.push((*piece).to_owned()),
        }
    }
    let pairs: Option<Vec<(&str, &str)>> = texts.iter().map(|text| text.split_once('=')).collect();
    let pairs = pairs?;
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let in_order = pairs.is_sorted_by(|(a, _), (b, _)| a.as_bytes() < b.as_bytes());
    if !in_order || !pairs.iter().all(|(name, text)| is_name(name) && !text.is_empty()) {
        return None;
    }
    let mut fields = Fields::from_texts(pairs.iter().copied()).ok()?;
    fields.set("sign", sign);
    Some(fields)
}

/// Names and texts that love to be split another way.
fn names() -> impl Strategy<Value = String> {
    let known = DECIDING.map(str::to_owned).to_vec();
    let others =
        ["a", "attach", "bank_type", "device_info", "return_msg", "trade_type", "z", "zz", "coupon_id_0"];
    prop_oneof![
        prop::sample::select(known.clone()),
        prop::sample::select(others.map(str::to_owned).to_vec()),
        (prop::sample::select(known), 0..3_u8).prop_map(|(name, n)| format!("{name}_{n}")),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    let plain =
        prop::sample::select(vec!["1", "SUCCESS", "x", "=", "", "1230", "&", "&&"]).prop_map(str::to_owned);
    let inner =
        (names(), prop::sample::select(vec!["1", "SUCCESS", ""])).prop_map(|(n, v)| format!("&{n}={v}"));
    prop::collection::vec(prop_oneof![3 => plain, 1 => inner], 1..3).prop_map(|parts| parts.concat())
}

/// How many cases: `SPLITS=1000000 cargo test --release ...` for a long run.
fn cases() -> u32 {
    std::env::var("SPLITS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r1_r61_no_second_split_of_a_signed_text_is_believed_with_another_deciding_field(
        pairs in prop::collection::btree_map(names(), texts(), 1..6),
    ) {
        let key = key();
        let mut document = Fields::from_pairs(pairs.into_iter().collect()).unwrap();
        add_sign(&mut document, &key, SignType::Md5);
        let pin = SignaturePolicy { sign_type: SignType::Md5, fixed: false, accept_md5: false, key: &key, previous_key: None };
        let all = splits(&document);
        let believed: Vec<_> = all.into_iter().filter_map(|split| verify(split, &pin).ok()).collect();
        if verify(document.clone(), &pin).is_ok() {
            for split in &believed {
                prop_assert_eq!(decided(split), decided(&document), "{:?}", byte_pairs(split).collect::<Vec<_>>());
            }
        }
        // Not even those that are not the document itself may differ among each other.
        for pair in believed.windows(2) {
            prop_assert_eq!(decided(&pair[0]), decided(&pair[1]));
        }
    }
}
