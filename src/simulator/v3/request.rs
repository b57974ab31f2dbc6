//! A request's JSON as the fields that the calls of v2 take. What is not in the table is refused, as WeChat Pay does.

use super::super::calls::{CallingMerchant, decoded};
use super::super::document::XmlDocument;
use super::super::options::Account;
use super::super::request::Request;
use super::super::signer::SignMethod;
use super::answer::V3Answer;
use super::route::{Route, V3Call};
use serde_json::Value;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonForm {
    Text,
    Integer,
    /// A time of RFC 3339 in Beijing.
    Time,
    /// A day with dashes.
    Day,
    /// An account, in capitals.
    Account,
    /// `true` or `false`: Y or N.
    Flag,
    /// A list with one text.
    OneOfAList,
    /// Anything, which is not looked at.
    Whatever,
}

/// Where it stands, what v2 calls it, and its form.
type JsonPlace = (&'static str, &'static str, JsonForm);

const DIRECT: &[JsonPlace] = &[("appid", "appid", JsonForm::Text), ("mchid", "mch_id", JsonForm::Text)];
const PARTNER: &[JsonPlace] = &[
    ("sp_appid", "appid", JsonForm::Text),
    ("sp_mchid", "mch_id", JsonForm::Text),
    ("sub_appid", "sub_appid", JsonForm::Text),
    ("sub_mchid", "sub_mch_id", JsonForm::Text),
];
const ORDER: &[JsonPlace] = &[
    ("description", "body", JsonForm::Text),
    ("out_trade_no", "out_trade_no", JsonForm::Text),
    ("time_expire", "time_expire", JsonForm::Time),
    ("attach", "attach", JsonForm::Text),
    ("notify_url", "notify_url", JsonForm::Text),
    ("goods_tag", "goods_tag", JsonForm::Text),
    ("limit_pay", "limit_pay", JsonForm::OneOfAList),
    ("support_fapiao", "receipt", JsonForm::Flag),
    ("amount.total", "total_fee", JsonForm::Integer),
    ("amount.currency", "fee_type", JsonForm::Text),
    ("payer.openid", "openid", JsonForm::Text),
    ("payer.sp_openid", "openid", JsonForm::Text),
    ("payer.sub_openid", "sub_openid", JsonForm::Text),
    ("scene_info.payer_client_ip", "spbill_create_ip", JsonForm::Text),
    ("scene_info.device_id", "device_info", JsonForm::Text),
    ("scene_info.store_info", "", JsonForm::Whatever),
    ("scene_info.h5_info", "", JsonForm::Whatever),
    ("settle_info.profit_sharing", "profit_sharing", JsonForm::Flag),
    ("detail", "", JsonForm::Whatever),
];
const CODE_PAY: &[JsonPlace] = &[
    ("description", "body", JsonForm::Text),
    ("out_trade_no", "out_trade_no", JsonForm::Text),
    ("attach", "attach", JsonForm::Text),
    ("goods_tag", "goods_tag", JsonForm::Text),
    ("support_fapiao", "receipt", JsonForm::Flag),
    ("payer.auth_code", "auth_code", JsonForm::Text),
    ("amount.total", "total_fee", JsonForm::Integer),
    ("amount.currency", "fee_type", JsonForm::Text),
    ("scene_info.device_ip", "spbill_create_ip", JsonForm::Text),
    ("scene_info.device_id", "device_info", JsonForm::Text),
    ("scene_info.store_info.id", "store_id", JsonForm::Text),
    ("scene_info.store_info.out_id", "store_out_id", JsonForm::Text),
    ("settle_info.profit_sharing", "profit_sharing", JsonForm::Flag),
    ("detail", "", JsonForm::Whatever),
];
const REFUND: &[JsonPlace] = &[
    ("sub_mchid", "sub_mch_id", JsonForm::Text),
    ("transaction_id", "transaction_id", JsonForm::Text),
    ("out_trade_no", "out_trade_no", JsonForm::Text),
    ("out_refund_no", "out_refund_no", JsonForm::Text),
    ("reason", "refund_desc", JsonForm::Text),
    ("notify_url", "notify_url", JsonForm::Text),
    ("funds_account", "refund_account", JsonForm::Text),
    ("amount.refund", "refund_fee", JsonForm::Integer),
    ("amount.total", "total_fee", JsonForm::Integer),
    ("amount.currency", "refund_fee_type", JsonForm::Text),
    ("amount.from", "", JsonForm::Whatever),
    ("goods_detail", "", JsonForm::Whatever),
];

const BILL: &[JsonPlace] = &[
    ("bill_date", "bill_date", JsonForm::Day),
    ("bill_type", "bill_type", JsonForm::Text),
    ("account_type", "account_type", JsonForm::Account),
    ("tar_type", "tar_type", JsonForm::Text),
    ("sub_mchid", "sub_mch_id", JsonForm::Text),
];

