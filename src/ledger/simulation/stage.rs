//! One run: a rough time in which everything goes wrong, then a quiet one in which all must come right.

use super::super::entry::{Entry, Intent, Ms, OrderKey, OrderTerms, RefundWord};
use super::super::intents::RefundOrder;
use super::super::reason::Reason;
use super::super::resolve::Resolution;
use super::super::sql::store::SqlStore;
use super::super::state::LedgerState;
use super::bank::{APPIDS, BY_HAND, BankOrder, Curse, Event, Heard, MCH_ID, Mood};
use super::checks;
use super::dice::Dice;
use super::disk::Disk;
use super::pace::{Pace, Turn};
use super::people::{self, Wish};
use super::seat::Seat;
use super::session::Session;
use super::sqlite::RoughSqlite;
use super::world::{Counts, Sabotage, Shared, Speech, World};
use crate::api::refund::RefundOptions;
use crate::model::trade_state::TradeState;
use corosensei::{Coroutine, CoroutineResult};
use std::cell::RefCell;
use std::rc::Rc;

/// What a run leaves.
#[derive(Debug)]
pub struct Run {
    pub trace: u64,
    pub counts: Counts,
}

/// Where the ledger keeps its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// In our own model of three databases.
    Model,
    /// In a real SQLite, by the store's own SQL.
    Sqlite,
}

/// What an actor does.
#[derive(Debug, Clone)]
enum Role {
    Worker,
    Endpoint(Heard, u32),
    Opener(OrderTerms),
    Office(Wish),
    Postman,
    Purger(Ms),
}

struct Actor {
    role: Role,
    body: Coroutine<(), Turn, bool>,
}

struct Stage {
    world: Shared,
    actors: Vec<Actor>,
    plans: Vec<OrderTerms>,
    opened: usize,
}

const WORKERS: usize = 3;
const ROUGH_STEPS: u64 = 700;
const QUIET_STEPS: u64 = 60_000;
/// A refund that is closed by the bank is decided about again: somewhere it ends.
const MOST_DECISIONS: u32 = 60;

/// Runs one seed.
pub fn run(seed: u64, base: Base, sabotage: Option<Sabotage>) -> Result<Run, String> {
    let disk = (base == Base::Sqlite).then(Disk::new);
    let world = Rc::new(RefCell::new(World::new(seed, disk)));
    world.borrow_mut().sabotage = sabotage;
    let mut stage = Stage { plans: plans(&world), world, actors: Vec::new(), opened: 0 };
    stage.rough_time()?;
    stage.quiet_time()?;
    stage.clerks_call_again()?;
    stage.people_decide()?;
    let mut world = stage.world.borrow_mut();
    checks::at_rest(&world)?;
    let (credits, refunds) = (world.db.credits.len(), world.db.refunds.len());
    let reviews = world.db.orders.values().filter(|e| e.state == LedgerState::Review);
    world.counts.reviews = reviews.count() as u64;
    world.counts.credits = credits as u64;
    world.counts.refunds = refunds as u64;
    let unlisted = world.db.orders.values().filter(|e| e.reason == Reason::RefundsUnlisted.text());
    world.counts.unlisted = unlisted.count() as u64;
    Ok(Run { trace: world.trace, counts: world.counts })
}

fn plans(world: &Shared) -> Vec<OrderTerms> {
    let world = &mut *world.borrow_mut();
    let count = 1 + world.dice.below(5);
    (0..count).map(|n| plan(world, n)).collect()
}

fn plan(world: &mut World, n: usize) -> OrderTerms {
    let key = OrderKey { mch_id: MCH_ID.into(), sub_mch_id: String::new(), out_trade_no: format!("T{n:05}") };
    let micropay = world.dice.one_in(4);
    let life = world.dice.between(30_000, 900_000);
    OrderTerms {
        key,
        appid: world.dice.pick(&APPIDS).into(),
        sub_appid: String::new(),
        total_fee: world.dice.between(1, 1000),
        fee_type: "CNY".into(),
        trade_type: if micropay { "MICROPAY" } else { "NATIVE" }.into(),
        expires_at: Some(world.now + life),
    }
}

fn decision(dice: &mut Dice) -> Resolution {
    [Resolution::Credit, Resolution::Refund, Resolution::Dismiss][dice.below(3)]
}

