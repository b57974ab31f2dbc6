//! The state of a connection, as the server keeps it; and how a new order's row begins.

use super::super::entry::{Entry, Ms, OrderTerms};
use super::super::store::{Failure, Kind, Opening};
use super::database::Tx;
use super::world::Shared;
use std::cell::{Cell, RefCell};

#[derive(Debug)]
#[allow(dead_code, reason = "read in messages")]
pub struct SimFault(pub Kind, pub &'static str);

impl Failure for SimFault {
    fn kind(&self) -> Kind {
        self.0
    }

    fn text(&self) -> &str {
        self.1
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Idle,
    Open(Tx),
    /// PostgreSQL after an error: nothing works until the rollback.
    Aborted,
    Dead,
}

pub struct Core {
    pub world: Shared,
    pub line: Cell<Line>,
    pub marks: RefCell<Vec<usize>>,
    pub fence: Cell<Option<Tx>>,
    /// The transaction in which a deferred constraint does not hold.
    pub deferred: Cell<Option<Tx>>,
}

/// The process died: the server takes its transaction back, sooner or later.
impl Drop for Core {
    fn drop(&mut self) {
        if let Line::Open(tx) = self.line.get() {
            let mut world = self.world.borrow_mut();
            if world.single_writer || world.dice.one_in(2) {
                world.db.rollback(tx);
            } else {
                let steps = world.dice.below(40) as u64;
                let at = world.counts.steps + steps;
                world.zombies.push((at, tx));
            }
        }
    }
}

/// A row as it is inserted.
pub fn fresh(id: i64, terms: &OrderTerms, opening: &Opening, now: Ms) -> Entry {
    Entry {
        id,
        terms: terms.clone(),
        state: opening.state,
        version: 0,
        transaction_id: None,
        paid: None,
        paid_type: None,
        paid_at: None,
        credited: false,
        refunded: 0,
        pending_refund: 0,
        intent: None,
        sent_at: None,
        ask_refunds: false,
        suspect_id: opening.suspect_id.clone(),
        suspect_fee: opening.suspect_fee,
        suspect_type: opening.suspect_type.clone(),
        reason: opening.reason.text().to_owned(),
        created_at: now,
        changed_at: now,
        due_at: opening.due_in.map(|wait| now + wait),
        epoch: 0,
        attempt: 0,
        now,
    }
}
