//! Checks of a request's fields: presence, length in bytes, form.

use super::super::clock;
use super::caller::{CallRefusal, CallingMerchant};
use std::net::IpAddr;

type FieldResult<T> = Result<T, CallRefusal>;

/// A parameter is wrong.
pub fn wrong(description: impl Into<String>) -> CallRefusal {
    CallRefusal::service("PARAM_ERROR", description)
}

/// A field that must be there, with at most so many bytes.
pub fn required<'a>(caller: &'a CallingMerchant, name: &str, most: usize) -> FieldResult<&'a str> {
    match optional(caller, name, most)? {
        "" => Err(CallRefusal::service("LACK_PARAMS", format!("缺少参数{name}"))),
        text => Ok(text),
    }
}

/// A field that may be absent; empty then.
pub fn optional<'a>(caller: &'a CallingMerchant, name: &str, most: usize) -> FieldResult<&'a str> {
    let text = caller.get(name);
    if text.len() > most {
        return Err(wrong(format!("{name}参数长度有误")));
    }
    Ok(text)
}

/// Several optional fields with their greatest lengths.
pub fn within(caller: &CallingMerchant, limits: &[(&str, usize)]) -> FieldResult<()> {
    for (name, most) in limits {
        optional(caller, name, *most)?;
    }
    Ok(())
}

/// An optional field that takes one of a few words.
pub fn one_of(caller: &CallingMerchant, name: &str, words: &[&str]) -> FieldResult<()> {
    let text = caller.get(name);
    if text.is_empty() || words.contains(&text) {
        return Ok(());
    }
    Err(wrong(format!("{name}参数错误")))
}

/// A required amount in fen, at least one.
pub fn amount(caller: &CallingMerchant, name: &str) -> FieldResult<i64> {
    let text = required(caller, name, 12)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let fee = text.parse().ok().filter(|fee| digits && *fee >= 1);
    fee.ok_or_else(|| wrong(format!("invalid {name}")))
}

/// A number that the merchant makes up for a new trade: 6 to 32 of a few characters.
pub fn new_trade_no(caller: &CallingMerchant) -> FieldResult<&str> {
    let number = required(caller, "out_trade_no", 32)?;
    if number.len() < 6 {
        let length = number.len();
        return Err(wrong(format!("out_trade_no字节数 {length}，小于最小值 6")));
    }
    in_charset("out_trade_no", number)
}

/// Letters, digits and `_-|*@`.
pub fn in_charset<'a>(name: &str, number: &'a str) -> FieldResult<&'a str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    if number.bytes().all(fits) { Ok(number) } else { Err(wrong(format!("{name}参数格式错误"))) }
}

/// The numbers of which a call must name at least one.
pub fn either<'a>(caller: &'a CallingMerchant, names: &[(&str, usize)]) -> FieldResult<Vec<&'a str>> {
    let mut texts = Vec::new();
    for (name, most) in names {
        texts.push(in_charset(name, optional(caller, name, *most)?)?);
    }
    if texts.iter().all(|text| text.is_empty()) {
        let all: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        let all = all.join("或");
        return Err(CallRefusal::service("LACK_PARAMS", format!("缺少参数{all}")));
    }
    Ok(texts)
}

/// The nonce of every request.
pub fn nonce(caller: &CallingMerchant) -> FieldResult<()> {
    required(caller, "nonce_str", 32).map(|_| ())
}

/// The payer's address.
pub fn payer_ip(caller: &CallingMerchant) -> FieldResult<()> {
    let text = required(caller, "spbill_create_ip", 64)?;
    text.parse::<IpAddr>().map(|_| ()).map_err(|_| wrong("invalid spbill_create_ip"))
}

/// An address for notices: absolute, no query.
pub fn notify_url(caller: &CallingMerchant) -> FieldResult<&str> {
    let url = optional(caller, "notify_url", 256)?;
    let absolute = url.starts_with("https://") || url.starts_with("http://");
    if url.is_empty() || (absolute && !url.contains(['?', '#'])) {
        Ok(url)
    } else {
        Err(wrong("notify_url参数格式错误"))
    }
}

/// An optional Beijing time.
pub fn time(caller: &CallingMerchant, name: &str) -> FieldResult<Option<i64>> {
    match caller.get(name) {
        "" => Ok(None),
        text => clock::from_compact(text).map(Some).ok_or_else(|| wrong(format!("{name}参数格式错误"))),
    }
}

/// An optional JSON text.
pub fn json(caller: &CallingMerchant, name: &str, most: usize) -> FieldResult<()> {
    let text = optional(caller, name, most)?;
    if text.is_empty() || serde_json::from_str::<serde_json::Value>(text).is_ok() {
        return Ok(());
    }
    Err(wrong(format!("{name}不是合法的JSON")))
}

/// The sub-merchant's numbers.
pub fn sub_merchant(caller: &CallingMerchant) -> FieldResult<()> {
    within(caller, &[("sub_appid", 32), ("sub_mch_id", 32)])?;
    if !caller.get("sub_appid").is_empty() && caller.get("sub_mch_id").is_empty() {
        return Err(CallRefusal::service("LACK_PARAMS", "缺少参数sub_mch_id"));
    }
    Ok(())
}
