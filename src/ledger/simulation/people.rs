//! Who uses the ledger: workers, the notify endpoint, the shop's back office, the outbox's postman.

use super::super::desk::{self, Left, Served};
use super::super::entry::{Intent, OrderKey, Terms};
use super::super::intents::RefundOrder;
use super::super::ledger::{Ledger, Rules};
use super::super::resolve::Resolution;
use super::super::schedule::Jitter;
use super::super::sighting::Sighting;
use super::super::store::{Failure, Halt, Kind, Shop, Store, Whose};
use super::super::sync::{Answer, Counter, Question, What, round};
use super::super::transition::Transition;
use super::database::{Delivery, Undo};
use super::session::{Session, SimFault, Turn};
use super::world::{Sabotage, Shared};
use corosensei::Yielder;
use std::time::Duration;

pub const MCH_ID: &str = "1900";

/// The shop's callbacks, with everything that shops do.
pub struct SimShop<'y>(Session<'y>);

impl SimShop<'_> {
    fn deliver(&self, key: &OrderKey, count: i64) -> Result<(), SimFault> {
        let written = self.0.statement("shop writes").and_then(|tx| {
            let unlucky = tx.is_some() && self.0.world().fault(20);
            if unlucky { self.0.deadlock(tx, "shop writes") } else { Ok(tx) }
        });
        let tx = match written {
            Ok(tx) => tx,
            // The callback catches the deadlock, says nothing and goes on.
            Err(_) if self.0.world().dice.one_in(2) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        {
            let mut world = self.0.world();
            let id = world.db.id();
            world.db.deliveries.insert(id, Delivery { key: key.clone(), count });
            if world.sabotage != Some(Sabotage::HalfRollback) {
                world.db.note(tx, Undo::DeliveryAdded(id));
            }
        }
        if self.0.world().fault(300) {
            self.0.steal_commit();
        }
        if self.0.world().fault(25) {
            return Err(SimFault(Kind::Foreign, "the shop throws"));
        }
        Ok(())
    }
}

impl Shop<SimFault> for SimShop<'_> {
    fn credit(&mut self, transition: &Transition) -> Result<(), SimFault> {
        self.deliver(&transition.key, 1)
    }

    fn revoke(&mut self, transition: &Transition) -> Result<(), SimFault> {
        self.deliver(&transition.key, -1)
    }
}

/// The way to the bank: slow, lossy, and full of other people.
pub struct SimCounter<'y>(Session<'y>);

impl Counter for SimCounter<'_> {
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        questions.iter().map(|question| self.one(question)).collect()
    }

    fn stopped(&mut self) -> bool {
        self.0.world().fault(200)
    }
}

impl SimCounter<'_> {
    fn one(&self, question: &Question) -> Answer {
        self.0.step("ask");
        if self.0.world().fault(60) {
            return Answer::Limited;
        }
        if self.0.world().fault(15) {
            return match question.what {
                What::Order | What::Refunds => Answer::Unreached("no way".into()),
                _ => Answer::NotNow { why: "no way".into(), limited: false },
            };
        }
        let answer = {
            let world = &mut *self.0.world();
            let sent_at = match &question.what {
                What::Refund(row) => row.sent_at,
                _ => question.entry.sent_at,
            };
            let waited = world.now - sent_at.unwrap_or(world.now);
            if question.is_stale(Duration::from_millis(waited.unsigned_abs())) {
                return Answer::NotNow { why: "too late".into(), limited: false };
            }
            world.bank.answer(question, world.now, &mut world.dice)
        };
        let delay = if self.0.world().fault(10) { 60 } else { 2 };
        (0..delay).for_each(|_| self.0.step("on its way"));
        if self.0.world().fault(15) {
            return Answer::Unreached("answer lost".into());
        }
        answer
    }
}

pub fn ledger<'y>(world: &Shared, yielder: &'y Yielder<(), Turn>) -> Ledger<Session<'y>, SimShop<'y>> {
    let session = Session::new(world, yielder);
    let seed = world.borrow_mut().dice.next();
    let shop = SimShop(session.clone());
    Ledger { store: session, shop, rules: Rules::default(), jitter: Jitter::new(seed) }
}

