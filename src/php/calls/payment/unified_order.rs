//! `WechatPay\UnifiedOrder`.

use crate::api::unified_order::{Basics, UnifiedOrder};
use crate::clock::{Clock, SystemClock, write_compact};
use crate::model::merchant::ApiVersion;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{
    Array, Bool, Fen, Instant, Optional, Param, Text, array, fen, flag, instant, text,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::object::{body, fields, json};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::prepay;
use ext_php_rs::flags::DataType;
use serde_json::Map;

caller_class!(PhpUnifiedOrder, "WechatPay\\UnifiedOrder");

const OUT_TRADE_NO: Param<Text> = text("outTradeNo");
const TOTAL_FEE: Param<Fen> = fen("totalFee");
const BODY: Param<Text> = text("body");
const NOTIFY_URL: Param<Text> = text("notifyUrl");
const SPBILL_CREATE_IP: Param<Text> = text("spbillCreateIp");
const PRODUCT_ID: Param<Optional<Text>> = text("productId").or_null();
const OPENID: Param<Optional<Text>> = text("openid").or_null();
const SUB_OPENID: Param<Optional<Text>> = text("subOpenid").or_null();
const DEVICE_INFO: Param<Optional<Text>> = text("deviceInfo").or_null();
const DETAIL: Param<Optional<Array>> = array("detail").or_null();
const ATTACH: Param<Optional<Text>> = text("attach").or_null();
const FEE_TYPE: Param<Optional<Text>> = text("feeType").or_null();
const TIME_START: Param<Optional<Instant>> = instant("timeStart").or_null();
const TIME_EXPIRE: Param<Optional<Instant>> = instant("timeExpire").or_null();
const GOODS_TAG: Param<Optional<Text>> = text("goodsTag").or_null();
const LIMIT_PAY: Param<Optional<Text>> = text("limitPay").or_null();
const RECEIPT: Param<Optional<Text>> = text("receipt").or_null();
const SCENE_INFO: Param<Optional<Array>> = array("sceneInfo").or_null();
const PROFIT_SHARING: Param<Optional<Bool>> = flag("profitSharing").or_null();
const EXTRA: Param<Optional<Array>> = array("extra").or_empty();

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
    let mut optional = Chosen::default();
    optional.text(call, PRODUCT_ID, "product_id")?;
    optional.common(call)?;
    place(call, &basics, optional)
}

fn jsapi(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "JSAPI")?;
    let mut optional = Chosen::default();
    optional.text(call, OPENID, "openid")?;
    optional.text(call, SUB_OPENID, "sub_openid")?;
    match (optional.has("openid"), optional.has("sub_openid")) {
        (false, false) => return Err(call.bad(OPENID, "must be given, or $subOpenid")),
        (_, true) if call.this::<PhpUnifiedOrder>()?.0.merchant.sub_appid.is_none() => {
            return Err(call.bad(SUB_OPENID, "needs a Merchant with a subAppid"));
        }
        _ => {}
    }
    optional.common(call)?;
    place(call, &basics, optional)
}

fn app(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "APP")?;
    let mut optional = Chosen::default();
    optional.common(call)?;
    place(call, &basics, optional)
}

fn h5(call: &mut Call<'_>) -> Outcome {
    let basics = basics(call, "MWEB")?;
    let mut optional = Chosen::default();
    optional.common(call)?;
    place(call, &basics, optional)
}

/// Optional fields as they are collected.
#[derive(Default)]
struct Chosen(Vec<(String, String)>);

impl Chosen {
    fn set(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    fn text(&mut self, call: &Call<'_>, param: Param<Optional<Text>>, name: &str) -> Result<(), Raise> {
        if let Some(text) = call.get(param)? {
            self.set(name, text.to_owned());
        }
        Ok(())
    }

    /// The optional arguments that every trade type has.
    fn common(&mut self, call: &Call<'_>) -> Result<(), Raise> {
        self.text(call, DEVICE_INFO, "device_info")?;
        self.json(call, DETAIL, "detail")?;
        self.text(call, ATTACH, "attach")?;
        self.text(call, FEE_TYPE, "fee_type")?;
        self.time(call, TIME_START, "time_start")?;
        self.time(call, TIME_EXPIRE, "time_expire")?;
        self.text(call, GOODS_TAG, "goods_tag")?;
        self.text(call, LIMIT_PAY, "limit_pay")?;
        self.text(call, RECEIPT, "receipt")?;
        self.json(call, SCENE_INFO, "scene_info")?;
        if let Some(sharing) = call.get(PROFIT_SHARING)? {
            self.set("profit_sharing", if sharing { "Y" } else { "N" }.to_owned());
        }
        Ok(())
    }

    fn json(&mut self, call: &Call<'_>, param: Param<Optional<Array>>, name: &str) -> Result<(), Raise> {
        if let Some(json) = json::text(call, param)? {
            self.set(name, json);
        }
        Ok(())
    }

    fn time(&mut self, call: &Call<'_>, param: Param<Optional<Instant>>, name: &str) -> Result<(), Raise> {
        let Some(seconds) = call.get(param)? else { return Ok(()) };
        if name == "time_expire" && seconds < SystemClock.unix_seconds() + LEAST_AHEAD {
            return Err(call.bad(param, "must be at least 1 minute ahead"));
        }
        let wrong = || call.bad(param, "must be a time between the years 1 and 9999");
        self.set(name, write_compact(seconds).ok_or_else(wrong)?);
        Ok(())
    }

    /// Fields of v2 that have no argument of their own.
    fn extra(&mut self, call: &Call<'_>) -> Result<(), Raise> {
        let Some(given) = fields::given(call, EXTRA)? else { return Ok(()) };
        let (fields, _) = fields::sendable(call, given)?;
        fields.iter().for_each(|(name, value)| self.set(name, value.to_owned()));
        Ok(crate::model::sendable::sendable("extra", &fields)?)
    }
}

/// Seconds that an order must be payable at least.
const LEAST_AHEAD: i64 = 60;

/// The arguments that every trade type begins with.
fn basics<'a>(call: &Call<'a>, trade_type: &'static str) -> Result<Basics<'a>, Raise> {
    Ok(Basics {
        trade_type,
        out_trade_no: call.get(OUT_TRADE_NO)?,
        total_fee: call.get(TOTAL_FEE)?,
        body: call.get(BODY)?,
        notify_url: call.get(NOTIFY_URL)?,
        spbill_create_ip: call.get(SPBILL_CREATE_IP)?,
    })
}

fn place(call: &mut Call<'_>, basics: &Basics<'_>, mut optional: Chosen) -> Outcome {
    let caller = &call.this::<PhpUnifiedOrder>()?.0;
    let further = match caller.merchant.api_version() {
        ApiVersion::V2 => optional.extra(call).map(|()| Map::new())?,
        ApiVersion::V3 => body::members(call, EXTRA)?,
    };
    let optional: Vec<(&str, &str)> = optional.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let order = UnifiedOrder::new(basics, &optional)?.with(further);
    let for_sub_app = optional.iter().any(|(name, _)| *name == "sub_openid");
    prepay::to_php(caller.ask(&order)?, caller.merchant.clone(), for_sub_app)
}
