//! Why is this sign wrong? A text for people who debug an integration; it never shows a key or a whole digest.

use super::sign::{SignType, sign, takes_part};
use crate::wire::hex::hex;
use crate::wire::key::Key;
use md5::{Digest, Md5};
use std::fmt::Write;

/// A field as it was given: name and text, any bytes.
pub type BytePair<'a> = (&'a [u8], &'a [u8]);

/// What is explained.
#[derive(Debug, Clone, Copy)]
pub struct Explanation<'a> {
    /// The fields, in the order in which they were given; `sign` among them if there is one.
    pub fields: &'a [BytePair<'a>],
    /// The key.
    pub key: &'a Key,
    /// The algorithm that should have been used.
    pub sign_type: SignType,
    /// The key before.
    pub previous_key: Option<&'a Key>,
}

/// How many characters of a computed digest are shown.
const SHOWN: usize = 6;

/// Explains: the canonical string with the key masked, what takes part and what does not, the digests' first
/// characters, and the usual mistake that would have made the received sign.
pub fn explain(question: &Explanation<'_>) -> String {
    let mut sorted = question.fields.to_vec();
    sorted.sort_by_key(|(name, _)| *name);
    let received =
        sorted.iter().find(|(name, _)| *name == b"sign").map(|(_, text)| *text).filter(|s| !s.is_empty());
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_report(&mut out, question, &sorted, received);
    out
}

fn write_report(
    out: &mut String,
    question: &Explanation<'_>,
    sorted: &[BytePair<'_>],
    received: Option<&[u8]>,
) -> std::fmt::Result {
    let names: Vec<String> =
        sorted.iter().filter(|(n, v)| takes_part(n, v)).map(|(n, _)| question.shown(n)).collect();
    writeln!(out, "string to sign: {}", question.canonical_masked(sorted))?;
    writeln!(out, "signed fields, sorted by name as bytes: {}", names.join(", "))?;
    for (name, text) in sorted.iter().filter(|(n, v)| !takes_part(n, v)) {
        let why = if *name == b"sign" {
            "it is the sign itself"
        } else if text.is_empty() {
            "it is empty"
        } else {
            ""
        };
        writeln!(out, "left out: {} ({why})", question.shown(name))?;
    }
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        let digest = sign(sorted.iter().copied(), question.key, sign_type);
        let mark = if sign_type == question.sign_type { "  <- expected here" } else { "" };
        writeln!(out, "{}: {}...{mark}", sign_type.wire(), digest.get(..SHOWN).unwrap_or_default())?;
    }
    match received {
        None => writeln!(out, "received sign: none"),
        Some(sign) => {
            let start = if question.is_secret(sign) { b"***" } else { sign.get(..SHOWN).unwrap_or(sign) };
            let start = question.shown(start);
            writeln!(out, "received sign: {start}... ({} characters)", sign.len())?;
            writeln!(out, "{}", verdict(question, sorted, sign))
        }
    }
}

impl Explanation<'_> {
    /// A name or text as it may be shown: printable, and masked if somebody put a key among the fields.
    fn shown(&self, bytes: &[u8]) -> String {
        if self.is_secret(bytes) {
            return "***".to_owned();
        }
        let text = String::from_utf8_lossy(bytes);
        text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
    }

    fn is_secret(&self, bytes: &[u8]) -> bool {
        let mut keys = [Some(self.key), self.previous_key].into_iter().flatten();
        keys.any(|key| bytes.windows(Key::LENGTH).any(|part| part == key.expose()))
    }

    fn canonical_masked(&self, sorted: &[BytePair<'_>]) -> String {
        let signed = sorted.iter().filter(|(n, v)| takes_part(n, v));
        let parts = signed.flat_map(|(n, v)| [self.shown(n), "=".into(), self.shown(v), "&".into()]);
        parts.chain(["key=***".into()]).collect()
    }
}

fn verdict(question: &Explanation<'_>, sorted: &[BytePair<'_>], received: &[u8]) -> String {
    if sign(sorted.iter().copied(), question.key, question.sign_type).as_bytes() == received {
        return "the sign is right".to_owned();
    }
    match mistakes().iter().find(|m| m.made(question, sorted, received)) {
        Some(mistake) => format!("hint: {}", mistake.hint),
        None => "hint: no usual mistake explains it; compare key, field values (raw, unescaped) and encoding"
            .to_owned(),
    }
}

/// A usual mistake: what it is, and the signs it would make.
struct Mistake {
    hint: &'static str,
    signs: fn(&Explanation<'_>, &[BytePair<'_>]) -> Vec<String>,
}

