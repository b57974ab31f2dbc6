//! `/secapi/pay/refund`: accepts a refund; what becomes of it is told later.

use super::super::answer::{CallEnd, Response};
use super::super::clock::{self, DAY, MINUTE};
use super::super::document::XmlDocument;
use super::super::order::{PlacedOrder, PlacedPayment, PlacedState};
use super::super::refund::{PlacedRefund, PlacedRefundStatus};
use super::super::signer::SignMethod;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

const MOST_PARTS: usize = 50;
const LATEST_MS: i64 = 365 * DAY;
const ACCOUNTS: &[&str] = &["REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"];
const OTHER_TERMS: &str = "订单金额或退款金额与之前请求不一致，请核实后再试";

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    let asked = RefundRequest::read(caller)?;
    let place = trade::named(world, caller)?;
    refundable(world, place)?;
    let order = world.book.get(place).cloned();
    let order = order.ok_or_else(|| trade::not_there("订单不存在"))?;
    if order.total_fee != asked.total_fee {
        return Err(CallRefusal::service("INVALID_REQUEST", OTHER_TERMS));
    }
    let sub_mch_id = caller.get("sub_mch_id");
    let known = world.refunds.find(&caller.account.mch_id, sub_mch_id, &asked.out_refund_no);
    let refund = match known {
        Some(known) => repeated(world, known, place, &asked)?,
        None => accepted(world, place, &order, asked)?,
    };
    written(world, caller, &order, refund).map(CallEnd::from)
}

struct RefundRequest {
    out_refund_no: String,
    total_fee: i64,
    refund_fee: i64,
    account: String,
    notify_url: String,
    /// By APIv3: it is announced in its words, and when closed stays so.
    by_v3: bool,
}

impl RefundRequest {
    fn read(caller: &CallingMerchant) -> Result<Self, CallRefusal> {
        field::nonce(caller)?;
        field::sub_merchant(caller)?;
        let number = field::required(caller, "out_refund_no", 64)?;
        field::in_charset("out_refund_no", number)?;
        field::within(caller, &[("refund_desc", 80)])?;
        field::one_of(caller, "refund_fee_type", &["CNY"])?;
        field::one_of(caller, "refund_account", ACCOUNTS)?;
        let default = ACCOUNTS.first().copied().unwrap_or_default();
        let account = Some(caller.get("refund_account")).filter(|given| !given.is_empty());
        Ok(Self {
            out_refund_no: number.to_owned(),
            total_fee: field::amount(caller, "total_fee")?,
            refund_fee: field::amount(caller, "refund_fee")?,
            account: account.unwrap_or(default).to_owned(),
            notify_url: field::notify_url(caller)?.to_owned(),
            by_v3: caller.method == SignMethod::Rsa,
        })
    }
}

/// Unpaid orders do not exist for a refund, and closed ones are an error: so it was captured.
fn refundable(world: &GatewayState, place: usize) -> Result<(), CallRefusal> {
    let order = world.book.get(place);
    match order.map(|order| (&order.state, order.payment.as_ref())) {
        Some((PlacedState::Success | PlacedState::Refund, Some(payment))) => {
            if world.clock.now() - payment.paid_ms > LATEST_MS {
                return Err(CallRefusal::service("TRADE_OVERDUE", "订单已经超过退款期限"));
            }
            Ok(())
        }
        Some((PlacedState::Closed, _)) => Err(CallRefusal::service("ERROR", "订单已关闭")),
        Some((PlacedState::Revoked, _)) => Err(CallRefusal::service("ERROR", "订单已撤销")),
        _ => Err(trade::not_there("订单不存在")),
    }
}

/// The same number again: the same refund, unless anything differs.
fn repeated(
    world: &mut GatewayState,
    known: usize,
    order: usize,
    asked: &RefundRequest,
) -> Result<usize, CallRefusal> {
    let due = world.clock.now() + world.refund_ms;
    let taken = world.refunds.taken(order);
    let Some(refund) = world.refunds.get_mut(known) else {
        return Err(CallRefusal::service("SYSTEMERROR", "系统错误"));
    };
    if refund.order != order || refund.refund_fee != asked.refund_fee {
        return Err(CallRefusal::service("INVALID_REQUEST", OTHER_TERMS));
    }
    if refund.status == PlacedRefundStatus::Closed && !asked.by_v3 {
        within_remainder(taken, asked)?;
        refund.status = PlacedRefundStatus::Processing;
        refund.due_ms = Some(due);
    }
    Ok(known)
}

