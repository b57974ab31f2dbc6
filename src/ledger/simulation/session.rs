//! A connection to the database in memory, with everything that real ones do to a transaction.

use super::super::entry::{Entry, Ms, OrderKey, OrderTerms, RefundRow, RefundWord};
use super::super::reason::Reason;
use super::super::sighting::Source;
use super::super::state::LedgerState;
use super::super::store::{
    Added, Evidence, Kind, Leftover, Message, Opening, OrderStore, QueueStore, Scope, Transactions, Whose,
};
use super::database::{CreditRow, EvidenceRow, OutboxRow, RefundLine, Undo};
use super::line::{Core, fresh};
pub use super::line::{Line, SimFault};
use super::pace::Pace;
use super::world::Sabotage;
use std::rc::Rc;

#[derive(Clone)]
pub struct Session<'y> {
    pub core: Rc<Core>,
    pub pace: Pace<'y>,
}

/// A refund as it is stored.
fn stored(sabotage: Option<Sabotage>, row: &RefundRow) -> RefundRow {
    let ended = row.state == RefundWord::Refused;
    match sabotage {
        Some(Sabotage::NoSends) => RefundRow { sent_at: None, ..row.clone() },
        Some(Sabotage::NoEnds) if ended => RefundRow { state: RefundWord::Intent, ..row.clone() },
        _ => row.clone(),
    }
}

impl Session<'_> {
    /// When the first evidence for this order was kept that is of this kind.
    fn first_evidence(
        &mut self,
        key: &OrderKey,
        is_of: impl Fn(&EvidenceRow) -> bool,
    ) -> Result<Option<Ms>, SimFault> {
        let tx = self.statement("select evidence")?;
        let world = self.world();
        let visible =
            world.db.evidence.iter().filter(|(id, row)| {
                row.key == *key && is_of(row) && world.db.writer_of(0, **id, tx).is_none()
            });
        Ok(visible.map(|(_, row)| row.seen_at).min())
    }
}

impl Transactions for Session<'_> {
    type Fault = SimFault;

    fn begin(&mut self) -> Result<Scope, SimFault> {
        self.step("begin");
        match self.line() {
            Line::Dead => return self.fail(Kind::Lost, "begin"),
            Line::Aborted => return Err(SimFault(Kind::Other, "25P02")),
            Line::Open(tx) => {
                let mark = self.world().db.live.get(&tx).map_or(0, Vec::len);
                self.core.marks.borrow_mut().push(mark);
                return Ok(Scope::Joined);
            }
            Line::Idle => {}
        }
        if self.world().single_writer {
            self.wait(None, |world| world.db.writer.is_some())?;
        }
        let mut world = self.world();
        let tx = world.db.begin();
        if world.single_writer {
            world.db.writer = Some(tx);
        }
        drop(world);
        self.core.line.set(Line::Open(tx));
        Ok(Scope::Own)
    }

    fn commit(&mut self) -> Result<(), SimFault> {
        self.step("commit");
        if self.core.marks.borrow_mut().pop().is_some() {
            return match self.line() {
                Line::Open(_) => Ok(()),
                _ => Err(SimFault(Kind::Broken, "no such savepoint")),
            };
        }
        match self.line() {
            Line::Dead => self.fail(Kind::Lost, "commit"),
            // The trap: COMMIT of a transaction that is gone says yes.
            Line::Idle | Line::Aborted => {
                self.core.line.set(Line::Idle);
                Ok(())
            }
            Line::Open(tx) => self.commit_open(tx),
        }
    }

    fn abandon(&mut self) {
        let mark = self.core.marks.borrow_mut().pop();
        match (self.line(), mark) {
            (Line::Open(tx), Some(mark)) => self.world().db.undo_to(tx, mark),
            (Line::Open(tx), None) => self.end(Some(tx), Line::Idle),
            (Line::Aborted, None) => self.core.line.set(Line::Idle),
            _ => {}
        }
        self.step("abandoned");
    }

    fn pause(&mut self, tries: u32) {
        (0..tries * 3).for_each(|_| self.step("pause"));
    }

    fn guard(&mut self) -> Result<(), SimFault> {
        let tx = self.statement("guard")?;
        self.core.fence.set(tx);
        Ok(())
    }

    fn unguard(&mut self) -> Result<(), SimFault> {
        self.step("unguard");
        match (self.line(), self.core.fence.take()) {
            _ if self.sabotaged(Sabotage::NoFence) => Ok(()),
            (Line::Open(tx), Some(fence)) if tx == fence => Ok(()),
            _ => Err(SimFault(Kind::Broken, "no such savepoint")),
        }
    }

    fn now(&mut self) -> Result<Ms, SimFault> {
        self.statement("now")?;
        Ok(self.world().now)
    }
}

