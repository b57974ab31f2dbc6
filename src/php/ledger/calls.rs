//! The ledger's calls to WeChat: what is wanted is written down, asked for, and booked.

use crate::api::refund::RefundOptions;
use crate::error::{Advice, Error, Fault, Repeat};
use crate::ledger::carrier::{meaning, needs_certificate};
use crate::ledger::desk::{self, Left, Served};
use crate::ledger::entry::Intent;
use crate::ledger::intents::RefundOrder;
use crate::ledger::sql::dialect::Dialect;
use crate::ledger::store::Message;
use crate::ledger::sync::{Answer, Question, QuestionSender};
use crate::ledger::transition::Transition;
use crate::model::merchant::ApiVersion;
use crate::model::order_id::out_refund_no;
use crate::php::calls::gateway::Caller;
use crate::php::engine::convert::{elements, value};
use crate::php::engine::guard::door;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::fields;
use crate::php::engine::object::param::{
    Array, Callback, Fen, Int, Optional, Param, Text, array, callback, fen, int, text,
};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::ledger::callback::of_callback;
use crate::php::ledger::core::{PdoLedger, PhpLedger, carrier, key, merchant, whose};
use crate::php::ledger::pdo::fault::PdoFault;
use crate::php::ledger::transition;
use ext_php_rs::types::Zval;

/// The refund's number.
pub const OUT_REFUND_NO: Param<Text> = text("outRefundNo");
/// What goes back.
pub const REFUND_FEE: Param<Fen> = fen("refundFee");
/// Optional fields of the refund.
pub const OPTIONS: Param<Optional<Array>> = array("options").or_empty();
/// Who takes a message.
pub const DELIVER: Param<Callback> = callback("deliver");
/// How many messages at most.
pub const LIMIT: Param<Int> = int("limit").or("100");

/// Writes a refund down, asks for it and books the answer.
pub fn refund(call: &mut Call<'_>) -> Outcome {
    let order = ordered(call)?;
    let mut sender = CommandSender::new(call, "Ledger::refund()")?;
    // A refund that cannot be sent is not written down.
    sender.caller.client(true, Some(&order.key.out_trade_no))?;
    let (owner, ledger) = (whose(&sender.caller.merchant), call.this::<PhpLedger>()?);
    let served = ledger.act(&order.key.out_trade_no, |core| {
        core.owned(&owner, &order.key)?;
        desk::refund(core, &mut sender, &order)
    });
    sender.ended(served)
}

fn ordered(call: &Call<'_>) -> Result<RefundOrder, Raise> {
    let key = key(call)?;
    let number = out_refund_no(call.get(OUT_REFUND_NO)?)?.to_owned();
    let (refund_fee, options) = (call.get(REFUND_FEE)?, fields::options(call, OPTIONS)?);
    if refund_fee < 1 {
        return Err(call.bad(REFUND_FEE, "must be at least 1 fen"));
    }
    Ok(RefundOrder { key, out_refund_no: number, refund_fee, options: RefundOptions::new(&options)? })
}

/// Takes a refund back that WeChat verifiably does not know.
pub fn withdraw(call: &mut Call<'_>) -> Outcome {
    let key = key(call)?;
    let number = out_refund_no(call.get(OUT_REFUND_NO)?)?;
    let mut sender = CommandSender::new(call, "Ledger::withdraw()")?;
    let ledger = call.this::<PhpLedger>()?;
    let owner = whose(&sender.caller.merchant);
    let served = ledger.act(&key.out_trade_no, |core| {
        core.owned(&owner, &key)?;
        desk::withdraw(core, &mut sender, &key, number)
    });
    sender.ended(served)
}

/// Closes an order: writes the wish down, closes, asks what became of it.
pub fn close(call: &mut Call<'_>) -> Outcome {
    give_up(call, Intent::Close, "Ledger::close()")
}

/// Reverses a code payment, in the same way.
pub fn reverse(call: &mut Call<'_>) -> Outcome {
    give_up(call, Intent::Reverse, "Ledger::reverse()")
}

fn give_up(call: &mut Call<'_>, intent: Intent, name: &str) -> Outcome {
    let key = key(call)?;
    let mut sender = CommandSender::new(call, name)?;
    if intent == Intent::Reverse {
        sender.caller.client(true, Some(&key.out_trade_no))?;
    }
    let (owner, ledger) = (whose(&sender.caller.merchant), call.this::<PhpLedger>()?);
    let served = ledger.act(&key.out_trade_no, |core| {
        core.owned(&owner, &key)?;
        desk::give_up(core, &mut sender, &key, intent)
    });
    sender.ended(served)
}

