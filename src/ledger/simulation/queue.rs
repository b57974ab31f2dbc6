//! The two queues of the database in memory, orders that are due and messages, and what is removed when all is over.

use super::super::entry::{Entry, Ms};
use super::super::state::LedgerState;
use super::super::store::{Leftover, Message, Whose};
use super::database::OutboxRow;
use super::session::{Session, SimFault};
use super::world::{Sabotage, World};
use std::ops::Range;

impl Session<'_> {
    pub fn claim_orders(&self, whose: &Whose, lease: Ms, most: usize) -> Result<Vec<Entry>, SimFault> {
        let tx = self.statement("claim")?;
        self.wait(tx, |world| world.single_writer && world.db.writer.is_some())?;
        let mut claimed = Vec::new();
        {
            let mut world = self.world();
            let now = world.now;
            let any_appid = world.sabotage == Some(Sabotage::AnyAppid);
            let counts = world.sabotage == Some(Sabotage::ClaimsCount);
            let free = |entry: &&Entry| {
                (any_appid || Whose::of(&entry.terms) == *whose)
                    && entry.due_at.is_some_and(|due| due <= now)
                    && !world.db.order_locks.contains_key(&entry.id)
            };
            let mut due: Vec<Entry> = world.db.orders.values().filter(free).cloned().collect();
            due.sort_by_key(|entry| entry.due_at);
            for mut entry in due.into_iter().take(most) {
                entry.due_at = Some(now + lease);
                entry.epoch += 1;
                entry.attempt += i64::from(counts);
                world.db.orders.insert(entry.id, entry.clone());
                claimed.push(Entry { now, ..entry });
            }
        }
        self.step("claimed");
        Ok(claimed)
    }

    pub fn settle_order(&self, claimed: &Entry, due_in: Ms, attempt: i64) -> Result<bool, SimFault> {
        let tx = self.statement("settle")?;
        self.lock(tx, claimed.id)?;
        let forgets = self.sabotaged(Sabotage::NoPauses);
        let mut world = self.world();
        let now = world.now;
        let Some(current) = world.db.orders.get_mut(&claimed.id) else { return Ok(false) };
        if current.epoch != claimed.epoch || current.due_at.is_none() {
            return Ok(false);
        }
        current.due_at = Some(now + due_in);
        current.epoch += 1;
        current.attempt = if forgets { 0 } else { attempt };
        Ok(true)
    }

    pub fn set_messages_aside(&self, most: usize) -> Result<usize, SimFault> {
        self.statement("select blocked messages")?;
        let blocked: Vec<(i64, Ms)> = {
            let world = self.world();
            let due = world.db.outbox.iter().filter(|(_, row)| !row.done && row.due_at <= world.now);
            let heads = due.map(|(id, row)| (*id, oldest(&world, row.order_id).map_or(0, |(_, due)| due)));
            heads.filter(|(_, head)| *head > world.now).take(most).collect()
        };
        self.step("set aside");
        let mut world = self.world();
        let now = world.now;
        for (id, until) in &blocked {
            if let Some(row) = world.db.outbox.get_mut(id).filter(|row| !row.done && row.due_at <= now) {
                row.due_at = *until;
            }
        }
        Ok(blocked.len())
    }

    pub fn claim_one_message(&self, lease: Ms) -> Result<Option<Message>, SimFault> {
        self.statement("claim a message")?;
        let mut world = self.world();
        let now = world.now;
        let unordered = world.sabotage == Some(Sabotage::NoOrder);
        let free = |(id, row): &(&i64, &OutboxRow)| {
            let first = unordered || oldest(&world, row.order_id).is_some_and(|(oldest, _)| oldest == **id);
            let locked = world.db.order_locks.contains_key(&row.order_id);
            !row.done && row.due_at <= now && first && !locked
        };
        let found = world.db.outbox.iter().filter(free).min_by_key(|(_, row)| row.due_at);
        let Some((id, row)) = found.map(|(id, row)| (*id, row.clone())) else { return Ok(None) };
        let (epoch, attempt) = (row.epoch + 1, row.attempt + 1);
        world.db.outbox.insert(id, OutboxRow { due_at: now + lease, epoch, attempt, ..row });
        Ok(Some(Message { id, epoch, attempt, topic: String::new(), payload: String::new() }))
    }

    pub fn settle_one_message(&self, claimed: &Message, due_in: Option<Ms>) -> Result<bool, SimFault> {
        if due_in.is_none() {
            self.statement("unblock")?;
            self.unblock(claimed);
        }
        self.statement("settle message")?;
        let any = self.sabotaged(Sabotage::AnyEpoch);
        let mut world = self.world();
        let now = world.now;
        let Some(row) = world.db.outbox.get_mut(&claimed.id) else { return Ok(false) };
        if row.epoch != claimed.epoch && !any {
            return Ok(false);
        }
        row.done = due_in.is_none();
        row.due_at = now + due_in.unwrap_or(0);
        row.epoch += 1;
        Ok(true)
    }

    /// What waits behind a message that is still ours is due.
    fn unblock(&self, claimed: &Message) {
        let mut world = self.world();
        let now = world.now;
        let ours = world.db.outbox.get(&claimed.id).filter(|row| row.epoch == claimed.epoch);
        let Some(order) = ours.map(|row| row.order_id) else { return };
        let behind =
            world.db.outbox.iter_mut().filter(|(id, row)| **id > claimed.id && row.order_id == order);
        behind.filter(|(_, row)| !row.done && row.due_at > now).for_each(|(_, row)| row.due_at = now);
    }

    pub fn remove_leftovers(&self, what: Leftover, before: Ms, ids: Range<i64>) -> Result<i64, SimFault> {
        self.statement("purge")?;
        let world = &mut *self.world();
        let everything = world.sabotage == Some(Sabotage::PurgesAll);
        let over: Vec<i64> = match what {
            Leftover::Messages => {
                let rows = world.db.outbox.range(ids);
                rows.filter(|(_, row)| everything || (row.done && row.due_at < before))
                    .map(|(id, _)| *id)
                    .collect()
            }
            Leftover::Evidence => {
                let rows = world.db.evidence.range(ids).filter(|(_, row)| row.seen_at < before);
                rows.filter(|(_, row)| everything || is_over(world, &row.key, before))
                    .map(|(id, _)| *id)
                    .collect()
            }
        };
        for id in &over {
            match what {
                Leftover::Messages => {
                    let row = world.db.outbox.remove(id);
                    world.db.purged_messages.extend(row.map(|row| (*id, row.order_id)));
                }
                Leftover::Evidence => world.db.purged_evidence.extend(world.db.evidence.remove(id)),
            }
        }
        Ok(over.len() as i64)
    }
}

/// The oldest message of an order that is not delivered, and when it is due.
fn oldest(world: &World, order: i64) -> Option<(i64, Ms)> {
    let rows = world.db.outbox.iter().filter(|(_, row)| row.order_id == order && !row.done);
    rows.map(|(id, row)| (*id, row.due_at)).next()
}

fn is_over(world: &World, key: &super::super::entry::OrderKey, before: Ms) -> bool {
    use LedgerState::{Closed, Paid, PartiallyRefunded, Refunded, Revoked};
    world.db.orders.values().any(|entry| {
        let ended = matches!(entry.state, Closed | Paid | PartiallyRefunded | Refunded | Revoked);
        entry.terms.key == *key && ended && entry.due_at.is_none() && entry.changed_at < before
    })
}
