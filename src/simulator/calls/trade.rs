//! What several calls share: finding the order, writing its payment.

use super::super::book::Wanted;
use super::super::clock;
use super::super::document::XmlDocument;
use super::super::order::{PlacedOrder, PlacedPayment, PlacedState};
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::field;

const VARYING: &[&str] = &["nonce_str", "sign", "sign_type"];

/// The place of the order that the caller names.
pub fn find(
    world: &GatewayState,
    caller: &CallingMerchant,
    transaction_id: &str,
    number: &str,
) -> Option<usize> {
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
pub fn draft(caller: &CallingMerchant, now: i64) -> PlacedOrder {
    let text = |name: &str| caller.get(name).to_owned();
    PlacedOrder {
        appid: caller.account.appid.clone(),
        mch_id: caller.account.mch_id.clone(),
        sub_appid: text("sub_appid"),
        sub_mch_id: text("sub_mch_id"),
        out_trade_no: text("out_trade_no"),
        total_fee: 0,
        fee_type: "CNY".to_owned(),
        trade_type: text("trade_type"),
        state: PlacedState::NotPay,
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
        code: None,
        payment: None,
        fate: None,
    }
}

fn terms(caller: &CallingMerchant) -> Vec<(String, String)> {
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
pub fn named(world: &GatewayState, caller: &CallingMerchant) -> Result<usize, CallRefusal> {
    let ids = field::either(caller, &[("transaction_id", 32), ("out_trade_no", 32)])?;
    let id = |n: usize| ids.get(n).copied().unwrap_or_default();
    find(world, caller, id(0), id(1)).ok_or_else(|| not_there("订单不存在"))
}

/// No such order, in the words of the endpoint.
pub fn not_there(text: &str) -> CallRefusal {
    CallRefusal::service("ORDERNOTEXIST", text)
}

/// The block of a payment as orderquery and micropay write it.
pub fn write_payment(document: &mut XmlDocument, order: &PlacedOrder, payment: &PlacedPayment, state: bool) {
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
    payment.write_coupons(document, order.total_fee);
}