fn play<'y, S: Seat<'y>>(pace: &Pace<'y>, role: &Role) -> bool {
    match role {
        Role::Worker => people::worker::<S>(pace),
        Role::Endpoint(heard, _) => people::endpoint::<S>(pace, heard),
        Role::Opener(terms) => people::opener::<S>(pace, terms),
        Role::Office(wish) => people::office::<S>(pace, wish),
        Role::Postman => people::postman::<S>(pace),
        Role::Purger(age) => people::purger::<S>(pace, *age),
    }
}

impl Stage {
    fn rough_time(&mut self) -> Result<(), String> {
        (0..WORKERS).for_each(|_| self.enter(Role::Worker));
        for step in 0..ROUGH_STEPS {
            self.world.borrow_mut().counts.steps = step;
            self.happen(step);
            self.turn();
            self.world.borrow_mut().see_closed();
            checks::always(&self.world.borrow())?;
        }
        Ok(())
    }

    /// What comes from outside: time, payers, clerks, the server's housekeeping.
    fn happen(&mut self, step: u64) {
        let (pass, wish, open) = {
            let world = &mut *self.world.borrow_mut();
            let (ended, waiting) = world.zombies.drain(..).partition(|(at, _)| *at <= step);
            world.zombies = waiting;
            let ended: Vec<(u64, super::database::Tx)> = ended;
            for (_, tx) in ended {
                world.db.rollback(tx);
            }
            if world.dice.one_in(40) {
                world.age();
            }
            if world.dice.one_in(12) {
                let jump = if world.dice.one_in(12) { 300_000 } else { 8_000 };
                world.now += world.dice.between(1, jump);
            }
            (world.dice.one_in(60), world.dice.one_in(90), world.dice.one_in(20))
        };
        if self.world.borrow_mut().fault(150) {
            let world = &mut *self.world.borrow_mut();
            let mood = if world.dice.one_in(2) { Mood::Poor } else { Mood::Hostile };
            let ends = world.now + world.dice.between(1000, 100_000);
            world.bank.mood = mood;
            world.bank.at(ends, Event::Mood(Mood::Fair));
        }
        self.events();
        if pass {
            self.enter(Role::Postman);
        }
        let purge = {
            let dice = &mut self.world.borrow_mut().dice;
            dice.one_in(150).then(|| dice.between(0, 600_000))
        };
        if let Some(age) = purge {
            self.enter(Role::Purger(age));
        }
        if open && self.opened < self.plans.len() {
            self.order();
        }
        if wish && self.opened > 0 {
            let wish = self.wish();
            self.enter(Role::Office(wish));
        }
    }

    /// The shop opens an order and places it at the bank, one way or the other round.
    fn order(&mut self) {
        let at = self.opened;
        self.opened += 1;
        self.enter(Role::Opener(self.plans[at].clone()));
        let world = &mut *self.world.borrow_mut();
        world.counts.orders += 1;
        let placed_at = world.now + world.dice.between(0, 4000);
        let off = if world.dice.one_in(25) { world.dice.between(-20, 20) } else { 0 };
        let stubborn = world.dice.one_in(20);
        let curse = match world.dice.below(24) {
            0 => Some(Curse::Constraint),
            1 => Some(Curse::Connection),
            _ => None,
        };
        world.bank.orders.push(BankOrder {
            terms: self.plans[at].clone(),
            trade_state: TradeState::NotPay,
            transaction_id: None,
            paid_fee: 0,
            refunds: Vec::new(),
            placed_at,
            off,
            stubborn,
            curse,
            by_hand: 0,
            speaks_v3: world.speech(&self.plans[at].appid) != Speech::V2,
        });
        if world.dice.one_in(4) {
            return;
        }
        let pays_at = placed_at + world.dice.between(0, 700_000);
        let event = if world.dice.one_in(10) { Event::FailToPay(at) } else { Event::Pay(at) };
        world.bank.at(pays_at, event);
        if world.bank.orders[at].speaks_v3 && world.dice.one_in(6) {
            let after = if world.dice.one_in(2) { 2 } else { 100_000 };
            let when = pays_at + world.dice.between(1, after);
            world.bank.at(when, Event::SendBackByHand(at));
        }
    }

