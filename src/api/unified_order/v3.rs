//! An order as APIv3 places it (protocol-v3.md C.1, C.15): v2's fields in v3's places.

use crate::api::v3::{amount, goods, ids, merge, nested, object, transactions, yes};
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

/// Where the payer is, in which shop, with which app or page.
fn scene(fields: &Fields) -> Result<Value, BadArgument> {
    let own = [("payer_client_ip", "spbill_create_ip"), ("device_id", "device_info")];
    let mut scene = object(own.into_iter().filter_map(|(v3, v2)| Some((v3, fields.text(v2)?))));
    if let Some(Value::Object(given)) =
        fields.text("scene_info").map(|text| nested("scene_info", text)).transpose()?
    {
        merge(&mut scene, &given, "scene_info")?;
    }
    if let Some(Value::String(kind)) = scene.get_mut("h5_info").and_then(|page| page.get_mut("type")) {
        // APIv3 writes it as Apple does.
        if kind == "IOS" {
            kind.replace_range(..1, "i");
        }
    }
    Ok(Value::Object(scene))
}

fn payer(fields: &Fields, merchant: &Merchant) -> Option<Value> {
    let own = if merchant.sub_mch_id.is_some() { "sp_openid" } else { "openid" };
    let texts = [(own, "openid"), ("sub_openid", "sub_openid")];
    let payer = object(texts.into_iter().filter_map(|(v3, v2)| Some((v3, fields.text(v2)?))));
    (!payer.is_empty()).then_some(Value::Object(payer))
}
