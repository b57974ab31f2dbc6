//! Everything that is not the ledger: clock, dice, database, bank, and how rough it all is.

use super::super::entry::{Entry, Ms, OrderKey, RefundWord};
use super::super::question::{Question, What};
use super::super::resolve::Resolution;
use super::super::sighting::Coverage;
use super::bank::{APPIDS, Bank};
use super::database::Database;
use super::dice::Dice;
use super::disk::Disk;
use crate::model::merchant::ApiVersion;
use std::cell::RefCell;
use std::rc::Rc;

/// Some orders have failed so often already: an outage is over.
pub const OLD_ATTEMPTS: i64 = 28;

/// What a merchant speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    V2,
    V3,
    /// The same merchant in both dialects, side by side.
    Both,
}

impl Speech {
    fn of(dice: &mut Dice) -> Self {
        [Self::V2, Self::V3, Self::Both][dice.below(3)]
    }

    /// What is spoken this time.
    pub fn version(self, dice: &mut Dice) -> ApiVersion {
        match self {
            Self::V2 => ApiVersion::V2,
            Self::V3 => ApiVersion::V3,
            Self::Both if dice.one_in(2) => ApiVersion::V2,
            Self::Both => ApiVersion::V3,
        }
    }
}

/// The simulated world, shared by all actors.
pub type Shared = Rc<RefCell<World>>;

#[derive(Debug)]
pub struct World {
    pub dice: Dice,
    pub now: Ms,
    pub db: Database,
    /// The real database, where there is one: `db` is then what is committed in it.
    pub disk: Option<Disk>,
    pub bank: Bank,
    /// What the merchant of each account speaks.
    pub speech: [Speech; 2],
    /// One writer at a time, as SQLite has it; otherwise row locks.
    pub single_writer: bool,
    /// Does the shop credit what is paid late?
    pub credit_late: bool,
    /// Do faults happen?
    pub rough: bool,
    /// A running hash of everything that happened: the same seed gives the same.
    pub trace: u64,
    pub counts: Counts,
    /// What was said or done and must not have been.
    pub lies: Vec<String>,
    /// The rule that is broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Refund numbers of which the shop was told last that nothing will go back under them.
    pub ended: std::collections::BTreeSet<String>,
    /// Calls for a refund number whose end nobody has heard yet.
    pub unheard: std::collections::BTreeMap<String, u64>,
    /// The orders of which a notice of a payment was answered SUCCESS.
    pub settled: std::collections::BTreeSet<OrderKey>,
    /// What persons have decided, or tried to.
    pub resolved: std::collections::BTreeMap<OrderKey, Vec<Resolution>>,
    /// Orders that a person has decided to send back, not being credited.
    pub sent_back: std::collections::BTreeSet<OrderKey>,
    /// The messages that were delivered, per order, in that order.
    pub delivered: std::collections::BTreeMap<i64, Vec<i64>>,
    /// Messages that are being handed over: of each order which, and until when nobody else may.
    pub handing: std::collections::BTreeMap<i64, (i64, Ms)>,
    /// How often each message was said to be delivered.
    pub reported: std::collections::BTreeMap<i64, u32>,
    /// How often WeChat told a worker that an order is paid, or was told to close or reverse it: only then may it fail
    /// for a reason of its own.
    pub perils: std::collections::BTreeMap<OrderKey, i64>,
    /// Orders that had failed often before; these may be given up because of a few failures of their own.
    pub aged: std::collections::BTreeSet<OrderKey>,
    /// Transactions of dead processes that the server has not noticed yet, and when it will.
    pub zombies: Vec<(u64, super::database::Tx)>,
}

