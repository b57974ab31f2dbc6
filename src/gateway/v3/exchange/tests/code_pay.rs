//! Code payments: for merchants to whom they are open, in APIv3's places, and about what was asked.

use super::*;
use crate::api::micropay::{Micropay, Sale};
use crate::api::reverse::{Reversal, Reverse};
use crate::model::merchant::Credentials;
use crate::model::v3_keys::V3Keys;

const STORE: (&str, &str) = ("scene_info", r#"{"store_info":{"out_id":"S1"}}"#);

/// The merchant, to whom code payments are open.
pub(super) fn open(merchant: Merchant) -> Merchant {
    let Credentials::V3(keys) = merchant.credentials else { panic!() };
    let keys = Arc::into_inner(keys).unwrap().taking_codes(true);
    Merchant { credentials: Credentials::V3(Arc::<V3Keys>::new(keys)), ..merchant }
}

pub(super) fn selling(options: &[(&str, &str)]) -> Micropay {
    let sale = Sale {
        out_trade_no: NUMBER,
        auth_code: "134567890123456789",
        total_fee: 1230,
        body: "茶",
        spbill_create_ip: "203.0.113.7",
    };
    let options: Vec<_> = options.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    Micropay::new(&sale, &options).unwrap()
}

pub(super) fn reversing() -> Reverse {
    Reverse(OrderId::out_trade_no(NUMBER).unwrap())
}

fn told(name: &str) -> &'static str {
    text(&group("orders").iter().find(|vector| vector["id"] == name).unwrap()["inputs"]["body"])
}

#[test]
fn a_code_is_charged_where_and_as_apiv3_wants_it() {
    let options =
        [STORE, ("device_info", "till 1"), ("receipt", "Y"), ("profit_sharing", "N"), ("attach", "桌7")];
    let (ended, arrived) = asked(&open(merchant()), &selling(&options), [signed(200, paid())]);
    assert!(ended.unwrap().is_paid());
    let request = &arrived[0];
    assert_eq!((request.method, &*request.target), (HttpMethod::Post, "/v3/pay/transactions/codepay"));
    let sent: Value = serde_json::from_str(&request.body).unwrap();
    let wanted = json!({
        "appid": "wx2421b1c4370ec43b",
        "mchid": "1900007291",
        "out_trade_no": NUMBER,
        "description": "茶",
        "attach": "桌7",
        "payer": { "auth_code": "134567890123456789" },
        "amount": { "total": 1230, "currency": "CNY" },
        "scene_info": {
            "device_ip": "203.0.113.7", "device_id": "till 1", "store_info": { "out_id": "S1" },
        },
        "support_fapiao": true,
        "settle_info": { "profit_sharing": false },
    });
    assert_eq!(sent, wanted);
}

#[test]
fn a_service_provider_charges_and_reverses_for_its_sub_merchant() {
    let (_, arrived) = asked(&open(provider()), &selling(&[STORE]), [signed(200, paid())]);
    assert_eq!(arrived[0].target, "/v3/pay/partner/transactions/codepay");
    let (_, arrived) = asked(&open(provider()), &reversing(), [signed(200, "{}")]);
    assert_eq!(arrived[0].target, format!("/v3/pay/partner/transactions/out-trade-no/{NUMBER}/reverse"));
    let sent: Value = serde_json::from_str(&arrived[0].body).unwrap();
    assert!(sent["sp_mchid"].is_string() && sent["sub_mchid"].is_string(), "{sent}");
}

#[test]
fn code_payments_are_off_unless_the_merchant_says_that_they_are_open() {
    let charged = asked(&merchant(), &selling(&[STORE]), [signed(200, paid())]);
    let reversed = asked(&merchant(), &reversing(), [signed(200, "{}")]);
    let (fault, other) = (charged.0.err().unwrap(), reversed.0.err().unwrap());
    assert!(charged.1.is_empty() && reversed.1.is_empty(), "nothing is sent");
    for fault in [fault, other] {
        assert!(fault.error.to_string().contains("are off for this merchant"), "{fault:?}");
        assert_eq!((fault.advice, fault.maybe_processed), (Advice::FixConfiguration, false));
    }
}

