//! Who uses the ledger: workers, the notify endpoint, the shop's back office, the outbox's postman.

use super::super::desk::{self, Left, Served};
use super::super::entry::{Intent, Ms, OrderKey, OrderTerms};
use super::super::intents::RefundOrder;
use super::super::ledger::{Ledger, Rules};
use super::super::resolve::Resolution;
use super::super::schedule::Jitter;
use super::super::sighting::{Coverage, RefundSighting};
use super::super::store::{Failure, Halt, Kind, Shop, Whose};
use super::super::sync::{Answer, Question, QuestionSender, What, round};
use super::super::transition::Transition;
use super::bank::{APPIDS, Curse, Heard, MCH_ID};
use super::pace::{Pace, Turn};
use super::seat::{Link, Seat};
use super::world::Sabotage;
use crate::model::merchant::ApiVersion;
use std::time::Duration;

/// How long one question may take.
const PATIENCE: Ms = 30_000;

/// The shop's callbacks, with everything that shops do.
pub struct SimShop<'y, L> {
    pace: Pace<'y>,
    pub link: L,
}

impl<L: Link> SimShop<'_, L> {
    fn deliver(&self, key: &OrderKey, count: i64) -> Result<(), L::Fault> {
        if let Err(fault) = self.link.write(key, count) {
            // The callback catches the deadlock, says nothing and goes on.
            return if self.pace.world().dice.one_in(2) { Ok(()) } else { Err(fault) };
        }
        let curse = self.pace.world().bank.curse(key);
        match curse.filter(|_| count > 0) {
            Some(Curse::Constraint) => {
                self.link.defer_a_constraint();
                return Ok(());
            }
            Some(Curse::Connection) => return Err(self.link.hang_up()),
            None => {}
        }
        if self.pace.world().fault(300) {
            self.link.steal_commit();
        }
        if self.pace.world().fault(25) { Err(self.link.thrown()) } else { Ok(()) }
    }
}

impl<L: Link> Shop<L::Fault> for SimShop<'_, L> {
    fn credit(&mut self, transition: &Transition) -> Result<(), L::Fault> {
        self.deliver(&transition.key, 1)
    }

    fn revoke(&mut self, transition: &Transition) -> Result<(), L::Fault> {
        self.deliver(&transition.key, -1)
    }
}

/// The way to the bank: slow, lossy, and full of other people.
pub struct SimSender<'y>(Pace<'y>, Whose, ApiVersion);

impl<'y> SimSender<'y> {
    fn new(pace: &Pace<'y>, whose: Whose) -> Self {
        let world = &mut *pace.world();
        let version = world.speech(&whose.appid).version(&mut world.dice);
        Self(pace.clone(), whose, version)
    }
}

