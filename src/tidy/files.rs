//! A file is read in one sitting, and a room's files are seen at a glance.

use super::{SourceFile, no_complaints, php, product, rust, sources};
use std::collections::BTreeMap;

/// The longest file, in lines.
const MOST_LINES: usize = 500;
/// Half of the product's files have no more.
const MEDIAN_LINES: usize = 150;
/// The most files of one of the binding's rooms, or of one of their corners.
const MOST_FILES: usize = 12;

/// What this part of the numbers does not pass, in percent.
pub(super) fn share(numbers: &[usize], part: usize) -> usize {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let count = (sorted.len() * part).div_ceil(100);
    count.checked_sub(1).map_or(0, |last| sorted[last])
}

fn long(sources: &[SourceFile]) -> Vec<String> {
    let lines = sources.iter().map(|s| (&s.path, s.text.lines().count()));
    let long = lines.filter(|(_, lines)| *lines > MOST_LINES);
    long.map(|(path, lines)| format!("{path} has {lines} lines")).collect()
}

/// The files grow: half of them are longer than they were to be.
fn lengthy(sources: &[SourceFile]) -> Vec<String> {
    let lines: Vec<usize> = sources.iter().map(|s| s.untested().lines().count()).collect();
    let median = share(&lines, 50);
    let is_over = median > MEDIAN_LINES;
    is_over.then(|| format!("half of the files have {median} lines or more")).into_iter().collect()
}

/// The folders at the top two levels of one room that have too many files.
fn crowded(room: &str, sources: &[SourceFile]) -> Vec<String> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for (folder, _) in sources.iter().filter_map(|s| s.path.rsplit_once('/')) {
        let below = folder.strip_prefix(room).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        if below.is_some_and(|rest| rest.matches('/').count() < 2) {
            *folders.entry(folder).or_default() += 1;
        }
    }
    let crowded = folders.into_iter().filter(|(_, files)| *files > MOST_FILES);
    crowded.map(|(folder, files)| format!("{folder}: {files} files")).collect()
}

#[test]
fn no_file_is_longer_than_500_lines() {
    no_complaints(&[long(&rust()), long(&php())].concat());
}

#[test]
fn most_files_are_short() {
    no_complaints(&lengthy(&product()));
}

#[test]
fn no_folder_of_the_binding_has_more_than_12_files() {
    no_complaints(&crowded("src/php", &sources(&["src/php"], ".rs")));
}

#[test]
fn the_rules_for_files_see_what_they_must() {
    let file = |path: &str, lines: usize| SourceFile { path: path.into(), text: "a();\n".repeat(lines) };
    assert_eq!(long(&[file("src/a.rs", 500)]), Vec::<String>::new());
    assert_eq!(long(&[file("src/a.rs", 501)]), ["src/a.rs has 501 lines"]);

    let of = |lines: [usize; 3]| lengthy(&lines.map(|lines| file("src/a.rs", lines)));
    assert_eq!(of([1, 150, 500]), Vec::<String>::new());
    assert_eq!(of([1, 151, 151]), ["half of the files have 151 lines or more"]);

    let in_folder = |folder: &str, files| {
        let all: Vec<_> = (0..files).map(|at| file(&format!("{folder}/{at}.rs"), 1)).collect();
        crowded("src/php", &all)
    };
    assert_eq!(in_folder("src/php/calls", 12), Vec::<String>::new());
    for folder in ["src/php", "src/php/calls"] {
        assert_eq!(in_folder(folder, 13), [format!("{folder}: 13 files")]);
    }
    for other in ["src/php/calls/payment", "src/phpx", "src/wire"] {
        assert_eq!(in_folder(other, 13), Vec::<String>::new());
    }
}
