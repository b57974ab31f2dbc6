//! Differences and sums as the ledger keeps them: JSON, because WeChat's texts are free.

use crate::bill::reconcile::difference::{BothValues, Difference, Numbers};
use crate::bill::reconcile::report::{Amount, BookTotals, Theirs, Totals};
use crate::ledger::ascii;
use crate::ledger::sighting::digest_of;
use serde_json::{Value, json};

/// What makes a difference this one, whatever the books say meanwhile.
pub fn identity(of: &Difference) -> String {
    digest_of(&format!("{}\n{}\n{}\n{:?}", of.kind.name(), of.key, of.field, of.theirs))
}

/// What a difference says beside its kind and state.
pub fn difference(of: &Difference) -> String {
    let numbers = &of.numbers;
    ascii::json(&json!({
        "key": of.key,
        "field": of.field,
        "theirs": side(of.theirs.as_ref()),
        "ours": side(of.ours.as_ref()),
        "out_trade_no": numbers.out_trade_no,
        "transaction_id": numbers.transaction_id,
        "out_refund_no": numbers.out_refund_no,
        "refund_id": numbers.refund_id,
    }))
}

fn side(of: Option<&BothValues>) -> Value {
    match of {
        None => Value::Null,
        Some(BothValues::Number(number)) => (*number).into(),
        Some(BothValues::Text(text)) => text.as_str().into(),
    }
}

/// What was told of a difference.
#[derive(Debug, Default)]
pub struct ToldDifference {
    /// What it is about.
    pub key: String,
    /// The field that differs.
    pub field: String,
    /// WeChat's side.
    pub theirs: Option<BothValues>,
    /// The books' side.
    pub ours: Option<BothValues>,
    /// The numbers that are known of it.
    pub numbers: Numbers,
}

/// Reads [`difference`]; what is missing there is missing here.
pub fn read(json: &str) -> ToldDifference {
    let told: Value = serde_json::from_str(json).unwrap_or_default();
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let side = |name: &str| match told.get(name) {
        Some(Value::Number(number)) => number.as_i64().map(BothValues::Number),
        Some(Value::String(text)) => Some(BothValues::Text(text.clone())),
        _ => None,
    };
    ToldDifference {
        key: text("key").unwrap_or_default(),
        field: text("field").unwrap_or_default(),
        theirs: side("theirs"),
        ours: side("ours"),
        numbers: Numbers {
            out_trade_no: text("out_trade_no"),
            transaction_id: text("transaction_id"),
            out_refund_no: text("out_refund_no"),
            refund_id: text("refund_id"),
        },
    }
}

/// The sums of both sides. Numbers stand as text: they may be longer than JSON's readers take.
pub fn totals(of: &Totals) -> String {
    let amount = |amount: Amount| json!([amount.count.to_string(), amount.fee.to_string()]);
    ascii::json(&json!({
        "payments": amount(of.theirs.payments),
        "refunds": amount(of.theirs.refunds),
        "revoked": amount(of.theirs.revoked),
        "fee_e5": of.theirs.fee_e5.to_string(),
        "our_payments": amount(of.ours.payments),
        "our_refunds": amount(of.ours.refunds),
        "long": of.long.to_string(),
        "short": of.short.to_string(),
    }))
}

/// Reads [`totals`].
pub fn read_totals(json: &str) -> Option<Totals> {
    let told: Value = serde_json::from_str(json).ok()?;
    let whole = |value: &Value| value.as_str().and_then(|text| text.parse::<i128>().ok());
    let number = |name: &str| told.get(name).and_then(whole);
    let amount = |name: &str| {
        let pair = told.get(name)?.as_array()?;
        let (count, fee) = (whole(pair.first()?)?, whole(pair.get(1)?)?);
        Some(Amount { count: u64::try_from(count).ok()?, fee })
    };
    Some(Totals {
        theirs: Theirs {
            payments: amount("payments")?,
            refunds: amount("refunds")?,
            revoked: amount("revoked")?,
            fee_e5: number("fee_e5")?,
        },
        ours: BookTotals { payments: amount("our_payments")?, refunds: amount("our_refunds")? },
        long: number("long")?,
        short: number("short")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::reconcile::difference::{DifferenceKind, DifferenceState};

    fn of(theirs: Option<BothValues>) -> Difference {
        Difference {
            kind: DifferenceKind::StateDiffers,
            key: "T\u{1F600}中".into(),
            field: "state".into(),
            theirs,
            ours: Some(BothValues::Number(-1)),
            state: DifferenceState::Open,
            due: None,
            numbers: Numbers { out_trade_no: Some("T1".into()), ..Numbers::default() },
            kept: None,
        }
    }

    #[test]
    fn what_is_kept_reads_as_it_was() {
        for theirs in [None, Some(BothValues::Number(i64::MAX)), Some(BothValues::Text("已付\"`".into()))] {
            let difference_ = of(theirs);
            let kept = difference(&difference_);
            assert!(kept.is_ascii());
            let told = read(&kept);
            assert_eq!(
                (told.key, told.theirs, told.ours),
                (difference_.key, difference_.theirs, difference_.ours)
            );
            assert_eq!((told.field.as_str(), told.numbers), ("state", difference_.numbers));
        }
    }

    #[test]
    fn a_difference_stays_itself_while_the_books_move() {
        let before = of(Some(BothValues::Number(1)));
        let after = Difference { ours: None, state: DifferenceState::Waiting, ..before.clone() };
        assert_eq!(identity(&before), identity(&after));
        assert_ne!(identity(&before), identity(&of(Some(BothValues::Number(2)))));
        assert_ne!(identity(&before), identity(&of(Some(BothValues::Text("1".into())))));
    }

    #[test]
    fn sums_read_as_they_were() {
        let amount = |n: i128| Amount { count: 3, fee: n };
        let sums = Totals {
            theirs: Theirs {
                payments: amount(i128::MAX),
                refunds: amount(-7),
                revoked: amount(0),
                fee_e5: -12_345,
            },
            ours: BookTotals { payments: amount(1), refunds: amount(2) },
            long: 5,
            short: 6,
        };
        assert_eq!(read_totals(&totals(&sums)), Some(sums));
        assert_eq!(read_totals("{}"), None);
    }
}
