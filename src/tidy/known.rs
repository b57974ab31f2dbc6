//! What the rules of this folder complain about today: the list only shrinks.

#[rustfmt::skip]
/// A rule, and what it says or the part of it before a colon.
const KNOWN: &[(&str, &str)] = &[
    ("argument", "src/api/form.rs"),
    ("argument", "src/api/micropay.rs"),
    ("argument", "src/api/refund.rs"),
    ("argument", "src/api/refund_query.rs"),
    ("argument", "src/api/report.rs"),
    ("argument", "src/api/short_url.rs"),
    ("argument", "src/api/unified_order.rs"),
    ("argument", "src/gateway/settings.rs"),
    ("argument", "src/ledger/intents.rs"),
    ("argument", "src/ledger/ledger.rs"),
    ("argument", "src/model/client_sign.rs"),
    ("argument", "src/model/order_id.rs"),
    ("circle", "gateway::proxy -> gateway::settings"),
    ("circle", "ledger::sql::dialect::*"),
    ("circle", "simulator::bill::*"),
    ("circle", "simulator::calls::*"),
    ("circle", "simulator::control::*"),
    ("circle", "simulator::notice::*"),
    ("circle", "wire::v2::xml::*"),
    ("function", "src/bill/tests/writer.rs"),
    ("name", "Answer"),
    ("name", "Cell"),
    ("name", "Check"),
    ("name", "Clock"),
    ("name", "Core"),
    ("name", "Counter"),
    ("name", "Ended"),
    ("name", "Entry"),
    ("name", "Fingerprint"),
    ("name", "Kept"),
    ("name", "Kind"),
    ("name", "Layout"),
    ("name", "Line"),
    ("name", "Object"),
    ("name", "Pace"),
    ("name", "Payment"),
    ("name", "Place"),
    ("name", "Plan"),
    ("name", "Repeat"),
    ("name", "Report"),
    ("name", "Row"),
    ("name", "Rows"),
    ("name", "Source"),
    ("name", "State"),
    ("name", "Statement"),
    ("name", "Step"),
    ("name", "Table"),
    ("name", "Tally"),
    ("name", "Terms"),
    ("name", "Told"),
    ("room", "simulator::calls::download_bill names simulator::bill"),
    ("room", "simulator::calls::download_bill names simulator::bill::damage"),
    ("room", "simulator::calls::download_bill names simulator::bill::flows"),
    ("room", "simulator::calls::download_bill names simulator::bill::trades"),
    ("room", "simulator::gateway names simulator::calls"),
    ("room", "simulator::world names simulator::bill::damage"),
    ("room", "simulator::world names simulator::notice"),
    ("room", "wire::v3::certificates names wire::v2::key"),
    ("room", "wire::v3::resource names wire::v2::key"),
    ("sql", "src/ledger/simulation/disk.rs"),
    ("sql", "src/ledger/simulation/sqlite.rs"),
    ("sql", "src/php/ledger/setup.rs"),
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
    KNOWN.iter().any(|(of, known)| *of == rule && is_of(known))
}

fn unknown(rule: &str, complaints: &[String]) -> Vec<String> {
    complaints.iter().filter(|what| !is_known(rule, what)).map(|what| format!("{rule}: {what}")).collect()
}

#[test]
fn what_is_not_known_is_told() {
    assert_eq!(unknown("circle", &["a -> b".to_owned()]), ["circle: a -> b"]);
}
