//! What the rules of this folder complain about today: the list only shrinks.

#[rustfmt::skip]
/// A rule, and what it says or the part of it before a colon.
const KNOWN: &[(&str, &str)] = &[
    ("circle", "simulator::notice::*"),
    ("room", "simulator::connection names simulator::gateway"),
    ("room", "simulator::world names simulator::bill::damage"),
    ("room", "simulator::world names simulator::notice"),
];

/// Fails with each complaint that is not known, and with each known one that is over.
pub(super) fn check(rule: &str, complaints: &[String]) {
    super::no_complaints(&[unknown(rule, complaints), over(rule, complaints)].concat());
}

/// What nobody complains about any more.
fn over(rule: &str, complaints: &[String]) -> Vec<String> {
    let known = KNOWN.iter().filter(|(of, _)| *of == rule);
    let gone = known.filter(|(_, what)| !complaints.iter().any(|complaint| begins(complaint, what)));
    gone.map(|(_, what)| format!("{rule}: {what} is over, take it from the list")).collect()
}

/// Is it in the list, or begins with what a `*` stands behind?
pub(super) fn is_known(rule: &str, what: &str) -> bool {
    KNOWN.iter().any(|(of, known)| *of == rule && begins(what, known))
}

fn begins(what: &str, known: &str) -> bool {
    match known.strip_suffix('*') {
        Some(start) => what.starts_with(start),
        None => what.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(": ")),
    }
}

fn unknown(rule: &str, complaints: &[String]) -> Vec<String> {
    complaints.iter().filter(|what| !is_known(rule, what)).map(|what| format!("{rule}: {what}")).collect()
}

#[test]
fn what_is_not_known_is_told() {
    assert_eq!(unknown("circle", &["a -> b".to_owned()]), ["circle: a -> b"]);
}

#[test]
fn what_is_over_is_told() {
    let complaints: Vec<String> = KNOWN.iter().map(|(_, what)| what.replace('*', "a")).collect();
    let circles = KNOWN.iter().filter(|(rule, _)| *rule == "circle").count();
    assert_eq!(over("circle", &complaints), Vec::<String>::new());
    assert_eq!(over("circle", &[]).len(), circles);
}
