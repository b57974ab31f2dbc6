//! What the payer's client gets, signed with the same key (protocol.md A.7): JSAPI, App, and links of Native mode 1.

use super::argument::BadArgument;
use super::merchant::{Credentials, Merchant};
use super::v3_keys::UnusableKeys;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{SignType, byte_pairs, sign};
use crate::wire::v3::message;

/// What makes a signature fresh.
#[derive(Debug, Clone, Copy)]
pub struct Fresh<'a> {
    /// Seconds since 1970.
    pub seconds: i64,
    /// At most 32 random characters.
    pub nonce: &'a str,
}

/// For `WeixinJSBridge` / `wx.requestPayment`: `paySign` under the app that asks for the payment.
pub fn jsapi(
    merchant: &Merchant,
    appid: &str,
    prepay_id: &str,
    fresh: Fresh<'_>,
) -> Result<Fields, UnusableKeys> {
    let (seconds, package) = (fresh.seconds.to_string(), format!("prepay_id={prepay_id}"));
    let sign_type = match &merchant.credentials {
        Credentials::V2(keys) => keys.sign_type.wire(),
        Credentials::V3(_) => "RSA",
    };
    let mut params = fields(&[
        ("appId", appid),
        ("timeStamp", &seconds),
        ("nonceStr", fresh.nonce),
        ("package", &package),
        ("signType", sign_type),
    ]);
    let sign = signed(merchant, &params, &message::of_client(appid, &seconds, fresh.nonce, &package), fresh)?;
    params.set("paySign", sign);
    Ok(params)
}

/// For the app's SDK: all names in lower case, no sign type inside; the sub ids when there are any.
pub fn app(merchant: &Merchant, prepay_id: &str, fresh: Fresh<'_>) -> Result<Fields, UnusableKeys> {
    let appid = merchant.sub_appid.as_deref().unwrap_or(&merchant.appid);
    let seconds = fresh.seconds.to_string();
    let mut params = fields(&[
        ("appid", appid),
        ("partnerid", merchant.sub_mch_id.as_deref().unwrap_or(&merchant.mch_id)),
        ("prepayid", prepay_id),
        ("package", "Sign=WXPay"),
        ("noncestr", fresh.nonce),
        ("timestamp", &seconds),
    ]);
    let sign =
        signed(merchant, &params, &message::of_client(appid, &seconds, fresh.nonce, prepay_id), fresh)?;
    params.set("sign", sign);
    Ok(params)
}

/// v2 signs the parameters by their names, APIv3 a message of four lines.
fn signed(
    merchant: &Merchant,
    params: &Fields,
    message: &[u8],
    fresh: Fresh<'_>,
) -> Result<String, UnusableKeys> {
    match &merchant.credentials {
        Credentials::V2(keys) => Ok(sign(byte_pairs(params), &keys.key, keys.sign_type).to_string()),
        Credentials::V3(keys) => {
            let signed = keys.get()?.request_key(fresh.seconds)?.sign(message);
            signed.map_err(|why| UnusableKeys(why.to_string()))
        }
    }
}

/// A static link of Native mode 1: whoever scans it is asked for nothing until the shop answers the callback.
pub fn product_url(merchant: &Merchant, product_id: &str, fresh: Fresh<'_>) -> Result<String, BadArgument> {
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'~' | b'|' | b'*' | b'@');
    if product_id.is_empty() || product_id.len() > 32 || !product_id.bytes().all(is_plain) {
        return Err(BadArgument::new("product_id", "must be 1 to 32 characters of 0-9A-Za-z_-.~|*@"));
    }
    let seconds = fresh.seconds.to_string();
    let params = fields(&[
        ("appid", &merchant.appid),
        ("mch_id", &merchant.mch_id),
        ("product_id", product_id),
        ("time_stamp", &seconds),
        ("nonce_str", fresh.nonce),
    ]);
    let sign = sign(byte_pairs(&params), &merchant.v2()?.key, SignType::Md5);
    let rest: String = params.iter().flat_map(|(name, text)| ["&", name, "=", text]).collect();
    Ok(format!("weixin://wxpay/bizpayurl?sign={sign}{rest}"))
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, text) in pairs {
        fields.set(name, *text);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::merchant::V2Credentials;
    use crate::wire::key::Key;
    use serde_json::Value;

    fn merchant(sign_type: SignType) -> Merchant {
        Merchant {
            appid: "wx2421b1c4370ec43b".into(),
            mch_id: "10000100".into(),
            sub_appid: None,
            sub_mch_id: None,
            credentials: Credentials::V2(V2Credentials {
                sign_type,
                key: Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap(),
                previous_key: None,
                accept_md5: false,
                certificate: None,
            }),
        }
    }

    #[test]
    fn every_client_sign_of_the_vectors_comes_out() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../php-tests/fixtures/vectors.json")).unwrap();
        let fresh = Fresh { seconds: 1_414_561_699, nonce: "5K8264ILTKCH16CQ2502SI8ZNMTM67VS" };
        let prepay_id = "wx201410272009395522657a690389285100";
        for vector in vectors["v2_client_sign"].as_array().unwrap() {
            let id = vector["id"].as_str().unwrap();
            let merchant = merchant(SignType::from_wire(vector["sign_type"].as_str().unwrap()).unwrap());
            let params = match id.split_once('-').unwrap().0 {
                "jsapi" => jsapi(&merchant, &merchant.appid, prepay_id, fresh).unwrap(),
                "app" => app(&merchant, prepay_id, fresh).unwrap(),
                _ => {
                    assert_eq!(
                        product_url(&merchant, "P0001", fresh).unwrap(),
                        vector["url"].as_str().unwrap()
                    );
                    continue;
                }
            };
            let field = vector["result_field"].as_str().unwrap();
            assert_eq!(params.get(field), vector["signature"].as_str(), "{id}");
        }
    }

    #[test]
    fn an_app_of_a_sub_merchant_pays_under_its_own_ids() {
        let merchant = Merchant {
            sub_appid: Some("wxsub".into()),
            sub_mch_id: Some("19".into()),
            ..merchant(SignType::Md5)
        };
        let params = app(&merchant, "p", Fresh { seconds: 1, nonce: "n" }).unwrap();
        assert_eq!((params.get("appid"), params.get("partnerid")), (Some("wxsub"), Some("19")));
    }

    #[test]
    fn a_product_id_that_would_change_the_link_is_refused() {
        for wrong in ["", "a&b", "a=b", "a b", "商品", &"p".repeat(33)] {
            assert!(
                product_url(&merchant(SignType::Md5), wrong, Fresh { seconds: 1, nonce: "n" }).is_err(),
                "{wrong}"
            );
        }
    }
}
