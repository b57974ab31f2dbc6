//! Faults in the words and the signature of an answer; all others are of the way.

use super::super::fault::{FaultKind, FaultRule};
use super::super::platform::SignatureFault;
use super::super::sabotage::flipped;
use serde_json::{Map, Value, json};

const OVERSIZE: usize = 1_200_000;
const NUMBERS: &[&str] = &["out_trade_no", "transaction_id", "out_refund_no", "refund_id"];

/// Lies under a right signature.
pub fn content(rule: &FaultRule, told: &mut Map<String, Value>) {
    let name = rule.name.as_deref().unwrap_or("trade_state");
    match rule.fault {
        FaultKind::SwappedOrder => swap_order(told),
        FaultKind::SwappedMerchant => swap(told, &["mchid", "sp_mchid"]),
        FaultKind::UnknownState => {
            let name = if told.contains_key("trade_state") { "trade_state" } else { "status" };
            told.insert(name.to_owned(), "SOMETHING_NEW".into());
        }
        FaultKind::ExtraField => drop(told.insert("brand_new_field".to_owned(), "值0".into())),
        FaultKind::Oversize => drop(told.insert("padding".to_owned(), "x".repeat(OVERSIZE).into())),
        FaultKind::SetField => {
            let text = rule.value.as_deref().unwrap_or_default();
            let value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
            put(told, name, Some(value));
        }
        FaultKind::RemoveField => put(told, name, None),
        _ => {}
    }
}

/// Faults of the text, before it is signed.
pub fn text(fault: Option<FaultKind>, text: String) -> String {
    match fault {
        Some(FaultKind::DuplicateField) => {
            text.replacen('{', "{\"trade_state\":\"SUCCESS\",\"trade_state\":\"NOTPAY\",", 1)
        }
        Some(FaultKind::Doctype) => format!("\u{feff}{text}"),
        _ => text,
    }
}

/// Faults of the signature.
pub fn signature(fault: Option<FaultKind>) -> SignatureFault {
    match fault {
        Some(FaultKind::NoSign) => SignatureFault::Absent,
        Some(FaultKind::EmptySign) => SignatureFault::Empty,
        Some(FaultKind::BadSign) => SignatureFault::Wrong,
        Some(FaultKind::LowerSign | FaultKind::Probe) => SignatureFault::Probe,
        Some(FaultKind::OtherKeySign) => SignatureFault::UnknownKey,
        Some(FaultKind::Md5Sign) => SignatureFault::OtherType,
        Some(FaultKind::StaleSign) => SignatureFault::Stale,
        Some(FaultKind::FutureSign) => SignatureFault::Ahead,
        Some(FaultKind::DoubleSign) => SignatureFault::Twice,
        _ => SignatureFault::Nothing,
    }
}

fn swap_order(told: &mut Map<String, Value>) {
    if !NUMBERS.iter().any(|name| told.contains_key(*name)) {
        told.insert("out_trade_no".to_owned(), "SOMEBODYELSESORDER".into());
    }
    swap(told, NUMBERS);
}

fn swap(told: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(Value::String(text)) = told.get_mut(*name) {
            *text = flipped(text);
        }
    }
}

/// Sets or takes away what stands at a place, one level down behind a dot.
fn put(told: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    let (map, name) = match name.split_once('.') {
        Some((outer, inner)) => match told.entry(outer).or_insert_with(|| json!({})) {
            Value::Object(map) => (map, inner),
            _ => return,
        },
        None => (told, name),
    };
    match value {
        Some(value) => drop(map.insert(name.to_owned(), value)),
        None => drop(map.remove(name)),
    }
}
