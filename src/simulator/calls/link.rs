//! A product link as a call brings it.

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
