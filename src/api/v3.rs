//! What several calls of APIv3 share: paths and ids, of a merchant or of a service provider (protocol-v3.md C.10).

use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::wire::v3::target::build;
use serde_json::{Map, Value};

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
