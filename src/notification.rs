//! Notices that WeChat Pay posts to the shop (protocol.md C.13, C.14).

use crate::error::Error;
use crate::gateway::exchange::{reason, result_code};
use crate::model::argument::BadArgument;
use crate::model::merchant::Merchant;
use crate::model::order::Order;
use crate::model::ours::{NotOurs, Ours, misfit, rank, shown};
use crate::model::refund::RefundNotice;
use crate::wire::v2::cipher;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{add_sign, byte_pairs, verify};
use crate::wire::v2::split;
use crate::wire::v2::xml::{self, Root};
use crate::wire::verified::Verified;
use key_search::LookForKey;
use std::sync::Arc;
use v3::PostedNotice;

mod key_search;
mod notice;
pub mod reply;
pub mod trial;
pub mod v3;

pub use notice::{Notification, Subject};

/// Reads a notice of either dialect for whichever of these merchants it is: JSON is APIv3's, XML v2's, and a merchant of
/// APIv3 gets that too, for a refund that was placed without an address for its notice. A certificate that is not known
/// is looked for.
pub fn receive(
    posted: PostedNotice<'_>,
    merchants: &[&Merchant],
    look_for: LookForKey<'_>,
) -> Result<Notification, Error> {
    if is_json(posted.body) {
        key_search::read(posted, merchants, look_for)
    } else {
        read(posted.body, merchants)
    }
}

fn is_json(body: &[u8]) -> bool {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start().starts_with(b"{")
}

/// Reads the raw body of a notice of v2 for whichever of these merchants it is.
pub fn read(body: &[u8], merchants: &[&Merchant]) -> Result<Notification, Error> {
    if is_json(body) {
        return Err(Error::Malformed(
            "it is a notice of APIv3: Notification::receive() reads it, with its headers (was it XML? A notice is read \
             from the raw body, php://input, before any framework changes it)"
                .into(),
        ));
    }
    let fields = decode(body)?;
    if fields.text("sign").is_none() {
        unsigned(&fields)?;
    }
    if merchants.iter().all(|merchant| merchant.v2().is_err()) {
        return Err(Error::Malformed(
            "it is a notice of v2, and no merchant with an APIv2 key was given: give one beside that of APIv3, for WeChat \
             Pay announces so the refunds that were placed without notify_url, or by hand"
                .into(),
        ));
    }
    let at = addressee(&fields, merchants)?;
    let Some(merchant) = merchants.get(at) else {
        return Err(Error::Malformed("no merchant was given".into()));
    };
    match fields.text("req_info") {
        Some(req_info) => refund(&fields, req_info, merchant, at),
        None => payment(fields, merchant, at),
    }
}

/// Reads a signed notice of another kind, of a contract for example: its verified fields. What ids it names are ours;
/// such notices need not name all.
pub fn read_fields(body: &[u8], merchant: &Merchant) -> Result<Verified<Fields>, Error> {
    let fields = decode(body)?;
    if fields.text("sign").is_none() {
        unsigned(&fields)?;
    }
    let fields = verify(fields, &merchant.v2()?.signature_policy(None))?;
    said_success(&fields)?;
    for (name, ours) in merchant.ids() {
        let (Some(ours), Some(got)) = (ours, fields.text(name)) else { continue };
        if got != ours {
            return Err(NotOurs { field: name.into(), asked: ours.to_owned(), got: shown(got) }.into());
        }
    }
    Ok(fields)
}

fn decode(body: &[u8]) -> Result<Fields, Error> {
    xml::decode(body, Root::Xml).map_err(|e| {
        Error::Malformed(format!(
            "{e} (a notice must be read from the raw body, php://input, before any framework changes it)"
        ))
    })
}

/// What an unsigned notice may say of itself: a refusal, or nothing yet.
fn unsigned(fields: &Fields) -> Result<(), Error> {
    match fields.text("return_code") {
        Some("SUCCESS") | None => Ok(()),
        Some(code @ ("FAIL" | "SYSTEMERROR")) => Err(Error::gateway(reason(fields, code))),
        Some(_) => Err(Error::Malformed("return_code is neither SUCCESS nor FAIL".into())),
    }
}