impl QuestionSender for SimSender<'_> {
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        questions.iter().map(|question| self.one(question)).collect()
    }

    fn version(&self) -> ApiVersion {
        match self.0.world().sabotage {
            Some(Sabotage::SameNumber) => ApiVersion::V2,
            _ => self.2,
        }
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

impl SimSender<'_> {
    fn one(&self, question: &Question) -> Answer {
        self.0.step("ask");
        if self.0.world().fault(60) {
            return Answer::Limited;
        }
        if self.0.world().fault(15) {
            return match question.what {
                What::Order | What::Refunds(_) => Answer::Unreached("no way".into()),
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
            world.asks(question, self.2);
            let answer = world.bank.answer(question, self.2, world.now, &mut world.dice);
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
        // A probe of APIv3: whatever was done, its answer is not believed.
        if self.2 == ApiVersion::V3 && self.0.world().fault(20) {
            return Answer::Unreached("a signature that is none".into());
        }
        self.heard(answer)
    }

    fn heard(&self, answer: Answer) -> Answer {
        let world = &mut *self.0.world();
        let Answer::Refunds(list) = answer else { return answer };
        if list.coverage == Coverage::Whole {
            return Answer::Refunds(list);
        }
        world.counts.told_of_one += 1;
        world.counts.used_up += u64::from(list.used_up().is_some());
        Answer::Refunds(taken(list, world.sabotage))
    }
}

/// What is told of one refund, as it is taken.
fn taken(list: RefundSighting, sabotage: Option<Sabotage>) -> RefundSighting {
    match sabotage {
        Some(Sabotage::OneIsAll) => RefundSighting { coverage: Coverage::Whole, ..list },
        _ => list,
    }
}

/// A ledger of an actor's.
pub type SimLedger<'y, S> = Ledger<S, SimShop<'y, <S as Seat<'y>>::Link>>;

pub fn ledger<'y, S: Seat<'y>>(pace: &Pace<'y>) -> SimLedger<'y, S> {
    let (store, link) = S::take(pace);
    let seed = pace.world().dice.next();
    let rules = Rules { credit_late: pace.world().credit_late };
    let shop = SimShop { pace: pace.clone(), link };
    Ledger { store, shop, rules, jitter: Jitter::new(seed) }
}

fn account(appid: &str) -> Whose {
    let (sub_mch_id, sub_appid) = (String::new(), String::new());
    Whose { mch_id: MCH_ID.into(), sub_mch_id, appid: appid.into(), sub_appid }
}

/// A worker: rounds for both accounts until somebody ends it; a new connection after a lost one.
pub fn worker<'y, S: Seat<'y>>(pace: &Pace<'y>) -> bool {
    loop {
        let mut ledger = ledger::<S>(pace);
        while let Ok(claimed) = rounds(pace, &mut ledger) {
            if claimed == 0 {
                pace.give_way(Turn::Idle);
            }
        }
        pace.give_way(Turn::Idle);
    }
}

fn rounds<'y, S: Seat<'y>>(pace: &Pace<'y>, ledger: &mut SimLedger<'y, S>) -> Result<usize, Halt<S::Fault>> {
    let mut claimed = 0;
    for appid in APPIDS {
        let whose = account(appid);
        let mut sender = SimSender::new(pace, whose.clone());
        let tally = round(ledger, &mut sender, &whose, 4)?;
        claimed += tally.claimed;
        tally.transitions.iter().for_each(|t| pace.world().told(t));
    }
    Ok(claimed)
}

/// The notify endpoint: says whether WeChat may stop repeating.
pub fn endpoint<'y, S: Seat<'y>>(pace: &Pace<'y>, heard: &Heard) -> bool {
    let mut ledger = ledger::<S>(pace);
    let joined = pace.world().dice.one_in(3);
    if joined && ledger.shop.link.begin_outer().is_err() {
        return false;
    }
    let applied = match heard {
        Heard::Payment(sighting) => ledger.apply(sighting, None),
        Heard::Refund(told) => {
            let sabotage = pace.world().sabotage;
            let asked = match sabotage {
                Some(Sabotage::OldCloses) => ledger.find(&told.key).ok().flatten(),
                _ => None,
            };
            ledger.apply_refunds(&taken(told.clone(), sabotage), asked.as_ref())
        }
    };
    let settled = match applied {
        Ok(transition) if joined => ledger.shop.link.commit_outer().is_ok() && transition.is_settled(),
        Ok(transition) => {
            pace.world().told(&transition);
            transition.is_settled()
        }
        Err(_) => {
            if joined {
                ledger.shop.link.abandon_outer();
            }
            false
        }
    };
    let world = &mut *pace.world();
    let Heard::Payment(sighting) = heard else { return settled };
    if settled && sighting.trade_state.is_paid() && world.sabotage != Some(Sabotage::HalfRollback) {
        world.settled.insert(sighting.key.clone());
    }
    settled
}

/// The shop opens an order and will not rest until it is open.
pub fn opener<'y, S: Seat<'y>>(pace: &Pace<'y>, terms: &OrderTerms) -> bool {
    ledger::<S>(pace).open(terms).is_ok()
}

/// The back office.
#[derive(Debug, Clone)]
pub enum Wish {
    Refund(RefundOrder),
    GiveUp(OrderKey, Intent),
    Withdraw(OrderKey, String),
    Resolve(OrderKey, Resolution),
}

pub fn office<'y, S: Seat<'y>>(pace: &Pace<'y>, wish: &Wish) -> bool {
    let mut ledger = ledger::<S>(pace);
    let (Wish::Refund(RefundOrder { key, .. })
    | Wish::GiveUp(key, _)
    | Wish::Withdraw(key, _)
    | Wish::Resolve(key, _)) = wish;
    let Ok(Some(entry)) = ledger.find(key) else { return true };
    let mut sender = SimSender::new(pace, Whose::of(&entry.terms));
    let served = match wish {
        Wish::Refund(order) => return refunds(pace, &mut ledger, &mut sender, order),
        Wish::Withdraw(key, number) => {
            pace.world().calls(number);
            let served = desk::withdraw(&mut ledger, &mut sender, key, number);
            let ended = matches!(&served, Ok(Served { left: Left::Nothing, .. }));
            pace.world().counts.withdrawn += u64::from(ended);
            pace.world().hears(number, ended);
            served.map(|_| ())
        }
        Wish::GiveUp(key, intent) => desk::give_up(&mut ledger, &mut sender, key, *intent).map(|_| ()),
        Wish::Resolve(key, how) => {
            pace.world().resolved.entry(key.clone()).or_default().push(*how);
            let resolved = ledger.resolve(key, *how, "a person");
            pace.world().counts.resolved += u64::from(resolved.is_ok());
            if resolved.is_ok() && *how == Resolution::Refund {
                pace.world().sent_back.insert(key.clone());
            }
            resolved.map(|_| ())
        }
    };
    !matches!(served, Err(Halt::Store(fault)) if fault.kind() == Kind::Other)
}

/// A clerk who is told that nothing will go back under a number takes another one.
fn refunds<'y, S: Seat<'y>>(
    pace: &Pace<'y>,
    ledger: &mut SimLedger<'y, S>,
    sender: &mut SimSender<'y>,
    order: &RefundOrder,
) -> bool {
    let mut order = order.clone();
    for _ in 0..3 {
        pace.world().calls(&order.out_refund_no);
        let served = desk::refund(ledger, sender, &order);
        let ended = matches!(&served, Ok(Served { left: Left::Ended(_), .. }));
        pace.world().hears(&order.out_refund_no, ended);
        if !ended {
            return !matches!(served, Err(Halt::Store(fault)) if fault.kind() == Kind::Other);
        }
        order.out_refund_no.push('+');
    }
    true
}

/// The postman: delivers messages in order, slowly at times, and sometimes dies on the way.
pub fn postman<'y, S: Seat<'y>>(pace: &Pace<'y>) -> bool {
    let mut ledger = ledger::<S>(pace);
    if ledger.set_messages_aside().is_err() {
        return false;
    }
    loop {
        let message = match ledger.claim_message() {
            Ok(Some(message)) => message,
            ended => return ended.is_ok(),
        };
        let row = pace.world().db.outbox.get(&message.id).cloned();
        let Some(row) = row else { continue };
        pace.world().hands_over(row.order_id, message.id, row.due_at);
        let slow = pace.world().fault(8);
        (0..if slow { 80 } else { 1 }).for_each(|_| pace.step("deliver"));
        let delivered = !pace.world().fault(10);
        let Ok(settled) = ledger.settle_message(&message, delivered) else { return false };
        if settled && delivered {
            pace.world().reports(message.id);
        }
        pace.world().handing.retain(|_, (id, _)| *id != message.id);
    }
}

/// Removes what is over.
pub fn purger<'y, S: Seat<'y>>(pace: &Pace<'y>, age: Ms) -> bool {
    let before = pace.world().now - age;
    ledger::<S>(pace).purge(before).is_ok()
}
