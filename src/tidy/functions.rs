//! A function fits on a screen.

use super::code::Code;
use super::known::check;
use super::{SourceFile, rust};

/// The longest function, in lines.
const MOST_LINES: usize = 60;

/// Each function of a file with its lines, from its name to its closing bracket.
fn functions(source: &SourceFile) -> Vec<(String, usize)> {
    let code = Code::whole(source).text;
    let starts = code
        .match_indices("fn ")
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    starts
        .filter_map(|(at, _)| {
            let name = code[at + 3..].split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
            Some((name.to_owned(), body(&code[at..])?.lines().count())).filter(|_| !name.is_empty())
        })
        .collect()
}

/// The text as far as the bracket that closes its body; none if there is no body.
fn body(code: &str) -> Option<&str> {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        match c {
            ';' if depth == 0 => return None,
            '}' if depth == 0 => return Some(&code[..=at]),
            _ => {}
        }
    }
    None
}

fn long(sources: &[SourceFile]) -> Vec<String> {
    let of = |s: &SourceFile| {
        functions(s).into_iter().map(|(name, lines)| (s.path.clone(), name, lines)).collect::<Vec<_>>()
    };
    let long = sources.iter().flat_map(of).filter(|(.., lines)| *lines > MOST_LINES);
    long.map(|(path, name, lines)| format!("{path}: {name} has {lines} lines")).collect()
}

#[test]
fn no_function_is_longer_than_60_lines() {
    check("function", &long(&rust()));
}

#[test]
fn a_long_function_is_seen() {
    let function = |lines: usize| {
        format!(
            "trait T {{\n    fn none();\n}}\n\n    fn x(y: [u8; 2]) {{\n{}    }}\n",
            "a({ '}' });\n".repeat(lines - 2)
        )
    };
    let found = |lines| long(&[SourceFile { path: "src/x.rs".into(), text: function(lines) }]);
    assert_eq!(found(60), Vec::<String>::new());
    assert_eq!(found(61), ["src/x.rs: x has 61 lines"]);
}