impl Mistake {
    fn made(&self, question: &Explanation<'_>, sorted: &[BytePair<'_>], received: &[u8]) -> bool {
        (self.signs)(question, sorted).iter().any(|sign| sign.as_bytes() == received)
    }
}

fn mistakes() -> [Mistake; 11] {
    [
        Mistake { hint: "the sign was made with the previous key", signs: with_previous_key },
        Mistake {
            hint: "the other algorithm was used: MD5 instead of HMAC-SHA256, or the reverse",
            signs: other_algorithm,
        },
        Mistake { hint: "the sign is in lower case; WeChat Pay's is upper-case hex", signs: lower_case },
        Mistake { hint: "&key=... is missing at the end of the string", signs: without_key },
        Mistake { hint: "the values were URL-encoded; they are signed raw", signs: url_encoded },
        Mistake { hint: "the values were XML-escaped; they are signed unescaped", signs: xml_escaped },
        Mistake { hint: "\"name=value\" pairs were sorted; sort the names alone", signs: sorted_as_pairs },
        Mistake { hint: "the fields were not sorted by name as bytes", signs: unsorted },
        Mistake {
            hint: "values \"0\" were dropped as if they were empty; only empty texts are left out",
            signs: without_zeros,
        },
        Mistake { hint: "empty values took part; they are left out", signs: with_empties },
        Mistake {
            hint: "sign_type was left out of the string; when sent it is signed too",
            signs: without_sign_type,
        },
    ]
}

fn with_previous_key(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    q.previous_key.map(|key| sign(sorted.iter().copied(), key, q.sign_type).to_string()).into_iter().collect()
}

fn other_algorithm(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    let other = if q.sign_type == SignType::Md5 { SignType::HmacSha256 } else { SignType::Md5 };
    vec![sign(sorted.iter().copied(), q.key, other).to_string()]
}

fn lower_case(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    vec![sign(sorted.iter().copied(), q.key, q.sign_type).to_ascii_lowercase()]
}

fn without_key(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    let mut message = join(sorted, takes_part, <[u8]>::to_vec);
    message.pop();
    vec![digest(q, &message)]
}

fn url_encoded(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    let with = |space: &'static [u8]| digest(q, &keyed(q, join(sorted, takes_part, |v| percent(v, space))));
    vec![with(b"%20"), with(b"+")]
}

fn xml_escaped(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    let escape = |v: &[u8]| quick_xml::escape::escape(String::from_utf8_lossy(v)).into_owned().into_bytes();
    vec![digest(q, &keyed(q, join(sorted, takes_part, escape)))]
}

fn sorted_as_pairs(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    let mut pairs = sorted.to_vec();
    pairs.sort_by_key(|(name, text)| [*name, b"=", *text].concat());
    vec![sign(pairs.into_iter(), q.key, q.sign_type).to_string()]
}

fn unsorted(q: &Explanation<'_>, _: &[BytePair<'_>]) -> Vec<String> {
    vec![sign(q.fields.iter().copied(), q.key, q.sign_type).to_string()]
}

fn without_zeros(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    vec![sign(sorted.iter().copied().filter(|(_, v)| *v != b"0"), q.key, q.sign_type).to_string()]
}

fn with_empties(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    vec![digest(q, &keyed(q, join(sorted, |name, _| name != b"sign", <[u8]>::to_vec)))]
}

fn without_sign_type(q: &Explanation<'_>, sorted: &[BytePair<'_>]) -> Vec<String> {
    vec![sign(sorted.iter().copied().filter(|(n, _)| *n != b"sign_type"), q.key, q.sign_type).to_string()]
}

fn join(
    sorted: &[BytePair<'_>],
    takes_part: fn(&[u8], &[u8]) -> bool,
    write: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let signed = sorted.iter().filter(|(n, v)| takes_part(n, v));
    signed.flat_map(|(n, v)| [*n, b"=", &write(v), b"&"].concat()).collect()
}

fn keyed(q: &Explanation<'_>, mut message: Vec<u8>) -> zeroize::Zeroizing<Vec<u8>> {
    message.extend_from_slice(b"key=");
    message.extend_from_slice(q.key.expose());
    message.into()
}

fn digest(q: &Explanation<'_>, message: &[u8]) -> String {
    let bytes = match q.sign_type {
        SignType::Md5 => Md5::digest(message).to_vec(),
        SignType::HmacSha256 => {
            hmac::Mac::finalize(hmac::Mac::chain_update(q.key.hmac(), message)).into_bytes().to_vec()
        }
    };
    hex(&bytes)
}

fn percent(text: &[u8], space: &'static [u8]) -> Vec<u8> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.iter()
        .flat_map(|&b| match b {
            b' ' => space.to_vec(),
            _ if is_plain(b) => vec![b],
            _ => format!("%{b:02X}").into_bytes(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
