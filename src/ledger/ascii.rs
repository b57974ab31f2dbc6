//! Free text as the ledger stores it: JSON whose every character is ASCII, which no connection's charset changes.

use serde::Serialize;
use std::fmt::Write;

/// A value as ASCII JSON.
pub fn json(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string(value).unwrap_or_default())
}

/// The same JSON with `\uXXXX` for whatever is not ASCII; that stands in strings only.
pub fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r44_every_text_comes_back_from_ascii() {
        let all: String = (0..=0x10_FFFF).step_by(97).filter_map(char::from_u32).collect();
        for text in ["", "没有牛奶 \"é\" 中文 😀", "\\u6ca1 \0\u{7f}\u{80}\u{2028}", &all] {
            let kept = json(&text);
            assert!(kept.is_ascii(), "{kept}");
            assert_eq!(serde_json::from_str::<String>(&kept).unwrap(), text);
            assert_eq!(escaped(&kept), kept, "what is ASCII stays");
            assert_eq!(escaped(&serde_json::to_string(text).unwrap()), kept, "and older rows read the same");
        }
    }
}