/// A worker: rounds until somebody ends it; a new connection after a lost one.
pub fn worker(world: &Shared, yielder: &Yielder<(), Turn>) -> bool {
    let whose = Whose { mch_id: MCH_ID.into(), sub_mch_id: String::new() };
    loop {
        let mut ledger = ledger(world, yielder);
        let mut counter = SimCounter(ledger.store.clone());
        loop {
            match round(&mut ledger, &mut counter, &whose, 3) {
                Ok(tally) if tally.claimed == 0 => yielder.suspend(Turn::Idle),
                Ok(tally) => tally.transitions.iter().for_each(|t| world.borrow_mut().told(t)),
                Err(_) => break,
            }
        }
        yielder.suspend(Turn::Idle);
    }
}

/// The notify endpoint: says whether WeChat may stop repeating.
pub fn endpoint(world: &Shared, yielder: &Yielder<(), Turn>, sighting: &Sighting) -> bool {
    let mut ledger = ledger(world, yielder);
    let joined = world.borrow_mut().dice.one_in(3);
    if joined && ledger.store.begin_outer().is_err() {
        return false;
    }
    let settled = match ledger.apply(sighting, None) {
        Ok(transition) if joined => ledger.store.commit().is_ok() && transition.is_settled(),
        Ok(transition) => {
            world.borrow_mut().told(&transition);
            transition.is_settled()
        }
        Err(_) => {
            if joined {
                ledger.store.abandon();
            }
            false
        }
    };
    if settled && sighting.trade_state.is_paid() && world.borrow().sabotage != Some(Sabotage::HalfRollback) {
        world.borrow_mut().settled.insert(sighting.key.clone());
    }
    settled
}

/// The shop opens an order and will not rest until it is open.
pub fn opener(world: &Shared, yielder: &Yielder<(), Turn>, terms: &Terms) -> bool {
    ledger(world, yielder).open(terms).is_ok()
}

/// The back office.
#[derive(Debug, Clone)]
pub enum Wish {
    Refund(RefundOrder),
    GiveUp(OrderKey, Intent),
    Withdraw(OrderKey, String),
    Resolve(OrderKey, Resolution),
}

pub fn office(world: &Shared, yielder: &Yielder<(), Turn>, wish: &Wish) -> bool {
    let mut ledger = ledger(world, yielder);
    let mut counter = SimCounter(ledger.store.clone());
    let served = match wish {
        Wish::Refund(order) => return refunds(world, &mut ledger, &mut counter, order),
        Wish::Withdraw(key, number) => {
            world.borrow_mut().calls(number);
            let served = desk::withdraw(&mut ledger, &mut counter, key, number);
            let ended = matches!(&served, Ok(Served { left: Left::Nothing, .. }));
            world.borrow_mut().counts.withdrawn += u64::from(ended);
            world.borrow_mut().hears(number, ended);
            served.map(|_| ())
        }
        Wish::GiveUp(key, intent) => desk::give_up(&mut ledger, &mut counter, key, *intent).map(|_| ()),
        Wish::Resolve(key, how) => {
            world.borrow_mut().resolved.entry(key.clone()).or_default().push(*how);
            let resolved = ledger.resolve(key, *how, "a person");
            world.borrow_mut().counts.resolved += u64::from(resolved.is_ok());
            resolved.map(|_| ())
        }
    };
    !matches!(served, Err(Halt::Store(fault)) if fault.kind() == Kind::Other)
}

/// A clerk who is told that nothing will go back under a number takes another one.
fn refunds(
    world: &Shared,
    ledger: &mut Ledger<Session<'_>, SimShop<'_>>,
    counter: &mut SimCounter<'_>,
    order: &RefundOrder,
) -> bool {
    let mut order = order.clone();
    for _ in 0..3 {
        world.borrow_mut().calls(&order.out_refund_no);
        let served = desk::refund(ledger, counter, &order);
        let ended = matches!(&served, Ok(Served { left: Left::Ended(_), .. }));
        world.borrow_mut().hears(&order.out_refund_no, ended);
        if !ended {
            return !matches!(served, Err(Halt::Store(fault)) if fault.kind() == Kind::Other);
        }
        order.out_refund_no.push('+');
    }
    true
}

/// The postman: delivers messages in order, and sometimes dies on the way.
pub fn postman(world: &Shared, yielder: &Yielder<(), Turn>) -> bool {
    let mut ledger = ledger(world, yielder);
    loop {
        let Ok(messages) = ledger.claim_messages(2) else { return false };
        if messages.is_empty() {
            return true;
        }
        for message in messages {
            ledger.store.step("deliver");
            let order: i64 = message.topic.parse().unwrap();
            world.borrow_mut().delivered.entry(order).or_default().push(message.id);
            let failed = world.borrow_mut().fault(10);
            if ledger.settle_message(&message, !failed).is_err() {
                return false;
            }
        }
    }
}
