//! The vectors of APIv3 through the calls.

use super::*;
use crate::error::Repeat;
use crate::gateway::fixtures::v3::{head, response};
use crate::model::merchant::Credentials;
use crate::model::order::Order;
use crate::wire::v3::json::JsonObject;
use crate::wire::v3::vectors::{headers, refusal, ring};
use crate::wire::verified::Verified;

/// A call that does nothing: what the calls that we do not have yet would make of an answer.
struct Other;

impl V3Endpoint for Other {
    type Answer = ();

    fn request(&self, _: &Merchant) -> Result<V3Request, Error> {
        Ok(V3Request::get("/".into()))
    }

    fn read(&self, _: &Verified<JsonObject>, _: &Merchant) -> Result<(), Error> {
        Err(Error::Malformed("nothing is read".into()))
    }
}

/// How a call weighs an answer.
fn weighed<C: Endpoint>(call: &C, inputs: &Value) -> Fault {
    judged(call.v3().unwrap(), call.spec().repeat, inputs, |fault| {
        call.advise(fault);
        call.v3().unwrap().advise(fault);
    })
}

fn judged<A>(
    call: &dyn V3Endpoint<Answer = A>,
    repeat: Repeat,
    inputs: &Value,
    advise: impl FnOnce(&mut Fault),
) -> Fault {
    let mut merchant = merchant();
    let Credentials::V3(keys) = &mut merchant.credentials else { panic!() };
    Arc::get_mut(keys).unwrap().for_test().ring = ring(&inputs["keys"]);
    let status = u16::try_from(inputs["status"].as_u64().unwrap()).unwrap();
    let came = response(status, head(headers(&inputs["headers"])), &body(inputs));
    let Credentials::V3(keys) = &merchant.credentials else { panic!() };
    let now = inputs["now"].as_i64().unwrap();
    let ended = read_answer(call, &merchant, &keys.get().unwrap(), &came, ("https://api.test", now));
    let mut fault = Fault::new(ended.err().unwrap(), repeat, None);
    advise(&mut fault);
    fault
}

#[test]
fn v1_v2_v12_v13_every_error_of_the_vectors_is_weighed_as_it_says() {
    for vector in group("errors") {
        let inputs = &vector["inputs"];
        let fault = match text(&inputs["call"]) {
            "orderquery" => weighed(&query(), inputs),
            "closeorder" if vector["id"] == "order-closed" => continue,
            "closeorder" => weighed(&close(), inputs),
            "unifiedorder" => weighed(&placing("NATIVE", &[]), inputs),
            "refund" => weighed(&refund_of(100), inputs),
            "refundquery" => weighed(&refund_query(), inputs),
            "codepay" => weighed(&code_pay::selling(&[]), inputs),
            "tradebill" => judged(&Other, Repeat::Query, inputs, |_| {}),
            _ => judged(&Other, Repeat::Never, inputs, |_| {}),
        };
        let (err_code, err_code_des) = match &fault.error {
            Error::Service { err_code, err_code_des, .. } => {
                (Some(err_code.as_str()), err_code_des.as_deref())
            }
            _ => (None, None),
        };
        let seen = json!({
            "kind": word(&fault.error),
            "errCode": err_code,
            "errCodeDes": err_code_des,
            "advice": format!("{:?}", fault.advice),
            "retryable": fault.retryable,
            "maybeProcessed": fault.maybe_processed,
        });
        assert_eq!(seen, vector["expected"]["refuse"], "{}", vector["id"]);
    }
}

/// The properties of the vectors.
fn shown(order: &Order) -> Value {
    let typed = order.typed();
    let coupons = order.coupons();
    let coupons = coupons.iter().map(|c| json!({ "id": c.id, "type": c.coupon_type, "fee": c.fee }));
    let time_end = typed.time_end().and_then(crate::clock::write_rfc3339);
    json!({
        "appid": typed.appid, "mchId": typed.mch_id, "subAppid": typed.sub_appid,
        "subMchId": typed.sub_mch_id, "outTradeNo": typed.out_trade_no,
        "transactionId": typed.transaction_id, "tradeState": order.trade_state().wire(),
        "tradeStateDesc": typed.trade_state_desc, "tradeType": typed.trade_type,
        "totalFee": typed.total_fee, "settlementTotalFee": typed.settlement_total_fee,
        "feeType": typed.fee_type, "cashFee": typed.cash_fee, "cashFeeType": typed.cash_fee_type,
        "couponFee": typed.coupon_fee, "coupons": coupons.collect::<Vec<_>>(),
        "bankType": typed.bank_type, "openid": typed.openid, "isSubscribe": typed.is_subscribe,
        "subOpenid": typed.sub_openid, "attach": typed.attach, "deviceInfo": typed.device_info,
        "timeEnd": time_end, "promotionDetail": typed.promotions(), "isPaid": order.is_paid(),
    })
}

