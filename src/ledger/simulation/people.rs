//! Who uses the ledger: workers, the notify endpoint, the shop's back office, the outbox's postman.

use super::super::desk::{self, Left, Served};
use super::super::entry::{Intent, Ms, OrderKey, Terms};
use super::super::intents::RefundOrder;
use super::super::ledger::{Ledger, Rules};
use super::super::resolve::Resolution;
use super::super::schedule::Jitter;
use super::super::sighting::Sighting;
use super::super::store::{Failure, Halt, Kind, Shop, Store, Whose};
use super::super::sync::{Answer, Counter, Question, What, round};
use super::super::transition::Transition;
use super::bank::Curse;
use super::database::{Delivery, Undo};
use super::session::{Line, Session, SimFault, Turn};
use super::world::{Sabotage, Shared};
use corosensei::Yielder;
use std::time::Duration;

pub const MCH_ID: &str = "1900";
/// An official account and a mini program of one merchant.
pub const APPIDS: [&str; 2] = ["wx1", "wx2"];

/// How long one question may take.
const PATIENCE: Ms = 30_000;

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
        let curse = self.0.world().bank.curse(key);
        match curse.filter(|_| count > 0) {
            Some(Curse::Constraint) => {
                self.0.core.deferred.set(tx);
                return Ok(());
            }
            Some(Curse::Connection) => {
                self.0.end(tx, Line::Dead);
                return self.0.fail(Kind::Lost, "the shop ends the connection");
            }
            None => {}
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
pub struct SimCounter<'y>(Session<'y>, Whose);

impl Counter for SimCounter<'_> {
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        questions.iter().map(|question| self.one(question)).collect()
    }

    fn width(&self) -> usize {
        2
    }

    fn patience(&self) -> Ms {
        PATIENCE
    }

    fn clock(&self) -> Ms {
        self.0.world().now
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
            let owner = Whose::of(&question.entry.terms);
            if owner != self.1 {
                world.lies.push(format!("{:?} asks about an order of {owner:?}", self.1));
            }
            let sent_at = match &question.what {
                What::Refund(row) => row.sent_at,
                _ => question.entry.sent_at,
            };
            let waited = world.now - sent_at.unwrap_or(world.now);
            if question.is_stale(Duration::from_millis(waited.unsigned_abs())) {
                return Answer::NotNow { why: "too late".into(), limited: false };
            }
            let answer = world.bank.answer(question, world.now, &mut world.dice);
            let paid = match &answer {
                Answer::Order(sighting) => sighting.trade_state.is_paid(),
                Answer::Refunds(_) => true,
                _ => question.what.acts(),
            };
            *world.perils.entry(question.entry.terms.key.clone()).or_default() += i64::from(paid);
            answer
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

fn account(appid: &str) -> Whose {
    let (sub_mch_id, sub_appid) = (String::new(), String::new());
    Whose { mch_id: MCH_ID.into(), sub_mch_id, appid: appid.into(), sub_appid }
}

/// A worker: rounds for both accounts until somebody ends it; a new connection after a lost one.
pub fn worker(world: &Shared, yielder: &Yielder<(), Turn>) -> bool {
    loop {
        let mut ledger = ledger(world, yielder);
        while let Ok(claimed) = rounds(world, &mut ledger) {
            if claimed == 0 {
                yielder.suspend(Turn::Idle);
            }
        }
        yielder.suspend(Turn::Idle);
    }
}

fn rounds<'y>(
    world: &Shared,
    ledger: &mut Ledger<Session<'y>, SimShop<'y>>,
) -> Result<usize, Halt<SimFault>> {
    let mut claimed = 0;
    for appid in APPIDS {
        let whose = account(appid);
        let mut counter = SimCounter(ledger.store.clone(), whose.clone());
        let tally = round(ledger, &mut counter, &whose, 4)?;
        claimed += tally.claimed;
        tally.transitions.iter().for_each(|t| world.borrow_mut().told(t));
    }
    Ok(claimed)
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
    let (Wish::Refund(RefundOrder { key, .. })
    | Wish::GiveUp(key, _)
    | Wish::Withdraw(key, _)
    | Wish::Resolve(key, _)) = wish;
    let Ok(Some(entry)) = ledger.find(key) else { return true };
    let mut counter = SimCounter(ledger.store.clone(), Whose::of(&entry.terms));
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

/// The postman: delivers messages in order, slowly at times, and sometimes dies on the way.
pub fn postman(world: &Shared, yielder: &Yielder<(), Turn>) -> bool {
    let mut ledger = ledger(world, yielder);
    if ledger.set_messages_aside().is_err() {
        return false;
    }
    loop {
        let message = match ledger.claim_message() {
            Ok(Some(message)) => message,
            ended => return ended.is_ok(),
        };
        let order: i64 = message.topic.parse().unwrap();
        let until = world.borrow().db.outbox.get(&message.id).map_or(0, |row| row.due_at);
        world.borrow_mut().hands_over(order, message.id, until);
        let slow = world.borrow_mut().fault(8);
        (0..if slow { 80 } else { 1 }).for_each(|_| ledger.store.step("deliver"));
        let delivered = !world.borrow_mut().fault(10);
        let Ok(settled) = ledger.settle_message(&message, delivered) else { return false };
        if settled && delivered {
            world.borrow_mut().reports(message.id);
        }
        world.borrow_mut().handing.retain(|_, (id, _)| *id != message.id);
    }
}

/// Removes what is over.
pub fn purger(world: &Shared, yielder: &Yielder<(), Turn>, age: Ms) -> bool {
    let before = world.borrow().now - age;
    ledger(world, yielder).purge(before).is_ok()
}
