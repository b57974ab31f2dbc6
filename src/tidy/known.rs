//! What the rules of this folder complain about today, and who ends it: the list only shrinks.

#[rustfmt::skip]
/// A rule, what it says or the part of it before a colon, and the room that owns it.
const KNOWN: &[(&str, &str, &str)] = &[
    ("argument", "src/api/form.rs", "CORE"),
    ("argument", "src/api/micropay.rs", "CORE"),
    ("argument", "src/api/refund.rs", "CORE"),
    ("argument", "src/api/refund_query.rs", "CORE"),
    ("argument", "src/api/report.rs", "CORE"),
    ("argument", "src/api/short_url.rs", "CORE"),
    ("argument", "src/api/unified_order.rs", "CORE"),
    ("argument", "src/gateway/settings.rs", "CORE"),
    ("argument", "src/model/client_sign.rs", "CORE"),
    ("argument", "src/model/order_id.rs", "CORE"),
    ("circle", "bill::fault -> bill::answer", "CORE"),
    ("circle", "bill::fault -> bill::sums", "CORE"),
    ("circle", "bill::reconcile::judge -> bill::reconcile::compare", "CORE"),
    ("circle", "gateway::proxy -> gateway::settings", "CORE"),
    ("circle", "wire::v2::xml::flat -> wire::v2::xml", "CORE"),
    ("circle", "wire::v2::xml::nested -> wire::v2::xml", "CORE"),
    ("circle", "wire::v2::xml::writer -> wire::v2::xml", "CORE"),
    ("function", "src/bill/tests/writer.rs", "CORE"),
    ("name", "Fingerprint", "CORE"),
    ("room", "wire::v3::certificates names wire::v2::key", "CORE"),
    ("room", "wire::v3::resource names wire::v2::key", "CORE"),
    ("argument", "src/ledger/intents.rs", "LEDGER"),
    ("argument", "src/ledger/ledger.rs", "LEDGER"),
    ("circle", "ledger::*", "LEDGER"),
    ("circle", "simulator::*", "LEDGER"),
    ("function", "src/ledger/*", "LEDGER"),
    ("function", "src/simulator/*", "LEDGER"),
    ("name", "Answer", "LEDGER"),
    ("name", "Asked", "LEDGER"),
    ("name", "Attempt", "LEDGER"),
    ("name", "Balance", "LEDGER"),
    ("name", "Body", "LEDGER"),
    ("name", "Call", "LEDGER"),
    ("name", "Caller", "LEDGER"),
    ("name", "Cell", "LEDGER"),
    ("name", "Check", "LEDGER"),
    ("name", "Checked", "LEDGER"),
    ("name", "Clock", "LEDGER"),
    ("name", "Coupon", "LEDGER"),
    ("name", "Dice", "LEDGER"),
    ("name", "Document", "LEDGER"),
    ("name", "Entry", "LEDGER"),
    ("name", "Errand", "LEDGER"),
    ("name", "Fault", "LEDGER"),
    ("name", "Field", "LEDGER"),
    ("name", "Files", "LEDGER"),
    ("name", "Identity", "LEDGER"),
    ("name", "Key", "LEDGER"),
    ("name", "Kind", "LEDGER"),
    ("name", "Line", "LEDGER"),
    ("name", "Message", "LEDGER"),
    ("name", "Method", "LEDGER"),
    ("name", "Named", "LEDGER"),
    ("name", "Order", "LEDGER"),
    ("name", "Outcome", "LEDGER"),
    ("name", "Payment", "LEDGER"),
    ("name", "Phase", "LEDGER"),
    ("name", "Plan", "LEDGER"),
    ("name", "Refund", "LEDGER"),
    ("name", "RefundStatus", "LEDGER"),
    ("name", "Refunds", "LEDGER"),
    ("name", "Refusal", "LEDGER"),
    ("name", "Repeat", "LEDGER"),
    ("name", "Reply", "LEDGER"),
    ("name", "Reversal", "LEDGER"),
    ("name", "Rule", "LEDGER"),
    ("name", "Rules", "LEDGER"),
    ("name", "Side", "LEDGER"),
    ("name", "Source", "LEDGER"),
    ("name", "State", "LEDGER"),
    ("name", "Statement", "LEDGER"),
    ("name", "Step", "LEDGER"),
    ("name", "Sum", "LEDGER"),
    ("name", "Table", "LEDGER"),
    ("name", "Tally", "LEDGER"),
    ("name", "Terms", "LEDGER"),
    ("name", "Told", "LEDGER"),
    ("name", "Wish", "LEDGER"),
    ("name", "World", "LEDGER"),
    ("room", "ledger::*", "LEDGER"),
    ("room", "simulator::*", "LEDGER"),
    ("circle", "php::*", "PHP"),
    ("function", "src/php/*", "PHP"),
    ("homeless", "php::*", "PHP"),
    ("name", "Core", "PHP"),
    ("name", "Counter", "PHP"),
    ("name", "Ended", "PHP"),
    ("name", "Held", "PHP"),
    ("name", "Kept", "PHP"),
    ("name", "Layout", "PHP"),
    ("name", "Place", "PHP"),
    ("name", "Report", "PHP"),
    ("name", "Row", "PHP"),
    ("room", "php::*", "PHP"),
    ("sql", "src/php/ledger/setup.rs", "PHP"),
];

/// Fails with each complaint that is not known.
pub(super) fn check(rule: &str, complaints: &[String]) {
    super::no_complaints(&unknown(rule, complaints));
}

/// Is it in the list, or begins with what a `*` stands behind?
pub(super) fn is_known(rule: &str, what: &str) -> bool {
    let is_of = |known: &str| match known.strip_suffix('*') {
        Some(start) => what.starts_with(start),
        None => what.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(": ")),
    };
    KNOWN.iter().any(|(of, known, _)| *of == rule && is_of(known))
}

fn unknown(rule: &str, complaints: &[String]) -> Vec<String> {
    complaints.iter().filter(|what| !is_known(rule, what)).map(|what| format!("{rule}: {what}")).collect()
}

#[test]
fn what_is_not_known_is_told() {
    assert_eq!(unknown("circle", &["a -> b".to_owned()]), ["circle: a -> b"]);
    let owners = ["CORE", "LEDGER", "PHP"];
    assert!(KNOWN.iter().all(|(rule, what, owner)| owners.contains(owner) && is_known(rule, what)));
}