    fn wish(&self) -> Wish {
        let world = &mut *self.world.borrow_mut();
        let terms = &self.plans[world.dice.below(self.opened)];
        let key = terms.key.clone();
        let number = format!("{}-{}", key.out_trade_no, world.dice.below(3));
        match world.dice.below(8) {
            0 | 1 => {
                let micropay = terms.trade_type == "MICROPAY";
                Wish::GiveUp(key, if micropay { Intent::Reverse } else { Intent::Close })
            }
            2 => Wish::Withdraw(key, number),
            3 => Wish::Resolve(key, decision(&mut world.dice)),
            _ => Wish::Refund(RefundOrder {
                out_refund_no: number,
                refund_fee: (terms.total_fee / (1 + world.dice.below(3) as i64)).max(1),
                key,
                options: if world.dice.one_in(4) { other() } else { RefundOptions::default() },
            }),
        }
    }

    fn events(&mut self) {
        loop {
            let event = {
                let world = &mut *self.world.borrow_mut();
                let now = world.now;
                world.bank.due(now)
            };
            match event {
                None => return,
                Some(Event::Notice { heard, tries }) => {
                    self.world.borrow_mut().counts.notices += 1;
                    self.enter(Role::Endpoint(heard, tries));
                }
                Some(event) => self.at_the_bank(&event),
            }
        }
    }

    fn at_the_bank(&mut self, event: &Event) {
        let world = &mut *self.world.borrow_mut();
        match event {
            Event::Pay(at) => world.bank.pay(*at, world.now, &mut world.dice),
            Event::FailToPay(at) => {
                let order = &mut world.bank.orders[*at];
                if order.trade_state == TradeState::NotPay {
                    order.trade_state = TradeState::PayError;
                }
            }
            Event::Mood(mood) => world.bank.mood = *mood,
            Event::EndRefund(at, which) => world.bank.end_refund(*at, *which, world.now, &mut world.dice),
            Event::SendBackByHand(at) => {
                let sent = world.bank.refund_by_hand(*at, world.now, &mut world.dice);
                world.counts.by_hand += u64::from(sent.is_some());
            }
            Event::Notice { .. } => {}
        }
    }

    fn enter(&mut self, role: Role) {
        let (world, part) = (self.world.clone(), role.clone());
        let real = world.borrow().disk.is_some();
        let body = Coroutine::new(move |yielder: &corosensei::Yielder<(), Turn>, ()| {
            let pace = Pace::new(&world, yielder);
            if real {
                play::<SqlStore<RoughSqlite<'_>>>(&pace, &part)
            } else {
                play::<Session<'_>>(&pace, &part)
            }
        });
        self.actors.push(Actor { role, body });
    }

    /// One actor does one step, or dies.
    fn turn(&mut self) -> Option<Turn> {
        let (at, dies) = {
            let world = &mut *self.world.borrow_mut();
            (world.dice.below(self.actors.len()), world.fault(120))
        };
        if dies {
            self.world.borrow_mut().counts.kills += 1;
            let actor = self.actors.swap_remove(at);
            let role = actor.role.clone();
            drop(actor);
            self.left(role, false);
            return None;
        }
        match self.actors[at].body.resume(()) {
            CoroutineResult::Yield(turn) => Some(turn),
            CoroutineResult::Return(settled) => {
                let actor = self.actors.swap_remove(at);
                self.left(actor.role, settled);
                None
            }
        }
    }

    /// Who leaves is replaced: workers are restarted, WeChat repeats, the shop tries again.
    fn left(&mut self, role: Role, settled: bool) {
        match role {
            Role::Worker => self.enter(Role::Worker),
            Role::Opener(_) if !settled => self.enter(role),
            Role::Endpoint(heard, tries) if !settled && tries > 0 => {
                let world = &mut *self.world.borrow_mut();
                let when = world.now + world.dice.between(1000, 400_000);
                world.bank.at(when, Event::Notice { heard, tries: tries - 1 });
            }
            _ => {}
        }
    }

    /// No more faults: one worker, one postman, and the clock moves whenever nobody has anything to do.
    fn quiet_time(&mut self) -> Result<(), String> {
        while self.opened < self.plans.len() {
            self.order();
        }
        self.world.borrow_mut().rough = false;
        self.world.borrow_mut().bank.mood = Mood::Fair;
        self.everybody_leaves();
        self.rest()
    }

