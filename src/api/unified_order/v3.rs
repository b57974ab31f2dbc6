//! An order as APIv3 places it (protocol-v3.md C.1, C.15): v2's fields in v3's places.

use crate::api::v3::{ids, merge, object, transactions};
use crate::clock;
use crate::error::Error;
use crate::gateway::v3::endpoint::V3Request;
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::wire::v2::fields::Fields;
use serde_json::{Map, Value, json};

/// What is sent under the name that it has in v2, or another one.
const TEXTS: [(&str, &str); 5] = [
    ("out_trade_no", "out_trade_no"),
    ("body", "description"),
    ("notify_url", "notify_url"),
    ("attach", "attach"),
    ("goods_tag", "goods_tag"),
];

/// What the request says elsewhere, and what APIv3 has no word for and nobody misses.
const ELSEWHERE: [&str; 16] = [
    "trade_type",
    "total_fee",
    "fee_type",
    "spbill_create_ip",
    "device_info",
    "time_expire",
    "limit_pay",
    "receipt",
    "profit_sharing",
    "scene_info",
    "detail",
    "openid",
    "sub_openid",
    "product_id",
    "time_start",
    "version",
];

/// Goods and pages of v2 by their names in v3.
const RENAMED: [(&str, &str); 6] = [
    ("receipt_id", "invoice_id"),
    ("goods_id", "merchant_goods_id"),
    ("wxpay_goods_id", "wechatpay_goods_id"),
    ("price", "unit_price"),
    ("wap_url", "app_url"),
    ("wap_name", "app_name"),
];

/// Writes the order.
pub fn request(
    fields: &Fields,
    further: &Map<String, Value>,
    merchant: &Merchant,
) -> Result<V3Request, Error> {
    only_known(fields)?;
    let text = |name: &str| fields.text(name);
    let mut body = object(ids(merchant));
    let texts = TEXTS.iter().filter_map(|(v2, v3)| Some((*v3, text(v2)?)));
    body.extend(object(texts));
    body.insert("amount".into(), amount(fields));
    body.insert("scene_info".into(), scene(fields)?);
    let expires = text("time_expire").and_then(clock::compact).and_then(clock::write_rfc3339);
    let others = [
        ("time_expire", expires.map(Value::from)),
        ("limit_pay", text("limit_pay").map(|word| json!([word]))),
        ("support_fapiao", text("receipt").map(yes).transpose()?),
        ("settle_info", text("profit_sharing").map(|word| json!({ "profit_sharing": word == "Y" }))),
        ("detail", text("detail").map(goods).transpose()?),
        ("payer", payer(fields, merchant)),
    ];
    body.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    merge(&mut body, further, "extra")?;
    let product = match text("trade_type") {
        Some("JSAPI") => "jsapi",
        Some("APP") => "app",
        Some("MWEB") => "h5",
        _ => "native",
    };
    Ok(V3Request::post(transactions(merchant, &[product], []), &Value::Object(body)))
}

/// The gateway refuses what it does not know, so it is refused here by its name.
fn only_known(fields: &Fields) -> Result<(), BadArgument> {
    let is_known = |name: &str| TEXTS.iter().any(|(v2, _)| *v2 == name) || ELSEWHERE.contains(&name);
    match fields.iter().find(|(name, text)| !text.is_empty() && !is_known(name)) {
        Some((name, _)) => {
            Err(BadArgument::new("extra", format!("must not contain {name}, which APIv3 does not have")))
        }
        None => Ok(()),
    }
}

fn amount(fields: &Fields) -> Value {
    let total: i64 = fields.text("total_fee").and_then(|fee| fee.parse().ok()).unwrap_or_default();
    json!({ "total": total, "currency": fields.text("fee_type").unwrap_or("CNY") })
}

/// Where the payer is, in which shop, with which app or page.
fn scene(fields: &Fields) -> Result<Value, BadArgument> {
    let own = [("payer_client_ip", "spbill_create_ip"), ("device_id", "device_info")];
    let mut scene = object(own.into_iter().filter_map(|(v3, v2)| Some((v3, fields.text(v2)?))));
    if let Some(Value::Object(given)) =
        fields.text("scene_info").map(|text| nested("scene_info", text)).transpose()?
    {
        scene.extend(given);
    }
    if let Some(Value::String(kind)) = scene.get_mut("h5_info").and_then(|page| page.get_mut("type")) {
        // APIv3 writes it as Apple does.
        if kind == "IOS" {
            kind.replace_range(..1, "i");
        }
    }
    Ok(Value::Object(scene))
}

/// `Y`, as a JSON true.
fn yes(receipt: &str) -> Result<Value, BadArgument> {
    match receipt {
        "Y" | "N" => Ok(json!(receipt == "Y")),
        _ => Err(BadArgument::new("receipt", "must be Y or N in APIv3")),
    }
}

fn payer(fields: &Fields, merchant: &Merchant) -> Option<Value> {
    let own = if merchant.sub_mch_id.is_some() { "sp_openid" } else { "openid" };
    let texts = [(own, "openid"), ("sub_openid", "sub_openid")];
    let payer = object(texts.into_iter().filter_map(|(v3, v2)| Some((v3, fields.text(v2)?))));
    (!payer.is_empty()).then_some(Value::Object(payer))
}

/// What v2 says of goods, and APIv3 has no word for.
const LOST: [&str; 2] = ["goods_category", "body"];

/// The goods, all of whose words APIv3 has.
fn goods(text: &str) -> Result<Value, BadArgument> {
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
fn nested(name: &'static str, text: &str) -> Result<Value, BadArgument> {
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