fn within_remainder(taken: i64, asked: &RefundRequest) -> Result<(), CallRefusal> {
    if taken >= asked.total_fee {
        return Err(CallRefusal::service("INVALID_REQUEST", "订单已全额退款"));
    }
    if taken + asked.refund_fee > asked.total_fee {
        return Err(CallRefusal::service("ERROR", "累计退款金额大于支付金额"));
    }
    Ok(())
}

fn accepted(
    world: &mut GatewayState,
    place: usize,
    order: &PlacedOrder,
    asked: RefundRequest,
) -> Result<usize, CallRefusal> {
    within_remainder(world.refunds.taken(place), &asked)?;
    if world.refunds.of_order(place).count() >= MOST_PARTS {
        return Err(CallRefusal::service("INVALID_REQUEST", "退款次数超过50次"));
    }
    paced(world, place)?;
    let coupons = world.refunds.coupon_parts(place, order, asked.refund_fee);
    if !world.balances.take(&order.mch_id, &asked.account, asked.refund_fee) {
        return Err(CallRefusal::service("NOTENOUGH", "基本账户余额不足，请充值后重新发起"));
    }
    let now = world.clock.now();
    let refund_id = refund_id(world, now);
    if let Some(order) = world.book.get_mut(place) {
        order.state = PlacedState::Refund;
    }
    Ok(world.refunds.enter(PlacedRefund {
        order: place,
        mch_id: order.mch_id.clone(),
        sub_mch_id: order.sub_mch_id.clone(),
        out_refund_no: asked.out_refund_no,
        refund_id,
        refund_fee: asked.refund_fee,
        coupons,
        status: PlacedRefundStatus::Processing,
        created_ms: now,
        due_ms: Some(now + world.refund_ms),
        success_ms: None,
        account: asked.account,
        notify_url: asked.notify_url,
        by_v3: asked.by_v3,
    }))
}

/// Parts of one order are at least a minute apart, where the pace is kept.
fn paced(world: &GatewayState, place: usize) -> Result<(), CallRefusal> {
    let earliest = world.refunds.of_order(place).map(|refund| refund.created_ms).max();
    let is_soon = earliest.is_some_and(|last| world.clock.now() - last < MINUTE);
    if world.keeps_pace && is_soon {
        return Err(CallRefusal::service(
            "FREQUENCY_LIMITED",
            "频率限制：同一订单两次部分退款需间隔1分钟以上",
        ));
    }
    Ok(())
}

fn refund_id(world: &mut GatewayState, now: i64) -> String {
    let day: String = clock::compact(now).chars().take(8).collect();
    format!("50{}{day}{}", world.dice.digits(8), world.dice.digits(11))
}

fn written(
    world: &mut GatewayState,
    caller: &CallingMerchant,
    order: &PlacedOrder,
    place: usize,
) -> Result<Response, CallRefusal> {
    let mut document = caller.success(world);
    let refund = world.refunds.get(place);
    let Some((refund, payment)) = refund.zip(order.payment.as_ref()) else {
        return Err(CallRefusal::service("SYSTEMERROR", "系统错误"));
    };
    write(&mut document, order, payment, refund);
    Ok(caller.sealed(document))
}

fn write(document: &mut XmlDocument, order: &PlacedOrder, payment: &PlacedPayment, refund: &PlacedRefund) {
    document
        .text("transaction_id", &payment.transaction_id)
        .text("out_trade_no", &order.out_trade_no)
        .text("out_refund_no", &refund.out_refund_no)
        .text("refund_id", &refund.refund_id)
        .text("refund_channel", "")
        .integer("refund_fee", refund.refund_fee)
        .text("coupon_refund_fee", refund.coupon_fee().to_string())
        .integer("total_fee", order.total_fee)
        .integer("cash_fee", payment.cash_fee)
        .text("coupon_refund_count", refund.coupons.len().to_string());
    for (n, part) in refund.coupons.iter().enumerate() {
        document.text_if_any(&format!("coupon_type_{n}"), &part.kind);
        document.text(&format!("coupon_refund_id_{n}"), &part.id);
        document.integer(&format!("coupon_refund_fee_{n}"), part.fee);
    }
    document.text("cash_refund_fee", refund.cash_fee().to_string());
    if let Some(settlement) = payment.settlement(order.total_fee) {
        document.integer("settlement_refund_fee", refund.settlement());
        document.integer("settlement_total_fee", settlement);
    }
}