    /// Until nothing more happens by itself.
    fn rest(&mut self) -> Result<(), String> {
        for step in 0..QUIET_STEPS {
            self.world.borrow_mut().counts.steps = ROUGH_STEPS + step;
            self.events();
            let turn = self.turn();
            let alone = self.actors.len() == 1;
            if alone && turn == Some(Turn::Idle) && !self.pass_time() {
                return Ok(());
            }
            self.world.borrow_mut().see_closed();
            if step % 16 == 0 {
                checks::always(&self.world.borrow())?;
            }
        }
        let roles: Vec<&Role> = self.actors.iter().map(|actor| &actor.role).collect();
        let world = self.world.borrow();
        Err(format!("it never rests: {roles:?} {:?} {:?}", world.db, world.bank.events))
    }

    /// Clerks call closed refunds again, under their numbers: v2 takes them, APIv3 does not.
    fn clerks_call_again(&mut self) -> Result<(), String> {
        let closed: Vec<RefundOrder> = {
            let world = self.world.borrow();
            let db = &world.db;
            let lines = db.refunds.values().filter(|line| line.row.state == RefundWord::Closed);
            let ordered = lines.filter(|line| !line.row.out_refund_no.ends_with(BY_HAND));
            let again = ordered.filter_map(|line| {
                Some(RefundOrder {
                    key: db.orders.get(&line.order_id)?.terms.key.clone(),
                    out_refund_no: line.row.out_refund_no.clone(),
                    refund_fee: line.row.refund_fee,
                    options: line.row.options.clone(),
                })
            });
            again.collect()
        };
        for order in closed {
            self.enter(Role::Office(Wish::Refund(order)));
            self.rest()?;
        }
        Ok(())
    }

    /// A person decides about everything that waits for one, until nothing does.
    fn people_decide(&mut self) -> Result<(), String> {
        for _ in 0..MOST_DECISIONS {
            checks::at_rest(&self.world.borrow())?;
            let questions = checks::questions(&self.world.borrow());
            if questions.is_empty() {
                return Ok(());
            }
            self.some_go_back_by_hand(&questions)?;
            for key in questions {
                let wish = Wish::Resolve(key, decision(&mut self.world.borrow_mut().dice));
                self.enter(Role::Office(wish));
            }
            self.rest()?;
        }
        Err(format!("a dead end: {:?}", checks::questions(&self.world.borrow())))
    }

    /// While a person is asked, somebody else sends the money back, and the ledger sees what WeChat says of the order.
    fn some_go_back_by_hand(&mut self, questions: &[OrderKey]) -> Result<(), String> {
        for key in questions {
            let seen = {
                let world = &mut *self.world.borrow_mut();
                let now = world.now;
                let at = world.bank.find(key, now).filter(|_| world.dice.one_in(3));
                at.and_then(|at| world.bank.refund_by_hand(at, now, &mut world.dice))
            };
            if let Some(sighting) = seen {
                self.world.borrow_mut().counts.by_hand += 1;
                self.enter(Role::Endpoint(Heard::Payment(sighting), 0));
            }
        }
        self.rest()
    }

    fn everybody_leaves(&mut self) {
        let actors = std::mem::take(&mut self.actors);
        let mut unfinished = Vec::new();
        for actor in actors {
            unfinished.push(actor.role.clone());
            drop(actor);
        }
        let zombies = std::mem::take(&mut self.world.borrow_mut().zombies);
        for (_, tx) in zombies {
            self.world.borrow_mut().db.rollback(tx);
        }
        for role in unfinished.into_iter().filter(|role| !matches!(role, Role::Worker)) {
            self.left(role, false);
        }
        self.enter(Role::Worker);
        self.enter(Role::Postman);
    }

    /// To the next thing that is due; `false` if there is none.
    fn pass_time(&mut self) -> bool {
        let next = {
            let world = self.world.borrow();
            let polls = world.db.orders.values().filter_map(|entry: &Entry| entry.due_at);
            let waiting = |order| world.db.outbox.values().find(|row| row.order_id == order && !row.done);
            let letters = world.db.orders.keys().filter_map(|order| waiting(*order)).map(|row| row.due_at);
            let events = world.bank.events.iter().map(|(when, _)| *when);
            polls.chain(letters).chain(events).min()
        };
        let Some(next) = next else { return false };
        let unread = {
            let mut world = self.world.borrow_mut();
            world.now = world.now.max(next as Ms);
            world.db.outbox.values().any(|row| !row.done)
        };
        if unread {
            self.enter(Role::Postman);
            self.enter(Role::Purger(0));
        }
        true
    }
}

/// Further fields of a refund that differ from none.
fn other() -> RefundOptions {
    RefundOptions::known([("refund_desc".to_owned(), "other".to_owned())].into())
}
