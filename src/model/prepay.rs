//! A placed order: what the shop shows or hands to the payer's client.

use super::ours::Ours;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::read::{FieldError, needs, read};
use serde::Deserialize;

/// The answer of unifiedorder (protocol.md C.1).
#[derive(Debug, Clone, Deserialize)]
pub struct Prepay {
    /// `trade_type`.
    pub trade_type: Option<String>,
    /// `prepay_id`, good for two hours.
    pub prepay_id: Option<String>,
    /// `code_url` (NATIVE), good for two hours: what the QR code holds.
    pub code_url: Option<String>,
    /// `mweb_url` (H5), good for five minutes.
    pub mweb_url: Option<String>,
}

impl Prepay {
    /// Reads the verified answer to an order of this trade type: what the payer needs must be in it.
    pub fn from_answer(fields: &Ours<Fields>, trade_type: &str) -> Result<Self, FieldError> {
        needs(fields, &["prepay_id"])?;
        match trade_type {
            "NATIVE" => needs(fields, &["code_url"])?,
            "MWEB" => needs(fields, &["mweb_url"])?,
            _ => {}
        }
        read(fields)
    }

    /// The same of APIv3, which gives each product the one thing that it needs.
    pub fn from_v3(fields: &Ours<Fields>, trade_type: &str) -> Result<Self, FieldError> {
        let needed = match trade_type {
            "NATIVE" => "code_url",
            "MWEB" => "mweb_url",
            _ => "prepay_id",
        };
        needs(fields, &[needed])?;
        Ok(Self { trade_type: Some(trade_type.to_owned()), ..read(fields)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::key::Key;
    use crate::wire::v2::sign::{SignType, SignaturePolicy, add_sign, verify};

    const CODE_URL: &str = "weixin://wxpay/bizpayurl?pr=XXXXXXXXX";

    fn answer(pairs: &[(&str, &str)]) -> Ours<Fields> {
        let key = Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap();
        let mut fields = Fields::new();
        for (name, text) in pairs {
            fields.set(name, *text);
        }
        add_sign(&mut fields, &key, SignType::Md5);
        let pin = SignaturePolicy {
            sign_type: SignType::Md5,
            fixed: false,
            accept_md5: false,
            key: &key,
            previous_key: None,
        };
        Ours::for_test(verify(fields, &pin).unwrap())
    }

    #[test]
    fn an_answer_gives_what_the_client_needs_and_none_for_what_it_lacks() {
        let told = answer(&[
            ("trade_type", "NATIVE"),
            ("prepay_id", "wx1"),
            ("code_url", CODE_URL),
            ("mweb_url", ""),
        ]);
        let prepay = Prepay::from_answer(&told, "NATIVE").unwrap();
        assert_eq!(
            (prepay.code_url.as_deref(), prepay.trade_type.as_deref()),
            (Some(CODE_URL), Some("NATIVE"))
        );
        assert_eq!((prepay.mweb_url, prepay.prepay_id.as_deref()), (None, Some("wx1")));
    }

    #[test]
    fn r41_an_answer_without_what_the_payer_needs_is_refused_by_the_fields_name() {
        let whole = [("prepay_id", "wx1"), ("code_url", CODE_URL), ("mweb_url", "https://a.example/")];
        for (trade_type, needed) in [
            ("NATIVE", vec!["prepay_id", "code_url"]),
            ("MWEB", vec!["prepay_id", "mweb_url"]),
            ("JSAPI", vec!["prepay_id"]),
            ("APP", vec!["prepay_id"]),
        ] {
            for (name, _) in whole {
                for lacking in [Some(""), None] {
                    let pairs: Vec<_> = whole
                        .into_iter()
                        .filter_map(|(n, v)| Some((n, if n == name { lacking? } else { v })))
                        .collect();
                    let told = Prepay::from_answer(&answer(&pairs), trade_type).map(drop);
                    let expected =
                        if needed.contains(&name) { Err(FieldError::missing(name)) } else { Ok(()) };
                    assert_eq!(told, expected, "{trade_type} without {name}");
                }
            }
        }
    }
}
