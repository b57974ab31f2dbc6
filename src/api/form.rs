//! The documented forms of what calls send (protocol.md C): one table for arguments and options of all of them.
//! What the gateway would refuse unsigned, and so leave open, is refused here before anything is sent.

use crate::clock::{Clock, SystemClock, compact};
use crate::model::argument::BadArgument;
use crate::model::sendable;
use crate::wire::v2::fields::Fields;
use std::net::{IpAddr, Ipv4Addr};
use ureq::http::Uri;

/// What a field may hold.
enum ArgumentForm {
    /// So many bytes of text at most.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Three capitals, as CNY.
    Currency,
    /// One IPv4 or IPv6 address.
    Address,
    /// `yyyyMMddHHmmss` in Beijing.
    Time,
    /// A JSON object or list of so many bytes at most.
    Json(usize),
    /// Where a notice goes.
    NotifyUrl,
}

/// Each field and its form, by its name on the wire.
const FORMS: [(&str, ArgumentForm); 32] = [
    ("long_url", ArgumentForm::Text(512)),
    ("body", ArgumentForm::Text(127)),
    ("detail", ArgumentForm::Json(6000)),
    ("attach", ArgumentForm::Text(127)),
    ("fee_type", ArgumentForm::Currency),
    ("refund_fee_type", ArgumentForm::Currency),
    ("spbill_create_ip", ArgumentForm::Address),
    ("user_ip", ArgumentForm::Address),
    ("time_start", ArgumentForm::Time),
    ("time_expire", ArgumentForm::Time),
    ("time", ArgumentForm::Time),
    ("goods_tag", ArgumentForm::Text(32)),
    ("limit_pay", ArgumentForm::Text(32)),
    ("product_id", ArgumentForm::Text(32)),
    ("openid", ArgumentForm::Text(128)),
    ("sub_openid", ArgumentForm::Text(128)),
    ("device_info", ArgumentForm::Text(32)),
    ("op_user_id", ArgumentForm::Text(32)),
    ("receipt", ArgumentForm::Text(8)),
    ("scene_info", ArgumentForm::Json(256)),
    ("profit_sharing", ArgumentForm::Word(&["Y", "N"])),
    ("deposit", ArgumentForm::Word(&["Y", "N"])),
    ("version", ArgumentForm::Text(32)),
    ("refund_desc", ArgumentForm::Text(80)),
    (
        "refund_account",
        ArgumentForm::Word(&["REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"]),
    ),
    ("notify_url", ArgumentForm::NotifyUrl),
    ("interface_url", ArgumentForm::Text(127)),
    ("return_code", ArgumentForm::Text(16)),
    ("result_code", ArgumentForm::Text(16)),
    ("return_msg", ArgumentForm::Text(128)),
    ("err_code", ArgumentForm::Text(32)),
    ("err_code_des", ArgumentForm::Text(128)),
];

/// The most bytes of a field that is not known here.
const MOST_UNKNOWN: usize = 6000;

/// An argument that carries this field: its text as it is to be sent, or what it must be.
pub fn argument(name: &'static str, text: &str) -> Result<String, BadArgument> {
    checked(name, text).map_err(|what| BadArgument::new(name, what))
}

/// An entry of an array of fields. An empty one says nothing, and is not looked at.
pub fn entry(array: &'static str, wire: &str, text: &str) -> Result<String, BadArgument> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let named = |what: String| BadArgument::new(array, format!("is wrong at {wire}, which {what}"));
    checked(wire, text).map_err(named)
}

fn checked(wire: &str, value: &str) -> Result<String, String> {
    let form = FORMS
        .iter()
        .find(|(name, _)| *name == wire)
        .map_or(&ArgumentForm::Text(MOST_UNKNOWN), |(_, form)| form);
    match form {
        ArgumentForm::Text(most) => text(value, *most)?,
        ArgumentForm::Word(words) => word(value, words)?,
        ArgumentForm::Currency => currency(value)?,
        ArgumentForm::Address => return address(value),
        ArgumentForm::Time => {
            compact(value).ok_or("must be a time written yyyyMMddHHmmss, in Beijing")?;
        }
        ArgumentForm::Json(most) => json(value, *most)?,
        ArgumentForm::NotifyUrl => notify_url(value)?,
    }
    sendable::text(wire, value)?;
    Ok(value.to_owned())
}

