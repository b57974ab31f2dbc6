//! `/secapi/pay/reverse`: takes a code payment back, whatever has become of it.

use super::super::answer::{CallEnd, Response};
use super::super::clock::{DAY, SECOND};
use super::super::order::PlacedState;
use super::super::till::Hitch;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

const EARLIEST_MS: i64 = 15 * SECOND;
const LATEST_MS: i64 = 7 * DAY;

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    let place = trade::named(world, caller)?;
    let number = match world.book.get(place) {
        Some(order) => order.out_trade_no.clone(),
        None => return Err(CallRefusal::service("SYSTEMERROR", "系统错误")),
    };
    if too_early(world, place) && !world.till.allows_early(&number) {
        let text = "支付操作15秒后才能发起撤销";
        return Ok(failed(world, caller, "INVALID_REQUEST", text, "Y").into());
    }
    if let Some((hitch, carried_out)) = world.till.hitch(&number) {
        return Ok(stumble(world, caller, place, hitch, carried_out));
    }
    reverse(world, place)?;
    Ok(reversed(world, caller).into())
}

fn too_early(world: &GatewayState, place: usize) -> bool {
    let now = world.clock.now();
    let order = world.book.get(place);
    order.is_some_and(|order| now - order.created_ms < EARLIEST_MS)
}

fn stumble(
    world: &mut GatewayState,
    caller: &CallingMerchant,
    place: usize,
    hitch: Hitch,
    carried_out: bool,
) -> CallEnd {
    if carried_out && matches!(hitch, Hitch::Silence | Hitch::Page) {
        let _ = reverse(world, place);
    }
    match hitch {
        Hitch::Silence => CallEnd::Silence,
        Hitch::Page => CallEnd::Page(502),
        Hitch::Recall => failed(world, caller, "SYSTEMERROR", "系统超时", "Y").into(),
        Hitch::SystemError => failed(world, caller, "SYSTEMERROR", "系统超时", "N").into(),
        Hitch::UserPaying => {
            let text = "正在支付中不能发起撤销";
            failed(world, caller, "USERPAYING", text, "N").into()
        }
    }
}

fn failed(
    world: &mut GatewayState,
    caller: &CallingMerchant,
    code: &str,
    text: &str,
    recall: &str,
) -> Response {
    let mut answer = caller.refused(world, CallRefusal::service(code, text));
    answer.document.text("recall", recall);
    answer
}

fn reversed(world: &mut GatewayState, caller: &CallingMerchant) -> Response {
    let mut document = caller.success(world);
    document.text("recall", "N");
    caller.sealed(document)
}

fn reverse(world: &mut GatewayState, place: usize) -> Result<(), CallRefusal> {
    let now = world.clock.now();
    let Some(order) = world.book.get_mut(place) else {
        return Ok(());
    };
    if order.trade_type != "MICROPAY" {
        return Err(CallRefusal::service("TRADE_ERROR", "非付款码订单不能撤销"));
    }
    if now - order.created_ms > LATEST_MS {
        return Err(CallRefusal::service("REVERSE_EXPIRE", "订单无法撤销"));
    }
    match order.state {
        PlacedState::Refund => Err(CallRefusal::service("TRADE_ERROR", "订单已有退款，不能撤销")),
        PlacedState::Closed | PlacedState::Revoked => Ok(()),
        _ => {
            order.state = PlacedState::Revoked;
            order.fate = None;
            Ok(())
        }
    }
}
