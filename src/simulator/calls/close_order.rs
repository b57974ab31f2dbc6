//! `/pay/closeorder`: closes what nobody has paid.

use super::super::answer::CallEnd;
use super::super::clock::MINUTE;
use super::super::order::PlacedState;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

/// No order is closed younger than this, where the pace is kept.
const EARLIEST_MS: i64 = 5 * MINUTE;

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    let number = field::required(caller, "out_trade_no", 32)?;
    let number = field::in_charset("out_trade_no", number)?;
    match trade::find(world, caller, "", number) {
        Some(place) => close(world, place)?,
        None if world.captured_manners => {}
        None => return Err(CallRefusal::service("ORDERNOTEXIST", "订单不存在")),
    }
    let mut document = caller.success(world);
    if document.get("sub_mch_id").is_none() {
        document.text("sub_mch_id", "");
    }
    Ok(caller.sealed(document).into())
}

fn close(world: &mut GatewayState, place: usize) -> Result<(), CallRefusal> {
    let captured = world.captured_manners;
    let too_soon = world.keeps_pace.then(|| world.clock.now() - EARLIEST_MS);
    let Some(order) = world.book.get_mut(place) else {
        return Ok(());
    };
    match order.state {
        PlacedState::Success | PlacedState::Refund => Err(CallRefusal::service("ORDERPAID", "order paid")),
        PlacedState::Closed | PlacedState::Revoked if captured => Ok(()),
        PlacedState::Closed | PlacedState::Revoked => {
            Err(CallRefusal::service("ORDERCLOSED", "order closed"))
        }
        _ if order.trade_type == "MICROPAY" => {
            Err(CallRefusal::service("TRADE_STATE_ERROR", "付款码订单请撤销"))
        }
        _ if too_soon.is_some_and(|latest| order.created_ms > latest) => Err(CallRefusal::service(
            "INVALID_REQUEST",
            "订单生成后不能马上调用关单接口，最短调用时间间隔为5分钟",
        )),
        _ => {
            order.state = PlacedState::Closed;
            Ok(())
        }
    }
}
