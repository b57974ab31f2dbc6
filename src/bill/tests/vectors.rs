//! The shared vectors: every file reads as they say, every refusal is theirs.

use crate::bill::answer::Meaning;
use crate::bill::fault::BillError;
use crate::bill::field::{Field, Form};
use crate::bill::header::Header;
use crate::bill::reader::Reader;
use crate::bill::row::Row;
use crate::bill::sum::Sum;
use crate::bill::sums::Summary;
use crate::bill::verify::verify;
use base64::Engine;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

pub fn all(group: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../../php-tests/fixtures/vectors-bills.json")).unwrap();
    all[group].as_array().unwrap().clone()
}

/// The bytes of a vector's file.
pub fn file(vector: &Value) -> Vec<u8> {
    if let Some(text) = vector["text"].as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(packed) = vector["b64"].as_str() {
        return base64::engine::general_purpose::STANDARD.decode(packed).unwrap();
    }
    let part = |name: &str| vector["make"][name].as_str().unwrap();
    let times = usize::try_from(vector["make"]["times"].as_u64().unwrap()).unwrap();
    [part("head").to_owned(), part("repeat").repeat(times), part("tail").to_owned()].concat().into_bytes()
}

fn value(row: &Row<'_>, field: Field) -> Value {
    match field.form() {
        Form::Fen | Form::FeeE5 => json!(row.number_of(field)),
        Form::NeededTime | Form::Time => json!(row.time(field).map(|time| time.format(&Rfc3339).unwrap())),
        _ => json!(row.text(field)),
    }
}

fn row_as_json(row: &Row<'_>) -> Value {
    let mut values: Map<String, Value> =
        row.header().fields().map(|field| (field.name().to_owned(), value(row, field))).collect();
    let extra: Map<String, Value> = row.extra().map(|(name, text)| (name.to_owned(), json!(text))).collect();
    if !extra.is_empty() {
        values.insert("extra".into(), Value::Object(extra));
    }
    Value::Object(values)
}

fn summary_as_json(summary: &Summary) -> Value {
    let told = |sum: Sum| summary.get(sum).map(|value| (sum.name().to_owned(), json!(value)));
    Value::Object(Sum::ALL.into_iter().filter_map(told).collect())
}

fn unknown(header: &Header, summary: &Summary) -> Vec<String> {
    header.unknown().map(|(_, name)| name.to_owned()).chain(summary.unknown().iter().cloned()).collect()
}

fn read(file: &[u8]) -> Result<Value, BillError> {
    let mut reader = Reader::new(file)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row_as_json(&row));
    }
    let summary = reader.summary().unwrap();
    let header = reader.header();
    Ok(json!({
        "layout": header.layout.name(),
        "type": header.kind.wire(),
        "rows": rows,
        "summary": summary_as_json(summary),
        "unknown_columns": unknown(header, summary),
        "verify": verdict(file),
    }))
}

fn verdict(file: &[u8]) -> Value {
    match verify(file) {
        Ok(_) => json!("ok"),
        Err(BillError::Unbalanced(wrong)) if wrong.sums.is_empty() => {
            let told = |b: &crate::bill::unbalanced::BalanceBreak| {
                json!({
                    "row": b.row, "flow_id": b.flow_id, "printed": b.printed, "computed": b.computed,
                    "difference": b.printed - b.computed,
                })
            };
            json!({ "balance": wrong.balance.iter().map(told).collect::<Vec<_>>() })
        }
        Err(e) => json!(e.to_string()),
    }
}

#[test]
fn b7_b8_b9_b12_every_bill_of_the_vectors_reads_as_they_say() {
    let vectors = all("bill_read");
    assert_eq!(vectors.len(), 38);
    for vector in vectors {
        let told = read(&file(&vector)).unwrap_or_else(|e| panic!("{}: {e}", vector["id"]));
        // Compared as maps: the order of members says nothing.
        let plain = |value: &Value| serde_json::from_value::<HashMap<String, Value>>(value.clone()).unwrap();
        for (name, expected) in plain(&vector["expected"]) {
            assert_eq!(told[&name], expected, "{}: {name}", vector["id"]);
        }
        assert_eq!(plain(&told).len(), plain(&vector["expected"]).len());
    }
}

