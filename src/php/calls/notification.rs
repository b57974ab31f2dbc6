//! `WechatPay\Notification` and `WechatPay\RefundNotice`.

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::random_nonce;
use crate::model::client_sign::Fresh;
use crate::model::merchant::{ApiVersion, Merchant};
use crate::model::refund::{RefundList, RefundNotice, RefundNoticeFields, RefundStatus};
use crate::notification::reply::{self, Reply};
use crate::notification::v3::PostedNotice;
use crate::notification::{self, Notification, Subject, trial};
use crate::php::calls::gateway::Caller;
use crate::php::engine::convert::array::entries;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{
    Array, Bytes, Object, Optional, Param, array, bytes, object as object_param,
};
use crate::php::engine::object::property::{
    INT, Property, PropertyOf, STRING, TIME, nullable, object, property,
};
use crate::php::engine::object::{fields, interfaces, json};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::PhpEnum;
use crate::php::values::merchant::{PhpMerchant, merchants};
use crate::php::values::{order, reply as php_reply};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, Zval};
use std::sync::Arc;
use time::OffsetDateTime;

/// What a PHP `Notification` holds: what was read, and for whom.
pub struct PhpNotification(pub Notification, pub Arc<Merchant>);

/// What a PHP `RefundNotice` holds: what v2 claims, or what APIv3 has signed.
pub enum PhpRefundNotice {
    /// Decrypted.
    Claimed(Box<RefundNotice>),
    /// Verified.
    Told(Box<RefundList>),
}

/// A refund that a notice tells.
struct RefundView {
    typed: RefundNoticeFields,
    refund_status: RefundStatus,
    success_time: Option<OffsetDateTime>,
}

impl PhpRefundNotice {
    fn view(&self) -> Option<RefundView> {
        Some(match self {
            Self::Claimed(notice) => RefundView {
                typed: notice.typed().clone(),
                refund_status: notice.refund_status(),
                success_time: notice.success_time(),
            },
            Self::Told(list) => RefundView {
                typed: RefundNoticeFields::of(list)?,
                refund_status: list.entries().first()?.refund_status,
                success_time: list.entries().first()?.refund_success_time,
            },
        })
    }

    fn made(self) -> Outcome {
        let view = self.view().ok_or_else(|| Raise::Engine("the notice tells of no refund".into()))?;
        object(self, REFUND, |get, _| get(&view))
    }
}

php_class!(PhpNotification, "WechatPay\\Notification", private);
php_class!(PhpRefundNotice, "WechatPay\\RefundNotice", private);

/// A notice, with the PHP object of its addressee.
struct NotificationView<'a> {
    read: &'a Notification,
    merchant: &'a Zval,
}

fn paid_order(view: &NotificationView<'_>) -> Outcome {
    match &view.read.subject {
        Subject::Payment(paid) => order::to_php(paid.clone()),
        _ => Ok(Zval::null()),
    }
}

fn refund_notice(view: &NotificationView<'_>) -> Outcome {
    match &view.read.subject {
        Subject::Refund(notice) => PhpRefundNotice::Claimed(notice.clone()).made(),
        Subject::Refunded(list) => PhpRefundNotice::Told(list.clone()).made(),
        Subject::Payment(_) | Subject::Other(_) => Ok(Zval::null()),
    }
}

