//! `/tools/shorturl`: a short link for a long product link.

use super::super::answer::CallEnd;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::field;

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    let long_url = field::required(caller, "long_url", 512)?;
    if !long_url.starts_with("weixin://wxpay/bizpayurl?") {
        return Err(field::wrong("long_url参数错误"));
    }
    let short_url = format!("weixin://wxpay/s/{}", world.dice.letters(6));
    world.product_links.insert(short_url.clone(), long_url.to_owned());
    let mut document = caller.success(world);
    document.text("short_url", short_url);
    Ok(caller.sealed(document).into())
}

/// The link as it was signed: it may travel percent-encoded.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let code = code.filter(|_| byte == b'%');
        bytes.push(code.unwrap_or(byte));
        rest = code.map_or(after, |_| after.get(2..).unwrap_or_default());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn a_link_is_decoded_once() {
        let raw = "weixin://wxpay/bizpayurl?sign=A&nonce_str=b";
        assert_eq!(decoded(raw), raw);
        assert_eq!(decoded("weixin%3A%2F%2Fwxpay%2fbizpayurl%3Fsign%3DA%26nonce_str%3Db"), raw);
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%2541"), "%41");
    }
}
