//! `/pay/micropay`: charges the payer whose code the shop has scanned.

use super::super::answer::CallEnd;
use super::super::clock::SECOND;
use super::super::order::PaymentDetails;
use super::super::order::{PaidCoupon, PlacedOrder, PlacedState, ScheduledEvent};
use super::super::till::{BookState, Course, First, Script};
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::{field, trade};

const LIMITS: &[(&str, usize)] = &[("device_info", 32), ("attach", 127), ("goods_tag", 32)];
/// Above this WeChat asks for the password.
const WITHOUT_PASSWORD: i64 = 100_000;
/// A payer who types no password for so long is forgotten.
const PATIENCE_MS: i64 = 45 * SECOND;
const BAD_CODE: &str = "请扫描微信支付授权码(以10/11/12/13/14/15为前缀的18位数字)";
const USED_CODE: &str = "101 每个二维码仅限使用一次，请刷新再试";

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    let order = asked_for(world, caller)?;
    let code = auth_code(caller)?;
    if let Some(place) = trade::find(world, caller, "", &order.out_trade_no) {
        return Err(known_already(world, place));
    }
    if !world.till.spend(code, &caller.account.mch_id) {
        return Err(CallRefusal::service("AUTH_CODE_INVALID", USED_CODE));
    }
    let course = course(world, caller, &order, code);
    let place = enter(world, order, &course);
    match (course.first, place) {
        (First::Paid, Some(place)) => paid(world, caller, place),
        (First::Fail(code, text), _) => Err(CallRefusal::Service(code, text)),
        (First::Page(status), _) => Ok(CallEnd::Page(status)),
        (First::Silence | First::Paid, _) => Ok(CallEnd::Silence),
    }
}

fn asked_for(world: &GatewayState, caller: &CallingMerchant) -> Result<PlacedOrder, CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    field::required(caller, "body", 127)?;
    field::new_trade_no(caller)?;
    field::payer_ip(caller)?;
    field::within(caller, LIMITS)?;
    field::json(caller, "detail", 6_000)?;
    field::json(caller, "scene_info", 256)?;
    field::one_of(caller, "fee_type", &["CNY"])?;
    field::one_of(caller, "limit_pay", &["no_credit"])?;
    field::one_of(caller, "profit_sharing", &["Y", "N"])?;
    field::time(caller, "time_start")?;
    field::time(caller, "time_expire")?;
    Ok(PlacedOrder {
        total_fee: field::amount(caller, "total_fee")?,
        trade_type: "MICROPAY".to_owned(),
        ..trade::draft(caller, world.clock.now())
    })
}

fn auth_code(caller: &CallingMerchant) -> Result<&str, CallRefusal> {
    let code = field::required(caller, "auth_code", 128)?;
    if is_auth_code(code) { Ok(code) } else { Err(CallRefusal::service("AUTH_CODE_INVALID", BAD_CODE)) }
}

/// 18 digits that begin with 10 to 15.
pub fn is_auth_code(code: &str) -> bool {
    let prefix = code.get(..2).and_then(|prefix| prefix.parse().ok());
    code.len() == 18
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && prefix.is_some_and(|prefix: u8| (10..=15).contains(&prefix))
}

fn known_already(world: &GatewayState, place: usize) -> CallRefusal {
    let state = world.book.get(place).map(|order| &order.state);
    match state {
        Some(PlacedState::Success | PlacedState::Refund) => CallRefusal::service("ORDERPAID", "该订单已支付"),
        Some(PlacedState::Closed) => CallRefusal::service("ORDERCLOSED", "该订单已关闭"),
        Some(PlacedState::Revoked) => CallRefusal::service("ORDERREVERSED", "该订单已撤销"),
        _ => CallRefusal::service("OUT_TRADE_NO_USED", "商户订单号重复"),
    }
}

/// The control's script, then the test header, then the amount.
fn course(world: &mut GatewayState, caller: &CallingMerchant, order: &PlacedOrder, code: &str) -> Course {
    let script = world.till.take(code);
    let script = script.unwrap_or_else(|| match caller.negative_test.as_deref() {
        Some("MICROPAY_USERPAYING") => Script::named("password"),
        Some("MICROPAY_TIMEOUT" | "MICROPAY_PAY_QUERY_TIMEOUT") => Script::named("timeout"),
        Some("MICROPAY_PAYERROR") => Script::named("payerror"),
        _ if order.total_fee > WITHOUT_PASSWORD => Script::named("password"),
        _ => Script::named("ok"),
    });
    script.course().unwrap_or(Course { first: First::Paid, entry: BookState::Waiting, after_ms: Some(0) })
}

/// Enters the order and gives its place, if the course leaves one in the book.
fn enter(world: &mut GatewayState, order: PlacedOrder, course: &Course) -> Option<usize> {
    let now = world.clock.now();
    let fate = match (course.entry, course.after_ms) {
        (BookState::Nothing, _) => return None,
        (BookState::Waiting, Some(after)) => (now + after, ScheduledEvent::Pays),
        (BookState::Waiting, None) => (now + PATIENCE_MS, ScheduledEvent::Lapses),
        (BookState::Failing, after) => (now + after.unwrap_or(0), ScheduledEvent::Fails),
    };
    let place = world.book.enter(PlacedOrder { state: PlacedState::UserPaying, fate: Some(fate), ..order });
    if course.first != First::Paid {
        world.pass_time();
    }
    Some(place)
}

fn paid(world: &mut GatewayState, caller: &CallingMerchant, place: usize) -> Result<CallEnd, CallRefusal> {
    let fee = world.book.get(place).map_or(0, |order| order.total_fee);
    let coupons = sandbox_coupon(fee);
    world.pay(place, PaymentDetails { coupons, ..PaymentDetails::default() });
    let mut document = caller.success(world);
    let order = world.book.get(place);
    let Some((order, payment)) = order.and_then(|order| Some((order, order.payment.as_ref()?))) else {
        return Err(CallRefusal::service("SYSTEMERROR", "系统错误"));
    };
    document.text_if_any("device_info", &order.device_info);
    trade::write_payment(&mut document, order, payment, true);
    Ok(caller.sealed(document).into())
}

/// The sandbox's amounts that bring a coupon of one fen.
fn sandbox_coupon(fee: i64) -> Vec<PaidCoupon> {
    if !matches!(fee, 2 | 551 | 552) {
        return Vec::new();
    }
    vec![PaidCoupon { id: "10000".to_owned(), kind: "CASH".to_owned(), fee: 1 }]
}

#[cfg(test)]
mod tests {
    use super::is_auth_code;

    #[test]
    fn a_code_has_eighteen_digits_and_a_known_prefix() {
        assert!(is_auth_code("134567890123456789"));
        assert!(is_auth_code("100000000000000000"));
        assert!(!is_auth_code("164567890123456789"));
        assert!(!is_auth_code("13456789012345678"));
        assert!(!is_auth_code("13456789012345678x"));
    }
}