type Getter = fn(&NotificationView<'_>) -> Outcome;

const NOTIFICATION: &[Property<Getter>] = &[
    nullable("order", DataType::object("WechatPay\\Order"), paid_order),
    nullable("refund", DataType::object("WechatPay\\RefundNotice"), refund_notice),
    property("merchant", DataType::object("WechatPay\\Merchant"), |n| Ok(n.merchant.shallow_clone())),
    property("dedupeKey", STRING, |n| n.read.dedupe_key.to_php()),
    nullable("eventType", STRING, |n| n.read.event_type.to_php()),
];

const REFUND: &[PropertyOf<RefundView>] = &[
    property("outTradeNo", STRING, |n| n.typed.out_trade_no.to_php()),
    nullable("transactionId", STRING, |n| n.typed.transaction_id.to_php()),
    property("outRefundNo", STRING, |n| n.typed.out_refund_no.to_php()),
    property("refundId", STRING, |n| n.typed.refund_id.to_php()),
    property("refundStatus", DataType::object(RefundStatus::NAME), |n| n.refund_status.to_php()),
    nullable("totalFee", INT, |n| n.typed.total_fee.to_php()),
    nullable("settlementTotalFee", INT, |n| n.typed.settlement_total_fee.to_php()),
    nullable("refundFee", INT, |n| n.typed.refund_fee.to_php()),
    nullable("settlementRefundFee", INT, |n| n.typed.settlement_refund_fee.to_php()),
    nullable("cashRefundFee", INT, |n| n.typed.cash_refund_fee.to_php()),
    nullable("successTime", TIME, |n| n.success_time.to_php()),
    nullable("refundRecvAccout", STRING, |n| n.typed.refund_recv_accout.to_php()),
    nullable("refundAccount", STRING, |n| n.typed.refund_account.to_php()),
    nullable("refundRequestSource", STRING, |n| n.typed.refund_request_source.to_php()),
];

const BODY: Param<Bytes> = bytes("body");
const HEADERS: Param<Array> = array("headers");
const MERCHANTS: Param<Object<PhpMerchant>> = object_param("merchants").rest();
const REASON: Param<Bytes> = bytes("reason");
const FIELDS: Param<Array> = array("fields");
/// The same, to be read as an object of JSON.
const FIELDS_OR_NONE: Param<Optional<Array>> = Param::of(FIELDS.shown);
const MERCHANT: Param<Object<PhpMerchant>> = object_param("merchant");

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const STRING: Option<Returns> = Some(Returns(DataType::String, false));
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    const REPLY: Option<Returns> = Some(Returns(DataType::object("WechatPay\\Reply"), false));
    let methods = [
        method!("fields", refund_fields, [], ARRAY),
        method!("jsonSerialize", interfaces::json_serialize, [], ARRAY),
    ];
    register::<PhpRefundNotice, _>(
        REFUND,
        &methods,
        &[(interfaces::json_serializable, "\\JsonSerializable")],
    )?;
    let methods = [
        method!(
            static "read",
            read,
            [BODY, MERCHANTS],
            Some(Returns(DataType::object("WechatPay\\Notification"), false))
        ),
        method!(
            static "receive",
            receive,
            [BODY, HEADERS, MERCHANTS],
            Some(Returns(DataType::object("WechatPay\\Notification"), false))
        ),
        method!("reply", accept, [], REPLY),
        method!("fields", notice_fields, [], ARRAY),
        method!(static "refuse", refuse, [REASON], REPLY),
        method!(static "success", success, [], STRING),
        method!(static "fail", fail, [REASON], STRING),
        method!(static "sign", sign, [FIELDS, MERCHANT], STRING),
        method!(static "headers", headers, [BODY, MERCHANT], ARRAY),
    ];
    register::<PhpNotification, _>(NOTIFICATION, &methods, &[])
}

fn read(call: &mut Call<'_>) -> Outcome {
    let body = call.get(BODY)?;
    let merchants = merchants(call, MERCHANTS)?;
    let known: Vec<&Merchant> = merchants.iter().map(|(merchant, _)| &**merchant).collect();
    let read = notification::read(body, &known).map_err(Fault::of_notice)?;
    to_php(read, merchants)
}

fn receive(call: &mut Call<'_>) -> Outcome {
    let (body, headers) = (call.get(BODY)?, signature_headers(call.get(HEADERS)?));
    let merchants = merchants(call, MERCHANTS)?;
    let known: Vec<&Merchant> = merchants.iter().map(|(merchant, _)| &**merchant).collect();
    let headers: Vec<_> = headers.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let posted = PostedNotice { headers: &headers, body, now: SystemClock.unix_seconds() };
    let deadline_ms = SystemClock.now_ms().saturating_add(MOST_LOADING_MS);
    let mut look_for = |at: usize, serial: &str| match merchants.get(at) {
        Some((merchant, _)) => load_certificates(merchant, serial, deadline_ms),
        None => Ok(false),
    };
    let read = notification::receive(posted, &known, &mut look_for).map_err(Fault::of_notice);
    to_php(door::ended(read)?, merchants)
}

/// What a notice may take for all of its merchants: WeChat Pay waits so long for its answer that the shop has time left to
/// store it.
const MOST_LOADING_MS: u64 = 3000;

/// Downloads what a notice names, as calls without a gateway do, until the notice's time is up.
fn load_certificates(merchant: &Arc<Merchant>, serial: &str, deadline_ms: u64) -> Result<bool, Error> {
    let caller = Caller::over(merchant.clone(), None).map_err(misset)?;
    let line = caller.line_for_notices().map_err(Error::Configuration)?;
    let left_ms = deadline_ms.saturating_sub(SystemClock.now_ms());
    line.within(left_ms).observed_by(None).load_certificates(serial)
}

