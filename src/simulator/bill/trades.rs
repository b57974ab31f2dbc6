//! The trade bill: payments, refunds and reversed payments of a day.

use super::super::clock;
use super::super::order::{PlacedOrder, PlacedPayment, PlacedState};
use super::super::refund::PlacedRefund;
use super::super::world::GatewayState;
use super::request::{BillRequest, fee};
use super::table::{BillCell, BillSum, BillTable};

/// `bill_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillKind {
    /// Payments and refunds.
    All,
    /// Payments.
    Success,
    /// Refunds.
    Refund,
    /// Refunds of recharged coupons, of which this gateway has none.
    RechargeRefund,
}

impl BillKind {
    /// Reads the word; an absent one means all.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "" | "ALL" => Self::All,
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            "RECHARGE_REFUND" => Self::RechargeRefund,
            _ => return None,
        })
    }

    fn lacks(self) -> &'static [&'static str] {
        match self {
            Self::All => TIMES,
            Self::Success => NOT_OF_PAYMENTS,
            Self::Refund | Self::RechargeRefund => &[],
        }
    }
}

/// Every column that a bill of today may have.
const COLUMNS: [&str; 29] = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "退款申请时间",
    "退款成功时间",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
];
const TIMES: &[&str] = &["退款申请时间", "退款成功时间"];
const NOT_OF_PAYMENTS: &[&str] = &[
    "退款申请时间",
    "退款成功时间",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "申请退款金额",
];
const SUMS: [(&str, BillSum); 7] = [
    ("总交易单数", BillSum::Rows),
    ("应结订单总金额", BillSum::Of("应结订单金额")),
    ("退款总金额", BillSum::Of("退款金额")),
    ("充值券退款总金额", BillSum::Of("充值券退款金额")),
    ("手续费总金额", BillSum::Of("手续费")),
    ("订单总金额", BillSum::Of("订单金额")),
    ("申请退款总金额", BillSum::Of("申请退款金额")),
];

/// The bill of a day; `None` if nothing was traded.
pub fn trades(world: &GatewayState, asked: &BillRequest, kind: BillKind) -> Option<BillTable> {
    let mut rows: Vec<(i64, Vec<BillCell>)> = Vec::new();
    if matches!(kind, BillKind::All | BillKind::Success) {
        rows.extend(world.book.all().iter().flat_map(|order| payments(order, asked, kind)));
    }
    if matches!(kind, BillKind::All | BillKind::Refund) {
        rows.extend(world.refunds.all().iter().filter_map(|refund| refunded(world, refund, asked, kind)));
    }
    if rows.is_empty() {
        return None;
    }
    rows.sort_by_key(|(at, _)| *at);
    let columns: Vec<&str> = COLUMNS.into_iter().filter(|name| !kind.lacks().contains(name)).collect();
    let rows = rows.into_iter().map(|(_, row)| {
        let cells = row.into_iter().zip(COLUMNS);
        cells.filter(|(_, name)| columns.contains(name)).map(|(cell, _)| cell).collect()
    });
    Some(BillTable { rows: rows.collect(), columns: columns.clone(), sums: SUMS.to_vec() })
}

/// The row of a payment; a reversed one has a second.
fn payments(order: &PlacedOrder, asked: &BillRequest, kind: BillKind) -> Vec<(i64, Vec<BillCell>)> {
    let Some(payment) = order.payment.as_ref().filter(|p| asked.includes(p.paid_ms) && asked.concerns(order))
    else {
        return Vec::new();
    };
    let settled = payment.settlement(order.total_fee).unwrap_or(order.total_fee);
    let paid = Money {
        settled,
        coupons: payment.coupon_fee(),
        total: order.total_fee,
        fee: fee(settled),
        ..Money::default()
    };
    let mut rows = vec![(payment.paid_ms, row(order, payment, "SUCCESS", payment.paid_ms, &paid, None))];
    if order.state == PlacedState::Revoked && kind == BillKind::All {
        let back = Money { back: settled, asked: order.total_fee, fee: -fee(settled), ..Money::default() };
        rows.push((payment.paid_ms, row(order, payment, "REVOKED", payment.paid_ms, &back, None)));
    }
    rows
}

/// The row of a refund that was accepted that day; in a bill of refunds its time is that of the payment.
fn refunded(
    world: &GatewayState,
    refund: &PlacedRefund,
    asked: &BillRequest,
    kind: BillKind,
) -> Option<(i64, Vec<BillCell>)> {
    let order = world.book.get(refund.order).filter(|order| asked.concerns(order))?;
    let payment = order.payment.as_ref().filter(|_| asked.includes(refund.created_ms))?;
    let back = refund.settlement();
    let mut money = Money { back, asked: refund.refund_fee, fee: -fee(back), ..Money::default() };
    let mut at = refund.created_ms;
    if kind == BillKind::Refund {
        at = payment.paid_ms;
        money.settled = payment.settlement(order.total_fee).unwrap_or(order.total_fee);
        money.total = order.total_fee;
    }
    Some((refund.created_ms, row(order, payment, "REFUND", at, &money, Some(refund))))
}

/// The amounts of a row.
#[derive(Default)]
struct Money {
    settled: i64,
    coupons: i64,
    total: i64,
    back: i64,
    asked: i64,
    fee: i64,
}

/// A row in the order of [`COLUMNS`].
fn row(
    order: &PlacedOrder,
    payment: &PlacedPayment,
    state: &str,
    at: i64,
    money: &Money,
    refund: Option<&PlacedRefund>,
) -> Vec<BillCell> {
    let or_zero = |text: &str| BillCell::from(if text.is_empty() { "0" } else { text });
    let of_refund = |get: fn(&PlacedRefund) -> String| BillCell::Text(refund.map(get).unwrap_or_default());
    vec![
        clock::spaced(at).into(),
        order.appid.as_str().into(),
        order.mch_id.as_str().into(),
        or_zero(&order.sub_mch_id),
        order.device_info.as_str().into(),
        payment.transaction_id.as_str().into(),
        order.out_trade_no.as_str().into(),
        payment.openid.as_str().into(),
        order.trade_type.as_str().into(),
        state.into(),
        payment.bank_type.as_str().into(),
        order.fee_type.as_str().into(),
        BillCell::Fen(money.settled),
        BillCell::Fen(money.coupons),
        of_refund(|refund| clock::spaced(refund.created_ms)),
        of_refund(|refund| refund.success_ms.map(clock::spaced).unwrap_or_default()),
        or_zero(refund.map_or("", |refund| &refund.refund_id)),
        or_zero(refund.map_or("", |refund| &refund.out_refund_no)),
        BillCell::Fen(money.back),
        BillCell::Fen(0),
        of_refund(|_| "ORIGINAL".to_owned()),
        of_refund(|refund| refund.status.name().to_owned()),
        order.body.as_str().into(),
        order.attach.as_str().into(),
        BillCell::Fee(money.fee),
        "0.60%".into(),
        BillCell::Fen(money.total),
        BillCell::Fen(money.asked),
        "".into(),
    ]
}
