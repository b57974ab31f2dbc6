//! The shared vectors of reconciliations.

use super::vectors::{all, file};
use crate::bill::reconcile::books::{BookRefund, BookRow, Listed};
use crate::bill::reconcile::compare::{Day, Terms, compare};
use crate::bill::reconcile::difference::{BothValues, Difference};
use crate::bill::reconcile::report::{Amount, DayReport};
use crate::bill::source::BillSource;
use serde_json::{Value, json};
use time::Date;

pub fn day(text: &str) -> Date {
    Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn book(row: &Value) -> BookRow<'_> {
    BookRow {
        out_trade_no: row["out_trade_no"].as_str().unwrap(),
        total_fee: row["total_fee"].as_i64().unwrap(),
        fee_type: row["fee_type"].as_str(),
        state: row["state"].as_str().unwrap(),
        transaction_id: row["transaction_id"].as_str(),
        paid_on: row["paid_on"].as_str().map(day),
        refunds: list(&row["refunds"])
            .iter()
            .map(|refund| BookRefund {
                out_refund_no: refund["out_refund_no"].as_str().unwrap(),
                refund_fee: refund["refund_fee"].as_i64().unwrap(),
                state: refund["state"].as_str(),
                asked_on: refund["asked_on"].as_str().map(day),
            })
            .collect(),
    }
}

fn report(inputs: &Value) -> DayReport {
    let bills: Vec<(Date, Option<Vec<u8>>)> = list(&inputs["bills"])
        .iter()
        .map(|bill| {
            let empty = bill["empty_day"] == true;
            (day(bill["date"].as_str().unwrap()), (!empty).then(|| file(bill)))
        })
        .collect();
    let days: Vec<Day<'_>> = bills
        .iter()
        .map(|(date, bill)| Day { date: *date, bill: bill.as_ref().map(|bill| bill as &dyn BillSource) })
        .collect();
    let flows: Vec<Vec<u8>> = list(&inputs["fund_flows"]).iter().map(file).collect();
    let flows: Vec<&dyn BillSource> = flows.iter().map(|flow| flow as &dyn BillSource).collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let appids: Vec<String> = list(&inputs["merchant"]["appids"]).iter().map(text).collect();
    let done: Vec<(Date, String)> = list(&inputs["done"])
        .iter()
        .map(|done| (day(done["date"].as_str().unwrap()), text(&done["sha256"])))
        .collect();
    let terms = Terms {
        days: &days,
        flows: &flows,
        previous_balance: inputs["previous_balance"].as_i64(),
        as_of: day(inputs["run_date"].as_str().unwrap()),
        appids: &appids,
        done: &done,
    };
    compare(&terms, &mut Listed::new(list(&inputs["books"]).iter().map(book))).unwrap()
}

fn told(told: Option<&BothValues>) -> Value {
    match told {
        None => Value::Null,
        Some(BothValues::Number(number)) => json!(number),
        Some(BothValues::Text(text)) => json!(text),
    }
}

fn difference_as_json(difference: &Difference) -> Value {
    let mut value = json!({
        "kind": difference.kind.name(), "key": difference.key, "field": difference.field,
        "theirs": told(difference.theirs.as_ref()), "ours": told(difference.ours.as_ref()),
        "state": difference.state.name(),
    });
    if let Some(due) = difference.due {
        value["due"] = json!(due.to_string());
    }
    value
}

fn report_as_json(report: &DayReport) -> Value {
    let amount = |amount: Amount, field: &str| {
        let fee = i64::try_from(amount.fee).unwrap();
        json!({ "count": amount.count, field: fee })
    };
    let sides = report.totals.map(|totals| {
        let (theirs, ours) = (totals.theirs, totals.ours);
        let theirs = json!({
            "payments": amount(theirs.payments, "total_fee"), "refunds": amount(theirs.refunds, "refund_fee"),
            "revoked": amount(theirs.revoked, "refund_fee"), "fee_e5": i64::try_from(theirs.fee_e5).unwrap(),
        });
        let ours = json!({
            "payments": amount(ours.payments, "total_fee"), "refunds": amount(ours.refunds, "refund_fee"),
        });
        (theirs, ours, i64::try_from(totals.surplus()).unwrap())
    });
    let (theirs, ours, surplus) = sides.map_or_else(Default::default, |(t, o, s)| (t, o, json!(s)));
    let differences: Vec<Value> = report.differences.iter().map(difference_as_json).collect();
    json!({ "theirs": theirs, "ours": ours, "surplus": surplus, "differences": differences })
}

/// Differences are a set.
fn sorted(mut value: Value) -> Value {
    let differences = value["differences"].as_array_mut().unwrap();
    differences.sort_by_key(|difference| {
        ["kind", "key", "field", "theirs", "ours"].map(|name| difference[name].to_string())
    });
    value
}

