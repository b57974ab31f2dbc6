//! Rust as the rules read it: code without its comments, tests and texts, and the texts by themselves.

use super::SourceFile;

/// What the compiler would see of a file, as far as the rules need it.
pub(super) struct Code {
    /// The code on its own lines; each text is empty, each character a blank.
    pub text: String,
    /// Each text of the code: what stands between its quotes.
    pub literals: Vec<String>,
}

impl Code {
    /// The whole file, tests included.
    pub fn whole(source: &SourceFile) -> Self {
        read(&source.text)
    }

    /// The file without the tests at its end.
    pub fn untested(source: &SourceFile) -> Self {
        read(source.untested())
    }
}

/// Splits code from comments and texts, byte by byte.
fn read(text: &str) -> Code {
    let mut code = Code { text: String::new(), literals: Vec::new() };
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let taken = comment(rest).or_else(|| literal(rest, &mut code)).or_else(|| character(rest));
        let (length, stays) = taken.unwrap_or((next.len_utf8(), None));
        match stays {
            Some(stays) => code.text.push_str(stays),
            None if taken.is_none() => code.text.push(next),
            None => {}
        }
        code.text.extend(rest[..length].matches('\n').filter(|_| taken.is_some()));
        rest = &rest[length..];
    }
    code
}

/// What was read: how many bytes, and what stays of them in the code.
type Taken = (usize, Option<&'static str>);

fn comment(rest: &str) -> Option<Taken> {
    rest.starts_with("//").then(|| (rest.find('\n').unwrap_or(rest.len()), None))
}

/// A text, plain or raw; the letter before its quote stays in the code.
fn literal(rest: &str, code: &mut Code) -> Option<Taken> {
    let is_word = code.text.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let raw = rest.strip_prefix('r').filter(|_| !is_word || code.text.ends_with(['b', 'c']));
    let hashes = raw.map_or(0, |after| after.len() - after.trim_start_matches('#').len());
    let start = if raw.is_some() { 1 + hashes } else { 0 };
    let inside = rest.get(start..)?.strip_prefix('"')?;
    let length = match raw {
        Some(_) => inside.find(&format!("\"{}", "#".repeat(hashes)))?,
        None => unescaped(inside, '"')?,
    };
    code.literals.push(inside[..length].to_owned());
    Some((start + 1 + length + 1 + hashes, Some("\"\"")))
}

/// Where the closing quote stands that no backslash hides.
fn unescaped(inside: &str, quote: char) -> Option<usize> {
    let mut is_hidden = false;
    inside.find(|c| {
        let ends = c == quote && !is_hidden;
        is_hidden = c == '\\' && !is_hidden;
        ends
    })
}

/// A character; a lifetime has no second quote.
fn character(rest: &str) -> Option<Taken> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let length = if first == '\\' { unescaped(inside, '\'')? } else { first.len_utf8() };
    inside[length..].starts_with('\'').then_some((length + 2, Some(" ")))
}

#[test]
fn code_is_told_from_comments_texts_and_characters() {
    let code = |text: &str| Code::untested(&SourceFile { path: String::new(), text: text.to_owned() });
    for (text, left, literals) in [
        ("a // b \"c\"\nd", "a \nd", vec![]),
        (r#"f("a{b\"c", 'x')"#, r#"f("",  )"#, vec![r#"a{b\"c"#]),
        (r##"br#"a"b"# r"c\" r#type"##, "b\"\" \"\" r#type", vec!["a\"b", "c\\"]),
        ("&'a str '\\'' '\"' b'{'", "&'a str     b ", vec![]),
        ("x(\"a\nb\")", "x(\"\"\n)", vec!["a\nb"]),
        ("a\n#[cfg(test)]\nmod tests {\n    b\n}\n", "a\n", vec![]),
    ] {
        let code = code(text);
        assert_eq!(
            (code.text.as_str(), code.literals),
            (left, literals.into_iter().map(str::to_owned).collect())
        );
    }
}
