//! A type's name stands once in the crate, so that it means one thing.

use super::code::Code;
use super::{SourceFile, no_complaints, sources};
use std::collections::BTreeMap;

/// The types that a file declares: structs, enums, traits and aliases; not those inside of functions, traits and blocks.
fn types(source: &SourceFile) -> Vec<String> {
    let code = Code::untested(source).text;
    let declared = code.lines().filter_map(|line| {
        let line = line
            .split_once("pub(")
            .and_then(|(_, rest)| rest.split_once(") "))
            .map_or(line, |(_, rest)| rest);
        let mut words = line.trim_start_matches("pub ").trim_start_matches("unsafe ").split(' ');
        let is_type = matches!(words.next()?, "struct" | "enum" | "trait" | "type" | "union");
        let name = words.next().filter(|_| is_type && !line.starts_with(' '))?;
        name.split(|c: char| !c.is_alphanumeric()).next()
    });
    declared.map(str::to_owned).collect()
}

/// The names that stand in several places, each with its files.
fn repeated(sources: &[SourceFile]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|s| !s.is_test()) {
        for name in types(source) {
            places.entry(name).or_default().push(&source.path);
        }
    }
    let repeated = places.into_iter().filter(|(_, files)| files.len() > 1);
    repeated.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect()
}

#[test]
fn no_two_types_have_one_name() {
    no_complaints(&repeated(&sources(&["src"], ".rs")));
}

#[test]
fn a_name_that_stands_twice_is_seen() {
    let found = |texts: &[&str]| {
        let source =
            |(at, text): (usize, &&str)| SourceFile { path: format!("src/{at}.rs"), text: (*text).into() };
        repeated(&texts.iter().enumerate().map(source).collect::<Vec<_>>())
    };
    let line = "pub struct Line {\n    a: u8,\n}\n";
    for twin in
        ["enum Line<T> {}", "pub(crate) trait Line: Send {}", "pub type Line = u8;", "struct Line(u8);"]
    {
        assert_eq!(found(&[line, twin]), ["Line: src/0.rs, src/1.rs"], "{twin}");
    }
    for other in [
        "impl X {\n    type Line = u8;\n}",
        "struct Lines;",
        "#[cfg(test)]\nmod tests {\nstruct Line;\n}",
        "// struct Line;",
    ] {
        assert_eq!(found(&[line, other]), Vec::<String>::new(), "{other}");
    }
}
