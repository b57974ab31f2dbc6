//! Native mode 1: the callback that asks what a scanned product costs, and its answer (protocol.md A.7).

use crate::error::Error;
use crate::model::merchant::Merchant;
use crate::wire::fields::Fields;
use crate::wire::sign::{SignType, Verified, seal, verify};
use crate::wire::xml::{self, Root};

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
    let fields = verify(xml::decode(body, Root::Xml)?, &merchant.pin(Some(SignType::Md5)))?;
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
pub fn answer(merchant: &Merchant, prepay_id: &str, nonce: &str) -> Result<Vec<u8>, Error> {
    reply(merchant, nonce, &[("prepay_id", prepay_id), ("result_code", "SUCCESS")])
}

/// Answers that there is nothing to pay; the payer sees the reason.
pub fn refuse(merchant: &Merchant, reason: &str, nonce: &str) -> Result<Vec<u8>, Error> {
    reply(merchant, nonce, &[("result_code", "FAIL"), ("err_code_des", reason)])
}

fn reply(merchant: &Merchant, nonce: &str, own: &[(&str, &str)]) -> Result<Vec<u8>, Error> {
    let mut fields = Fields::new();
    fields.set("return_code", "SUCCESS");
    fields.set("appid", &merchant.appid);
    fields.set("mch_id", &merchant.mch_id);
    fields.set("nonce_str", nonce);
    for (name, text) in own {
        fields.set(name, *text);
    }
    seal(&mut fields, &merchant.key, SignType::Md5);
    Ok(xml::encode(&fields)?)
}