#[test]
fn what_apiv3_has_no_word_for_and_a_missing_store_are_refused_by_their_names() {
    let refused = |options: &[(&str, &str)]| {
        let (ended, arrived) = asked(&open(merchant()), &selling(options), [signed(200, paid())]);
        assert!(arrived.is_empty(), "nothing is sent");
        match ended.err().unwrap().error {
            Error::Argument(bad) => (bad.name.to_string(), bad.what),
            other => panic!("{other:?}"),
        }
    };
    for options in [&[][..], &[("scene_info", r#"{"store_info":{}}"#)]] {
        let (name, what) = refused(options);
        assert!(name == "options" && what.contains("store_info, which APIv3 requires"), "{what}");
    }
    let named = ("scene_info", r#"{"store_info":{"id":"S1","name":"tea"}}"#);
    for (options, lost) in [(vec![STORE, ("limit_pay", "no_credit")], "limit_pay"), (vec![named], "name")] {
        assert_eq!(refused(&options).1, format!("must not contain {lost}, which APIv3 does not have"));
    }
}

#[test]
fn v1_v4_an_answer_is_of_this_sale_and_tells_its_state() {
    let seller = open(merchant());
    let state = |body: &'static str| asked(&seller, &selling(&[STORE]), [signed(200, body)]).0;
    assert_eq!(state(told("userpaying")).unwrap().trade_state(), TradeState::UserPaying);
    assert_eq!(state(told("payerror")).unwrap().trade_state(), TradeState::PayError);
    let other =
        r#"{"mchid":"1900007291","out_trade_no":"T999","trade_state":"SUCCESS","amount":{"total":1230}}"#;
    assert!(matches!(state(other).unwrap_err().error, Error::Mismatch { .. }));
    let no_amount = format!(r#"{{"mchid":"1900007291","out_trade_no":"{NUMBER}","trade_state":"SUCCESS"}}"#);
    let (ended, _) = asked(&seller, &selling(&[STORE]), [signed(200, no_amount)]);
    assert!(matches!(ended.unwrap_err().error, Error::Malformed(_)));
    let (ended, arrived) = asked(&seller, &selling(&[STORE]), [unsigned(200, &paid())]);
    assert!(matches!(ended.unwrap_err().error, Error::Headers(HeaderError::Unsigned)) && arrived.len() == 1);
}

#[test]
fn v4_a_reverse_names_the_order_that_it_has_reversed() {
    let seller = open(merchant());
    let reversed = |number: &str| {
        let body =
            format!(r#"{{"appid":"wx2421b1c4370ec43b","mchid":"1900007291","out_trade_no":"{number}"}}"#);
        asked(&seller, &reversing(), [signed(200, body)])
    };
    let (ended, arrived) = reversed(NUMBER);
    assert!(matches!(ended.unwrap(), Reversal::Done));
    assert_eq!(arrived[0].target, format!("/v3/pay/transactions/out-trade-no/{NUMBER}/reverse"));
    assert_eq!(arrived[0].body, r#"{"appid":"wx2421b1c4370ec43b","mchid":"1900007291"}"#);
    assert!(matches!(reversed("T999").0.unwrap_err().error, Error::Mismatch { .. }));
    let (ended, _) = asked(&seller, &reversing(), [signed(200, r#"{"mchid":"1900007291"}"#)]);
    assert!(matches!(ended.unwrap_err().error, Error::Mismatch { .. }));
    let by_id = Reverse(OrderId::transaction_id("4200000000").unwrap());
    let (ended, arrived) = asked(&seller, &by_id, [signed(200, "{}")]);
    assert!(ended.unwrap_err().error.to_string().contains("by out_trade_no only") && arrived.is_empty());
}
