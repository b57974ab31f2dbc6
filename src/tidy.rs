//! Keeps the house in order: floors and rooms, circles, where PHP, SQL and `unsafe` may stand, sizes, names, finished work.

mod circles;
mod code;
mod comments;
mod files;
mod functions;
mod pages;
mod paths;
mod php_versions;
mod phpunit;
mod rooms;
mod types;
mod words;

use std::path::{Path, PathBuf};

/// The floors, lowest first. `api` stands on `gateway`, and `error` says what went wrong on the floors above
/// `model`; `clock` knows nobody.
const FLOORS: [(&str, u32); 11] = [
    ("clock", 5),
    ("wire", 10),
    ("model", 20),
    ("error", 25),
    ("bill", 28),
    ("gateway", 30),
    ("api", 31),
    ("notification", 35),
    ("scan_pay", 35),
    ("ledger", 40),
    ("php", 50),
];

/// A source file: where it is below the package, and its text.
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    /// The first part of the path below `src`: the module.
    fn module(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or("");
        below.split('/').next().unwrap_or("").trim_end_matches(".rs")
    }

    /// Is it the file of this module, `src/wire/xml`, or below it?
    fn is_in(&self, module: &str) -> bool {
        self.path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// Tests may also look at their own floor and at the calls that stand on it.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.contains("/fixtures")
    }

    /// The file without the tests at its end.
    fn untested(&self) -> &str {
        let end = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        &self.text[..end]
    }

    /// The lines that count: no comment, no text of a test at the end of the file.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.untested().lines().filter(|line| !line.trim_start().starts_with("//"))
    }

    /// The modules of this crate that it names.
    fn imports(&self) -> Vec<String> {
        let words = self.code().flat_map(|line| line.split("crate::").skip(1));
        words.flat_map(first_names).collect()
    }
}

