//! `WechatPay\UnifiedOrder`.

use crate::api::unified_order::{Basics, UnifiedOrder};
use crate::clock::{Clock, SystemClock, write_compact};
use crate::php::calls::gateway::caller_class;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, Param, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::fields;
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use crate::php::values::prepay;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ClassEntry;

caller_class!(PhpUnifiedOrder, "WechatPay\\UnifiedOrder");

const OUT_TRADE_NO: Param = param("outTradeNo", DataType::String);
const TOTAL_FEE: Param = param("totalFee", DataType::Long);
const BODY: Param = param("body", DataType::String);
const NOTIFY_URL: Param = param("notifyUrl", DataType::String);
const SPBILL_CREATE_IP: Param = param("spbillCreateIp", DataType::String);
const PRODUCT_ID: Param = param("productId", DataType::String).or_null();
const OPENID: Param = param("openid", DataType::String).or_null();
const SUB_OPENID: Param = param("subOpenid", DataType::String).or_null();
const DEVICE_INFO: Param = param("deviceInfo", DataType::String).or_null();
const DETAIL: Param = param("detail", DataType::Array).or_null();
const ATTACH: Param = param("attach", DataType::String).or_null();
const FEE_TYPE: Param = param("feeType", DataType::String).or_null();
const TIME_START: Param = param("timeStart", DataType::object("DateTimeInterface")).or_null();
const TIME_EXPIRE: Param = param("timeExpire", DataType::object("DateTimeInterface")).or_null();
const GOODS_TAG: Param = param("goodsTag", DataType::String).or_null();
const LIMIT_PAY: Param = param("limitPay", DataType::String).or_null();
const RECEIPT: Param = param("receipt", DataType::String).or_null();
const SCENE_INFO: Param = param("sceneInfo", DataType::Array).or_null();
const PROFIT_SHARING: Param = param("profitSharing", DataType::Bool).or_null();
const EXTRA: Param = param("extra", DataType::Array).or("[]");

/// The method of one trade type: the five needed parameters, its own, the common optional ones.
macro_rules! placing {
    ($name:literal, $body:path, [$($own:expr),*]) => {
        method!(
            $name,
            $body,
            [
                OUT_TRADE_NO, TOTAL_FEE, BODY, NOTIFY_URL, SPBILL_CREATE_IP, $($own,)* DEVICE_INFO, DETAIL, ATTACH,
                FEE_TYPE, TIME_START, TIME_EXPIRE, GOODS_TAG, LIMIT_PAY, RECEIPT, SCENE_INFO, PROFIT_SHARING, EXTRA,
            ],
            PREPAY
        )
    };
}

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const PREPAY: Option<Returns> = Some(Returns(DataType::object("WechatPay\\Prepay"), false));
    let methods = [
        placing!("native", native, [PRODUCT_ID]),
        placing!("jsapi", jsapi, [OPENID, SUB_OPENID]),
        placing!("app", app, []),
        placing!("h5", h5, []),
    ];
    register::<PhpUnifiedOrder, _>(NONE, &methods, &[])
}

fn native(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "NATIVE")?;
    let mut optional = Optional::default();
    optional.text(call, 5, "product_id")?;
    optional.common(call, 6)?;
    place(call, &basics, &optional)
}

fn jsapi(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "JSAPI")?;
    let mut optional = Optional::default();
    optional.text(call, 5, "openid")?;
    optional.text(call, 6, "sub_openid")?;
    match (optional.has("openid"), optional.has("sub_openid")) {
        (false, false) => return Err(call.bad(5, "must be given, or $subOpenid")),
        (_, true) if call.this::<PhpUnifiedOrder>()?.0.merchant.sub_appid.is_none() => {
            return Err(call.bad(6, "needs a Merchant with a subAppid"));
        }
        _ => {}
    }
    optional.common(call, 7)?;
    place(call, &basics, &optional)
}

fn app(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "APP")?;
    let mut optional = Optional::default();
    optional.common(call, 5)?;
    place(call, &basics, &optional)
}

fn h5(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "MWEB")?;
    let mut optional = Optional::default();
    optional.common(call, 5)?;
    place(call, &basics, &optional)
}

/// Optional fields as they are collected.
#[derive(Default)]
struct Optional(Vec<(String, String)>);

