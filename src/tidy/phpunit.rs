//! PHPUnit 9.6 to 13 must run our tests: 9.6 reads annotations only, 12 and newer read attributes only, and what is
//! gone or final in one of them must not be used at all.

use super::{SourceFile, no_complaints, sources};

/// What PHPUnit 9.6 reads in a doc comment, where a name of ours must not stand without its attribute.
const ANNOTATIONS: [&str; 23] = [
    "after",
    "afterClass",
    "backupGlobals",
    "backupStaticAttributes",
    "before",
    "beforeClass",
    "covers",
    "coversNothing",
    "dataProvider",
    "depends",
    "doesNotPerformAssertions",
    "group",
    "large",
    "medium",
    "postCondition",
    "preCondition",
    "preserveGlobalState",
    "requires",
    "runInSeparateProcess",
    "small",
    "test",
    "testWith",
    "ticket",
];

/// Gone, deprecated or renamed in a PHPUnit or a PHP that we run on, and what to take instead.
const GONE: [(&str, &str); 15] = [
    ("$http_response_header", "Http::ask()"),
    ("PDO::MYSQL_", "Database::settings()"),
    ("PDO::PGSQL_", "Database::settings()"),
    ("PDO::SQLITE_", "Database::settings()"),
    ("->getProvidedData()[", "provided()"),
    ("->expectError(", "an error handler"),
    ("->expectWarning(", "an error handler"),
    ("->expectNotice(", "an error handler"),
    ("->expectDeprecation(", "an error handler"),
    ("->withConsecutive(", "a callback"),
    ("assertObjectHasAttribute(", "assertObjectHasProperty()"),
    ("assertEqualsCanonicalizing(", "Lists::assertSame()"),
    ("assertContainsOnly(", "assertSame() with array_filter()"),
    ("->setAccessible(", "nothing: it has had no effect since 8.1"),
    ("curl_close(", "nothing: it has had no effect since 8.0"),
];

/// Methods of TestCase that are final in one version or another.
const FINAL: [&str; 23] = [
    "any",
    "assertThat",
    "atLeast",
    "count",
    "dataName",
    "dataSetAsString",
    "exactly",
    "groups",
    "name",
    "nameWithDataSet",
    "never",
    "numberOfAssertionsPerformed",
    "once",
    "output",
    "providedData",
    "provides",
    "registerFailureType",
    "requires",
    "result",
    "size",
    "sortId",
    "status",
    "toString",
];

/// The tests, without the scripts that no PHPUnit sees.
fn tests() -> Vec<SourceFile> {
    let of_phpunit = |s: &SourceFile| s.path.ends_with("Test.php") || s.path.ends_with("TestCase.php");
    sources(&["php-tests"], ".php").into_iter().filter(of_phpunit).collect()
}

/// Each doc comment, and what stands between it and the body or the end of what it describes.
fn described(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("/**").skip(1).filter_map(|part| {
        let (comment, rest) = part.split_once("*/")?;
        Some((comment, rest.split('{').next().unwrap_or(rest)))
    })
}

/// What PHPUnit reads in a comment: name and argument.
fn annotations(comment: &str) -> Vec<(String, String)> {
    let words = comment.lines().flat_map(|line| line.split(" @").skip(1));
    words
        .filter_map(|words| {
            let mut words = words.split_whitespace();
            let name = words.next().filter(|name| ANNOTATIONS.contains(name))?;
            Some((name.to_owned(), words.next().unwrap_or("").to_owned()))
        })
        .collect()
}

/// The attributes of PHPUnit's in a head, by the annotation's name.
fn attributes(head: &str) -> Vec<(String, String)> {
    let found = head.split("#[").skip(1).filter_map(|attribute| {
        let (name, rest) = attribute.split_at(attribute.find(['(', ']'])?);
        let mut letters = name.chars();
        let name = letters.next()?.to_lowercase().chain(letters).collect::<String>();
        let argument = rest.trim_start_matches('(').trim_start_matches('\'').split('\'').next().unwrap_or("");
        let argument = if rest.starts_with('(') { argument } else { "" };
        Some((name, argument.to_owned()))
    });
    found.filter(|(name, _)| ANNOTATIONS.contains(&name.as_str())).collect()
}

