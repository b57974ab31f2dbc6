//! `/pay/refundquery`: what became of refunds, ten on a page, names in alphabetical order.

use super::super::answer::CallEnd;
use super::super::clock;
use super::super::document::XmlDocument;
use super::super::order::PlacedOrder;
use super::super::refund::PlacedRefund;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

const PAGE: usize = 10;
const IDS: &[(&str, usize)] =
    &[("refund_id", 32), ("out_refund_no", 64), ("transaction_id", 32), ("out_trade_no", 32)];

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    let offset = offset(caller)?;
    let refunds = found(world, caller)?;
    let Some(order) = refunds.first().and_then(|first| world.book.get(first.order)) else {
        return Err(not_there());
    };
    let order = order.clone();
    let page: Vec<_> = refunds.iter().skip(offset.unwrap_or(0)).take(PAGE).collect();
    if page.is_empty() {
        return Err(not_there());
    }
    let mut document = caller.success(world);
    write_order(&mut document, &order, &refunds);
    if offset.is_some() || refunds.len() > PAGE {
        document.integer("total_refund_count", count(refunds.len()));
    }
    document.integer("refund_count", count(page.len()));
    for (n, refund) in page.into_iter().enumerate() {
        write_refund(&mut document, &order, refund, n);
    }
    document.sort();
    Ok(caller.sealed(document).into())
}

fn not_there() -> CallRefusal {
    CallRefusal::service("REFUNDNOTEXIST", "not exist")
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn offset(caller: &CallingMerchant) -> Result<Option<usize>, CallRefusal> {
    match caller.get("offset") {
        "" => Ok(None),
        text => {
            let offset = text.parse().map(Some);
            offset.map_err(|_| field::wrong("offset参数错误"))
        }
    }
}

/// The refunds meant: one by its own number, or all of an order.
fn found(world: &GatewayState, caller: &CallingMerchant) -> Result<Vec<PlacedRefund>, CallRefusal> {
    let ids = field::either(caller, IDS)?;
    let id = |n: usize| ids.get(n).copied().unwrap_or_default();
    let ours = |refund: &&PlacedRefund| {
        refund.mch_id == caller.account.mch_id && refund.sub_mch_id == caller.get("sub_mch_id")
    };
    let all = world.refunds.all().iter().filter(ours);
    Ok(match (id(0), id(1)) {
        ("", "") => {
            let Some(order) = trade::find(world, caller, id(2), id(3)) else {
                return Err(not_there());
            };
            all.filter(|refund| refund.order == order).cloned().collect()
        }
        ("", number) => all.filter(|refund| refund.out_refund_no == number).cloned().collect(),
        (refund_id, _) => all.filter(|refund| refund.refund_id == refund_id).cloned().collect(),
    })
}

fn write_order(document: &mut XmlDocument, order: &PlacedOrder, refunds: &[PlacedRefund]) {
    document
        .text("transaction_id", order.transaction_id())
        .text("out_trade_no", &order.out_trade_no)
        .integer("total_fee", order.total_fee)
        .integer("refund_fee", refunds.iter().map(|r| r.refund_fee).sum());
    if let Some(payment) = &order.payment {
        document.integer("cash_fee", payment.cash_fee);
        if let Some(settlement) = payment.settlement(order.total_fee) {
            document.integer("settlement_total_fee", settlement);
        }
    }
}

fn write_refund(document: &mut XmlDocument, order: &PlacedOrder, refund: &PlacedRefund, n: usize) {
    document
        .text(&format!("out_refund_no_{n}"), &refund.out_refund_no)
        .text(&format!("refund_id_{n}"), &refund.refund_id)
        .text(&format!("refund_channel_{n}"), "ORIGINAL")
        .integer(&format!("refund_fee_{n}"), refund.refund_fee)
        .text(&format!("refund_status_{n}"), refund.status.name())
        .text(&format!("refund_account_{n}"), &refund.account)
        .text(&format!("refund_recv_accout_{n}"), "支付用户的零钱");
    let payment = order.payment.as_ref();
    if payment.is_some_and(|payment| payment.settlement(order.total_fee).is_some()) {
        document.integer(&format!("settlement_refund_fee_{n}"), refund.settlement());
    }
    if let Some(at) = refund.success_ms {
        document.text(&format!("refund_success_time_{n}"), clock::spaced(at));
    }
    if !refund.coupons.is_empty() {
        write_coupons(document, refund, n);
    }
}

fn write_coupons(document: &mut XmlDocument, refund: &PlacedRefund, n: usize) {
    document
        .integer(&format!("coupon_refund_fee_{n}"), refund.coupon_fee())
        .integer(&format!("coupon_refund_count_{n}"), count(refund.coupons.len()));
    for (m, part) in refund.coupons.iter().enumerate() {
        document.text_if_any(&format!("coupon_type_{n}_{m}"), &part.kind);
        document.text(&format!("coupon_refund_id_{n}_{m}"), &part.id);
        document.integer(&format!("coupon_refund_fee_{n}_{m}"), part.fee);
    }
}
