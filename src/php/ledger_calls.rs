//! The ledger's calls to WeChat: what is wanted is written down, asked for, and booked.

use super::call::{Call, Outcome, Raise};
use super::gateway::Caller;
use super::ledger::{PhpLedger, key, merchant};
use super::pdo_fault::{PdoFault, of_callback};
use super::{options, transition, value};
use crate::api::close_order::CloseOrder;
use crate::api::order_query::OrderQuery;
use crate::api::refund::{Refund, refund as send};
use crate::api::reverse::{Reverse, reverse as undo};
use crate::error::Fault;
use crate::ledger::desk::{is_refusal, kept, options as given};
use crate::ledger::dialect::Dialect;
use crate::ledger::entry::{Entry, Intent, OrderKey, RefundRow, RefundWord};
use crate::ledger::intents::{RefundAnswer, RefundOrder};
use crate::ledger::schedule::is_ripe;
use crate::ledger::sighting::{Sighting, Source};
use crate::ledger::store::Message;
use crate::ledger::transition::Transition;
use crate::model::numbers::{OrderId, out_refund_no};
use crate::model::order::Order;
use ext_php_rs::types::{ZendCallable, Zval};

/// Messages claimed at once.
const BATCH: usize = 20;

/// Writes a refund down, asks for it and books the answer.
pub fn refund(call: &mut Call<'_>) -> Outcome {
    let order = ordered(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let caller = ledger.caller(merchant(call)?)?;
    let number = order.key.out_trade_no.clone();
    ledger.with(|core| Ok(core.store.alone("Ledger::refund()")?))?;
    let line = caller.line(true, Some(&number))?;
    let (entry, row) = ledger.does(&number, |core| core.plan_refund(&order))?;
    let book = |answer: &RefundAnswer| {
        ledger.does(&number, |core| core.book_refund(&order.key, &order.out_refund_no, answer))
    };
    if row.state != RefundWord::Intent {
        return transition::to_php(book(&RefundAnswer::Unknown)?);
    }
    let asked = as_call(&entry, &row)?;
    let sent = send(&line, &caller.merchant, &asked, &mut |attempt| caller.observe(attempt));
    let refused = matches!(&sent, Err(fault) if is_refusal(fault));
    let booked = match &sent {
        Ok(receipt) => Some(book(&RefundAnswer::Accepted { refund_id: receipt.told.refund_id.clone() })?),
        Err(_) if refused => Some(book(&RefundAnswer::Refused)?),
        Err(_) => None,
    };
    caller.ended(sent)?;
    booked.map_or_else(|| Err(Raise::Engine("a refund was not booked".into())), transition::to_php)
}

fn ordered(call: &Call<'_>) -> Result<RefundOrder, Raise> {
    let key = key(call)?;
    let number = out_refund_no(call.text(2)?)?.to_owned();
    let (refund_fee, options) = (call.int(3)?, options::given(call, 4)?);
    if refund_fee < 1 {
        return Err(call.bad(3, "must be at least 1 fen"));
    }
    let id = OrderId::OutTradeNo(key.out_trade_no.clone());
    Refund::new(id, &number, refund_fee, refund_fee, &options)?;
    Ok(RefundOrder { key, out_refund_no: number, refund_fee, options: kept(&options) })
}

fn as_call(entry: &Entry, row: &RefundRow) -> Result<Refund, Raise> {
    let id = OrderId::OutTradeNo(entry.terms.key.out_trade_no.clone());
    let total_fee = entry.terms.total_fee;
    Ok(Refund::new(id, &row.out_refund_no, total_fee, row.refund_fee, &given(&row.options))?)
}

/// Closes an order: asks, writes the wish down, closes, asks again.
pub fn close(call: &mut Call<'_>) -> Outcome {
    give_up(call, Intent::Close, "Ledger::close()")
}

/// Reverses a code payment, in the same way.
pub fn reverse(call: &mut Call<'_>) -> Outcome {
    give_up(call, Intent::Reverse, "Ledger::reverse()")
}

/// One order on its way to be given up.
struct GivingUp<'a> {
    ledger: &'a PhpLedger,
    caller: Caller,
    key: OrderKey,
    done: Transition,
}

fn give_up(call: &mut Call<'_>, intent: Intent, name: &str) -> Outcome {
    let key = key(call)?;
    let ledger = call.this::<PhpLedger>()?;
    let caller = ledger.caller(merchant(call)?)?;
    ledger.with(|core| Ok(core.store.alone(name)?))?;
    let done = ledger.does(&key.out_trade_no, |core| core.want(&key, intent))?;
    let mut order = GivingUp { ledger, caller, key, done };
    if order.still(intent) {
        order.ask()?;
    }
    if order.still(intent) {
        order.act(intent)?;
        order.ask()?;
    }
    transition::to_php(order.done)
}

