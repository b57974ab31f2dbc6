//! What several calls share: finding the order, paying it, writing its payment.

use super::super::book::Wanted;
use super::super::clock;
use super::super::dice::Dice;
use super::super::document::Document;
use super::super::order::{Coupon, Order, Payment, State};
use super::super::world::World;
use super::caller::{Caller, Refusal};
use super::field;

const VARYING: &[&str] = &["nonce_str", "sign", "sign_type"];

/// The place of the order that the caller names.
pub fn find(world: &World, caller: &Caller, transaction_id: &str, number: &str) -> Option<usize> {
    let found = world.book.find(Wanted {
        mch_id: &caller.account.mch_id,
        sub_mch_id: caller.get("sub_mch_id"),
        transaction_id,
        out_trade_no: number,
    });
    let is_shown = |place: &usize| {
        let order = world.book.get(*place);
        !world.by_appid || order.is_some_and(|order| order.appid == caller.account.appid)
    };
    found.filter(is_shown)
}

/// An order of the caller with everything that needs no check of its own.
pub fn draft(caller: &Caller, now: i64) -> Order {
    let text = |name: &str| caller.get(name).to_owned();
    Order {
        appid: caller.account.appid.clone(),
        mch_id: caller.account.mch_id.clone(),
        sub_appid: text("sub_appid"),
        sub_mch_id: text("sub_mch_id"),
        out_trade_no: text("out_trade_no"),
        total_fee: 0,
        fee_type: "CNY".to_owned(),
        trade_type: text("trade_type"),
        state: State::NotPay,
        body: text("body"),
        attach: text("attach"),
        device_info: text("device_info"),
        openid: text("openid"),
        sub_openid: text("sub_openid"),
        notify_url: String::new(),
        method: caller.method,
        created_ms: now,
        expires_ms: None,
        terms: terms(caller),
        prepay_id: String::new(),
        payment: None,
        fate: None,
    }
}

fn terms(caller: &Caller) -> Vec<(String, String)> {
    let mut terms: Vec<_> = caller
        .fields
        .pairs()
        .filter(|(name, text)| !VARYING.contains(name) && !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    terms.sort();
    terms
}

/// The place of the order that a call names by `transaction_id` or `out_trade_no`; the first wins.
pub fn named(world: &World, caller: &Caller) -> Result<usize, Refusal> {
    let ids = field::either(caller, &[("transaction_id", 32), ("out_trade_no", 32)])?;
    let id = |n: usize| ids.get(n).copied().unwrap_or_default();
    find(world, caller, id(0), id(1)).ok_or_else(|| not_there("订单不存在"))
}

/// No such order, in the words of the endpoint.
pub fn not_there(text: &str) -> Refusal {
    Refusal::service("ORDERNOTEXIST", text)
}

/// How a payer pays, as far as the control says.
#[derive(Debug, Default)]
pub struct Means {
    /// Coupons in order.
    pub coupons: Vec<Coupon>,
    /// Overrides what total_fee less the coupons leaves.
    pub cash_fee: Option<i64>,
    /// `bank_type`; OTHERS when absent.
    pub bank_type: Option<String>,
    /// The payer; the order's, or one made up.
    pub openid: Option<String>,
    /// 28 digits when absent.
    pub transaction_id: Option<String>,
    /// The JSON of `promotion_detail`.
    pub promotion: Option<String>,
}

/// The payer pays: the order becomes SUCCESS.
pub fn pay(world: &mut World, place: usize, means: Means) {
    pay_at(world, place, world.clock.now(), means);
}

/// The payer has paid at a time of his own.
pub fn pay_at(world: &mut World, place: usize, now: i64, means: Means) {
    let mut dice = world.dice_about(place);
    let made_up = transaction_id(&mut dice, now);
    let openid = format!("oUpF8u{}", dice.letters(22));
    let Some(order) = world.book.get_mut(place) else {
        return;
    };
    let coupon_fee: i64 = means.coupons.iter().map(|coupon| coupon.fee).sum();
    let named = Some(order.openid.clone()).filter(|openid| !openid.is_empty());
    order.payment = Some(Payment {
        transaction_id: means.transaction_id.unwrap_or(made_up),
        paid_ms: now,
        bank_type: means.bank_type.unwrap_or_else(|| "OTHERS".to_owned()),
        openid: means.openid.or(named).unwrap_or(openid),
        cash_fee: means.cash_fee.unwrap_or(order.total_fee - coupon_fee),
        coupons: means.coupons,
        promotion: means.promotion,
    });
    order.state = State::Success;
    order.fate = None;
    world.book.index_transaction(place);
}

fn transaction_id(dice: &mut Dice, now: i64) -> String {
    let day: String = clock::compact(now).chars().take(8).collect();
    format!("42000000{day}{}", dice.digits(12))
}

/// The block of a payment as orderquery and micropay write it.
pub fn write_payment(document: &mut Document, order: &Order, payment: &Payment, state: bool) {
    document.text("openid", &payment.openid).text("is_subscribe", "N");
    if !order.sub_openid.is_empty() {
        document.text("sub_openid", &order.sub_openid).text("sub_is_subscribe", "N");
    }
    document
        .text("trade_type", &order.trade_type)
        .text("bank_type", &payment.bank_type)
        .integer("total_fee", order.total_fee)
        .text("fee_type", &order.fee_type)
        .text("transaction_id", &payment.transaction_id)
        .text("out_trade_no", &order.out_trade_no)
        .text("attach", &order.attach)
        .text("time_end", clock::compact(payment.paid_ms));
    if state {
        document.text("trade_state", order.state.name());
    }
    document.integer("cash_fee", payment.cash_fee);
    if state {
        document.text("trade_state_desc", order.state.description());
    }
    document.text("cash_fee_type", "CNY");
    write_coupons(document, order, payment);
}

/// The coupons of a payment, and what is settled.
pub fn write_coupons(document: &mut Document, order: &Order, payment: &Payment) {
    if payment.coupons.is_empty() {
        return;
    }
    document.integer("coupon_fee", payment.coupon_fee());
    let count = i64::try_from(payment.coupons.len()).unwrap_or(i64::MAX);
    document.integer("coupon_count", count);
    for (n, coupon) in payment.coupons.iter().enumerate() {
        document.text(&format!("coupon_id_{n}"), &coupon.id);
        document.integer(&format!("coupon_fee_{n}"), coupon.fee);
        document.text_if_any(&format!("coupon_type_{n}"), &coupon.kind);
    }
    if let Some(settlement) = payment.settlement(order.total_fee) {
        document.integer("settlement_total_fee", settlement);
    }
}