fn error_as_json(e: &BillError, inputs: &Value) -> Value {
    let mut told = match e {
        BillError::MissingColumn { column } => json!({ "column": column }),
        BillError::DuplicateColumn { column } => json!({ "column": column }),
        BillError::Line { line } | BillError::LineTooLong { line } | BillError::TrailingData { line } => {
            json!({ "line": line })
        }
        BillError::RowWidth { row, cells, expected } => {
            json!({ "row": row, "cells": cells, "expected_cells": expected })
        }
        BillError::Amount { row, column, value } => json!({ "row": row, "column": column, "value": value }),
        BillError::Time { row, column, value } | BillError::Cell { row, column, value } => {
            json!({ "row": row, "column": column, "value": value })
        }
        BillError::SummaryWidth { cells, expected } => json!({ "cells": cells, "expected_cells": expected }),
        BillError::Answer(answer) => {
            let day = Date::parse(
                inputs["bill_date"].as_str().unwrap(),
                time::macros::format_description!("[year]-[month]-[day]"),
            );
            let now = OffsetDateTime::parse(inputs["now"].as_str().unwrap(), &Rfc3339).unwrap();
            let meaning = match answer.meaning(day.unwrap(), now) {
                Meaning::EmptyDay => "empty_day",
                Meaning::NotReady => "not_ready",
                Meaning::Fault => "fault",
            };
            json!({ "meaning": meaning, "err_code": answer.err_code, "message": answer.message })
        }
        BillError::Unbalanced(wrong) => {
            let told = |d: &crate::bill::unbalanced::SumDifference| {
                json!({
                    "column": d.column, "field": d.sum.name(), "summary": i64::try_from(d.summary).unwrap(),
                    "rows": i64::try_from(d.rows).unwrap(), "difference": i64::try_from(d.summary - d.rows).unwrap(),
                })
            };
            json!({ "differences": wrong.sums.iter().map(told).collect::<Vec<_>>() })
        }
        _ => json!({}),
    };
    let stage = if matches!(e, BillError::Unbalanced(_)) { "verify" } else { "read" };
    told["stage"] = json!(stage);
    told["code"] = json!(e.code());
    told
}

#[test]
fn b1_b2_b3_b5_b6_b7_b8_b9_every_refusal_of_the_vectors_is_ours() {
    let vectors = all("bill_refuse");
    assert_eq!(vectors.len(), 86);
    for vector in vectors {
        let bytes = file(&vector);
        let read = Reader::new(&*bytes).and_then(Reader::finish).err();
        let refused = verify(&*bytes).expect_err(vector["id"].as_str().unwrap());
        assert_eq!(error_as_json(&refused, &vector["inputs"]), vector["expected"], "{}", vector["id"]);
        let expected = if vector["expected"]["stage"] == "read" { Some(refused) } else { None };
        assert_eq!(read, expected, "{}", vector["id"]);
    }
}

#[test]
fn b8_the_bills_of_the_protocols_vectors_read_cell_by_cell() {
    let all: Value = serde_json::from_str(include_str!("../../../php-tests/fixtures/vectors.json")).unwrap();
    let vectors = all["v2_bills"].as_array().unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let text = vector["text"].as_str().unwrap().as_bytes();
        verify(text).unwrap();
        let mut reader = Reader::new(text).unwrap();
        assert_eq!(json!(reader.header().names()), vector["header"]);
        for expected in vector["rows"].as_array().unwrap() {
            let row = reader.next_row().unwrap().unwrap();
            assert_eq!(json!(row.printed().map(|(_, cell)| cell).collect::<Vec<_>>()), *expected);
        }
        assert!(reader.next_row().unwrap().is_none());
    }
}