impl GivingUp<'_> {
    /// Is there still something to give up? No payment is reversed before its time; `Sync` does it then.
    fn still(&self, intent: Intent) -> bool {
        let entry = self.done.entry.as_ref();
        entry.is_some_and(|entry| {
            entry.intent == Some(intent) && (intent == Intent::Close || is_ripe(entry, intent))
        })
    }

    fn id(&self) -> OrderId {
        OrderId::OutTradeNo(self.key.out_trade_no.clone())
    }

    fn ask(&mut self) -> Result<(), Raise> {
        let number = Some(self.key.out_trade_no.as_str());
        let line = self.caller.line(false, number)?;
        let caller = &self.caller;
        let answer =
            line.ask(&caller.merchant, &OrderQuery(self.id()), &mut |attempt| caller.observe(attempt));
        caller.observed()?;
        let (key, ledger) = (&self.key, self.ledger);
        let next = match answer {
            Ok(order) => ledger.does(&key.out_trade_no, |core| core.apply(&seen(&order), None))?,
            Err(fault) if fault.err_code() == Some("ORDERNOTEXIST") => {
                ledger.does(&key.out_trade_no, |core| core.apply_absence(key, None))?
            }
            Err(fault) => return Err(fault.into()),
        };
        self.follow(next);
        Ok(())
    }

    /// The whole way is one transition.
    fn follow(&mut self, next: Transition) {
        let before = &self.done;
        self.done = Transition {
            from: before.from,
            changed: before.changed || next.changed,
            credited: before.credited || next.credited,
            revoked: before.revoked || next.revoked,
            ..next
        };
    }

    /// Closes or reverses. A refusal is no end: the question after it says what is true.
    fn act(&self, intent: Intent) -> Result<(), Raise> {
        let caller = &self.caller;
        let line = caller.line(intent == Intent::Reverse, Some(&self.key.out_trade_no))?;
        let on_attempt = &mut |attempt: &_| caller.observe(attempt);
        let end = match intent {
            Intent::Close => line.ask(&caller.merchant, &CloseOrder { out_trade_no: self.id() }, on_attempt),
            Intent::Reverse => undo(&line, &caller.merchant, &Reverse(self.id()), on_attempt),
        };
        caller.observed()?;
        match end {
            Err(fault) if !is_answer(&fault) => Err(fault.into()),
            _ => Ok(()),
        }
    }
}

fn seen(order: &Order) -> Sighting {
    Sighting::of(order, Source::Query)
}

fn is_answer(fault: &Fault) -> bool {
    is_refusal(fault) || fault.err_code() == Some("ORDERNOTEXIST")
}

/// Delivers messages: at least once, in order for each trade. Gives the number of those delivered.
pub fn outbox(call: &mut Call<'_>) -> Outcome {
    let deliver = call.callable_or(0)?.ok_or_else(|| Raise::Engine("deliver is missing".into()))?;
    let limit = call.int_or(1, 100)?;
    let limit = usize::try_from(limit).ok().filter(|n| (1..=100_000).contains(n));
    let limit = limit.ok_or_else(|| call.bad(1, "must be between 1 and 100000"))?;
    let ledger = call.this::<PhpLedger>()?;
    let mut delivered = 0;
    while delivered < limit {
        let most = BATCH.min(limit - delivered);
        let messages = ledger.does("", |core| core.claim_messages(most))?;
        if messages.is_empty() {
            break;
        }
        delivered += post(ledger, &deliver, messages)?;
    }
    Ok(value::int(i64::try_from(delivered).unwrap_or(i64::MAX)))
}

fn post(ledger: &PhpLedger, deliver: &Zval, messages: Vec<Message>) -> Result<usize, Raise> {
    let mut delivered = 0;
    let mut messages = messages.into_iter();
    while let Some(message) = messages.next() {
        let told = hand_over(deliver, &message);
        let done = matches!(told, Ok(true));
        ledger.does("", |core| core.settle_message(&message, done))?;
        delivered += usize::from(done);
        if let Err(fault) = told {
            messages.try_for_each(|rest| ledger.does("", |core| core.release_message(&rest)).map(drop))?;
            return Err(fault.into());
        }
    }
    Ok(delivered)
}

/// Calls the shop; `false` and exceptions mean "not delivered".
fn hand_over(deliver: &Zval, message: &Message) -> Result<bool, PdoFault> {
    let payload: serde_json::Value = serde_json::from_str(&message.payload).unwrap_or_default();
    let payload = value::json(&payload).map_err(|_| PdoFault::own("a message cannot be read".into()))?;
    let (topic, id) = (value::text(&message.topic), value::int(message.id));
    let answer =
        ZendCallable::new(deliver).and_then(|callable| callable.try_call(vec![&topic, &payload, &id]));
    if let Some(fault) = of_callback(Dialect::Sqlite) {
        return Err(fault);
    }
    let answer = answer.map_err(|e| PdoFault::own(format!("$deliver cannot be called: {e}")))?;
    Ok(!answer.is_false())
}