/// A rule of the database that is broken on purpose, to see that the checks notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The fence around the callback never finds anything.
    NoFence,
    /// Rows are neither locked nor compared.
    NoLocks,
    /// The next poll is not stored.
    NoNextPoll,
    /// Evidence is not stored.
    NoEvidence,
    /// Refunds are forgotten.
    NoRefunds,
    /// A rollback keeps the shop's writes.
    HalfRollback,
    /// That a refund was sent is not stored.
    NoSends,
    /// A refund that has ended is stored as wanted.
    NoEnds,
    /// What was paid is not stored.
    NoPaid,
    /// The payment that is a person's question is not stored.
    NoMemory,
    /// Claims without a good end are not counted.
    NoPauses,
    /// A claim takes orders of the other account, too.
    AnyAppid,
    /// A claim counts as a failure.
    ClaimsCount,
    /// A message is taken while an earlier one of its order waits.
    NoOrder,
    /// A message is settled by whoever has lost it.
    AnyEpoch,
    /// A COMMIT that the database refused counts as one without an answer.
    RefusalsLost,
    /// What is not over is removed, too.
    PurgesAll,
    /// That refunds are to be asked for is not stored while a person is asked.
    NoAsking,
    /// What APIv3 says of one refund counts as a list of all.
    OneIsAll,
    /// A refund that APIv3 has closed is ordered again under its number.
    SameNumber,
    /// A CLOSED that nobody asked for counts as an answer of now, though the number was sent again since.
    OldCloses,
}

/// What happened, for the report.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub steps: u64,
    pub orders: u64,
    pub kills: u64,
    pub busy: u64,
    pub lost: u64,
    pub unknown: u64,
    pub notices: u64,
    pub credits: u64,
    pub refunds: u64,
    pub reviews: u64,
    pub ended: u64,
    pub withdrawn: u64,
    pub resolved: u64,
    pub by_hand: u64,
    pub told_of_one: u64,
    pub used_up: u64,
    pub unlisted: u64,
}

impl World {
    pub fn new(seed: u64, disk: Option<Disk>) -> Self {
        let mut dice = Dice::new(seed);
        let single_writer = dice.one_in(2);
        let speech = [Speech::of(&mut dice), Speech::of(&mut dice)];
        let credit_late = dice.one_in(2);
        Self {
            dice,
            now: 1_000_000,
            db: Database::default(),
            disk,
            bank: Bank::default(),
            speech,
            single_writer,
            credit_late,
            rough: true,
            trace: 0,
            counts: Counts::default(),
            lies: Vec::new(),
            sabotage: None,
            ended: std::collections::BTreeSet::new(),
            unheard: std::collections::BTreeMap::new(),
            settled: std::collections::BTreeSet::new(),
            resolved: std::collections::BTreeMap::new(),
            sent_back: std::collections::BTreeSet::new(),
            delivered: std::collections::BTreeMap::new(),
            handing: std::collections::BTreeMap::new(),
            reported: std::collections::BTreeMap::new(),
            perils: std::collections::BTreeMap::new(),
            aged: std::collections::BTreeSet::new(),
            zombies: Vec::new(),
        }
    }

    /// An order looks as if it had failed often, unless somebody works on it.
    pub fn age(&mut self) {
        let young = |entry: &&Entry| entry.state.is_open() && entry.attempt < OLD_ATTEMPTS;
        let free = |entry: &&Entry| !self.db.order_locks.contains_key(&entry.id);
        let found = self.db.orders.values().filter(free).find(young);
        let Some((id, key)) = found.map(|entry| (entry.id, entry.terms.key.clone())) else { return };
        let aged = match &self.disk {
            Some(disk) => disk.ages(id, OLD_ATTEMPTS, &mut self.db),
            None => self.db.orders.get_mut(&id).map(|entry| entry.attempt = OLD_ATTEMPTS).is_some(),
        };
        if aged {
            self.aged.insert(key);
        }
    }

    /// Somebody was told this: a credit that is said to be stored must be.
    pub fn told(&mut self, transition: &super::super::transition::Transition) {
        let stored = self.db.credits.values().any(|credit| credit.key == transition.key);
        if transition.credited && !stored {
            self.lies.push(format!("{} was said to be credited, and was not", transition.key.out_trade_no));
        }
    }

