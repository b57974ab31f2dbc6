//! A code payment as APIv3 takes it (protocol-v3.md C.4), from merchants to whom WeChat Pay has opened it.

use super::Micropay;
use crate::api::v3::{amount, goods, ids, merge, nested, object, takes_codes, transactions, yes};
use crate::error::Error;
use crate::gateway::endpoint::Endpoint;
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::gateway::v3::exchange::ours;
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::model::order::Order;
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use crate::wire::words;
use serde_json::{Map, Value, json};

/// What is sent under the name that it has in v2, or another one.
const TEXTS: [(&str, &str); 4] = [
    ("out_trade_no", "out_trade_no"),
    ("body", "description"),
    ("attach", "attach"),
    ("goods_tag", "goods_tag"),
];

/// What the request says elsewhere.
const ELSEWHERE: [&str; 9] = [
    "auth_code",
    "total_fee",
    "fee_type",
    "spbill_create_ip",
    "device_info",
    "scene_info",
    "receipt",
    "profit_sharing",
    "detail",
];

impl V3Endpoint for Micropay {
    type Answer = Order;

    fn request(&self, merchant: &Merchant) -> Result<V3Request, Error> {
        takes_codes(merchant)?;
        let body = Value::Object(self.in_v3(merchant)?);
        Ok(V3Request::post(transactions(merchant, &["codepay"], []), &body))
    }

    fn read(&self, answer: &Verified<JsonObject>, merchant: &Merchant) -> Result<Order, Error> {
        let fields = words::order(answer, &merchant.appid)?;
        let order = Order::from_query(ours(fields, merchant, &self.echoes())?)?;
        Self::with_its_amount(order.as_told(answer))
    }
}

impl Micropay {
    fn in_v3(&self, merchant: &Merchant) -> Result<Map<String, Value>, BadArgument> {
        self.only_known()?;
        let text = |name: &str| self.fields.text(name);
        let mut body = object(ids(merchant));
        body.extend(object(TEXTS.iter().filter_map(|(v2, v3)| Some((*v3, text(v2)?)))));
        body.insert("payer".into(), json!({ "auth_code": text("auth_code") }));
        body.insert("amount".into(), amount(&self.fields));
        body.insert("scene_info".into(), self.scene()?);
        let others = [
            ("support_fapiao", text("receipt").map(yes).transpose().map_err(|bad| in_options(&bad))?),
            ("settle_info", text("profit_sharing").map(|word| json!({ "profit_sharing": word == "Y" }))),
            ("detail", text("detail").map(goods).transpose().map_err(|bad| in_options(&bad))?),
        ];
        body.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        merge(&mut body, &self.further, "options")?;
        names_the_store(&body)?;
        Ok(body)
    }

    /// The gateway refuses what it does not know, so it is refused here by its name.
    fn only_known(&self) -> Result<(), BadArgument> {
        let is_known = |name: &str| TEXTS.iter().any(|(v2, _)| *v2 == name) || ELSEWHERE.contains(&name);
        match self.fields.iter().find(|(name, text)| !text.is_empty() && !is_known(name)) {
            Some((name, _)) => Err(not_there(name)),
            None => Ok(()),
        }
    }

    /// The till, and the store that it stands in.
    fn scene(&self) -> Result<Value, BadArgument> {
        let own = [("device_ip", "spbill_create_ip"), ("device_id", "device_info")];
        let mut scene = object(own.into_iter().filter_map(|(v3, v2)| Some((v3, self.fields.text(v2)?))));
        let given = self.fields.text("scene_info").map(|text| nested("scene_info", text));
        if let Some(Value::Object(given)) = given.transpose().map_err(|bad| in_options(&bad))? {
            merge(&mut scene, &given, "options")?;
        }
        Ok(Value::Object(scene))
    }
}

fn not_there(name: &str) -> BadArgument {
    BadArgument::new("options", format!("must not contain {name}, which APIv3 does not have"))
}

/// What is wrong with an entry of the options, by their name.
fn in_options(bad: &BadArgument) -> BadArgument {
    BadArgument::new("options", format!("is wrong at {}, which {}", bad.name, bad.what))
}

/// APIv3 wants the store by its number, WeChat Pay's or the shop's, and has no word for more.
fn names_the_store(body: &Map<String, Value>) -> Result<(), BadArgument> {
    let store = body.get("scene_info").and_then(|scene| scene.get("store_info")).and_then(Value::as_object);
    let what = "must contain scene_info with the id or the out_id of store_info, which APIv3 requires";
    let store = store.ok_or_else(|| BadArgument::new("options", what))?;
    if let Some(name) = store.keys().find(|name| !matches!(name.as_str(), "id" | "out_id")) {
        return Err(not_there(name));
    }
    if store.is_empty() { Err(BadArgument::new("options", what)) } else { Ok(()) }
}