/// What one file says to one PHPUnit and not to the other.
fn one_sided(source: &SourceFile) -> Vec<String> {
    let mut complaints = Vec::new();
    for (comment, head) in described(&source.text) {
        let (for_old, for_new) = (annotations(comment), attributes(head));
        let complain = |(name, of): &(String, String), other: &str| {
            complaint(source, &format!("@{name} {of} has no {other} beside it"))
        };
        complaints.extend(for_old.iter().filter(|a| !for_new.contains(a)).map(|a| complain(a, "attribute")));
        complaints.extend(for_new.iter().filter(|a| !for_old.contains(a)).map(|a| complain(a, "annotation")));
    }
    let under_comments = described(&source.text).flat_map(|(_, head)| attributes(head));
    let under_comments = under_comments.filter(|(name, _)| name == "dataProvider").count();
    if under_comments != source.text.matches("#[DataProvider(").count() {
        complaints.push(complaint(source, "an attribute has no comment above it"));
    }
    complaints
}

fn complaint(source: &SourceFile, what: &str) -> String {
    format!("{}: {what}", source.path)
}

/// Providers that are not `public static`; one that stands in a parent class is looked for everywhere.
fn bound_providers(source: &SourceFile, all: &[SourceFile]) -> Vec<String> {
    let names = described(&source.text).flat_map(|(_, head)| attributes(head));
    let names = names.filter(|(name, _)| name == "dataProvider").map(|(_, provider)| provider);
    let declared = |s: &SourceFile, name: &str| s.text.contains(&format!("function {name}("));
    let is_static = |s: &SourceFile, name: &str| s.text.contains(&format!("public static function {name}("));
    let is_right = |name: &String| {
        if declared(source, name) { is_static(source, name) } else { all.iter().any(|s| is_static(s, name)) }
    };
    names
        .filter(|name| !is_right(name))
        .map(|name| complaint(source, &format!("{name} is not static")))
        .collect()
}

/// What is gone, and methods whose names are taken.
fn misfits(source: &SourceFile) -> Vec<String> {
    let gone = GONE.iter().filter(|(word, _)| source.text.contains(word));
    let gone = gone.map(|(word, instead)| complaint(source, &format!("{word} is gone; take {instead}")));
    let taken = FINAL.iter().filter(|name| source.text.contains(&format!("function {name}(")));
    gone.chain(taken.map(|name| complaint(source, &format!("{name}() is final in PHPUnit")))).collect()
}

#[test]
fn what_is_said_to_one_phpunit_is_said_to_the_other() {
    no_complaints(&tests().iter().flat_map(one_sided).collect::<Vec<_>>());
}

#[test]
fn data_providers_are_public_and_static() {
    let all = tests();
    no_complaints(&all.iter().flat_map(|s| bound_providers(s, &all)).collect::<Vec<_>>());
}

#[test]
fn the_tests_use_nothing_that_a_newer_php_or_phpunit_has_not() {
    no_complaints(&tests().iter().flat_map(misfits).collect::<Vec<_>>());
    let helpers = sources(&["php-tests", "examples", "benches"], ".php");
    let gone = |s: &SourceFile| GONE.iter().take(4).any(|(word, _)| s.text.contains(word));
    no_complaints(&helpers.iter().filter(|s| gone(s)).map(|s| s.path.clone()).collect::<Vec<_>>());
}

#[test]
fn the_rules_for_phpunit_see_what_they_must() {
    let source = |text: &str| SourceFile { path: "php-tests/XTest.php".into(), text: text.into() };
    let both = source("/** @dataProvider a */\n#[DataProvider('a')]\npublic function testA(){}");
    assert!(one_sided(&both).is_empty());
    for wrong in [
        "/** @dataProvider a */\npublic function testA(){}",
        "/** Says. */\n#[DataProvider('a')]\npublic function testA(){}",
        "#[DataProvider('a')]\npublic function testA(){}",
        "/** @dataProvider a */\n#[DataProvider('b')]\npublic function testA(){}",
        "/**\n * @dataProvider a\n * @dataProvider b\n */\n#[DataProvider('a')]\npublic function testA(){}",
        "/** @group slow */\nfinal class X {",
        "/** @test */\npublic function it(){}",
        "/** @runInSeparateProcess */\npublic function testA(){}",
    ] {
        assert!(!one_sided(&source(wrong)).is_empty(), "{wrong}");
    }
    let provided = |how: &str| source(&format!("{}\n{how} function a(): array {{}}", both.text));
    assert!(bound_providers(&provided("public static"), &[]).is_empty());
    assert_eq!(bound_providers(&provided("public"), &[]).len(), 1);
    assert_eq!(bound_providers(&both, &[]).len(), 1, "declared nowhere");
    assert_eq!(misfits(&source("private static function name(int $at)")).len(), 1);
}