#[test]
fn v4_v22_every_order_of_the_vectors_reads_as_it_says() {
    for vector in group("orders") {
        let inputs = &vector["inputs"];
        let is_partner = inputs["merchant"]["sub_mchid"].is_string();
        let merchant = if is_partner { provider() } else { merchant() };
        let id = match inputs["asked"]["transaction_id"].as_str() {
            Some(id) => OrderId::transaction_id(id).unwrap(),
            None => OrderId::out_trade_no(text(&inputs["asked"]["out_trade_no"])).unwrap(),
        };
        let (ended, _) = asked(&merchant, &OrderQuery(id), [signed(200, body(inputs))]);
        match (ended, refusal(vector)) {
            (Ok(order), None) => {
                assert_eq!(shown(&order), vector["expected"]["accept"], "{}", vector["id"]);
            }
            (Err(fault), Some(wanted)) => {
                assert_eq!(word(&fault.error), wanted, "{}: {}", vector["id"], fault.error);
            }
            (ended, wanted) => panic!("{}: {:?}, not {wanted:?}", vector["id"], ended.map(|o| shown(&o))),
        }
    }
}

#[test]
fn v14_v15_every_refund_of_the_vectors_reads_as_it_says() {
    for vector in group("refunds") {
        let answer = [signed(200, body(&vector["inputs"]))];
        let expected = &vector["expected"]["accept"];
        let seen = if vector["inputs"]["call"] == "refund" {
            asked(&merchant(), &refund_of(100), answer).0.map(|receipt| {
                let status = receipt.refund_status().unwrap().wire();
                (
                    receipt.typed().refund_id.clone(),
                    status,
                    receipt.typed().refund_fee,
                    receipt.typed().total_fee,
                )
            })
        } else {
            asked(&merchant(), &refund_query(), answer).0.map(|list| {
                let entry = list.entries()[0].clone();
                assert_eq!(entry.refund_channel.as_deref(), expected["refundChannel"].as_str());
                assert_eq!(entry.refund_account.as_deref(), expected["refundAccount"].as_str());
                assert_eq!(entry.refund_recv_accout.as_deref(), expected["refundRecvAccout"].as_str());
                let at = entry.refund_success_time.and_then(crate::clock::write_rfc3339);
                assert_eq!(at.as_deref(), expected["refundSuccessTime"].as_str());
                (entry.refund_id, entry.refund_status.wire(), entry.refund_fee, list.trade().total_fee)
            })
        };
        match (seen, refusal(vector)) {
            (Ok((refund_id, status, refund_fee, total_fee)), None) => {
                assert_eq!(refund_id.as_deref(), expected["refundId"].as_str(), "{}", vector["id"]);
                assert_eq!(status, text(&expected["refundStatus"]), "{}", vector["id"]);
                assert_eq!(refund_fee, expected["refundFee"].as_i64(), "{}", vector["id"]);
                assert_eq!(total_fee, expected["totalFee"].as_i64(), "{}", vector["id"]);
            }
            (Err(fault), Some(wanted)) => assert_eq!(word(&fault.error), wanted, "{}", vector["id"]),
            (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
        }
    }
}

#[test]
fn a_refunds_coupons_go_back_by_their_kinds() {
    let vector = group("refunds").iter().find(|v| v["id"] == "coupons").unwrap();
    let receipt = asked(&merchant(), &refund_of(100), [signed(200, body(&vector["inputs"]))]).0.unwrap();
    let coupons =
        receipt.coupons().iter().map(|c| json!({ "id": c.id, "type": c.coupon_type, "fee": c.fee }));
    assert_eq!(Value::Array(coupons.collect()), vector["expected"]["accept"]["coupons"]);
    let told = receipt.typed();
    assert_eq!(
        (told.cash_fee, told.cash_refund_fee, told.coupon_refund_fee),
        (Some(1230), Some(80), Some(20))
    );
}

#[test]
fn every_prepay_of_the_vectors_reads_as_it_says() {
    for vector in group("prepays") {
        let trade_type = match text(&vector["inputs"]["kind"]) {
            "jsapi" => "JSAPI",
            "app" => "APP",
            "h5" => "MWEB",
            _ => "NATIVE",
        };
        let (ended, _) =
            asked(&merchant(), &placing(trade_type, &[]), [signed(200, body(&vector["inputs"]))]);
        match (ended, refusal(vector)) {
            (Ok(prepay), None) => {
                let seen = json!({
                    "prepayId": prepay.prepay_id, "codeUrl": prepay.code_url, "h5Url": prepay.mweb_url,
                });
                assert_eq!(seen, vector["expected"]["accept"], "{}", vector["id"]);
            }
            (Err(fault), Some(wanted)) => assert_eq!(word(&fault.error), wanted, "{}", vector["id"]),
            (ended, wanted) => panic!("{}: {ended:?}, not {wanted:?}", vector["id"]),
        }
    }
}
