//! `/pay/orderquery`: what became of an order, in the shapes that were captured.

use super::super::answer::Outcome;
use super::super::document::Document;
use super::super::order::{Order, State};
use super::super::world::World;
use super::caller::{Caller, Refusal};
use super::{field, trade};

/// Answers the call.
pub fn answer(world: &mut World, caller: &Caller) -> Result<Outcome, Refusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    field::one_of(caller, "version", &["1.0"])?;
    let ids = field::either(caller, &[("transaction_id", 32), ("out_trade_no", 32)])?;
    let id = |n: usize| ids.get(n).copied().unwrap_or_default();
    let order = trade::find(world, caller, id(0), id(1))
        .and_then(|place| world.book.get(place))
        .cloned()
        .ok_or_else(|| trade::not_there("order not exist"))?;
    let mut document = caller.success(world);
    write(&mut document, &order, caller.get("version") == "1.0");
    Ok(caller.sealed(document).into())
}

/// Writes an order; which fields are there depends on its state.
fn write(document: &mut Document, order: &Order, with_promotion: bool) {
    match (&order.state, &order.payment) {
        (State::Success | State::Refund, Some(payment)) => {
            document.text_if_any("device_info", &order.device_info);
            trade::write_payment(document, order, payment, true);
            let promotion = payment.promotion.as_deref().filter(|_| with_promotion);
            document.text_if_any("promotion_detail", promotion.unwrap_or_default());
        }
        (State::NotPay | State::Closed, _) => write_unpaid(document, order),
        _ => write_pending(document, order),
    }
}

fn write_unpaid(document: &mut Document, order: &Order) {
    document.text("device_info", &order.device_info).text("out_trade_no", &order.out_trade_no);
    if order.state == State::Closed {
        document.text("attach", &order.attach);
    }
    document
        .text("trade_state", order.state.name())
        .integer("total_fee", order.total_fee)
        .text("trade_state_desc", order.state.description());
}

fn write_pending(document: &mut Document, order: &Order) {
    document
        .text("out_trade_no", &order.out_trade_no)
        .text("attach", &order.attach)
        .text("trade_state", order.state.name())
        .text("trade_state_desc", order.state.description());
}
