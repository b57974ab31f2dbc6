//! Which files of the crate a file names.

use super::SourceFile;
use super::code::Code;
use std::collections::{BTreeMap, BTreeSet};

/// The files of the crate by the path of their module, `wire::xml`; `lib.rs` is the empty path.
pub(super) struct Crate<'a> {
    files: BTreeMap<Vec<String>, &'a SourceFile>,
}

impl<'a> Crate<'a> {
    pub fn of(sources: &'a [SourceFile]) -> Self {
        let files = sources.iter().filter(|s| !s.is_test() && !s.path.starts_with("src/bin/"));
        Crate { files: files.filter_map(|s| Some((module(&s.path)?, s))).collect() }
    }

    pub fn sources(&self) -> impl Iterator<Item = (&[String], &'a SourceFile)> {
        self.files.iter().map(|(module, source)| (module.as_slice(), *source))
    }

    /// The modules that a file names, itself left out. A file that only says `mod x;` does not name `x`.
    pub fn named_by(&self, module: &[String], source: &SourceFile) -> BTreeSet<Vec<String>> {
        let code = Code::untested(source).text;
        let mut names = self.children(module);
        let mut found = BTreeSet::new();
        for path in paths(&code) {
            let Some((path, is_whole)) = self.resolve(module, &names, &path) else { continue };
            if let Some(name) = path.last().filter(|_| is_whole) {
                names.entry(name.clone()).or_insert_with(|| path.clone());
            }
            found.insert(path);
        }
        found.remove(module);
        found
    }

    /// The modules below this one, by the names they have there.
    fn children(&self, module: &[String]) -> BTreeMap<String, Vec<String>> {
        let below = self.files.keys().filter(|m| m.len() == module.len() + 1 && m.starts_with(module));
        below.filter_map(|m| Some((m.last()?.clone(), m.clone()))).collect()
    }

    /// The longest part of a path that is a file, and whether that is all of it.
    fn resolve(
        &self,
        module: &[String],
        names: &BTreeMap<String, Vec<String>>,
        path: &[String],
    ) -> Option<(Vec<String>, bool)> {
        let climbs = path.iter().take_while(|name| *name == "super").count();
        let (first, rest) = path.split_first()?;
        let whole = match first.as_str() {
            "crate" => rest.to_vec(),
            "self" => [module, rest].concat(),
            "super" => [&module[..module.len().checked_sub(climbs)?], &path[climbs..]].concat(),
            name => [names.get(name)?.as_slice(), rest].concat(),
        };
        let length = (1..=whole.len()).rev().find(|length| self.files.contains_key(&whole[..*length]))?;
        Some((whole[..length].to_vec(), length == whole.len()))
    }
}

/// `wire::xml` of `src/wire/xml.rs`, and `wire` of `src/wire/mod.rs`.
fn module(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    Some(path.split('/').filter(|name| *name != "lib").map(str::to_owned).collect())
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every path of more than one name; a `{a, b::c}` list gives one for each.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut read = 0;
    for (at, _) in code.match_indices("::") {
        let before = code[..at].chars().rev().take_while(|c| is_name(*c)).map(char::len_utf8).sum::<usize>();
        if before > 0 && at - before >= read {
            read = code.len() - branches(&code[at - before..], &[], &mut found).len();
        }
    }
    found
}

/// Reads one branch of a path, and gives what follows it.
fn branches<'c>(code: &'c str, before: &[String], found: &mut Vec<Vec<String>>) -> &'c str {
    let code = code.trim_start();
    if let Some(list) = code.strip_prefix('{') {
        return branches_of_list(list, before, found);
    }
    let (name, rest) = code.split_at(code.find(|c| !is_name(c)).unwrap_or(code.len()));
    let path = [before, &[name.to_owned()]].concat();
    let goes_on = |rest: &&str| rest.starts_with(|c: char| is_name(c) || c == '{');
    if let Some(rest) = rest.strip_prefix("::").filter(goes_on) {
        return branches(rest, &path, found);
    }
    found.push(if matches!(name, "self" | "") { before.to_vec() } else { path });
    rest
}

fn branches_of_list<'c>(mut list: &'c str, before: &[String], found: &mut Vec<Vec<String>>) -> &'c str {
    loop {
        list = branches(list, before, found);
        let Some((at, end)) = list.char_indices().find(|(_, c)| matches!(c, ',' | '}')) else { return "" };
        list = &list[at + 1..];
        if end == '}' || list.trim_start().starts_with('}') {
            return list.trim_start().strip_prefix('}').filter(|_| end == ',').unwrap_or(list);
        }
    }
}

#[test]
fn each_path_of_a_list_is_read() {
    let read = |code: &str| paths(code).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        read("use crate::{a, b::{self, c as d,},\n e::*};"),
        ["crate::a", "crate::b", "crate::b::c", "crate::e"]
    );
    assert_eq!(
        read("use super::super::a; x(a::f::<T>(), b::C{ d: 1 })"),
        ["super::super::a", "a::f", "b::C"]
    );
    assert_eq!(read("use a::{b::{c, d}, e};"), ["a::b::c", "a::b::d", "a::e"]);
}

#[test]
fn names_of_other_files_are_found_however_they_are_written() {
    let source = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let sources = ["src/a/mod.rs", "src/a/b.rs", "src/a/b/c.rs", "src/d.rs", "src/a/tests.rs"]
        .map(|path| source(path, ""));
    let named = |path: &str, text: &str| {
        let named = Crate::of(&sources).named_by(&module(path).unwrap(), &source(path, text));
        named.iter().map(|path| path.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(named("src/a/b.rs", "mod c; use crate::d::X; use super::Y;"), ["a", "d"]);
    assert_eq!(named("src/a/b.rs", "mod c; pub use c::X;"), ["a::b::c"]);
    assert_eq!(named("src/a/b/c.rs", "use super::super::Y; // crate::d"), ["a"]);
    assert_eq!(named("src/d.rs", "use crate::a; fn x() { a::b::c::f() } use std::fmt;"), ["a", "a::b::c"]);
    assert_eq!(named("src/d.rs", "use self::X; use crate::d::Y; use crate::Order;"), Vec::<String>::new());
}
