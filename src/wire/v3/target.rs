//! The second line of what a request signs: path and query, exactly as they are sent.

use std::fmt::Write;

/// A target from its parts: segments and query values percent-encoded, the order kept.
pub fn build<'a>(
    segments: impl IntoIterator<Item = &'a str>,
    query: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut target = String::new();
    for segment in segments {
        target.push('/');
        encode(segment, &mut target);
    }
    for (at, (name, value)) in query.into_iter().enumerate() {
        target.push(if at == 0 { '?' } else { '&' });
        encode(name, &mut target);
        target.push('=');
        encode(value, &mut target);
    }
    target
}

/// RFC 3986: all but the unreserved characters, in upper-case hex.
fn encode(text: &str, target: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            target.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(target, "%{byte:02X}");
        }
    }
}

/// A segment or a value as it was meant; what is no UTF-8 or no escape stays as it is.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let byte = escaped(*first, after);
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn escaped(first: u8, after: &[u8]) -> Option<u8> {
    let digits = after.get(..2).filter(|hex| first == b'%' && hex.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A link that does not lead to our gateway: our Authorization never goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the download link is not an https link to the configured gateway")]
pub struct ForeignLink;

/// The target of a download link (protocol-v3.md C.8): what follows the host, if the host is one of ours.
pub fn of_link<'l>(link: &'l str, hosts: &[&str]) -> Result<&'l str, ForeignLink> {
    let rest = link.strip_prefix("https://").ok_or(ForeignLink)?;
    let slash = rest.find('/').ok_or(ForeignLink)?;
    let (host, target) = rest.split_at(slash);
    let known = hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    let clean = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if known && clean { Ok(target) } else { Err(ForeignLink) }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{group, list, text};
    use super::*;

    #[test]
    fn targets_are_built_as_the_vectors_say() {
        for vector in group("request_sign").iter().filter(|v| v["inputs"]["path_segments"].is_array()) {
            let inputs = &vector["inputs"];
            let query =
                inputs["query"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1])));
            let built = build(list(&inputs["path_segments"]), query);
            assert_eq!(built, text(&vector["expected"]["accept"]["target"]), "{}", vector["id"]);
        }
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let built = build(["中/%"], []);
        assert_eq!(decoded(&built[1..]), "中/%");
        assert_eq!(
            [decoded("%zz"), decoded("a%"), decoded("%ff"), decoded("%+f")],
            ["%zz", "a%", "%ff", "%+f"]
        );
    }

    #[test]
    fn v18_a_download_link_leads_to_a_configured_host_or_nowhere() {
        let links = group("request_sign");
        let links: Vec<_> = links.iter().filter(|v| v["inputs"]["download_url"].is_string()).collect();
        assert!(links.len() >= 8);
        for vector in links {
            let hosts: Vec<&str> = list(&vector["inputs"]["configured_hosts"]).collect();
            let target = of_link(text(&vector["inputs"]["download_url"]), &hosts).ok();
            assert_eq!(target, vector["expected"]["accept"]["target"].as_str(), "{}", vector["id"]);
        }
    }
}
