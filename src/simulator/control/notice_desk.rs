//! Control calls about notices: sent now, as they are or mutated, once or many times at once.

use super::super::dispatcher;
use super::super::hub::SharedState;
use super::super::notice::{
    self, DeliveryAttempt, NoticeKind, NoticeProof, PaymentNoticeBody, QueuedNotice, RefundNoticeBody, Target,
};
use super::super::order::PlacedPayment;
use super::super::refund::PlacedRefundStatus;
use super::super::signer::SignMethod;
use super::super::world::GatewayState;
use super::objection::{ControlAnswer, Objection, objection};
use super::order_desk::{OrderName, place_of};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

const MOST_COPIES: usize = 200;

/// `POST /notify`
#[derive(Debug, Deserialize)]
pub struct NoticeRequest {
    #[serde(flatten)]
    named: OrderName,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    mutate: Option<String>,
    out_refund_no: Option<String>,
    notify_url: Option<String>,
    copies: Option<usize>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl NoticeRequest {
    fn mutation(&self) -> &str {
        self.mutate.as_deref().unwrap_or("resend")
    }

    fn copies(&self) -> usize {
        let usual = if self.mutation() == "two_at_once" { 2 } else { 1 };
        self.copies.unwrap_or(usual).clamp(1, MOST_COPIES)
    }
}

/// `POST /notify`: sends at once, outside of the schedule, and tells what came back.
pub async fn notify(hub: &Arc<SharedState>, wish: NoticeRequest) -> ControlAnswer {
    super::order_desk::none_left(&wish.rest)?;
    let message = {
        let mut world = hub.world();
        world.pass_time();
        message(&mut world, &wish)?
    };
    let target = Target::parse(&message.url).map_err(|fault| objection(400, fault))?;
    let tries: Vec<_> = (0..wish.copies())
        .map(|_| {
            let (hub, target, body) = (Arc::clone(hub), target.clone(), message.body.clone());
            let proof = message.proof;
            tokio::spawn(async move { dispatcher::run(&hub, &target, &body, proof).await })
        })
        .collect();
    let mut attempts = Vec::new();
    for attempt in tries {
        attempts.extend(attempt.await.ok());
    }
    let sent: Vec<_> = attempts.iter().map(DeliveryAttempt::shown).collect();
    let told = json!({"mutate": message.mutate, "body": message.body, "sent": sent});
    hub.world().outbox.note(message, attempts);
    Ok(told)
}

fn message(world: &mut GatewayState, wish: &NoticeRequest) -> Result<QueuedNotice, Objection> {
    let place = place_of(world, &wish.named)?;
    match wish.kind.as_deref().unwrap_or("payment") {
        "payment" => payment_message(world, wish, place),
        "refund" => refund_message(world, wish, place),
        _ => Err(objection(400, "kind is payment or refund")),
    }
}

fn no_such_mutation(wish: &NoticeRequest) -> Objection {
    objection(400, format!("no mutation is called {}", wish.mutation()))
}

fn payment_message(
    world: &mut GatewayState,
    wish: &NoticeRequest,
    place: usize,
) -> Result<QueuedNotice, Objection> {
    let number = wish.named.out_trade_no.clone();
    let unpaid = world.book.get(place).is_some_and(|o| o.payment.is_none());
    let body = if unpaid {
        lie(world, wish, place)?
    } else {
        let letter = world.payment_letter(place);
        let fresh = letter.and_then(|letter| payment_body(world, wish.mutation(), &letter));
        fresh.ok_or_else(|| no_such_mutation(wish))?
    };
    let url = world.book.get(place).map(|order| order.notify_url.clone());
    Ok(finished(world, wish, NoticeKind::Payment, (number, String::new()), url, body))
}

/// What is posted, and how it proves itself.
type NoticeText = (String, NoticeProof);

/// The notice in the dialect of its order; `v2_xml` is in v2's whatever the order's.
fn payment_body(world: &mut GatewayState, mutation: &str, letter: &PaymentNoticeBody) -> Option<NoticeText> {
    let mut letter = letter.clone();
    if mutation == "v2_xml" {
        letter.method = SignMethod::HmacSha256;
        return Some((letter.body(), NoticeProof::Inside));
    }
    if letter.method != SignMethod::Rsa {
        return Some((notice::mutated_payment(mutation, &letter)?, NoticeProof::Inside));
    }
    let lies = notice::lie(mutation, &mut letter.document);
    let resource = notice::payment_in_v3(&letter.document);
    world.v3_notices().mutated(if lies { "" } else { mutation }, &resource)
}

fn refund_body(
    world: &mut GatewayState,
    mutation: &str,
    letter: &RefundNoticeBody,
    by_v3: bool,
) -> Option<NoticeText> {
    if mutation == "v2_xml" {
        return Some((letter.body(), NoticeProof::Inside));
    }
    if !by_v3 {
        return Some((notice::mutated_refund(mutation, letter)?, NoticeProof::Inside));
    }
    let mut letter = letter.clone();
    let lies = notice::lie_of_refund(mutation, &mut letter);
    let resource = notice::refund_in_v3(&letter.outer, &letter.inner);
    world.v3_notices().mutated(if lies { "" } else { mutation }, &resource)
}

/// A notice about a payment that never was.
fn lie(world: &mut GatewayState, wish: &NoticeRequest, place: usize) -> Result<NoticeText, Objection> {
    if matches!(wish.mutation(), "resend" | "two_at_once") {
        return Err(objection(409, "the order is not paid: there is nothing true to tell"));
    }
    let payment = PlacedPayment {
        transaction_id: world.dice.digits(28),
        paid_ms: world.clock.now(),
        bank_type: "OTHERS".to_owned(),
        openid: format!("oUpF8u{}", world.dice.letters(22)),
        cash_fee: world.book.get(place).map_or(0, |order| order.total_fee),
        coupons: Vec::new(),
        promotion: None,
    };
    let letter = world.letter_about(place, &payment);
    let body = letter.and_then(|letter| payment_body(world, wish.mutation(), &letter));
    body.ok_or_else(|| no_such_mutation(wish))
}

fn refund_message(
    world: &mut GatewayState,
    wish: &NoticeRequest,
    order: usize,
) -> Result<QueuedNotice, Objection> {
    let wanted = wish.out_refund_no.as_deref();
    let place = world.refunds.all().iter().rposition(|refund| {
        refund.order == order && wanted.is_none_or(|number| refund.out_refund_no == number)
    });
    let place = place.ok_or_else(|| objection(404, "there is no such refund of this order"))?;
    let refund = world.refunds.get(place);
    let (number, url, status, by_v3) = refund
        .map(|refund| {
            let url = Some(refund.notify_url.clone());
            (refund.out_refund_no.clone(), url, refund.status, refund.by_v3)
        })
        .ok_or_else(|| objection(404, "the refund is gone"))?;
    if status == PlacedRefundStatus::Processing && wish.mutation() == "resend" {
        return Err(objection(409, "the refund is still processed: there is nothing to tell"));
    }
    let letter = world.refund_letter(place);
    let body = letter.and_then(|letter| refund_body(world, wish.mutation(), &letter, by_v3));
    let body = body.ok_or_else(|| no_such_mutation(wish))?;
    let numbers = (wish.named.out_trade_no.clone(), number);
    Ok(finished(world, wish, NoticeKind::Refund, numbers, url, body))
}

/// A repeat has the bytes of what was sent before, if anything was.
fn finished(
    world: &GatewayState,
    wish: &NoticeRequest,
    kind: NoticeKind,
    (out_trade_no, out_refund_no): (String, String),
    url: Option<String>,
    fresh: NoticeText,
) -> QueuedNotice {
    let repeats = matches!(wish.mutation(), "resend" | "two_at_once");
    let before = world.outbox.last(kind, &out_trade_no, &out_refund_no);
    let before = before.filter(|_| repeats).map(|before| (before.body.clone(), before.proof));
    let (body, proof) = before.unwrap_or(fresh);
    QueuedNotice {
        kind,
        url: wish.notify_url.clone().or(url).unwrap_or_default(),
        body,
        proof,
        mutate: wish.mutation().to_owned(),
        out_trade_no,
        out_refund_no,
    }
}

/// `POST /settle`: waits until nothing is due and nothing under way, at most a minute.
pub async fn settle(hub: &SharedState) -> ControlAnswer {
    for _ in 0..6_000 {
        {
            let mut world = hub.world();
            world.pass_time();
            let now = world.clock.now();
            if world.outbox.is_quiet(now) {
                return Ok(world.outbox.shown());
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(objection(409, "notices are still under way after a minute"))
}