/// Carries the questions of one call, and keeps the faults for the shop: that of the call that acts, and the last one
/// of a question.
struct CommandSender {
    caller: Caller,
    acted: Option<Fault>,
    asked: Option<Fault>,
    raised: Option<Raise>,
}

impl CommandSender {
    fn new(call: &mut Call<'_>, name: &str) -> Result<Self, Raise> {
        let merchant = merchant(call)?;
        let ledger = call.this::<PhpLedger>()?;
        ledger.with(|core| Ok(core.store.alone(name)?))?;
        Ok(Self { caller: ledger.caller(merchant)?, acted: None, asked: None, raised: None })
    }

    /// What came of it; an answer that was no plain yes is the fault it came from.
    fn ended(self, served: Result<Served, Raise>) -> Outcome {
        if let Some(raised) = self.raised {
            return Err(raised);
        }
        let served = served?;
        let fault = self.acted.or(self.asked);
        match served.left {
            Left::Nothing => transition::to_php(served.transition),
            Left::Ended(answer) => {
                let why = Error::Configuration(answer.not_accepted().unwrap_or_default().to_owned());
                Err(fault.unwrap_or_else(|| unmade(&served.transition, why)).into())
            }
            Left::Wanted(answer) => {
                let fault = fault.unwrap_or_else(|| open(&served.transition, answer));
                Err(Fault { still_wanted: true, ..fault.after_an_open_try() }.into())
            }
        }
    }

    fn one(&mut self, question: &Question) -> Answer {
        let caller = &self.caller;
        let carrier = carrier(caller, needs_certificate(question), 1);
        let answer = carrier.one(question, caller.observer());
        self.raised = self.raised.take().or(door::interruption().err());
        answer.unwrap_or_else(|fault| {
            let meaning = meaning(&fault, &question.what);
            if !matches!(meaning, Answer::Done { .. } | Answer::Absent) {
                *(if question.what.acts() { &mut self.acted } else { &mut self.asked }) = Some(fault);
            }
            meaning
        })
    }
}

/// The fault of a call that was not made.
fn unmade(transition: &Transition, error: Error) -> Fault {
    Fault::new(error, Repeat::SameNumbers, Some(&transition.key.out_trade_no))
}

/// The fault of a wish that waits, where no call failed.
fn open(transition: &Transition, answer: Answer) -> Fault {
    let message = match answer {
        Answer::Unreached(why) | Answer::Useless(why) | Answer::NotNow { why, .. } => why,
        other => format!("the call could not be made: {other:?}"),
    };
    let error = Error::Undecided { message, last_seen: None, reversed: false, cause: None };
    Fault { advice: Advice::Wait, retryable: true, ..unmade(transition, error) }
}

impl QuestionSender for CommandSender {
    fn version(&self) -> ApiVersion {
        self.caller.merchant.api_version()
    }

    fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        questions.iter().map(|question| self.one(question)).collect()
    }
}

/// Delivers messages: at least once, in order for each trade. Gives the number of those delivered.
pub fn outbox(call: &mut Call<'_>) -> Outcome {
    let deliver = call.get(DELIVER)?;
    let limit = usize::try_from(call.get(LIMIT)?).ok().filter(|n| (1..=100_000).contains(n));
    let limit = limit.ok_or_else(|| call.bad(LIMIT, "must be between 1 and 100000"))?;
    let ledger = call.this::<PhpLedger>()?;
    ledger.run("", PdoLedger::set_messages_aside)?;
    let mut delivered = 0;
    for _ in 0..limit {
        let Some(message) = ledger.run("", PdoLedger::claim_message)? else { break };
        delivered += i64::from(post(ledger, &deliver, &message)?);
    }
    Ok(value::int(delivered))
}

/// Hands one message over. Was it delivered, and within its lease?
fn post(ledger: &PhpLedger, deliver: &Zval, message: &Message) -> Result<bool, Raise> {
    let told = hand_over(deliver, message);
    let done = matches!(told, Ok(true));
    let settled = door::cleaning(|| ledger.run("", |core| core.settle_message(message, done)));
    told?;
    Ok(settled? && done)
}

/// Calls the shop; `false` and exceptions mean "not delivered".
fn hand_over(deliver: &Zval, message: &Message) -> Result<bool, PdoFault> {
    let payload: serde_json::Value = serde_json::from_str(&message.payload).unwrap_or_default();
    let arguments =
        || Ok(vec![value::text(&message.topic), elements::json(&payload)?, value::int(message.id)]);
    let answer = door::call_back(deliver, arguments, Gave::of);
    let gave = of_callback(Dialect::Sqlite, answer, "$deliver cannot be called")?;
    Ok(gave.ran("$deliver")? != Gave::False)
}
