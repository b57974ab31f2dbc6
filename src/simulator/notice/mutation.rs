//! Notices that are not what they should be, by name.

use super::super::document::XmlDocument;
use super::super::sabotage::{OTHER_KEY, flipped};
use super::super::signer::SignMethod;
use super::letter::{PaymentNoticeBody, RefundNoticeBody};

/// A payment notice under a mutation; nothing if there is none of this name.
pub fn payment(name: &str, letter: &PaymentNoticeBody) -> Option<String> {
    let mut letter = letter.clone();
    match name {
        "" | "resend" | "two_at_once" => {}
        "forged" => OTHER_KEY.clone_into(&mut letter.key),
        "md5_sign" => letter.method = SignMethod::Md5,
        "with_sign_type" => letter.document.set("sign_type", letter.method.name()),
        "wrong_sign_type" => letter.document.set("sign_type", other(letter.method).name()),
        _ if lie(name, &mut letter.document) => {}
        _ => return broken(name, &letter),
    }
    Some(letter.body())
}

/// Lets a payment notice say what is not true; false if no lie is called so.
pub fn lie(name: &str, document: &mut XmlDocument) -> bool {
    match name {
        "other_merchant" => flip(document, "mch_id"),
        "other_appid" => flip(document, "appid"),
        "other_sub_merchant" => document.set("sub_mch_id", "1900000999"),
        "wrong_order" => flip(document, "out_trade_no"),
        "other_transaction" => flip(document, "transaction_id"),
        "wrong_amount" => more(document, &["total_fee", "cash_fee"]),
        "foreign_currency" => document.set("fee_type", "USD"),
        "failed" => {
            document.set("result_code", "FAIL");
            document.set("err_code", "BANKERROR");
            document.set("err_code_des", "银行系统异常");
        }
        "trade_state" => document.set("trade_state", "SUCCESS"),
        "extra_field" => document.set("brand_new_field", "值0"),
        _ => return false,
    }
    true
}

/// Mutations after signing.
fn broken(name: &str, letter: &PaymentNoticeBody) -> Option<String> {
    let body = letter.body();
    let without = |names: &[&str]| {
        let mut document = letter.document.clone();
        document.seal(&letter.key, letter.method);
        for name in names {
            document.remove(name);
        }
        document
    };
    let sign = letter.document.sign_with(&letter.key, letter.method);
    Some(match name {
        "no_sign" => without(&["sign"]).to_xml(),
        "bare" => without(&["sign", "return_code"]).to_xml(),
        "bad_sign" => body.replace(&sign, &flipped(&sign)),
        "lower_sign" => body.replace(&sign, &sign.to_ascii_lowercase()),
        "altered" => {
            let mut document = without(&[]);
            more(&mut document, &["total_fee"]);
            document.to_xml()
        }
        "duplicate_field" => body.replace("</xml>", "<total_fee>1</total_fee>\n</xml>"),
        "doctype" => {
            format!("<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>\n{body}")
        }
        "truncated" => half(&body),
        "empty" => String::new(),
        _ => return None,
    })
}

/// A refund notice under a mutation; nothing if there is none of this name.
pub fn refund(name: &str, letter: &RefundNoticeBody) -> Option<String> {
    let mut letter = letter.clone();
    match name {
        "" | "resend" | "two_at_once" => {}
        "forged" => OTHER_KEY.clone_into(&mut letter.key),
        _ if lie_of_refund(name, &mut letter) => {}
        "bad_padding" => return Some(letter.badly_padded()),
        "bad_base64" => return Some(letter.with("@@not base64@@".to_owned())),
        "bad_length" => return Some(letter.with("YWJjZGVmZw==".to_owned())),
        "no_req_info" => return Some(letter.outer.to_xml()),
        "truncated" => return Some(half(&letter.body())),
        "empty" => return Some(String::new()),
        _ => return None,
    }
    Some(letter.body())
}

/// Lets a refund notice say what is not true; false if no lie is called so.
pub fn lie_of_refund(name: &str, letter: &mut RefundNoticeBody) -> bool {
    match name {
        "other_merchant" => flip(&mut letter.outer, "mch_id"),
        "other_appid" => flip(&mut letter.outer, "appid"),
        "wrong_order" => flip(&mut letter.inner, "out_trade_no"),
        "wrong_amount" => more(&mut letter.inner, &["refund_fee", "settlement_refund_fee"]),
        "unknown_status" => letter.inner.set("refund_status", "SOMETHING_NEW"),
        _ => return false,
    }
    true
}

fn other(method: SignMethod) -> SignMethod {
    match method {
        SignMethod::Md5 => SignMethod::HmacSha256,
        SignMethod::HmacSha256 | SignMethod::Rsa => SignMethod::Md5,
    }
}

fn flip(document: &mut XmlDocument, name: &str) {
    let text = flipped(document.get(name).unwrap_or_default());
    document.set(name, text);
}

fn more(document: &mut XmlDocument, names: &[&str]) {
    for name in names {
        let fee: i64 = document.get(name).and_then(|t| t.parse().ok()).unwrap_or(0);
        document.set(name, (fee + 1).to_string());
    }
}

fn half(body: &str) -> String {
    body.chars().take(body.chars().count() / 2).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::reader;
    use super::*;

    const KEY: &str = "0123456789abcdefghijKLMNOPQRSTUV";

    fn letter() -> PaymentNoticeBody {
        let mut document = XmlDocument::default();
        document.text("mch_id", "10000100").text("out_trade_no", "T100");
        document.text("return_code", "SUCCESS").integer("total_fee", 100);
        PaymentNoticeBody { document, key: KEY.to_owned(), method: SignMethod::HmacSha256 }
    }

    fn verified(name: &str) -> Option<XmlDocument> {
        let body = payment(name, &letter()).unwrap();
        let document = reader::read(body.as_bytes()).ok()?;
        let sign = document.sign_with(KEY, SignMethod::HmacSha256);
        (document.get("sign") == Some(&sign)).then_some(document)
    }

    #[test]
    fn lies_under_the_right_sign() {
        assert_eq!(verified("wrong_amount").unwrap().get("total_fee"), Some("101"));
        assert_eq!(verified("other_merchant").unwrap().get("mch_id"), Some("10000101"));
        assert_eq!(verified("wrong_order").unwrap().get("out_trade_no"), Some("T101"));
        assert!(verified("resend").is_some() && verified("extra_field").is_some());
    }

    #[test]
    fn everything_else_does_not_verify() {
        for name in [
            "forged",
            "md5_sign",
            "no_sign",
            "bare",
            "bad_sign",
            "lower_sign",
            "altered",
            "duplicate_field",
            "doctype",
            "truncated",
            "empty",
        ] {
            assert!(verified(name).is_none(), "{name}");
        }
        assert!(payment("nonsense", &letter()).is_none());
    }
}