impl OrderStore for Session<'_> {
    fn entry(&mut self, key: &OrderKey) -> Result<Option<Entry>, SimFault> {
        let tx = self.statement("select order for update")?;
        let Some(id) = self.world().db.order_id(key) else { return Ok(None) };
        self.lock(tx, id)?;
        let world = self.world();
        let now = world.now;
        Ok(world.db.orders.get(&id).map(|entry| Entry { now, ..entry.clone() }))
    }

    fn peek(&mut self, key: &OrderKey) -> Result<Option<Entry>, SimFault> {
        self.entry(key)
    }

    fn register(&mut self, terms: &OrderTerms, opening: &Opening) -> Result<Added, SimFault> {
        let tx = self.statement("insert order")?;
        let found = self.world().db.order_id(&terms.key);
        if let Some(id) = found {
            self.wait(tx, |world| world.db.holder(id, tx).is_some())?;
            if self.world().db.orders.contains_key(&id) {
                return Ok(Added::Already);
            }
        }
        let mut world = self.world();
        let (now, id) = (world.now, world.db.id());
        world.db.orders.insert(id, fresh(id, terms, opening, now));
        if let Some(tx) = tx {
            world.db.order_locks.insert(id, tx);
        }
        world.db.note(tx, Undo::OrderAdded(id));
        Ok(Added::New)
    }

    fn adopt(&mut self, orphan: &Entry, terms: &OrderTerms) -> Result<bool, SimFault> {
        let tx = self.statement("adopt order")?;
        self.lock(tx, orphan.id)?;
        let mut world = self.world();
        let now = world.now;
        let Some(current) = world.db.orders.get(&orphan.id).cloned() else { return Ok(false) };
        let opening = Opening {
            state: LedgerState::Created,
            due_in: Some(0),
            suspect_id: None,
            suspect_fee: None,
            suspect_type: None,
            reason: Reason::Opened,
        };
        let mut adopted = fresh(orphan.id, terms, &opening, now);
        adopted.version = current.version + 1;
        world.db.orders.insert(orphan.id, adopted);
        world.db.note(tx, Undo::OrderWas(Box::new(current)));
        Ok(true)
    }

    fn advance(&mut self, before: &Entry, after: &Entry) -> Result<bool, SimFault> {
        let tx = self.statement("update order")?;
        self.lock(tx, before.id)?;
        let mut world = self.world();
        let Some(current) = world.db.orders.get(&before.id).cloned() else { return Ok(false) };
        if current.version != before.version && world.sabotage != Some(Sabotage::NoLocks) {
            return Ok(false);
        }
        let epoch = current.epoch;
        world.db.note(tx, Undo::OrderWas(Box::new(current)));
        let mut stored = Entry { epoch, ..after.clone() };
        match world.sabotage {
            Some(Sabotage::NoNextPoll) => stored.due_at = None,
            Some(Sabotage::NoPaid) => stored.paid = None,
            Some(Sabotage::NoMemory) => (stored.suspect_id, stored.suspect_fee) = (None, None),
            Some(Sabotage::NoAsking) if stored.state == LedgerState::Review => {
                (stored.ask_refunds, stored.due_at) = (false, None);
            }
            Some(Sabotage::NoPauses) => stored.attempt = 0,
            _ => {}
        }
        world.db.orders.insert(before.id, stored);
        drop(world);
        self.autocommit(tx);
        Ok(true)
    }

    fn keep_evidence(&mut self, evidence: &Evidence<'_>) -> Result<Added, SimFault> {
        let tx = self.statement("insert evidence")?;
        if self.sabotaged(Sabotage::NoEvidence) {
            return Ok(Added::New);
        }
        let same = |row: &EvidenceRow| row.key == *evidence.key && row.digest == evidence.digest;
        let found = self.world().db.evidence.iter().find(|(_, row)| same(row)).map(|(id, _)| *id);
        if let Some(id) = found {
            self.wait(tx, |world| world.db.writer_of(0, id, tx).is_some())?;
            if self.world().db.evidence.contains_key(&id) {
                return Ok(Added::Already);
            }
        }
        let mut world = self.world();
        let (id, seen_at) = (world.db.id(), world.now);
        let (key, digest) = (evidence.key.clone(), evidence.digest.to_owned());
        let is_of_refunds = matches!(evidence.source, Source::Refunds | Source::RefundNotice);
        let went_back = is_of_refunds || evidence.observed == "REFUND";
        world.db.evidence.insert(id, EvidenceRow { key, digest, seen_at, went_back });
        world.db.note(tx, Undo::EvidenceAdded(id));
        Ok(Added::New)
    }

    fn first_seen(&mut self, key: &OrderKey) -> Result<Option<Ms>, SimFault> {
        self.first_evidence(key, |_| true)
    }

    fn refund_seen(&mut self, key: &OrderKey) -> Result<Option<Ms>, SimFault> {
        self.first_evidence(key, |row| row.went_back)
    }

    fn credit(&mut self, entry: &Entry, digest: &str) -> Result<Added, SimFault> {
        let tx = self.statement("insert credit")?;
        let transaction_id = entry.transaction_id.clone().unwrap_or_default();
        let collides = |row: &CreditRow| row.key == entry.terms.key || row.transaction_id == transaction_id;
        let found = self.world().db.credits.iter().find(|(_, row)| collides(row)).map(|(id, _)| *id);
        if let Some(id) = found {
            self.wait(tx, |world| world.db.writer_of(1, id, tx).is_some())?;
            if self.world().db.credits.contains_key(&id) {
                return Ok(Added::Already);
            }
        }
        let mut world = self.world();
        let id = world.db.id();
        let row = CreditRow {
            key: entry.terms.key.clone(),
            transaction_id,
            amount: entry.paid_fee(),
            digest: digest.to_owned(),
            revoked: false,
        };
        world.db.credits.insert(id, row);
        world.db.note(tx, Undo::CreditAdded(id));
        Ok(Added::New)
    }

    fn revoke(&mut self, entry: &Entry) -> Result<bool, SimFault> {
        let tx = self.statement("update credit")?;
        let mut world = self.world();
        let found = world.db.credits.iter().find(|(_, row)| row.key == entry.terms.key && !row.revoked);
        let Some((id, row)) = found.map(|(id, row)| (*id, row.clone())) else { return Ok(false) };
        world.db.note(tx, Undo::CreditWas(id, row.clone()));
        world.db.credits.insert(id, CreditRow { revoked: true, ..row });
        Ok(true)
    }

    fn refunds(&mut self, entry: &Entry) -> Result<Vec<RefundRow>, SimFault> {
        let tx = self.statement("select refunds for update")?;
        if self.sabotaged(Sabotage::NoRefunds) {
            return Ok(Vec::new());
        }
        // A locking read, as the real stores make it: rows that are not committed are waited for, never seen.
        self.lock(tx, entry.id)?;
        let world = self.world();
        let lines = world.db.refunds.values().filter(|line| line.order_id == entry.id);
        Ok(lines.map(|line| line.row.clone()).collect())
    }

    fn add_refund(&mut self, entry: &Entry, row: &RefundRow) -> Result<Added, SimFault> {
        let tx = self.statement("insert refund")?;
        let number = &row.out_refund_no;
        if self.world().db.refunds.values().any(|line| line.row.out_refund_no == *number) {
            return Ok(Added::Already);
        }
        let mut world = self.world();
        let id = world.db.id();
        let row = stored(world.sabotage, row);
        world.db.refunds.insert(id, RefundLine { order_id: entry.id, row });
        world.db.note(tx, Undo::RefundAdded(id));
        Ok(Added::New)
    }

    fn move_refund(&mut self, entry: &Entry, row: &RefundRow) -> Result<bool, SimFault> {
        let tx = self.statement("update refund")?;
        let mut world = self.world();
        let ours =
            |line: &RefundLine| line.order_id == entry.id && line.row.out_refund_no == row.out_refund_no;
        let found =
            world.db.refunds.iter().find(|(_, line)| ours(line)).map(|(id, line)| (*id, line.clone()));
        let Some((id, line)) = found else { return Ok(false) };
        world.db.note(tx, Undo::RefundWas(id, line));
        let row = stored(world.sabotage, row);
        world.db.refunds.insert(id, RefundLine { order_id: entry.id, row });
        Ok(true)
    }

    fn announce(&mut self, entry: &Entry, _: &str, _: &str) -> Result<(), SimFault> {
        let tx = self.statement("insert outbox")?;
        let mut world = self.world();
        let (id, due_at) = (world.db.id(), world.now);
        let row = OutboxRow { order_id: entry.id, due_at, epoch: 0, attempt: 0, done: false };
        world.db.outbox.insert(id, row);
        world.db.note(tx, Undo::OutboxAdded(id));
        Ok(())
    }
}

