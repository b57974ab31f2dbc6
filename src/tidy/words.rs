//! Words that stand in one room only: SQL in the ledger's, PHP's names of arguments in the binding.

use super::code::Code;
use super::{SourceFile, no_complaints, sources};

/// What makes a text SQL.
const SQL: [&str; 13] = [
    "SELECT ",
    "INSERT INTO ",
    "INSERT IGNORE ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE",
    "CREATE INDEX",
    "ALTER TABLE",
    "DROP TABLE",
    "SAVEPOINT",
    "PRAGMA ",
    "BEGIN",
    "ROLLBACK",
];

/// WeChat's own words, which its page scripts and its apps want in this form.
const OF_WECHAT: [&str; 6] = ["appId", "timeStamp", "nonceStr", "signType", "paySign", "prepayId"];

/// The files outside of one room, tests left out.
fn outside(room: &str) -> Vec<SourceFile> {
    let mut sources = sources(&["src"], ".rs");
    let tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    sources.retain(|s| !s.path.starts_with(room) && !s.is_test() && !tests.iter().any(|t| s.is_in(t)));
    sources
}

/// The modules that a file declares for tests only, each as the path of its file without the ending: what they hold
/// is in no product. So the simulation of the ledger may have SQL of its own, for the shop's table and for what its
/// checks read behind the ledger's back.
fn test_modules(source: &SourceFile) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let folder = ["/mod", "/lib"].iter().find_map(|name| stem.strip_suffix(name)).unwrap_or(stem);
    let declared = source.text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
        let name = rest.lines().next()?.strip_suffix(';')?.rsplit_once("mod ")?.1;
        Some(format!("{folder}/{name}"))
    });
    declared.collect()
}

fn told(source: &SourceFile, is_told: impl Fn(&str) -> bool) -> Vec<String> {
    let literals = Code::untested(source).literals;
    literals
        .into_iter()
        .filter(|text| is_told(text))
        .map(|text| format!("{}: \"{text}\"", source.path))
        .collect()
}

fn sql(source: &SourceFile) -> Vec<String> {
    told(source, |text| SQL.iter().any(|word| text.trim_start().starts_with(word)))
}

/// `outTradeNo` as a whole text, behind a `$`, or in brackets: `merchant (subAppid)`.
fn arguments(source: &SourceFile) -> Vec<String> {
    let is_camel = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.contains(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
            && !OF_WECHAT.contains(&word)
    };
    let named = |text: &str| {
        text.split(['$', '(']).skip(1).any(|rest| is_camel(rest.split([' ', ')', ',']).next().unwrap_or("")))
    };
    told(source, |text| is_camel(text) || named(text))
}

#[test]
fn sql_stands_in_its_own_room_only() {
    no_complaints(&outside("src/ledger/sql/").iter().flat_map(sql).collect::<Vec<_>>());
}

#[test]
fn phps_names_stand_in_the_binding_only() {
    let core = outside("src/php/").into_iter().filter(|s| !matches!(s.module(), "simulator" | "bin"));
    no_complaints(&core.flat_map(|s| arguments(&s)).collect::<Vec<_>>());
}

#[test]
fn modules_for_tests_only_are_told_from_others() {
    let found = |path: &str, text: &str| test_modules(&SourceFile { path: path.into(), text: text.into() });
    assert_eq!(found("src/a/mod.rs", "mod b;\n\n#[cfg(test)]\npub(crate) mod c;\n"), ["src/a/c"]);
    assert_eq!(found("src/lib.rs", "#[cfg(test)]\nmod a;\n#[cfg(php)]\nmod b;\n"), ["src/a"]);
    assert_eq!(found("src/a.rs", "#[cfg(test)]\nfn b();\n#[cfg(test)]\nmod tests {}"), [""; 0]);
    assert!(
        found("src/ledger/mod.rs", include_str!("../ledger/mod.rs"))
            .contains(&"src/ledger/simulation".into())
    );
    let source = |path: &str| SourceFile { path: path.into(), text: String::new() };
    assert!(source("src/a/b.rs").is_in("src/a/b") && source("src/a/b/c.rs").is_in("src/a/b"));
    assert!(!source("src/a/bc.rs").is_in("src/a/b"));
}

#[test]
fn a_word_in_the_wrong_room_is_seen() {
    let source = |text: &str| SourceFile { path: "src/x.rs".into(), text: text.into() };
    assert_eq!(sql(&source("run(\"SELECT 1\")")), ["src/x.rs: \"SELECT 1\""]);
    assert_eq!(sql(&source("// SELECT 1\nrun(\"Select a case\")")), Vec::<String>::new());
    assert_eq!(arguments(&source("bad(\"to $totalFee\")")), ["src/x.rs: \"to $totalFee\""]);
    assert_eq!(arguments(&source("bad(\"outTradeNo\")")), ["src/x.rs: \"outTradeNo\""]);
    assert_eq!(
        arguments(&source("bad(\"out_trade_no\", \"paySign\", \"JSAPI\") // outTradeNo")),
        Vec::<String>::new()
    );
}
