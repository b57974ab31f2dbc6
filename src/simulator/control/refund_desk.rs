//! Control calls about refunds and the merchant's balance.

use super::super::refund::PlacedRefundStatus;
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, objection};
use serde::Deserialize;
use serde_json::Value;

/// `POST /refunds`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    out_refund_no: String,
    status: String,
}

/// `POST /balance`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceSetting {
    mch_id: Option<String>,
    account: Option<String>,
    fen: i64,
}

/// `GET /refunds`
pub fn list(world: &mut GatewayState) -> Value {
    world.pass_time();
    let refunds = world.refunds.all().iter();
    refunds.map(|refund| refund.shown(world.book.get(refund.order))).collect()
}

/// `POST /refunds`: ends the processing; the notice goes out unless it goes on.
pub fn settle(world: &mut GatewayState, settlement: &Settlement) -> ControlAnswer {
    world.pass_time();
    let status = PlacedRefundStatus::named(&settlement.status)
        .ok_or_else(|| objection(400, "status is SUCCESS, CHANGE, REFUNDCLOSE or PROCESSING"))?;
    let number = &settlement.out_refund_no;
    let mut refunds = world.refunds.all().iter();
    let place = refunds
        .rposition(|refund| refund.out_refund_no == *number)
        .ok_or_else(|| objection(404, format!("there is no refund {number}")))?;
    let now = world.clock.now();
    if let Some(refund) = world.refunds.get_mut(place) {
        refund.settle(status, now);
    }
    if status != PlacedRefundStatus::Processing {
        world.announce_refund(place);
    }
    let refund = world.refunds.get(place);
    let shown = refund.map(|refund| refund.shown(world.book.get(refund.order)));
    shown.ok_or_else(|| objection(404, "the refund is gone"))
}

/// `POST /balance`
pub fn set_balance(world: &mut GatewayState, balance: BalanceSetting) -> Value {
    let mch_id = balance.mch_id.unwrap_or_else(|| world.first_account().mch_id);
    let account = balance.account.as_deref();
    let account = account.unwrap_or("REFUND_SOURCE_UNSETTLED_FUNDS");
    world.balances.set(&mch_id, account, balance.fen);
    world.balances.shown()
}
