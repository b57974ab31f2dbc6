//! Any other endpoint: signed, verified, and about what was asked.

use super::*;
use crate::api::any_v3_call::AnyV3Call;

const TARGET: &str = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/B1";

fn asking() -> AnyV3Call {
    AnyV3Call::new("GET", TARGET, None).unwrap()
}

#[test]
fn any_call_is_signed_as_it_stands_and_its_answer_is_verified() {
    let body = json!({ "account": "1", "name": "张三" });
    let call = AnyV3Call::new("POST", "/v3/profitsharing/receivers/add", Some(&body)).unwrap();
    let (ended, arrived) =
        asked(&merchant(), &call.encrypted_for("SERIAL"), [signed(200, r#"{"type":"A"}"#)]);
    assert_eq!(ended.unwrap().text("type").unwrap(), Some("A"));
    let request = &arrived[0];
    assert_eq!((request.method, &*request.target), (HttpMethod::Post, "/v3/profitsharing/receivers/add"));
    assert_eq!((request.body.as_str(), request.header("wechatpay-serial")), (&*body.to_string(), "SERIAL"));
    assert_eq!(request.header("content-type"), "application/json");
    let deleting = AnyV3Call::new("DELETE", "/v3/x/1", None).unwrap();
    let (ended, arrived) = asked(&merchant(), &deleting, [signed(204, "")]);
    assert!(ended.unwrap().iter().next().is_none());
    assert_eq!((arrived[0].method, arrived[0].header("content-type")), (HttpMethod::Delete, ""));
}

#[test]
fn v1_v2_v4_any_call_believes_no_more_than_the_others() {
    let told = |body: &str| fault(&asking(), [signed(200, body)]).error;
    assert!(
        matches!(told(r#"{"out_bill_no":"B2"}"#), Error::Mismatch { field, .. } if field == "out_bill_no")
    );
    assert!(matches!(told(r#"{"mchid":"1"}"#), Error::Mismatch { field, .. } if field == "mchid"));
    let unsigned_yes = fault(&asking(), [unsigned(200, "{}")]);
    assert!(matches!(unsigned_yes.error, Error::Headers(HeaderError::Unsigned)));
    let no = fault(&asking(), [unsigned(404, r#"{"code":"NOT_FOUND"}"#)]);
    assert!(matches!(no.error, Error::Unsigned { .. }));
}

#[test]
fn any_call_that_acts_is_sent_once_and_one_that_asks_again() {
    let acting = AnyV3Call::new("POST", "/v3/x", Some(&json!({ "out_trade_no": "T1" }))).unwrap();
    let (ended, arrived) = asked(&merchant(), &acting, [unsigned(502, "")]);
    let fault = ended.unwrap_err();
    assert_eq!((arrived.len(), fault.maybe_processed, fault.out_trade_no.as_deref()), (1, true, Some("T1")));
    let (ended, arrived) = asked(&merchant(), &asking(), [unsigned(502, ""), signed(200, "{}")]);
    assert!(ended.is_ok() && arrived.len() == 2);
}

#[test]
fn any_call_of_apiv3_is_not_for_a_merchant_of_v2() {
    let v2 = crate::gateway::fixtures::merchant();
    let network = Arc::new(ListedAnswers { answers: Mutex::default(), arrived: Mutex::default() });
    let fault = client(&network, &v2).any_v3(&asking()).unwrap_err();
    assert!(matches!(fault.error, Error::Argument(_)) && network.arrived.lock().unwrap().is_empty());
}
