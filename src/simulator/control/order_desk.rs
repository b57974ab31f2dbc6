//! Control calls about orders, payers and time.

use super::super::clock;
use super::super::order::{PaidCoupon, PaymentDetails, PlacedOrder, PlacedState};
use super::super::signer::SignMethod;
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, Objection, objection};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// `POST /clock`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    advance_ms: i64,
}

/// `POST /manners`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manners {
    closeorder: Option<String>,
    pace: Option<String>,
    other_appid: Option<String>,
    refund_ms: Option<i64>,
}

/// Names an order; the sub-merchant only where numbers would be ambiguous.
#[derive(Debug, Deserialize)]
pub struct OrderName {
    /// The merchant's number.
    pub out_trade_no: String,
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
}

/// `POST /state`
#[derive(Debug, Deserialize)]
pub struct Force {
    #[serde(flatten)]
    named: OrderName,
    trade_state: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct CouponGiven {
    id: String,
    #[serde(rename = "type", default)]
    kind: String,
    fee: i64,
}

/// How the payer pays, in `POST /pay` and `POST /orders`.
#[derive(Debug, Default, Deserialize)]
pub struct Paid {
    #[serde(default)]
    coupons: Vec<CouponGiven>,
    cash_fee: Option<i64>,
    bank_type: Option<String>,
    openid: Option<String>,
    transaction_id: Option<String>,
    promotion_detail: Option<Value>,
}

/// `POST /pay`
#[derive(Debug, Deserialize)]
pub struct Pay {
    #[serde(flatten)]
    named: OrderName,
    #[serde(flatten)]
    paid: Paid,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `POST /orders`
#[derive(Debug, Deserialize)]
pub struct NewOrder {
    #[serde(flatten)]
    named: OrderName,
    total_fee: i64,
    appid: Option<String>,
    sub_appid: Option<String>,
    trade_state: Option<String>,
    trade_type: Option<String>,
    attach: Option<String>,
    body: Option<String>,
    device_info: Option<String>,
    sub_openid: Option<String>,
    notify_url: Option<String>,
    created_ago_ms: Option<i64>,
    sign_type: Option<String>,
    #[serde(flatten)]
    paid: Paid,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `GET /orders`
pub fn list(world: &mut GatewayState) -> Value {
    world.pass_time();
    world.book.all().iter().map(PlacedOrder::shown).collect()
}

/// `GET /clock`
pub fn clock(world: &GatewayState) -> Value {
    let now = world.clock.now();
    json!({"now_ms": now, "beijing": clock::spaced(now), "offset_ms": world.clock.offset_ms()})
}

/// `POST /clock`
pub fn advance(world: &mut GatewayState, by: &Advance) -> Value {
    world.clock.advance(by.advance_ms);
    world.pass_time();
    clock(world)
}

/// `POST /manners`
pub fn manners(world: &mut GatewayState, manners: &Manners) -> ControlAnswer {
    let captured = chosen("closeorder", manners.closeorder.as_ref(), CLOSEORDER, world.captured_manners)?;
    let keeps_pace = chosen("pace", manners.pace.as_ref(), PACE, world.keeps_pace)?;
    let by_appid = chosen("other_appid", manners.other_appid.as_ref(), OTHER_APPID, world.by_appid)?;
    (world.captured_manners, world.keeps_pace, world.by_appid) = (captured, keeps_pace, by_appid);
    world.refund_ms = manners.refund_ms.unwrap_or(world.refund_ms);
    let chosen_of = |words: [&'static str; 2], is: bool| if is { words[1] } else { words[0] };
    Ok(json!({
        "closeorder": chosen_of(CLOSEORDER, captured),
        "pace": chosen_of(PACE, keeps_pace),
        "other_appid": chosen_of(OTHER_APPID, by_appid),
        "refund_ms": world.refund_ms,
    }))
}

/// What each of the manners may be: the second word says yes.
const CLOSEORDER: [&str; 2] = ["documented", "captured"];
const PACE: [&str; 2] = ["any", "documented"];
const OTHER_APPID: [&str; 2] = ["answered", "not_exist"];

fn chosen(name: &str, given: Option<&String>, words: [&str; 2], now: bool) -> Result<bool, Objection> {
    let Some(given) = given else { return Ok(now) };
    let place = words.iter().position(|word| word == given);
    place.map(|n| n == 1).ok_or_else(|| objection(400, format!("{name} is {} or {}", words[0], words[1])))
}

/// The place of a named order.
pub fn place_of(world: &GatewayState, named: &OrderName) -> Result<usize, Objection> {
    let fits = |order: &PlacedOrder| {
        let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w == is);
        order.out_trade_no == named.out_trade_no
            && same(&named.mch_id, &order.mch_id)
            && same(&named.sub_mch_id, &order.sub_mch_id)
    };
    let mut places = (0..world.book.all().len()).filter(|place| world.book.get(*place).is_some_and(fits));
    let number = &named.out_trade_no;
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => {
            Err(objection(409, format!("several orders are called {number}: name mch_id and sub_mch_id too")))
        }
        (None, _) => Err(objection(404, format!("there is no order {number}"))),
    }
}

/// Refuses keys that no call knows: a misspelt one must not be taken for an absent one.
pub fn none_left(rest: &Map<String, Value>) -> Result<(), Objection> {
    match rest.keys().next() {
        None => Ok(()),
        Some(key) => Err(objection(400, format!("unknown key {key}"))),
    }
}

fn order_shown(world: &GatewayState, place: usize) -> ControlAnswer {
    let order = world.book.get(place).map(PlacedOrder::shown);
    order.ok_or_else(|| objection(404, "the order is gone"))
}

/// `POST /pay`
pub fn pay(world: &mut GatewayState, pay: Pay) -> ControlAnswer {
    none_left(&pay.rest)?;
    world.pass_time();
    let place = place_of(world, &pay.named)?;
    let order = world.book.get(place);
    let (state, total_fee, trade_type) = order
        .map(|order| (order.state.clone(), order.total_fee, order.trade_type.clone()))
        .ok_or_else(|| objection(404, "the order is gone"))?;
    if !state.may_be_paid() {
        let state = state.name();
        return Err(objection(409, format!("an order in {state} cannot be paid")));
    }
    let details = details(pay.paid, total_fee)?;
    world.pay(place, details);
    if trade_type != "MICROPAY" {
        world.announce_payment(place);
    }
    order_shown(world, place)
}

/// `POST /state`
pub fn force(world: &mut GatewayState, force: &Force) -> ControlAnswer {
    none_left(&force.rest)?;
    let place = place_of(world, &force.named)?;
    enter_state(world, place, &force.trade_state, PaymentDetails::default());
    order_shown(world, place)
}

fn enter_state(world: &mut GatewayState, place: usize, name: &str, details: PaymentDetails) {
    let state = PlacedState::named(name);
    let unpaid = world.book.get(place).is_some_and(|o| o.payment.is_none());
    if state.is_paid() && unpaid {
        world.pay(place, details);
    }
    if let Some(order) = world.book.get_mut(place) {
        order.state = state;
        order.fate = None;
    }
}

/// `POST /orders`
pub fn create(world: &mut GatewayState, new: NewOrder) -> ControlAnswer {
    none_left(&new.rest)?;
    if new.total_fee < 0 || new.named.out_trade_no.is_empty() {
        return Err(objection(400, "out_trade_no must not be empty nor total_fee negative"));
    }
    let state = new.trade_state.clone().unwrap_or_else(|| "NOTPAY".to_owned());
    let (order, paid) = made(world, new)?;
    let taken = world.book.all().iter().any(|known| {
        (&known.mch_id, &known.sub_mch_id, &known.out_trade_no)
            == (&order.mch_id, &order.sub_mch_id, &order.out_trade_no)
    });
    if taken {
        let number = &order.out_trade_no;
        return Err(objection(409, format!("there is an order {number} already")));
    }
    let details = details(paid, order.total_fee)?;
    let place = world.book.enter(order);
    enter_state(world, place, &state, details);
    order_shown(world, place)
}

fn made(world: &GatewayState, new: NewOrder) -> Result<(PlacedOrder, Paid), Objection> {
    let first = world.first_account();
    let mch_id = new.named.mch_id.unwrap_or(first.mch_id);
    let account = world.accounts.iter().find(|known| known.mch_id == mch_id);
    let account = account.ok_or_else(|| objection(404, format!("no merchant {mch_id}")))?;
    let method = SignMethod::named(new.sign_type.as_deref())
        .ok_or_else(|| objection(400, "sign_type is MD5, HMAC-SHA256 or WECHATPAY2-SHA256-RSA2048"))?;
    let order = PlacedOrder {
        appid: new.appid.unwrap_or_else(|| account.appid.clone()),
        mch_id,
        sub_appid: new.sub_appid.unwrap_or_default(),
        sub_mch_id: new.named.sub_mch_id.unwrap_or_default(),
        out_trade_no: new.named.out_trade_no,
        total_fee: new.total_fee,
        fee_type: "CNY".to_owned(),
        trade_type: new.trade_type.unwrap_or_else(|| "NATIVE".to_owned()),
        state: PlacedState::NotPay,
        body: new.body.unwrap_or_else(|| "test".to_owned()),
        attach: new.attach.unwrap_or_default(),
        device_info: new.device_info.unwrap_or_default(),
        openid: new.paid.openid.clone().unwrap_or_default(),
        sub_openid: new.sub_openid.unwrap_or_default(),
        notify_url: new.notify_url.unwrap_or_default(),
        method,
        created_ms: world.clock.now() - new.created_ago_ms.unwrap_or(0),
        expires_ms: None,
        terms: Vec::new(),
        prepay_id: String::new(),
        code: None,
        payment: None,
        fate: None,
    };
    Ok((order, new.paid))
}

fn details(paid: Paid, total_fee: i64) -> Result<PaymentDetails, Objection> {
    let coupons: Vec<_> =
        paid.coupons.into_iter().map(|CouponGiven { id, kind, fee }| PaidCoupon { id, kind, fee }).collect();
    let coupon_fee: i64 = coupons.iter().map(|coupon| coupon.fee).sum();
    if coupons.iter().any(|coupon| coupon.fee < 0) || coupon_fee > total_fee {
        return Err(objection(400, "coupons must not be negative nor exceed total_fee"));
    }
    let promotion = paid.promotion_detail.and_then(|given| promotion(given, &coupons));
    Ok(PaymentDetails {
        coupons,
        cash_fee: paid.cash_fee,
        bank_type: paid.bank_type,
        openid: paid.openid,
        transaction_id: paid.transaction_id,
        promotion,
    })
}

/// `true` makes a promotion of every coupon; a JSON value is taken as it is, a text word by word.
fn promotion(given: Value, coupons: &[PaidCoupon]) -> Option<String> {
    match given {
        Value::Bool(true) => {
            let list: Vec<_> = coupons.iter().map(promotion_of).collect();
            Some(json!({ "promotion_detail": list }).to_string())
        }
        Value::Bool(false) | Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(list) => Some(json!({ "promotion_detail": list }).to_string()),
        other => Some(other.to_string()),
    }
}

fn promotion_of(coupon: &PaidCoupon) -> Value {
    let own = if coupon.kind == "NO_CASH" { 0 } else { coupon.fee };
    json!({
        "promotion_id": coupon.id,
        "name": "代金券",
        "scope": "GLOBAL",
        "type": if coupon.kind == "NO_CASH" { "DISCOUNT" } else { "COUPON" },
        "amount": coupon.fee,
        "activity_id": "100001",
        "wxpay_contribute": own,
        "merchant_contribute": coupon.fee - own,
        "other_contribute": 0,
    })
}
