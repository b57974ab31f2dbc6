//! Native mode 1: the callback that asks what a scanned product costs, and its answer (protocol.md A.7).

use crate::error::Error;
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{SignType, add_sign, verify};
use crate::wire::v2::split;
use crate::wire::v2::xml::{self, Root};
use crate::wire::verified::Verified;

/// Somebody has scanned a product's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The product.
    pub product_id: String,
    /// Who scanned it.
    pub openid: String,
    /// Does the payer follow the shop's account?
    pub is_subscribe: Option<bool>,
}

/// Reads the raw body of the callback; it is signed with MD5.
pub fn read(body: &[u8], merchant: &Merchant) -> Result<Scanned, Error> {
    let fields =
        verify(xml::decode(body, Root::Xml)?, &merchant.v2()?.signature_policy(Some(SignType::Md5)))?;
    for (name, ours) in [("appid", &merchant.appid), ("mch_id", &merchant.mch_id)] {
        let got = fields.text(name).unwrap_or("nothing");
        if got != ours.as_str() {
            return Err(Error::Mismatch {
                field: name.to_owned(),
                asked: ours.clone(),
                got: got.chars().take(32).collect(),
            });
        }
    }
    Ok(Scanned {
        product_id: needed(&fields, "product_id")?,
        openid: needed(&fields, "openid")?,
        is_subscribe: fields.text("is_subscribe").map(|text| text == "Y"),
    })
}

fn needed(fields: &Verified<Fields>, name: &str) -> Result<String, Error> {
    fields.text(name).map(str::to_owned).ok_or_else(|| Error::Malformed(format!("field {name} is missing")))
}

/// Answers with the order placed for the scan.
pub fn answer(merchant: &Merchant, prepay_id: &str, nonce: &str) -> Result<Vec<u8>, BadArgument> {
    if !split::is_prepay_id(prepay_id) {
        return Err(BadArgument::new("prepay_id", "must be the prepay_id of a placed order"));
    }
    reply(merchant, nonce, &[("prepay_id", prepay_id), ("result_code", "SUCCESS")])
}

/// Answers that there is nothing to pay; the payer sees the reason. It is signed with the shop's key, so it has no
/// room for anything that could mean more than words.
pub fn refuse(merchant: &Merchant, reason: &str, nonce: &str) -> Result<Vec<u8>, BadArgument> {
    if reason.chars().count() > MOST_REASON || !reason.chars().all(is_of_words) {
        return Err(BadArgument::new("reason", REASON));
    }
    reply(merchant, nonce, &[("result_code", "FAIL"), ("err_code_des", reason)])
}

/// The most characters of a reason.
const MOST_REASON: usize = 64;
const REASON: &str =
    "must be at most 64 letters, digits, Chinese characters, blanks and .,:;!?-，。：；！？ (it is signed)";

/// Letters and digits of every script that WeChat Pay takes, blanks and plain punctuation.
fn is_of_words(c: char) -> bool {
    let is_mark = matches!(c, ' ' | '\u{3000}' | '.' | ',' | ':' | ';' | '!' | '?' | '-')
        || matches!(c, '，' | '。' | '：' | '；' | '！' | '？');
    is_mark || c.is_alphanumeric() && c.len_utf8() < 4
}

fn reply(merchant: &Merchant, nonce: &str, own: &[(&str, &str)]) -> Result<Vec<u8>, BadArgument> {
    let mut fields = Fields::new();
    fields.set("return_code", "SUCCESS");
    fields.set("appid", &merchant.appid);
    fields.set("mch_id", &merchant.mch_id);
    fields.set("nonce_str", nonce);
    for (name, text) in own {
        fields.set(name, *text);
    }
    add_sign(&mut fields, &merchant.v2()?.key, SignType::Md5);
    xml::encode(&fields).map_err(|e| BadArgument::new("reason", format!("must be writable: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::merchant;
    use proptest::prelude::*;

    fn decoded(reply: &[u8]) -> Fields {
        xml::decode(reply, Root::Xml).unwrap()
    }

    #[test]
    fn r1_a_reason_is_words_and_nothing_that_could_be_split() {
        for fine in ["", "sold out", "已售完，请稍后再试！", "Nur noch 3 Stück: später?", "半角\u{3000}全角"]
        {
            let reply = refuse(&merchant(), fine, "n").unwrap();
            assert_eq!(decoded(&reply).get("err_code_des"), Some(fine));
        }
        for wrong in
            ["a&b", "a=b", "a<b", "a\nb", "a\r", "a\"b", "(x)", "😀", "a/b", "a_b", "a\0", &"x".repeat(65)]
        {
            assert_eq!(refuse(&merchant(), wrong, "n").unwrap_err().name, "reason", "{wrong:?}");
        }
        assert!(refuse(&merchant(), &"完".repeat(64), "n").is_ok());
    }

    #[test]
    fn r1_r61_an_answer_signs_a_prepay_id_and_nothing_else() {
        assert!(answer(&merchant(), "wx201410272009395522657a690389285100", "n").is_ok());
        for wrong in ["", "wx1&result_code=SUCCESS&z=1", "wx 1", "wx=1", "wx\n", &"w".repeat(65)] {
            assert_eq!(answer(&merchant(), wrong, "n").unwrap_err().name, "prepay_id", "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn r1_whatever_reason_is_signed_has_one_meaning(reason in "\\PC{0,64}") {
            if let Ok(reply) = refuse(&merchant(), &reason, "n") {
                let pairs = decoded(&reply);
                let mut values = pairs.iter().map(|(_, text)| text);
                prop_assert!(values.all(|text| !text.contains(['&', '='])));
            }
        }
    }
}