impl Optional {
    fn set(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    fn text(&mut self, call: &Call<'_>, n: usize, name: &str) -> Result<(), Raise> {
        if let Some(text) = call.text_or(n)? {
            self.set(name, text.to_owned());
        }
        Ok(())
    }

    /// The optional arguments that every trade type has, from the n-th on.
    fn common(&mut self, call: &Call<'_>, n: usize) -> Result<(), Raise> {
        self.text(call, n, "device_info")?;
        self.json(call, n + 1, "detail")?;
        self.text(call, n + 2, "attach")?;
        self.text(call, n + 3, "fee_type")?;
        self.time(call, n + 4, "time_start")?;
        self.time(call, n + 5, "time_expire")?;
        self.text(call, n + 6, "goods_tag")?;
        self.text(call, n + 7, "limit_pay")?;
        self.text(call, n + 8, "receipt")?;
        self.json(call, n + 9, "scene_info")?;
        if let Some(sharing) = call.bool_or_null(n + 10)? {
            self.set("profit_sharing", if sharing { "Y" } else { "N" }.to_owned());
        }
        self.extra(call, n + 11)
    }

    fn json(&mut self, call: &Call<'_>, n: usize, name: &str) -> Result<(), Raise> {
        let Some(array) = call.zval(n).filter(|zval| !zval.is_null()) else { return Ok(()) };
        call.array_or(n)?;
        let written = |json: &Zval| json.str().map(str::to_owned);
        let json = door::function("json_encode", &[array, &value::int(JSON_UNESCAPED)], written)?;
        let json = json.ok_or_else(|| Raise::Engine("json_encode() is needed and disabled".into()))?;
        self.set(name, json.ok_or_else(|| call.bad(n, "must be encodable as JSON"))?);
        Ok(())
    }

    fn time(&mut self, call: &Call<'_>, n: usize, name: &str) -> Result<(), Raise> {
        // SAFETY: ext/date is always there, and its interface lives as long as the process.
        let interface: &ClassEntry = unsafe { &*zend::php_date_get_interface_ce() };
        let Some(time) = call.instance_or(n, interface, "DateTimeInterface")? else { return Ok(()) };
        let seconds = time.object().map(|object| door::method(object, "getTimestamp", &[])).transpose()?;
        let seconds = seconds.and_then(|s| s.long());
        if name == "time_expire" && seconds.is_some_and(|at| at < SystemClock.unix_seconds() + LEAST_AHEAD) {
            return Err(call.bad(n, "must be at least 1 minute ahead"));
        }
        let written = seconds.and_then(write_compact);
        self.set(name, written.ok_or_else(|| call.bad(n, "must be a time between the years 1 and 9999"))?);
        Ok(())
    }

    fn extra(&mut self, call: &Call<'_>, n: usize) -> Result<(), Raise> {
        if call.array_or(n)?.is_none() {
            return Ok(());
        }
        let (fields, _) = fields::sendable(call, n)?;
        fields.iter().for_each(|(name, value)| self.set(name, value.to_owned()));
        Ok(crate::model::sendable::sendable("extra", &fields)?)
    }
}

/// Seconds that an order must be payable at least.
const LEAST_AHEAD: i64 = 60;

/// `JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE`: the limits are counted in bytes.
const JSON_UNESCAPED: i64 = 64 | 256;

/// The arguments that every trade type begins with.
fn basics<'a>(call: &Call<'a>, trade_type: &'static str) -> Result<Basics<'a>, Raise> {
    Ok(Basics {
        trade_type,
        out_trade_no: call.text(0)?,
        total_fee: call.fen(1)?,
        body: call.text(2)?,
        notify_url: call.text(3)?,
        spbill_create_ip: call.text(4)?,
    })
}

fn place(call: &mut Call<'_>, basics: &Basics<'_>, optional: &Optional) -> Outcome {
    let optional: Vec<(&str, &str)> = optional.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let order = UnifiedOrder::new(basics, &optional)?;
    let caller = &call.this::<PhpUnifiedOrder>()?.0;
    let for_sub_app = optional.iter().any(|(name, _)| *name == "sub_openid");
    prepay::to_php(caller.ask(&order)?, caller.merchant.clone(), for_sub_app)
}