/// The best match: appid, mch_id and both sub ids; else a merchant without sub ids, who takes any
/// (decisions.md 4.1).
fn addressee(fields: &Fields, merchants: &[&Merchant]) -> Result<usize, Error> {
    let of_v2 = || merchants.iter().enumerate().filter(|(_, merchant)| merchant.v2().is_ok());
    let ranked = of_v2().filter_map(|(at, merchant)| Some((rank(fields, merchant)?, at)));
    let best = ranked.max_by_key(|(rank, at)| (*rank, std::cmp::Reverse(*at)));
    let of_none = || misfit(fields, &of_v2().map(|(_, merchant)| *merchant).collect::<Vec<_>>());
    best.map(|(_, at)| at).ok_or_else(|| of_none().into())
}

fn payment(fields: Fields, merchant: &Merchant, at: usize) -> Result<Notification, Error> {
    let fields = verify(fields, &merchant.v2()?.signature_policy(None))?;
    said_success(&fields)?;
    if let Some(refusal) = result_code(&fields)? {
        return Err(refusal);
    }
    let fields = Ours::addressed_to(merchant, fields).map_err(|anothers| misfit(&anothers, &[merchant]))?;
    let order = Order::from_payment(fields)?;
    let transaction_id = needed(order.fields(), "transaction_id")?;
    needed(order.fields(), "out_trade_no")?;
    needed(order.fields(), "total_fee")?;
    let sub_mch_id = sub_mch_id(order.fields()).to_owned();
    let dedupe_key = ["pay:", &merchant.mch_id, ":", &sub_mch_id, ":", transaction_id].concat();
    Ok(Notification {
        merchant: at,
        sub_mch_id,
        event_type: None,
        subject: Subject::Payment(Arc::new(order)),
        dedupe_key,
    })
}

fn refund(fields: &Fields, req_info: &str, merchant: &Merchant, at: usize) -> Result<Notification, Error> {
    said_success(fields)?;
    let own = merchant.v2()?;
    let keys = [Some(&own.key), own.previous_key.as_ref()];
    let opened =
        cipher::open(req_info, keys.into_iter().flatten()).map_err(|e| Error::Malformed(e.to_string()))?;
    split::ids(byte_pairs(&opened).chain(byte_pairs(fields)))?;
    let notice = RefundNotice::from_decrypted(&opened)?;
    let dedupe_key = format!(
        "refund:{}:{}:{}:{}",
        merchant.mch_id,
        sub_mch_id(fields),
        notice.typed().refund_id,
        opened.text("refund_status").unwrap_or("UNKNOWN")
    );
    let (sub_mch_id, subject) = (sub_mch_id(fields).to_owned(), Subject::Refund(Box::new(notice)));
    Ok(Notification { merchant: at, sub_mch_id, event_type: None, subject, dedupe_key })
}

fn said_success(fields: &Fields) -> Result<(), Error> {
    match fields.text("return_code") {
        Some("SUCCESS") => Ok(()),
        _ => Err(Error::Malformed("return_code is not SUCCESS".into())),
    }
}

fn sub_mch_id(fields: &Fields) -> &str {
    fields.text("sub_mch_id").unwrap_or("")
}

fn needed<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Error> {
    fields.text(name).ok_or_else(|| Error::Malformed(format!("field {name} is missing")))
}

/// A payment notice as WeChat would post it, for a shop's own tests. What is given wins over what is added.
pub fn sign(mut fields: Fields, merchant: &Merchant, nonce: &str) -> Result<Vec<u8>, BadArgument> {
    let common =
        [("return_code", Some("SUCCESS")), ("result_code", Some("SUCCESS")), ("nonce_str", Some(nonce))];
    for (name, value) in common.into_iter().chain(merchant.ids()) {
        if fields.get(name).is_none() {
            fields.set_some(name, value);
        }
    }
    let keys = merchant.v2()?;
    add_sign(&mut fields, &keys.key, keys.sign_type);
    xml::encode(&fields).map_err(|e| BadArgument::new("fields", format!("must be writable: {e}")))
}

#[cfg(test)]
mod tests;
