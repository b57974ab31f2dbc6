//! The order of the rooms of a floor: the second part of a path.

use super::paths::Crate;
use super::{SourceFile, no_complaints, sources};

/// The rooms of each floor that has some, lowest first. A file that is in none stands where `*` does.
const ROOMS: [(&str, &[(&str, u32)]); 4] = [
    ("wire", &[("*", 1), ("v2", 2), ("v3", 2), ("words", 3)]),
    ("ledger", &[("*", 1), ("sql", 2), ("simulation", 3)]),
    (
        "php",
        &[
            ("engine", 1),
            ("values", 2),
            ("bills", 4),
            ("tools", 3),
            ("calls", 3),
            ("ledger", 5),
            ("classes", 6),
            ("module", 7),
        ],
    ),
    (
        "simulator",
        &[
            ("*", 1),
            ("notice", 2),
            ("world", 3),
            ("hub", 4),
            ("bill", 4),
            ("calls", 5),
            ("dispatcher", 5),
            ("v3", 6),
            ("gateway", 7),
            ("connection", 8),
            ("listener", 9),
            ("control", 9),
        ],
    ),
];

/// How high a file stands on its floor; none if the floor has no rooms or the file is in none.
fn level(module: &[String]) -> Option<u32> {
    let [floor, room, ..] = module else { return None };
    let (_, rooms) = ROOMS.iter().find(|(name, _)| name == floor)?;
    let of = |wanted: &str| rooms.iter().find(|(name, _)| *name == wanted).map(|(_, level)| *level);
    of(room).or_else(|| of("*"))
}

/// May the first name the second? What is on its own floor: its own room, and lower ones.
fn may_name(module: &[String], other: &[String]) -> bool {
    let (Some(own), Some(others)) = (level(module), level(other)) else { return true };
    let is_elsewhere = module.first() != other.first();
    let is_beside = own == others && is_loose(module) && is_loose(other);
    is_elsewhere || module.get(1) == other.get(1) || is_beside || others < own
}

/// Is the file in no room of its floor?
fn is_loose(module: &[String]) -> bool {
    let is_room = |(floor, rooms): &(&str, &[(&str, u32)])| {
        module.first().is_some_and(|name| name == floor)
            && rooms.iter().any(|(room, _)| module.get(1).is_some_and(|name| name == room))
    };
    !ROOMS.iter().any(is_room)
}

fn climbs(sources: &[SourceFile]) -> Vec<String> {
    let files = Crate::of(sources);
    let named = |(module, source)| {
        let others = files.named_by(module, source).into_iter().filter(move |other| !may_name(module, other));
        others.map(|other| format!("{} names {}", module.join("::"), other.join("::")))
    };
    files.sources().flat_map(named).collect()
}

/// Files that are in no room of a floor where each file must be in one.
fn homeless(sources: &[SourceFile]) -> Vec<String> {
    let files = Crate::of(sources);
    let is_homeless =
        |m: &&[String]| m.len() > 1 && ROOMS.iter().any(|(floor, _)| *floor == m[0]) && level(m).is_none();
    files.sources().map(|(module, _)| module).filter(is_homeless).map(|module| module.join("::")).collect()
}

#[test]
fn a_room_names_only_itself_and_lower_ones() {
    no_complaints(&climbs(&sources(&["src"], ".rs")));
}

#[test]
fn every_file_of_a_floor_with_rooms_is_in_one() {
    no_complaints(&homeless(&sources(&["src"], ".rs")));
}

#[test]
fn an_import_from_a_higher_room_is_seen() {
    let source = |(path, text): (&str, &str)| SourceFile { path: path.into(), text: text.into() };
    let lower =
        [("src/php/engine/value.rs", ""), ("src/php/values/order.rs", "use crate::php::engine::value::V;")];
    let with = |path: &str, text: &str| {
        let files = [lower[0], lower[1], (path, text)].map(source);
        (climbs(&files), homeless(&files))
    };
    let none = Vec::<String>::new;
    assert_eq!(with("src/php/calls/refund.rs", "use crate::php::values::order;"), (none(), none()));
    let climb = ["php::engine::x names php::values::order".to_owned()].to_vec();
    assert_eq!(with("src/php/engine/x.rs", "use crate::php::{values::order::Order};"), (climb, none()));
    assert_eq!(with("src/php/other.rs", ""), (none(), ["php::other".to_owned()].to_vec()));
    let v3 = source(("src/wire/v3/json.rs", "use crate::wire::{v2::xml, key};"));
    let files = [source(("src/wire/v2/xml.rs", "")), source(("src/wire/key.rs", "")), v3];
    assert_eq!(climbs(&files), ["wire::v3::json names wire::v2::xml"]);
}
