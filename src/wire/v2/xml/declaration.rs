//! The declaration in front of a document.

use super::characters::is_blank;

/// The name of a pseudo attribute, and whether a value is right for it.
type PseudoAttribute = (&'static str, fn(&str) -> bool);

/// `xml version="1.0"`, then `encoding="UTF-8"` and `standalone="yes|no"` if they are there, in this order.
pub fn is_plain_declaration(declaration: &str) -> bool {
    let Some(mut rest) = declaration.strip_prefix("xml") else { return false };
    let accepted: [PseudoAttribute; 3] = [
        ("version", |v| v == "1.0"),
        ("encoding", |v| v.eq_ignore_ascii_case("utf-8")),
        ("standalone", |v| v == "yes" || v == "no"),
    ];
    for (name, is_right) in accepted {
        match pseudo_attribute(rest, name) {
            Some((value, after)) if is_right(value) => rest = after,
            None if name != "version" => {}
            _ => return false,
        }
    }
    is_blank(rest)
}

fn pseudo_attribute<'a>(rest: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let blanks = [' ', '\t', '\n'];
    let after_name = rest.strip_prefix(blanks)?.trim_start_matches(blanks).strip_prefix(name)?;
    let after_equals = after_name.trim_start_matches(blanks).strip_prefix('=')?.trim_start_matches(blanks);
    let quote = after_equals.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    after_equals.get(1..)?.split_once(quote)
}