/// The call in v2's words, made by this merchant.
pub fn caller(route: &Route, request: &Request, account: Account) -> Result<CallingMerchant, V3Answer> {
    let mut fields = XmlDocument::default();
    fields.text("appid", &account.appid).text("mch_id", &account.mch_id).text("nonce_str", "v3");
    let whose = if route.is_partner { PARTNER } else { DIRECT };
    let own: &[JsonPlace] = match &route.call {
        V3Call::Order(trade_type) => {
            fields.text("trade_type", *trade_type);
            ORDER
        }
        V3Call::CodePay => CODE_PAY,
        V3Call::Refund => REFUND,
        V3Call::Close(number) | V3Call::Query(number) | V3Call::Reverse(number) => {
            fields.text("out_trade_no", number);
            &[]
        }
        V3Call::QueryById(number) => {
            fields.text("transaction_id", number);
            &[]
        }
        V3Call::RefundQuery(number) => {
            fields.text("out_refund_no", number);
            &[("sub_mchid", "sub_mch_id", JsonForm::Text)]
        }
        V3Call::Bill(_) => BILL,
        V3Call::File(_) | V3Call::Certificates => &[],
    };
    let whose = if route.is_about_orders() { whose } else { &[] };
    let places: Vec<JsonPlace> = whose.iter().chain(own).copied().collect();
    let said = if request.verb == "GET" { queried(&request.target) } else { posted(&request.body)? };
    let mut told = XmlDocument::default();
    read("", &said, &places, &mut told)?;
    named_itself(route, &told, &account)?;
    told.pairs().for_each(|(name, text)| fields.set(name, text));
    if matches!(route.call, V3Call::Bill("/pay/downloadbill")) && fields.get("bill_type").is_none() {
        fields.text("bill_type", "ALL");
    }
    if matches!(route.call, V3Call::Bill("/pay/downloadfundflow")) && fields.get("account_type").is_none() {
        fields.text("account_type", "Basic");
    }
    if route.call == V3Call::CodePay
        && !["store_id", "store_out_id"].iter().any(|id| fields.filled(id).is_some())
    {
        return Err(wrong("输入源“/body/scene_info/store_info”不能为空"));
    }
    if matches!(route.call, V3Call::Order(_) | V3Call::CodePay) && fields.get("spbill_create_ip").is_none() {
        fields.text("spbill_create_ip", "127.0.0.1");
    }
    Ok(CallingMerchant { account, method: SignMethod::Rsa, fields, negative_test: None })
}

/// Orders are asked for with the merchant's number; it must be the signer's.
fn named_itself(route: &Route, told: &XmlDocument, account: &Account) -> Result<(), V3Answer> {
    if !route.is_about_orders() {
        return Ok(());
    }
    if told.get("mch_id") != Some(&account.mch_id) {
        return Err(wrong("http header中的mchid与post payload中的mchid不匹配"));
    }
    match told.get("appid") {
        Some(appid) if appid != account.appid => {
            Err(V3Answer::refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"))
        }
        None if route.names_the_app() => Err(wrong("输入源“/body/appid”不能为空")),
        _ => Ok(()),
    }
}

fn wrong(message: &str) -> V3Answer {
    V3Answer::refusal(400, "PARAM_ERROR", message)
}

fn posted(body: &[u8]) -> Result<Value, V3Answer> {
    let said: Option<Value> = serde_json::from_slice(body).ok();
    said.filter(Value::is_object).ok_or_else(|| wrong("请求体不是合法的JSON"))
}

fn queried(target: &str) -> Value {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), Value::from(decoded(value))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn read(at: &str, value: &Value, places: &[JsonPlace], fields: &mut XmlDocument) -> Result<(), V3Answer> {
    let known = places.iter().find(|(path, _, _)| *path == at);
    match (known, value) {
        (Some((_, name, form)), value) => {
            let text = written(*form, value).ok_or_else(|| wrong(&format!("输入源“/body/{at}”类型错误")))?;
            if *form != JsonForm::Whatever {
                fields.set(name, text);
            }
            Ok(())
        }
        (None, Value::Object(map)) => map.iter().try_for_each(|(name, value)| {
            let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            read(&below, value, places, fields)
        }),
        (None, _) => Err(wrong(&format!("参数中含有非法的额外参数: {at}"))),
    }
}

/// The text that v2 has for it; none if it is of another type.
fn written(form: JsonForm, value: &Value) -> Option<String> {
    let plain = |text: &str| text.chars().all(|c| c.len_utf8() < 4).then(|| text.to_owned());
    match (form, value) {
        (JsonForm::Whatever, value) => (!value.is_null()).then(String::new),
        (JsonForm::Text, Value::String(text)) => plain(match text.as_str() {
            "AVAILABLE" => "REFUND_SOURCE_RECHARGE_FUNDS",
            "UNSETTLED" => "REFUND_SOURCE_UNSETTLED_FUNDS",
            text => text,
        }),
        (JsonForm::Integer, Value::Number(number)) => number.as_i64().map(|fen| fen.to_string()),
        (JsonForm::Time, Value::String(text)) => {
            let wall = text.strip_suffix("+08:00").filter(|wall| wall.len() == 19)?;
            Some(wall.chars().filter(char::is_ascii_digit).collect())
        }
        (JsonForm::Day, Value::String(text)) if text.len() == 10 => Some(text.replace('-', "")),
        (JsonForm::Account, Value::String(text)) => match text.as_str() {
            "BASIC" => Some("Basic".to_owned()),
            "OPERATION" => Some("Operation".to_owned()),
            "FEES" => Some("Fees".to_owned()),
            _ => None,
        },
        (JsonForm::Flag, Value::Bool(flag)) => Some(if *flag { "Y" } else { "N" }.to_owned()),
        (JsonForm::OneOfAList, Value::Array(list)) => match list.as_slice() {
            [Value::String(text)] => plain(text),
            _ => None,
        },
        _ => None,
    }
}