    /// What an account speaks.
    pub fn speech(&self, appid: &str) -> Speech {
        self.speech[usize::from(appid == APPIDS[1])]
    }

    /// The refunds that the ledger shows as closed: in APIv3 their numbers are used up.
    pub fn see_closed(&mut self) {
        for line in self.db.refunds.values().filter(|line| line.row.state == RefundWord::Closed) {
            let is_open = self.db.order_locks.contains_key(&line.order_id);
            if !is_open {
                self.bank.used_up.insert(line.row.out_refund_no.clone());
            }
        }
    }

    /// A question goes out. APIv3 lists no refunds, and takes no number that the ledger has seen closed.
    pub fn asks(&mut self, question: &Question, by: ApiVersion) {
        let terms = &question.entry.terms;
        match (&question.what, by) {
            (What::Refund(row), _) => {
                let number = &row.out_refund_no;
                if self.speech(&terms.appid) == Speech::V3 && self.bank.used_up.contains(number) {
                    self.lies.push(format!("{number} was closed, and is ordered again"));
                }
            }
            (What::Refunds(Coverage::One(_)), ApiVersion::V3) => {}
            (What::Refunds(Coverage::Whole), ApiVersion::V2) => {}
            (What::Refunds(of), _) if self.sabotage != Some(Sabotage::SameNumber) => {
                self.lies.push(format!("{by:?} has no question about {of:?}"));
            }
            _ => {}
        }
    }

    /// A message is handed over: nobody else may be at its order, nor an earlier message wait.
    pub fn hands_over(&mut self, order: i64, message: i64, until: Ms) {
        let other = self.handing.get(&order).filter(|(id, until)| *id != message && *until > self.now);
        let earlier =
            self.db.outbox.iter().find(|(id, row)| **id < message && row.order_id == order && !row.done);
        if other.is_some() || earlier.is_some() {
            self.lies
                .push(format!("message {message} was handed over beside {other:?} and before {earlier:?}"));
        }
        self.handing.insert(order, (message, until));
        self.delivered.entry(order).or_default().push(message);
    }

    /// A message was said to be delivered.
    pub fn reports(&mut self, message: i64) {
        let times = self.reported.entry(message).or_default();
        *times += 1;
        if *times > 1 {
            self.lies.push(format!("message {message} was said to be delivered twice"));
        }
    }

    /// The shop calls for a refund: until it hears the end, anything may be.
    pub fn calls(&mut self, number: &str) {
        *self.unheard.entry(number.to_owned()).or_default() += 1;
        self.ended.remove(number);
    }

    /// The shop hears the end of a call. Whoever dies before keeps the number unheard for ever.
    pub fn hears(&mut self, number: &str, ended: bool) {
        let left = self.unheard.get_mut(number).map_or(0, |calls| {
            *calls -= 1;
            *calls
        });
        if ended && left == 0 {
            self.ended.insert(number.to_owned());
            self.counts.ended += 1;
        }
    }

    /// Does a fault of this rarity happen now?
    pub fn fault(&mut self, rarity: usize) -> bool {
        self.rough && self.dice.one_in(rarity)
    }

    pub fn trace(&mut self, what: &str) {
        for byte in what.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        self.trace ^= self.now.unsigned_abs();
    }
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.orders += other.orders;
        self.kills += other.kills;
        self.busy += other.busy;
        self.lost += other.lost;
        self.unknown += other.unknown;
        self.notices += other.notices;
        self.credits += other.credits;
        self.refunds += other.refunds;
        self.reviews += other.reviews;
        self.ended += other.ended;
        self.withdrawn += other.withdrawn;
        self.resolved += other.resolved;
        self.by_hand += other.by_hand;
        self.told_of_one += other.told_of_one;
        self.used_up += other.used_up;
        self.unlisted += other.unlisted;
    }
}
