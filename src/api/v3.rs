//! What several calls of APIv3 share: paths and ids, of a merchant or of a service provider (protocol-v3.md C.10).

use crate::error::Error;
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::wire::v2::fields::Fields;
use crate::wire::v3::target::build;
use serde_json::{Map, Value, json};

/// Goods and pages of v2 by their names in v3.
const RENAMED: [(&str, &str); 6] = [
    ("receipt_id", "invoice_id"),
    ("goods_id", "merchant_goods_id"),
    ("wxpay_goods_id", "wechatpay_goods_id"),
    ("price", "unit_price"),
    ("wap_url", "app_url"),
    ("wap_name", "app_name"),
];

/// The target of a call about orders: what follows `transactions`, and who asks if it is a question.
pub fn transactions<'a>(
    merchant: &'a Merchant,
    rest: &[&'a str],
    query: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let provider = merchant.sub_mch_id.is_some().then_some("partner");
    let path = ["v3", "pay"].into_iter().chain(provider).chain(["transactions"]);
    build(path.chain(rest.iter().copied()), query)
}

/// Who asks: the merchant, or the service provider and the sub-merchant.
pub fn mch_ids(merchant: &Merchant) -> Vec<(&'static str, &str)> {
    match &merchant.sub_mch_id {
        Some(sub_mch_id) => vec![("sp_mchid", &merchant.mch_id), ("sub_mchid", sub_mch_id)],
        None => vec![("mchid", &merchant.mch_id)],
    }
}

/// The same with the apps.
pub fn ids(merchant: &Merchant) -> Vec<(&'static str, &str)> {
    let own = if merchant.sub_mch_id.is_some() { "sp_appid" } else { "appid" };
    let sub_appid = merchant.sub_appid.as_deref().map(|id| ("sub_appid", id));
    [(own, merchant.appid.as_str())].into_iter().chain(mch_ids(merchant)).chain(sub_appid).collect()
}

/// Puts what an argument brings into a request, in APIv3's names and places; what is set already stays.
pub fn merge(
    body: &mut Map<String, Value>,
    brought: &Map<String, Value>,
    argument: &'static str,
) -> Result<(), BadArgument> {
    for (name, value) in brought {
        match (body.get_mut(name), value) {
            // The gateway takes no null.
            (_, Value::Null) => {}
            (Some(Value::Object(ours)), Value::Object(theirs)) => merge(ours, theirs, argument)?,
            (Some(_), _) => {
                let what = format!("must not contain {name}, which is set already");
                return Err(BadArgument::new(argument, what));
            }
            (None, _) => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

/// Texts as a JSON object.
pub fn object<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
}

/// What an order costs.
pub fn amount(fields: &Fields) -> Value {
    let total: i64 = fields.text("total_fee").and_then(|fee| fee.parse().ok()).unwrap_or_default();
    json!({ "total": total, "currency": fields.text("fee_type").unwrap_or("CNY") })
}

/// `Y`, as a JSON true.
pub fn yes(receipt: &str) -> Result<Value, BadArgument> {
    match receipt {
        "Y" | "N" => Ok(json!(receipt == "Y")),
        _ => Err(BadArgument::new("receipt", "must be Y or N in APIv3")),
    }
}

/// What v2 says of goods, and APIv3 has no word for.
const LOST: [&str; 2] = ["goods_category", "body"];

/// The goods, all of whose words APIv3 has.
pub fn goods(text: &str) -> Result<Value, BadArgument> {
    let detail = nested("detail", text)?;
    let goods = detail.get("goods_detail").and_then(Value::as_array);
    let lost = goods.into_iter().flatten().find_map(|one| LOST.iter().find(|name| one.get(**name).is_some()));
    match lost {
        Some(name) => {
            Err(BadArgument::new("detail", format!("must not contain {name}, which APIv3 does not have")))
        }
        None => Ok(detail),
    }
}

/// A JSON text of v2 as a part of the request.
pub fn nested(name: &'static str, text: &str) -> Result<Value, BadArgument> {
    let value = serde_json::from_str(text).map_err(|_| BadArgument::new(name, "must be a JSON object"))?;
    Ok(renamed(value))
}

fn renamed(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(name, value)| (v3_name(name), renamed(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(renamed).collect()),
        other => other,
    }
}

fn v3_name(name: String) -> String {
    let known = RENAMED.iter().find(|(v2, _)| *v2 == name);
    known.map_or(name, |(_, v3)| (*v3).to_owned())
}

/// Code payments are for merchants to whom WeChat Pay has opened them (protocol-v3.md C.4).
pub fn takes_codes(merchant: &Merchant) -> Result<(), Error> {
    if merchant.takes_codes() {
        return Ok(());
    }
    let why = "code payments in APIv3 are off for this merchant: say so if WeChat Pay has opened them to it";
    Err(Error::Configuration(why.into()))
}
