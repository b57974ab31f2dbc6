//! The fund flow of the basic account: what came, what went, what was left.

use super::super::clock;
use super::super::world::GatewayState;
use super::request::{BillRequest, fee};
use super::table::{BillCell, BillSum, BillTable};

const COLUMNS: [&str; 11] = [
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额（元）",
    "账户结余（元）",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
];
const SUMS: [(&str, BillSum); 5] = [
    ("资金流水总笔数", BillSum::Rows),
    ("收入笔数", BillSum::RowsThat("收入")),
    ("收入金额", BillSum::AmountsThat("收入")),
    ("支出笔数", BillSum::RowsThat("支出")),
    ("支出金额", BillSum::AmountsThat("支出")),
];
/// What the account holds when the day begins, in fen.
const FIRST_BALANCE: i64 = 100_000;

/// One movement: positive if money comes.
struct Movement {
    at: i64,
    business_id: String,
    kind: &'static str,
    fen: i64,
    voucher: String,
}

/// The fund flow of a day; `None` if nothing moved.
pub fn flows(world: &GatewayState, asked: &BillRequest) -> Option<BillTable> {
    let mut movements = payments(world, asked);
    movements.extend(refunds(world, asked));
    movements.retain(|movement| movement.fen != 0);
    movements.sort_by_key(|movement| movement.at);
    let mut balance = FIRST_BALANCE;
    let rows: Vec<Vec<BillCell>> = movements
        .iter()
        .enumerate()
        .map(|(n, movement)| {
            balance += movement.fen;
            row(movement, asked.from_ms / 1_000 + i64::try_from(n).unwrap_or(0), balance)
        })
        .collect();
    (!rows.is_empty()).then(|| BillTable { columns: COLUMNS.to_vec(), rows, sums: SUMS.to_vec() })
}

fn payments(world: &GatewayState, asked: &BillRequest) -> Vec<Movement> {
    let mut movements = Vec::new();
    for order in world.book.all().iter().filter(|order| asked.concerns(order)) {
        let Some(payment) = order.payment.as_ref().filter(|p| asked.includes(p.paid_ms)) else { continue };
        let settled = payment.settlement(order.total_fee).unwrap_or(order.total_fee);
        for (kind, fen) in [("交易", settled), ("扣除交易手续费", -fee(settled) / 1_000)] {
            let (business_id, voucher) = (payment.transaction_id.clone(), order.out_trade_no.clone());
            movements.push(Movement { at: payment.paid_ms, business_id, kind, fen, voucher });
        }
    }
    movements
}

fn refunds(world: &GatewayState, asked: &BillRequest) -> Vec<Movement> {
    let mut movements = Vec::new();
    for refund in world.refunds.all().iter().filter(|refund| asked.includes(refund.created_ms)) {
        if !world.book.get(refund.order).is_some_and(|order| asked.concerns(order)) {
            continue;
        }
        let back = refund.settlement();
        for (kind, fen) in [("退款", -back), ("退还交易手续费", fee(back) / 1_000)] {
            let (business_id, voucher) = (refund.refund_id.clone(), refund.out_refund_no.clone());
            movements.push(Movement { at: refund.created_ms, business_id, kind, fen, voucher });
        }
    }
    movements
}

fn row(movement: &Movement, number: i64, balance: i64) -> Vec<BillCell> {
    vec![
        clock::spaced(movement.at).into(),
        movement.business_id.as_str().into(),
        number.to_string().into(),
        movement.kind.into(),
        movement.kind.into(),
        if movement.fen > 0 { "收入" } else { "支出" }.into(),
        BillCell::Fen(movement.fen.abs()),
        BillCell::Fen(balance),
        "system".into(),
        "".into(),
        movement.voucher.as_str().into(),
    ]
}
