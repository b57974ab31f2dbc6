//! Doc comments are wrapped by somebody who reads them: no word stands alone on a line.

use super::{SourceFile, no_complaints, rust, sources};

/// What begins a line of a doc comment.
const MARKS: [&str; 3] = ["/// ", "//! ", "* "];

/// The text of a line of a doc comment.
fn text(line: &str) -> Option<&str> {
    let line = line.trim();
    MARKS.iter().find_map(|mark| line.strip_prefix(mark)).map(str::trim)
}

/// Does a line begin something of its own: a tag, a list, a table, code?
fn begins(text: &str) -> bool {
    text.starts_with(['@', '-', '|']) || text.starts_with("```")
}

/// Lines of one word that go on with a paragraph, and lines of two short ones in the middle of it: somebody has wrapped
/// wrapped lines.
fn leftovers(source: &SourceFile) -> Vec<String> {
    let lines: Vec<Option<&str>> = source.text.lines().map(text).collect();
    let mut is_code = false;
    let mut found = Vec::new();
    for window in lines.windows(3) {
        let [before, Some(line), after] = window else { continue };
        is_code ^= line.starts_with("```");
        let words = line.split_whitespace().count();
        let in_paragraph = before.is_some_and(|text| !text.starts_with("```")) && !begins(line);
        let goes_on = after.is_some_and(|text| !begins(text) && !text.starts_with('`'));
        let is_short = words == 1 || words == 2 && line.len() < 18 && goes_on;
        if in_paragraph && is_short && !is_code {
            found.push(format!("{}: \"{line}\" stands alone", source.path));
        }
    }
    found
}

#[test]
fn no_word_stands_alone_in_a_doc_comment() {
    let stubs = sources(&["stubs"], ".php");
    let complaints: Vec<String> = stubs.iter().chain(&rust()).flat_map(leftovers).collect();
    no_complaints(&complaints);
}

#[test]
fn the_rule_for_comments_sees_what_it_must() {
    let found = |text: &str| leftovers(&SourceFile { path: String::new(), text: text.to_owned() }).len();
    for bad in [
        "/**\n * A service that\n * lives\n * in the shop's database.\n */",
        "/**\n * A service that lives in the shop's\n * database.\n */",
        "/// A trait that the shop's database\n/// has.\nfn x() {}",
        "//! What the whole crate is\n//! for.\n\nmod x;",
        "/// One that is broken\n/// too soon\n/// in the middle.\n",
    ] {
        assert_eq!(found(bad), 1, "{bad}");
    }
    for good in [
        "/// Word.\nfn x() {}\n",
        "/// A sentence.\n///\n/// Word.\n///\n/// Another one.\n",
        "/**\n * A list:\n * - one\n * @return int\n */",
        "/// Code:\n/// ```\n/// word\n/// ```\n",
    ] {
        assert_eq!(found(good), 0, "{good}");
    }
}