/// `wire` of `wire::xml;`, and each of a `{a::b, c}` list.
fn first_names(path: &str) -> Vec<String> {
    let names = path.strip_prefix('{').map_or(path, |list| list.split('}').next().unwrap_or(list));
    let parts: Vec<&str> = if path.starts_with('{') { names.split(',').collect() } else { vec![names] };
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    parts.iter().map(|p| p.trim().split(ends).next().unwrap_or("").to_owned()).collect()
}

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// What is wrong with the imports of one file.
fn wrong_imports(source: &SourceFile) -> Vec<String> {
    let Some(own) = floor(source.module()) else { return Vec::new() };
    let allowed = |name: &str| {
        let Some(other) = floor(name) else { return false };
        name == source.module() || other < own || source.is_test() && other / 10 == own / 10
    };
    source.imports().into_iter().filter(|name| !allowed(name)).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Our own files with this ending, below these folders.
fn sources(folders: &[&str], ending: &str) -> Vec<SourceFile> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), ending, &mut found);
    }
    found
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<SourceFile>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if path.is_dir() && !matches!(name, "vendor" | "target" | "node_modules") {
            collect(&path, ending, found);
        } else if name.ends_with(ending) {
            let below = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(SourceFile { path: below, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

fn rust() -> Vec<SourceFile> {
    sources(&["src", "benches", "fuzz", "examples", "tests"], ".rs")
}

/// The crate's own code: no test, no rule of this folder.
fn product() -> Vec<SourceFile> {
    let is_product = |s: &SourceFile| !s.is_test() && s.module() != "tidy";
    sources(&["src"], ".rs").into_iter().filter(is_product).collect()
}

fn php() -> Vec<SourceFile> {
    sources(&["stubs", "php-tests", "examples", "demo", "benches", "bench", "docs"], ".php")
}

/// Fails with one line for each complaint.
fn no_complaints(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn a_file_imports_only_from_floors_below_its_own() {
    let complaints: Vec<String> = rust()
        .iter()
        .flat_map(|s| wrong_imports(s).into_iter().map(|name| format!("{} imports crate::{name}", s.path)))
        .collect();
    no_complaints(&complaints);
}

#[test]
fn every_module_of_the_crate_has_its_floor() {
    let known = |m: &str| floor(m).is_some() || matches!(m, "lib" | "tidy" | "simulator" | "bin");
    let strangers: Vec<String> =
        sources(&["src"], ".rs").iter().map(|s| s.module().to_owned()).filter(|m| !known(m)).collect();
    no_complaints(&strangers);
}

#[test]
fn the_simulator_imports_nothing_of_the_crate_so_that_it_judges_us() {
    let complaints: Vec<String> = rust()
        .iter()
        .filter(|s| s.module() == "simulator" && !s.is_test())
        .filter(|s| s.imports().iter().any(|name| name != "simulator"))
        .map(|s| s.path.clone())
        .collect();
    no_complaints(&complaints);
}

#[test]
fn nobody_reaches_out_of_his_module_by_climbing() {
    let climbs = ["super", "super", "super", ""].join("::");
    let complaints: Vec<String> = rust()
        .iter()
        .filter(|s| !s.is_test() && s.code().any(|line| line.contains(&climbs)))
        .map(|s| s.path.clone())
        .collect();
    no_complaints(&complaints);
}

#[test]
fn php_stands_on_its_own_floor_only() {
    let word = ["ext", "php", "rs"].join("_");
    let complaints: Vec<String> = rust()
        .iter()
        .filter(|s| !matches!(s.module(), "php" | "lib"))
        .filter(|s| s.code().any(|line| line.contains(&word)))
        .map(|s| s.path.clone())
        .collect();
    no_complaints(&complaints);
}

#[test]
fn unsafe_code_stands_on_the_floor_of_php_only() {
    let is_word =
        |line: &str| line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == "unsafe");
    let complaints: Vec<String> = sources(&["src"], ".rs")
        .iter()
        .filter(|s| !matches!(s.module(), "php" | "tidy"))
        .filter(|s| s.text.lines().any(is_word))
        .map(|s| s.path.clone())
        .collect();
    no_complaints(&complaints);
}

/// What runs PHP code, or stops and makes the engine's jumps.
const DOOR: [&str; 8] = [
    "ZendCallable",
    "try_call",
    "call_user_function",
    "zend_call_function",
    "zend_call_known",
    "try_catch",
    "bailout(",
    "run_handler",
];

#[test]
fn php_code_is_called_through_the_door_only() {
    let calls = |line: &str| DOOR.iter().any(|word| line.contains(word)) && !line.contains("fn ");
    let complaints: Vec<String> = sources(&["src/php"], ".rs")
        .iter()
        .filter(|s| s.path != "src/php/engine/guard/door.rs")
        .flat_map(|s| s.code().filter(|line| calls(line)).map(|line| format!("{}: {line}", s.path)))
        .collect();
    no_complaints(&complaints);
    let door = std::fs::read_to_string(root().join("src/php/engine/guard/door.rs")).unwrap();
    assert!(["ZendCallable", "try_call", "try_catch", "bailout("].iter().all(|word| door.contains(word)));
}

#[test]
fn no_file_speaks_of_unfinished_work() {
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["HA", "CK"], ["W", "IP:"]].map(|w| w.concat());
    let complaints: Vec<String> = rust()
        .iter()
        .chain(&php())
        .flat_map(|s| words.iter().filter(|w| s.text.contains(*w)).map(|w| format!("{}: {w}", s.path)))
        .collect();
    no_complaints(&complaints);
}

#[test]
fn the_rules_see_what_they_must() {
    let source = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let wrong = |path: &str, text: &str| wrong_imports(&source(path, text));
    assert_eq!(wrong("src/wire/xml.rs", "use crate::model::order::Order;"), ["model"]);
    assert_eq!(wrong("src/model/order.rs", "use crate::{wire::xml, gateway::client};"), ["gateway"]);
    assert_eq!(wrong("src/gateway/client.rs", "let x = crate::api::order_query::many();"), ["api"]);
    assert!(wrong("src/gateway/client/tests.rs", "use crate::api::order_query;").is_empty());
    assert!(
        wrong("src/api/order_query.rs", "use crate::gateway::client::Line;\nuse crate::error::Fault;")
            .is_empty()
    );
    assert_eq!(wrong("src/clock.rs", "use crate::wire::xml;"), ["wire"]);
    assert_eq!(wrong("src/model/x.rs", "use crate::Order;"), ["Order"], "a re-export would hide the floor");
    assert!(rust().len() > 30, "the files are found");
}
