//! `/pay/unifiedorder`: places an order, or gives a repeated one a fresh prepay_id.

use super::super::answer::CallEnd;
use super::super::clock::{self, MINUTE};
use super::super::document::XmlDocument;
use super::super::order::{OrderCode, PlacedOrder, PlacedState};
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

const LIMITS: &[(&str, usize)] = &[
    ("device_info", 32),
    ("attach", 127),
    ("goods_tag", 32),
    ("product_id", 32),
    ("openid", 128),
    ("sub_openid", 128),
];

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    let order = asked_for(world, caller)?;
    let place = if let Some(place) = trade::find(world, caller, "", &order.out_trade_no) {
        repeated(world, place, &order)?;
        place
    } else {
        check_expiry(world.clock.now(), order.expires_ms)?;
        world.book.enter(order)
    };
    let prepay_id = fresh_prepay_id(world);
    let Some(order) = world.book.get_mut(place) else {
        return Err(CallRefusal::service("SYSTEMERROR", "系统错误"));
    };
    order.prepay_id.clone_from(&prepay_id);
    let order = order.clone();
    let mut document = caller.success(world);
    write(&mut document, world, &order);
    keep_code(world, place, &document);
    Ok(caller.sealed(document).into())
}

fn asked_for(world: &GatewayState, caller: &CallingMerchant) -> Result<PlacedOrder, CallRefusal> {
    check_terms(caller)?;
    check_payer(caller)?;
    field::time(caller, "time_start")?;
    let expires_ms = field::time(caller, "time_expire")?;
    Ok(PlacedOrder {
        expires_ms,
        total_fee: field::amount(caller, "total_fee")?,
        trade_type: field::required(caller, "trade_type", 16)?.to_owned(),
        notify_url: field::notify_url(caller)?.to_owned(),
        ..trade::draft(caller, world.clock.now())
    })
}

fn check_terms(caller: &CallingMerchant) -> Result<(), CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    field::required(caller, "body", 127)?;
    field::new_trade_no(caller)?;
    field::payer_ip(caller)?;
    field::required(caller, "notify_url", 256)?;
    field::within(caller, LIMITS)?;
    field::json(caller, "detail", 6_000)?;
    field::json(caller, "scene_info", 256)?;
    field::one_of(caller, "fee_type", &["CNY"])?;
    field::one_of(caller, "limit_pay", &["no_credit"])?;
    field::one_of(caller, "receipt", &["Y"])?;
    field::one_of(caller, "profit_sharing", &["Y", "N"])?;
    field::one_of(caller, "version", &["1.0"])
}

fn check_payer(caller: &CallingMerchant) -> Result<(), CallRefusal> {
    let sub_openid = !caller.get("sub_openid").is_empty();
    match field::required(caller, "trade_type", 16)? {
        "JSAPI" if caller.get("openid").is_empty() && !sub_openid => {
            Err(field::wrong("JSAPI支付必须传openid"))
        }
        "JSAPI" if sub_openid && caller.get("sub_appid").is_empty() => {
            Err(field::wrong("sub_openid与sub_appid不匹配"))
        }
        "JSAPI" | "NATIVE" | "APP" | "MWEB" => Ok(()),
        _ => Err(field::wrong("trade_type参数错误")),
    }
}

/// The number is known: only the very same terms may be repeated.
fn repeated(world: &GatewayState, place: usize, asked: &PlacedOrder) -> Result<(), CallRefusal> {
    let Some(known) = world.book.get(place) else {
        return Ok(());
    };
    match known.state {
        PlacedState::Success | PlacedState::Refund => Err(CallRefusal::service("ORDERPAID", "该订单已支付")),
        PlacedState::Closed | PlacedState::Revoked => {
            Err(CallRefusal::service("ORDERCLOSED", "该订单已关闭"))
        }
        _ if known.trade_type == "MICROPAY" || known.appid != asked.appid => {
            Err(CallRefusal::service("OUT_TRADE_NO_USED", "商户订单号重复"))
        }
        _ if known.terms != asked.terms => Err(CallRefusal::service("INVALID_REQUEST", "201 商户订单号重复")),
        _ => Ok(()),
    }
}

fn fresh_prepay_id(world: &mut GatewayState) -> String {
    let now = clock::compact(world.clock.now());
    format!("wx{now}{}", world.dice.hex(20))
}

fn write(document: &mut XmlDocument, world: &mut GatewayState, order: &PlacedOrder) {
    document
        .text_if_any("device_info", &order.device_info)
        .text("prepay_id", &order.prepay_id)
        .text("trade_type", &order.trade_type);
    match order.trade_type.as_str() {
        "NATIVE" => {
            let token = world.dice.letters(9);
            document.text("code_url", format!("weixin://wxpay/bizpayurl?pr={token}"));
        }
        "MWEB" => {
            let (id, package) = (&order.prepay_id, world.dice.digits(10));
            let page = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb";
            document.text("mweb_url", format!("{page}?prepay_id={id}&package={package}"));
        }
        _ => {}
    }
}

/// The code can be scanned from now on.
fn keep_code(world: &mut GatewayState, place: usize, document: &XmlDocument) {
    let made_ms = world.clock.now();
    let code = document.get("code_url").map(|url| OrderCode { url: url.to_owned(), made_ms });
    if let Some(order) = world.book.get_mut(place) {
        order.code = code;
    }
}

/// `time_expire` must lie at least a minute ahead; a second is left for the way.
fn check_expiry(now: i64, expires_ms: Option<i64>) -> Result<(), CallRefusal> {
    match expires_ms {
        Some(end) if end < now + MINUTE - clock::SECOND => {
            Err(field::wrong("time_expire时间过短，刷卡至少1分钟，其他5分钟"))
        }
        _ => Ok(()),
    }
}
