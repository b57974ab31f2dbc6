//! The pages of the documentation: what refers to one finds it, and Chinese reads as Chinese.

use super::{SourceFile, no_complaints, root, sources};
use std::path::Path;

/// Pages that quote the paths of other projects.
const QUOTING: [&str; 2] = ["docs/protocol.md", "docs/protocol-v3.md"];

/// Everything that may speak of a page.
fn speakers() -> Vec<SourceFile> {
    let code = sources(&["src", "tests", "benches", "fuzz", "build", "php-tests", "examples"], ".rs");
    let php = sources(&["php-tests", "examples", "benches", "tools", "stubs"], ".php");
    let scripts =
        ["tools/setup.sh", "tools/php", "tools/bare", "tools/first-steps", "tools/install.sh", "Makefile"];
    let scripts = scripts.map(|path| read(path.to_owned()));
    code.into_iter()
        .chain(php)
        .chain(scripts)
        .chain(pages())
        .filter(|s| s.path != "src/tidy/pages.rs")
        .collect()
}

/// The pages themselves, in both languages.
fn pages() -> Vec<SourceFile> {
    let top =
        std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let top = top.filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "md")).map(read);
    top.chain(sources(&["docs"], ".md")).collect()
}

fn read(path: String) -> SourceFile {
    let text = std::fs::read_to_string(root().join(&path)).unwrap();
    SourceFile { path, text }
}

/// A page by its name, and the chapter or row that is meant, if one is named: `protocol.md A.5`.
fn references(text: &str) -> Vec<(String, Option<String>)> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let is_end = |at: usize| !text[at + 3..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let pages = text.match_indices(".md").filter(|(at, _)| is_end(*at)).map(|(at, _)| {
        let name = text[..at].chars().rev().take_while(|c| is_path(*c)).count();
        (at - name, at + 3)
    });
    let is_made = |from: usize| text[..from].ends_with(['$', '*', '}', '{']);
    pages
        .filter(|(from, _)| !is_made(*from))
        .map(|(from, to)| (text[from..to].trim_start_matches('/').to_owned(), chapter(&text[to..])))
        .filter(|(page, _)| {
            !["", "-", "."].contains(&page.trim_end_matches(".md").trim_end_matches(".zh-CN"))
        })
        .filter(|(page, _)| !page.starts_with("target/"))
        .collect()
}

/// ` A.5`, ` 2.10`, ` P15` behind the name of a page; a lone letter is a word.
fn chapter(after: &str) -> Option<String> {
    let word = after.strip_prefix(' ')?.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).next()?;
    let word = word.trim_end_matches('.');
    let number = word.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(word);
    let is_number =
        number.chars().any(|c| c.is_ascii_digit()) && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_number.then(|| word.to_owned())
}

/// Does the page have this chapter, or a row of this name?
fn has_chapter(page: &str, chapter: &str) -> bool {
    page.lines().any(|line| {
        let heading = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim_start());
        let named = heading.or(line.strip_prefix("| ")).unwrap_or("");
        named.split([' ', ':']).next().is_some_and(|word| word.trim_end_matches('.') == chapter)
    })
}

/// The references of a file that lead nowhere.
fn lost(source: &SourceFile) -> Vec<String> {
    let beside = Path::new(&source.path).parent().unwrap_or(Path::new("")).to_owned();
    let find = |page: &str| {
        let places = [root().join(page), root().join("docs").join(page), root().join(&beside).join(page)];
        places.iter().find_map(|place| std::fs::read_to_string(place).ok())
    };
    let is_lost = |(page, chapter): &(String, Option<String>)| match (find(page), chapter) {
        (None, _) => true,
        (Some(text), Some(chapter)) => !has_chapter(&text, chapter),
        (Some(_), None) => false,
    };
    let references = references(&source.text).into_iter().filter(is_lost);
    references
        .map(|(page, chapter)| format!("{}: {page} {}", source.path, chapter.unwrap_or_default()))
        .collect()
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// Does something new begin here: a table, a list, a heading, code, a gap?
fn is_block(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("```")
        || line.starts_with(|c: char| "#|-*>".contains(c) || c.is_ascii_digit())
}

/// Lines that end in the middle of a Chinese sentence: Markdown makes a blank of the break.
fn broken_lines(page: &SourceFile) -> Vec<String> {
    let ends = |line: &str| line.is_empty() || line.starts_with(['|', '#']) || line.starts_with("```");
    let mut in_code = false;
    let mut found = Vec::new();
    for (line, next) in page.text.lines().zip(page.text.lines().skip(1)) {
        in_code ^= line.starts_with("```");
        let goes_on = next.trim_start().starts_with(is_chinese) || line.ends_with(is_chinese);
        if !in_code && !ends(line) && !is_block(next) && goes_on {
            found.push(format!("{}: \"{line}\" goes on in the next line", page.path));
        }
    }
    found
}

#[test]
fn every_reference_to_a_page_finds_the_page_and_its_chapter() {
    let speakers = speakers();
    assert!(speakers.len() > 300, "the files are found");
    let complaints: Vec<String> =
        speakers.iter().filter(|s| !QUOTING.contains(&s.path.as_str())).flat_map(lost).collect();
    no_complaints(&complaints);
}

#[test]
fn no_chinese_sentence_is_broken_over_two_lines() {
    let chinese = pages().into_iter().filter(|page| page.path.ends_with(".zh-CN.md"));
    let complaints: Vec<String> = chinese.flat_map(|page| broken_lines(&page)).collect();
    no_complaints(&complaints);
}

#[test]
fn the_rules_for_pages_see_what_they_must() {
    let source = |text: &str| SourceFile { path: "src/x.rs".into(), text: text.into() };
    for good in [
        "docs/protocol.md A.5, C.1",
        "decisions.md 2.10).",
        "README.md says so",
        "faults.md P15-P28",
        "{name}.md",
    ] {
        assert_eq!(lost(&source(good)), Vec::<String>::new(), "{good}");
    }
    for bad in ["docs/nowhere.md", "protocol.md Z.9", "(decisions.md 77.1)", "faults.md N999", "[x](../x.md)"]
    {
        assert_eq!(lost(&source(bad)).len(), 1, "{bad}");
    }
    for bad in ["一句话在这里\n断开了。", "一句话，\n`code` 之后", "- 一项\n  还没完。"]
    {
        assert_eq!(broken_lines(&source(bad)).len(), 1, "{bad}");
    }
    for good in
        ["一句话。\n\n另一句。", "- 一项。\n- 另一项。", "```\n一\n二\n```", "| 一 |\n| 二 |", "## 标题\n"]
    {
        assert!(broken_lines(&source(good)).is_empty(), "{good}");
    }
}
