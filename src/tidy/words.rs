//! Words that stand in one room only: SQL in the ledger's, PHP's names of arguments in the binding.

use super::code::Code;
use super::known::check;
use super::{SourceFile, sources};

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

/// The files outside of one room, tests and this one left out.
fn outside(room: &str) -> Vec<SourceFile> {
    let is_outside = |s: &SourceFile| !s.path.starts_with(room) && !s.is_test() && s.module() != "tidy";
    sources(&["src"], ".rs").into_iter().filter(is_outside).collect()
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
    check("sql", &outside("src/ledger/sql/").iter().flat_map(sql).collect::<Vec<_>>());
}

#[test]
fn phps_names_stand_in_the_binding_only() {
    let core = outside("src/php/").into_iter().filter(|s| !matches!(s.module(), "simulator" | "bin"));
    check("argument", &core.flat_map(|s| arguments(&s)).collect::<Vec<_>>());
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