impl QueueStore for Session<'_> {
    fn claim(&mut self, whose: &Whose, lease: Ms, most: usize) -> Result<Vec<Entry>, SimFault> {
        self.claim_orders(whose, lease, most)
    }

    fn due(&mut self) -> Result<Vec<(Whose, i64)>, SimFault> {
        self.statement("count what is due")?;
        let world = self.world();
        let due = world.db.orders.values().filter(|entry| entry.due_at.is_some_and(|due| due <= world.now));
        Ok(due.map(|entry| (Whose::of(&entry.terms), 1)).collect())
    }

    fn settle(&mut self, claimed: &Entry, due_in: Ms, attempt: i64) -> Result<bool, SimFault> {
        self.settle_order(claimed, due_in, attempt)
    }

    fn pardon(&mut self, order: &Entry, most: i64) -> Result<(), SimFault> {
        let tx = self.statement("pardon")?;
        self.lock(tx, order.id)?;
        if let Some(entry) = self.world().db.orders.get_mut(&order.id) {
            entry.attempt = entry.attempt.min(most);
        }
        Ok(())
    }

    fn set_aside(&mut self, most: usize) -> Result<usize, SimFault> {
        self.set_messages_aside(most)
    }

    fn claim_message(&mut self, lease: Ms) -> Result<Option<Message>, SimFault> {
        self.claim_one_message(lease)
    }

    fn settle_message(&mut self, claimed: &Message, due_in: Option<Ms>) -> Result<bool, SimFault> {
        self.settle_one_message(claimed, due_in)
    }

    fn span(&mut self, what: Leftover) -> Result<Option<(i64, i64)>, SimFault> {
        self.statement("span")?;
        let db = &self.world().db;
        let (first, last) = match what {
            Leftover::Messages => (db.outbox.keys().next(), db.outbox.keys().next_back()),
            Leftover::Evidence => (db.evidence.keys().next(), db.evidence.keys().next_back()),
        };
        Ok(first.copied().zip(last.copied()))
    }

    fn purge(&mut self, what: Leftover, before: Ms, from: i64, to: i64) -> Result<i64, SimFault> {
        self.remove_leftovers(what, before, from..to)
    }
}