fn misset(raised: Raise) -> Error {
    match raised {
        Raise::Fault(fault) => fault.error,
        Raise::Argument(bad) => bad.into(),
        _ => Error::Configuration("the settings in php.ini cannot be used".into()),
    }
}

/// The headers that sign, as `$_SERVER`, `getallheaders()` or PSR-7 have them.
fn signature_headers(given: &ZendHashTable) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in entries(given) {
        let name = String::from_utf8_lossy(&name).replace('_', "-").to_ascii_lowercase();
        let name = name.strip_prefix("http-").unwrap_or(&name);
        if !name.starts_with("wechatpay-") {
            continue;
        }
        let texts: Vec<&Zval> = match value.array() {
            Some(list) => entries(list).map(|(_, text)| text).collect(),
            None => vec![value],
        };
        // What is no text signs nothing, and is refused as such.
        let text =
            |zval: &Zval| zval.zend_str().map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned());
        headers.extend(texts.into_iter().map(|zval| (name.to_owned(), text(zval).unwrap_or_default())));
    }
    headers
}

fn to_php(read: Notification, merchants: Vec<(Arc<Merchant>, Zval)>) -> Result<Zval, Raise> {
    let addressee = merchants.into_iter().nth(read.merchant);
    let (merchant, zval) = addressee.ok_or_else(|| Raise::Engine("the notice's merchant is gone".into()))?;
    let made =
        |get: &Getter, held: &PhpNotification| get(&NotificationView { read: &held.0, merchant: &zval });
    object(PhpNotification(read, merchant), NOTIFICATION, made)
}

fn refund_fields(call: &mut Call<'_>) -> Outcome {
    match call.this::<PhpRefundNotice>()? {
        PhpRefundNotice::Claimed(notice) => Ok(value::texts(notice.fields().iter())),
        PhpRefundNotice::Told(list) => list.told().map_or_else(|| Ok(Zval::null()), elements::told),
    }
}

/// What it tells, whatever the event.
fn notice_fields(call: &mut Call<'_>) -> Outcome {
    let told = match &call.this::<PhpNotification>()?.0.subject {
        Subject::Payment(order) => {
            return order.told().map_or_else(|| Ok(value::texts(order.fields().iter())), elements::told);
        }
        Subject::Refund(notice) => return Ok(value::texts(notice.fields().iter())),
        Subject::Refunded(list) => list.told(),
        Subject::Other(told) => Some(&**told),
    };
    told.map_or_else(|| value::list([]), elements::told)
}

fn accept(call: &mut Call<'_>) -> Outcome {
    php_reply::to_php(Reply::accepted(call.this::<PhpNotification>()?.1.api_version()))
}

fn refuse(call: &mut Call<'_>) -> Outcome {
    php_reply::to_php(Reply::refused_unread(&String::from_utf8_lossy(call.get(REASON)?)))
}

#[allow(clippy::unnecessary_wraps, reason = "every method has this shape")]
fn success(_: &mut Call<'_>) -> Outcome {
    Ok(value::text(reply::SUCCESS))
}

fn fail(call: &mut Call<'_>) -> Outcome {
    Ok(value::text(reply::fail(&String::from_utf8_lossy(call.get(REASON)?))))
}

fn sign(call: &mut Call<'_>) -> Outcome {
    let merchant = &call.get(MERCHANT)?.0;
    if merchant.api_version() == ApiVersion::V3 {
        let nonce = random_nonce();
        return Ok(value::text(
            trial::body(json::object(call, FIELDS_OR_NONE)?, merchant, fresh(&nonce)).map_err(unmade)?,
        ));
    }
    let (fields, _) = fields::sendable(call, FIELDS)?;
    Ok(value::text(notification::sign(fields, merchant, &random_nonce())?))
}

fn headers(call: &mut Call<'_>) -> Outcome {
    let (body, merchant) = (call.get(BODY)?, &call.get(MERCHANT)?.0);
    if merchant.api_version() == ApiVersion::V2 {
        return Ok(value::texts([("Content-Type", "text/xml")].into_iter()));
    }
    let nonce = random_nonce();
    let made = trial::headers(body, merchant, fresh(&nonce)).map_err(unmade)?;
    Ok(value::texts(made.iter().map(|(name, text)| (*name, text.as_str()))))
}

fn fresh(nonce: &str) -> Fresh<'_> {
    Fresh { seconds: SystemClock.unix_seconds(), nonce }
}

fn unmade(error: Error) -> Fault {
    Fault::new(error, Repeat::Query, None)
}
