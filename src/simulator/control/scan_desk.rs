//! `POST /scan`: a payer scans the code of an order, or a product link of Native mode 1, and then the merchant's callback
//! is asked.

use super::super::document::XmlDocument;
use super::super::hub::SharedState;
use super::super::notice::{Target, post};
use super::super::options::Account;
use super::super::order::PlacedOrder;
use super::super::reader;
use super::super::sabotage::OTHER_KEY;
use super::super::signer::{self, SignMethod};
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, Objection, objection};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const NAMES: &[&str] = &["appid", "mch_id", "product_id", "time_stamp", "nonce_str"];

/// `POST /scan`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    url: String,
    notify_url: Option<String>,
    openid: Option<String>,
    #[serde(default)]
    mutate: Option<String>,
}

/// `POST /scan`: tells the order behind a code; of a product link the callback, the answer, and whether the answer was a
/// right one.
pub async fn scan(hub: &SharedState, scan: Scan) -> ControlAnswer {
    let Some(notify_url) = &scan.notify_url else {
        return opened(&mut hub.world(), &scan.url);
    };
    let target = Target::parse(notify_url).map_err(|fault| objection(400, fault))?;
    let (account, callback, head) = {
        let mut world = hub.world();
        let (account, link) = verified(&world, &scan.url)?;
        let callback = callback(&mut world, &account, &link, &scan);
        let request_id = ("request-id", world.dice.hex(32));
        (account, callback, vec![request_id, ("content-type", "text/xml".to_owned())])
    };
    let sent: Map<_, _> = callback.pairs().map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
    let reply = post(&target, &callback.to_xml(), &head).await;
    let judged = match &reply {
        Ok((_, body)) => judge(&hub.world(), &account, body),
        Err(_) => json!({}),
    };
    Ok(json!({
        "callback": sent,
        "status": reply.as_ref().ok().map(|(status, _)| status),
        "reply": reply.as_ref().ok().map(|(_, body)| body),
        "error": reply.as_ref().err(),
        "judged": judged,
    }))
}

/// What the payer's phone shows of a code: the order, while it can be paid and the code lives.
fn opened(world: &mut GatewayState, url: &str) -> ControlAnswer {
    world.pass_time();
    let is_code = |order: &&PlacedOrder| order.code.as_ref().is_some_and(|code| code.url == url);
    let order = world.book.all().iter().find(is_code);
    let order =
        order.ok_or_else(|| objection(404, "no order has this code: a later one may have replaced it"))?;
    if !order.state.may_be_paid() {
        return Err(objection(
            409,
            format!("the order cannot be paid any more: it is {}", order.state.name()),
        ));
    }
    if !order.code.as_ref().is_some_and(|code| code.lives(world.clock.now())) {
        return Err(objection(410, "the code is stale: it was made two hours ago or more"));
    }
    Ok(order.shown())
}

/// Reads the link, short or long, and checks its sign as WeChat does.
fn verified(world: &GatewayState, url: &str) -> Result<(Account, XmlDocument), Objection> {
    let url = world.product_links.get(url).map_or(url, String::as_str);
    let query = url
        .strip_prefix("weixin://wxpay/bizpayurl?")
        .ok_or_else(|| objection(400, "url is no link of Native mode 1"))?;
    let mut link = XmlDocument::default();
    for (name, text) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let text = percent_decoded(text)
            .ok_or_else(|| objection(400, format!("{name} is no percent-encoded text")))?;
        link.text(name, text);
    }
    if let Some(name) = NAMES.iter().find(|name| link.filled(name).is_none()) {
        return Err(objection(400, format!("the link lacks {name}")));
    }
    let mch_id = link.get("mch_id").unwrap_or_default();
    let account = world.accounts.iter().find(|a| a.mch_id == mch_id).cloned();
    let account = account.ok_or_else(|| objection(404, format!("no merchant {mch_id}")))?;
    let right = link.sign_with(&account.key, SignMethod::Md5);
    if link.get("sign") != Some(right.as_str()) {
        return Err(objection(409, "the link's sign is wrong"));
    }
    Ok((account, link))
}

/// `a%2Fb` is `a/b`, as in every URL; `None` if a `%` has no two digits, or the bytes are no text.
fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn callback(world: &mut GatewayState, account: &Account, link: &XmlDocument, scan: &Scan) -> XmlDocument {
    let made_up = format!("oUpF8u{}", world.dice.letters(22));
    let mut callback = XmlDocument::default();
    callback
        .text("appid", &account.appid)
        .text("openid", scan.openid.clone().unwrap_or(made_up))
        .text("mch_id", &account.mch_id)
        .text("is_subscribe", "N")
        .text("nonce_str", world.dice.nonce())
        .text("product_id", link.get("product_id").unwrap_or_default());
    let forged = scan.mutate.as_deref() == Some("forged");
    callback.seal(if forged { OTHER_KEY } else { &account.key }, SignMethod::Md5);
    if scan.mutate.as_deref() == Some("no_sign") {
        callback.remove("sign");
    }
    callback
}

/// Was the merchant's answer signed by him, and does its prepay_id belong to an order of his?
fn judge(world: &GatewayState, account: &Account, body: &str) -> Value {
    let fields = match reader::read(body.as_bytes()) {
        Ok(fields) => fields,
        Err(fault) => return json!({"readable": false, "fault": fault.to_string()}),
    };
    let sign = fields.get("sign").unwrap_or_default();
    let method = if sign.len() == 64 { SignMethod::HmacSha256 } else { SignMethod::Md5 };
    let right = signer::sign(fields.pairs(), &account.key, method) == sign;
    let prepay_id = fields.filled("prepay_id");
    let order = world
        .book
        .all()
        .iter()
        .find(|order| order.mch_id == account.mch_id && Some(order.prepay_id.as_str()) == prepay_id);
    json!({
        "readable": true,
        "signed": right,
        "return_code": fields.get("return_code"),
        "result_code": fields.get("result_code"),
        "out_trade_no": order.map(|order| order.out_trade_no.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn r68_a_percent_encoded_text_is_decoded_once() {
        for (written, text) in [
            ("P1", "P1"),
            ("a%2Fb", "a/b"),
            ("a%2fb%7C", "a/b|"),
            ("%E8%8C%B6", "茶"),
            ("%2525", "%25"),
            ("a+b", "a+b"),
            ("", ""),
        ] {
            assert_eq!(percent_decoded(written).as_deref(), Some(text), "{written}");
        }
        for wrong in ["%", "%1", "a%zz", "%+1", "%FF", "%茶"] {
            assert_eq!(percent_decoded(wrong), None, "{wrong}");
        }
    }
}