fn text(value: &str, most: usize) -> Result<(), String> {
    if value.is_empty() || value.len() > most {
        return Err(format!("must be 1 to {most} bytes long"));
    }
    if value.chars().any(|c| c.len_utf8() == 4) {
        return Err("must not contain characters of 4 UTF-8 bytes (emoji, say)".into());
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not contain control characters".into());
    }
    Ok(())
}

fn word(value: &str, words: &[&str]) -> Result<(), String> {
    if words.contains(&value) { Ok(()) } else { Err(format!("must be {}", words.join(" or "))) }
}

fn currency(value: &str) -> Result<(), String> {
    let is_code = value.len() == 3 && value.bytes().all(|b| b.is_ascii_uppercase());
    if is_code { Ok(()) } else { Err("must be three capital letters, like CNY".into()) }
}

fn json(value: &str, most: usize) -> Result<(), String> {
    text(value, most)?;
    let parsed = serde_json::from_str::<serde_json::Value>(value);
    let is_fine = parsed.is_ok_and(|json| json.is_object() || json.is_array());
    if is_fine { Ok(()) } else { Err("must be a JSON object".into()) }
}

/// One address; an IPv4 address in IPv6's clothes is sent as what it is.
fn address(value: &str) -> Result<String, String> {
    let Ok(address) = value.parse::<IpAddr>() else {
        return Err(not_one_address(value).into());
    };
    match address {
        IpAddr::V6(v6) => Ok(v6.to_ipv4_mapped().map_or_else(|| value.to_owned(), |v4| v4.to_string())),
        IpAddr::V4(_) => Ok(value.to_owned()),
    }
}

fn not_one_address(value: &str) -> &'static str {
    if value.contains(',') || value.trim().contains(char::is_whitespace) {
        "must be one address, not a list: take the first of X-Forwarded-For"
    } else if value.trim().parse::<IpAddr>().is_ok() {
        "must be an IPv4 or IPv6 address without blanks around it"
    } else if value.parse::<std::net::SocketAddr>().is_ok() || value.starts_with('[') {
        "must be an IPv4 or IPv6 address without port or brackets"
    } else {
        "must be an IPv4 or IPv6 address"
    }
}

/// https without query; plain http only to this machine, for tests.
fn notify_url(url: &str) -> Result<(), String> {
    text(url, 256)?;
    if !url.is_ascii() {
        let host =
            url.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or("");
        let what = if host.is_ascii() {
            "a path that is percent-encoded"
        } else {
            "a host in ASCII: write it as punycode (xn--...)"
        };
        return Err(format!("must have {what}"));
    }
    let is_loopback = |host: &str| {
        host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
    };
    let is_fine = Uri::try_from(url).is_ok_and(|uri| {
        let (host, scheme) = (uri.host().unwrap_or(""), uri.scheme_str().unwrap_or(""));
        !host.is_empty() && (scheme == "https" || scheme == "http" && is_loopback(host))
    });
    if is_fine && !url.contains(['?', '#']) {
        return Ok(());
    }
    Err("must be an https URL without a query (http only to this machine, for tests)".into())
}

/// Seconds that an order must be payable at least.
const LEAST_AHEAD: i64 = 60;

/// `time_start` and `time_expire` beside each other, given as arguments.
pub fn times(fields: &Fields) -> Result<(), BadArgument> {
    end(fields).map_or(Ok(()), |what| Err(BadArgument::new("time_expire", what)))
}

/// The same, given in an array of fields.
pub fn times_in(array: &'static str, fields: &Fields) -> Result<(), BadArgument> {
    let named = |what| BadArgument::new(array, format!("is wrong at time_expire, which {what}"));
    end(fields).map_or(Ok(()), |what| Err(named(what)))
}

/// What the end must be and is not: it is ahead of us, and behind the beginning.
fn end(fields: &Fields) -> Option<&'static str> {
    let at = |name: &str| fields.text(name).and_then(compact).map(time::OffsetDateTime::unix_timestamp);
    let expires = at("time_expire")?;
    if expires < SystemClock.unix_seconds() + LEAST_AHEAD {
        return Some("must be at least 1 minute ahead");
    }
    at("time_start")
        .filter(|starts| *starts >= expires)
        .map(|_| "must be later than the beginning (time_start)")
}

#[cfg(test)]
mod tests;
