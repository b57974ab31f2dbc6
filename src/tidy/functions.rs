//! A function fits on a screen, and most of them are a few lines.

use super::code::Code;
use super::files::share;
use super::{SourceFile, no_complaints, product, rust};

/// The longest function, in lines.
const MOST_LINES: usize = 60;
/// Every other function of the product is no longer.
const MEDIAN_LINES: usize = 6;
/// Nine of ten are no longer.
const USUAL_LINES: usize = 17;

/// Each function of a file's code with its lines, from its name to its closing bracket.
fn functions(code: &Code) -> Vec<(String, usize)> {
    let code = &code.text;
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
        functions(&Code::whole(s))
            .into_iter()
            .map(|(name, lines)| (s.path.clone(), name, lines))
            .collect::<Vec<_>>()
    };
    let long = sources.iter().flat_map(of).filter(|(.., lines)| *lines > MOST_LINES);
    long.map(|(path, name, lines)| format!("{path}: {name} has {lines} lines")).collect()
}

/// The product's functions are longer than they were to be.
fn lengthy(sources: &[SourceFile]) -> Vec<String> {
    let lines = sources.iter().flat_map(|s| functions(&Code::untested(s))).map(|(_, lines)| lines);
    let lines: Vec<usize> = lines.collect();
    let bars = [(50, MEDIAN_LINES), (90, USUAL_LINES)].map(|(part, most)| (part, share(&lines, part), most));
    let over = bars.into_iter().filter(|(_, lines, most)| lines > most);
    over.map(|(part, lines, most)| format!("{part} % of the functions have up to {lines} lines, not {most}"))
        .collect()
}

#[test]
fn most_functions_are_a_few_lines() {
    no_complaints(&lengthy(&product()));
}

#[test]
fn many_long_functions_are_seen() {
    let function = |lines: usize| format!("fn x() {{\n{}}}\n", "a();\n".repeat(lines - 2));
    let found = |text: String| lengthy(&[SourceFile { path: "src/x.rs".into(), text }]);
    assert_eq!(found(function(6).repeat(9) + &function(60)), Vec::<String>::new());
    assert_eq!(found(function(7).repeat(10)), ["50 % of the functions have up to 7 lines, not 6"]);
    assert_eq!(
        found(function(6).repeat(8) + &function(18).repeat(2)),
        ["90 % of the functions have up to 18 lines, not 17"]
    );
}

#[test]
fn no_function_is_longer_than_60_lines() {
    no_complaints(&long(&rust()));
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