#[test]
fn b11_b12_b13_b14_every_reconciliation_of_the_vectors_comes_to_what_they_say() {
    let vectors = all("reconcile");
    assert_eq!(vectors.len(), 74);
    for vector in vectors {
        let found = report(&vector["inputs"]);
        assert_eq!(sorted(report_as_json(&found)), sorted(vector["expected"].clone()), "{}", vector["id"]);
        if let Some(totals) = found.totals {
            assert_eq!(totals.long - totals.short, totals.surplus(), "{}", vector["id"]);
        }
    }
}

const HEADER: &str = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,微信退款单号,\
                      商户退款单号,退款金额,手续费,费率,订单金额,申请退款金额";

/// A payment of one yuan, whose rate gives 0.6 fen: printed with that, or rounded up to a fen.
fn paid(number: &str, fee: &str) -> String {
    format!(
        "`2026-02-12 10:00:00,`wx1,`1,`X{number},`{number},`SUCCESS,`CNY,`1.00,`0,`0,`0.00,`{fee},`0.60%,`1.00,`0.00"
    )
}

fn compared(rows: &[String]) -> DayReport {
    let file = format!("{HEADER}\n{}\n总交易单数\n`{}\n", rows.join("\n"), rows.len()).into_bytes();
    let days = [Day { date: day("2026-02-12"), bill: Some(&file) }];
    let terms = Terms {
        days: &days,
        flows: &[],
        previous_balance: None,
        as_of: day("2026-02-13"),
        appids: &[],
        done: &[],
    };
    let book =
        |number| BookRow { out_trade_no: number, total_fee: 100, state: "SUCCESS", ..BookRow::default() };
    compare(&terms, &mut Listed::new(["T1", "T2", "T3"].into_iter().take(rows.len()).map(book))).unwrap()
}

#[test]
fn b12_fees_are_compared_only_where_the_file_rounds_them() {
    let kinds = |rows: &[String]| -> Vec<String> {
        compared(rows).differences.iter().map(|d| format!("{} {}", d.kind.name(), d.key)).collect()
    };
    assert_eq!(kinds(&[paid("T1", "0.01000"), paid("T2", "0.02000")]), ["FeeDiffers T2"]);
    assert_eq!(
        kinds(&[paid("T1", "0.01000"), paid("T2", "0.00601")]),
        [""; 0],
        "the last digit may be rounded"
    );
    assert_eq!(kinds(&[paid("T1", "0.02000"), paid("T2", "0.00600"), paid("T3", "0.02000")]), [""; 0]);
    assert_eq!(kinds(&[paid("T1", "0.00700")]), ["FeeDiffers T1"], "a part of a fen, but not by the rate");
}

#[test]
fn b9_the_largest_amounts_and_rates_are_compared_without_overflow() {
    let row = "`2026-02-12 10:00:00,`wx1,`1,`XT1,`T1,`SUCCESS,`CNY,`9999999999999.99,`0,`0,`0.00,`-9999999999999.99999,\
               `900%,`9999999999999.99,`0.00";
    let report = compared(&[row.to_owned()]);
    let kinds: Vec<_> = report.differences.iter().map(|d| d.kind.name()).collect();
    assert_eq!(kinds, ["FeeDiffers", "AmountDiffers"]);
}

#[test]
fn b12_a_refund_that_says_no_number_is_nobodys() {
    let refund =
        "`2026-02-12 10:00:00,`wx1,`1,`XT1,`T1,`REFUND,`CNY,`0.00,`W1,`0,`1.00,`-0.01000,`0.60%,`0.00,`1.00";
    let report = compared(&[refund.to_owned()]);
    let found: Vec<_> = report.differences.iter().map(|d| (d.kind.name(), d.key.as_str())).collect();
    assert_eq!(found, [("RefundUnknown", "W1")]);
    assert_eq!(report.differences[0].numbers.out_trade_no.as_deref(), Some("T1"));
    let totals = report.totals.unwrap();
    assert_eq!((totals.long, totals.short, totals.surplus()), (0, 100, -100));
}

#[test]
fn b7_a_file_of_the_wrong_kind_and_no_file_at_all_are_told() {
    let flow = file(&all("bill_read").into_iter().find(|vector| vector["id"] == "flow").unwrap());
    let days = [Day { date: day("2026-02-12"), bill: Some(&flow) }];
    let terms = |days| Terms {
        days,
        flows: &[],
        previous_balance: None,
        as_of: day("2026-02-13"),
        appids: &[],
        done: &[],
    };
    let told = |terms| compare(&terms, &mut Listed::new(std::iter::empty())).unwrap_err().to_string();
    assert_eq!(told(terms(&days)), "this is a fund flow, a trade bill is needed");
    assert_eq!(told(terms(&[])), "no bill was given");
}
