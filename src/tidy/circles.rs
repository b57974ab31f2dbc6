//! No circle between files: who reads one file need not have read another that needs the first.

use super::paths::Crate;
use super::{SourceFile, no_complaints, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The files that each file names, by their modules: `wire::xml`.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn arrows(sources: &[SourceFile]) -> Arrows {
    let files = Crate::of(sources);
    let names =
        |module: &[String], source| files.named_by(module, source).iter().map(|m| m.join("::")).collect();
    files.sources().map(|(module, source)| (module.join("::"), names(module, source))).collect()
}

/// Everything that a file needs, directly or through others.
fn needs(arrows: &Arrows, file: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![file.to_owned()];
    while let Some(next) = open.pop() {
        open.extend(
            arrows.get(&next).into_iter().flatten().filter(|name| found.insert((*name).clone())).cloned(),
        );
    }
    found
}

/// Each arrow that is part of a circle: `wire::xml -> wire::fields`.
fn circles(arrows: &Arrows) -> Vec<String> {
    let needs: BTreeMap<&String, BTreeSet<String>> =
        arrows.keys().map(|file| (file, needs(arrows, file))).collect();
    let closes = |from: &String, to: &String| needs.get(to).is_some_and(|needed| needed.contains(from));
    let all = arrows.iter().flat_map(|(from, names)| names.iter().map(move |to| (from, to)));
    all.filter(|(from, to)| closes(from, to)).map(|(from, to)| format!("{from} -> {to}")).collect()
}

#[test]
fn no_files_need_each_other() {
    no_complaints(&circles(&arrows(&sources(&["src"], ".rs"))));
}

#[test]
fn a_circle_is_seen_directly_and_around_several() {
    let source = |(path, text): (&str, &str)| SourceFile { path: path.into(), text: text.into() };
    let found =
        |files: &[(&str, &str)]| circles(&arrows(&files.iter().map(|f| source(*f)).collect::<Vec<_>>()));
    let straight = [("src/a.rs", "use crate::b::B;"), ("src/b.rs", "use crate::c::C;"), ("src/c.rs", "")];
    assert_eq!(found(&straight), Vec::<String>::new());
    assert_eq!(found(&[straight[0], ("src/b.rs", "use crate::a::A;")]), ["a -> b", "b -> a"]);
    let around = [straight[0], straight[1], ("src/c.rs", "fn f() { crate::a::f() }")];
    assert_eq!(found(&around), ["a -> b", "b -> c", "c -> a"]);
    let in_tests = [straight[0], ("src/b.rs", "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n")];
    assert_eq!(found(&in_tests), Vec::<String>::new());
}
