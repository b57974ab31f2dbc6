//! Secrets that came in the wrong argument: a key of WeChat Pay's is 32 letters and digits, which is no path, no id and no
//! serial number. It must be refused before it is shown or sent.

use super::argument::BadArgument;

/// What is said of a key where something else belongs.
const KEY: &str = "must not be a key: 32 letters and digits are one, in the wrong argument perhaps";
/// Different characters of a key at the least: one has about 20, an id that somebody made up hardly any.
const DIFFERENT: usize = 8;

/// A text for this argument, if it cannot be a key.
pub fn no_key<'t>(name: &'static str, text: &'t [u8]) -> Result<&'t [u8], BadArgument> {
    let is_key = text.len() == 32 && text.iter().all(u8::is_ascii_alphanumeric);
    if is_key { Err(BadArgument::new(name, KEY)) } else { Ok(text) }
}

/// An id for this argument, if it is not one of these secrets and does not look like a key.
pub fn no_secret<'t>(name: &'static str, id: &'t str, secrets: &[&[u8]]) -> Result<&'t str, BadArgument> {
    let mut different = id.as_bytes().to_vec();
    different.sort_unstable();
    different.dedup();
    let looks_like = || different.len() >= DIFFERENT && no_key(name, id.as_bytes()).is_err();
    if secrets.contains(&id.as_bytes()) || looks_like() { Err(BadArgument::new(name, KEY)) } else { Ok(id) }
}

/// A path as messages show it: what does not look like one may be a key or a password.
pub fn shown_path(path: &str) -> &str {
    const ENDINGS: [&str; 9] = [".pem", ".p12", ".pfx", ".crt", ".cer", ".cert", ".key", ".der", ".txt"];
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let begins = ["/", "./", "../"].iter().any(|start| path.starts_with(start));
    let ends = || ENDINGS.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    let is_line_of_key = path.len() >= 40 && path.bytes().all(is_base64);
    let is_shown = (begins || path.contains("://") || ends()) && !is_line_of_key;
    if is_shown { path } else { "a file (its name, which looks like no path, is not shown)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015";

    #[test]
    fn h15_a_key_is_no_path_and_no_id() {
        assert!(no_key("certificate", SECRET.as_bytes()).is_err());
        assert!(no_key("certificate", &SECRET.as_bytes()[1..]).is_ok());
        assert!(no_key("certificate", b"/etc/wechatpay/apiclient_key.pem").is_ok());
        let bad = no_secret("appid", SECRET, &[]).unwrap_err();
        assert!(bad.name == "appid" && !bad.what.contains(SECRET), "{bad:?}");
        assert!(no_secret("appid", "made-up", &[b"made-up"]).is_err());
        for id in ["wx2421b1c4370ec43b", "10000100", "a".repeat(32).as_str(), &"10".repeat(16)] {
            assert!(no_secret("appid", id, &[b"made-up"]).is_ok(), "{id}");
        }
    }

    #[test]
    fn h15_only_what_looks_like_a_path_is_shown() {
        for path in ["/etc/wechatpay/key", "./key", "../key", "cert.p12", "my CERT.PEM", "http://x/y"] {
            assert_eq!(shown_path(path), path);
        }
        let line = format!("/{}", "Aa0+/".repeat(12));
        for secret in [SECRET, &SECRET[1..], "pass word", "pa.ss", line.as_str(), "key"] {
            assert!(
                !shown_path(secret).contains(secret) && shown_path(secret).contains("not shown"),
                "{secret}"
            );
        }
    }
}
