//! `/pay/orderquery`: what became of an order, in the shapes that were captured.

use super::super::answer::CallEnd;
use super::super::document::XmlDocument;
use super::super::order::{PlacedOrder, PlacedState};
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
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
fn write(document: &mut XmlDocument, order: &PlacedOrder, with_promotion: bool) {
    match (&order.state, &order.payment) {
        (PlacedState::Success | PlacedState::Refund, Some(payment)) => {
            document.text_if_any("device_info", &order.device_info);
            trade::write_payment(document, order, payment, true);
            let promotion = payment.promotion.as_deref().filter(|_| with_promotion);
            document.text_if_any("promotion_detail", promotion.unwrap_or_default());
        }
        (PlacedState::NotPay | PlacedState::Closed, _) => write_unpaid(document, order),
        _ => write_pending(document, order),
    }
}

fn write_unpaid(document: &mut XmlDocument, order: &PlacedOrder) {
    document.text("device_info", &order.device_info).text("out_trade_no", &order.out_trade_no);
    if order.state == PlacedState::Closed {
        document.text("attach", &order.attach);
    }
    document
        .text("trade_state", order.state.name())
        .integer("total_fee", order.total_fee)
        .text("trade_state_desc", order.state.description());
}

fn write_pending(document: &mut XmlDocument, order: &PlacedOrder) {
    document
        .text("out_trade_no", &order.out_trade_no)
        .text("attach", &order.attach)
        .text("trade_state", order.state.name())
        .text("trade_state_desc", order.state.description());
}
