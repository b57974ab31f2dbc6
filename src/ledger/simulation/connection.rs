//! What a connection does with each statement: locks, deadlocks, and a server that goes away.

use super::super::store::Kind;
use super::database::Tx;
use super::line::{Core, Line, SimFault};
use super::pace::{Pace, Turn};
use super::session::Session;
use super::world::Sabotage;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A lock is waited for so many turns.
const PATIENCE: u32 = 60;

impl<'y> Session<'y> {
    pub fn new(pace: &Pace<'y>) -> Self {
        let core = Core {
            world: pace.shared().clone(),
            line: Cell::new(Line::Idle),
            marks: RefCell::default(),
            fence: Cell::new(None),
            deferred: Cell::new(None),
        };
        Self { core: Rc::new(core), pace: pace.clone() }
    }

    pub fn world(&self) -> std::cell::RefMut<'_, super::world::World> {
        self.pace.world()
    }

    pub fn line(&self) -> Line {
        self.core.line.get()
    }

    pub fn step(&self, what: &str) {
        self.pace.step(what);
    }

    pub fn fault(&self, kind: Kind, what: &'static str) -> SimFault {
        let counts = &mut self.world().counts;
        match kind {
            Kind::Busy => counts.busy += 1,
            Kind::Lost => counts.lost += 1,
            Kind::OutcomeUnknown => counts.unknown += 1,
            _ => {}
        }
        SimFault(kind, what)
    }

    pub fn fail<T>(&self, kind: Kind, what: &'static str) -> Result<T, SimFault> {
        Err(self.fault(kind, what))
    }

    /// One statement: the transaction it runs in, or none when it commits by itself.
    pub fn statement(&self, what: &'static str) -> Result<Option<Tx>, SimFault> {
        self.step(what);
        let tx = match self.line() {
            Line::Dead => return self.fail(Kind::Lost, what),
            Line::Aborted => return Err(SimFault(Kind::Other, "25P02")),
            Line::Idle => None,
            Line::Open(tx) => Some(tx),
        };
        if self.world().fault(400) {
            self.end(tx, Line::Dead);
            return self.fail(Kind::Lost, what);
        }
        if tx.is_some() && self.world().fault(150) {
            return self.deadlock(tx, what);
        }
        Ok(tx)
    }

    /// The server ends our transaction; MySQL goes on without one, PostgreSQL waits for a rollback.
    pub fn deadlock<T>(&self, tx: Option<Tx>, what: &'static str) -> Result<T, SimFault> {
        let after = if self.world().dice.one_in(2) { Line::Aborted } else { Line::Idle };
        self.end(tx, after);
        self.fail(Kind::Busy, what)
    }

    pub fn end(&self, tx: Option<Tx>, after: Line) {
        if let Some(tx) = tx {
            self.world().db.rollback(tx);
        }
        self.core.line.set(after);
    }

    /// Waits while `taken`; a wait that is too long is a deadlock.
    pub fn wait(&self, tx: Option<Tx>, taken: impl Fn(&super::world::World) -> bool) -> Result<(), SimFault> {
        for _ in 0..PATIENCE {
            if !taken(&self.world()) {
                return Ok(());
            }
            self.pace.give_way(Turn::Step);
            if self.line() == Line::Dead {
                return self.fail(Kind::Lost, "wait");
            }
        }
        self.deadlock(tx, "lock wait")
    }

    pub fn sabotaged(&self, sabotage: Sabotage) -> bool {
        self.world().sabotage == Some(sabotage)
    }

    pub fn lock(&self, tx: Option<Tx>, id: i64) -> Result<(), SimFault> {
        if self.sabotaged(Sabotage::NoLocks) {
            return Ok(());
        }
        self.wait(tx, |world| {
            world.db.holder(id, tx).is_some()
                || (tx.is_none() && world.single_writer && world.db.writer.is_some())
        })?;
        if let Some(tx) = tx {
            self.world().db.order_locks.insert(id, tx);
        }
        Ok(())
    }

    pub fn autocommit(&self, tx: Option<Tx>) {
        if tx.is_none() {
            self.world().db.remember();
        }
    }

    /// COMMIT: it may be refused, and its answer may be lost.
    pub fn commit_open(&self, tx: Tx) -> Result<(), SimFault> {
        if self.core.deferred.take() == Some(tx) {
            self.end(Some(tx), Line::Idle);
            let lost = self.sabotaged(Sabotage::RefusalsLost);
            return self.fail(if lost { Kind::OutcomeUnknown } else { Kind::Other }, "deferred constraint");
        }
        let fate = {
            let mut world = self.world();
            if world.fault(80) { 1 + world.dice.below(3) } else { 0 }
        };
        if fate == 3 {
            self.end(Some(tx), Line::Idle);
            return self.fail(Kind::Busy, "commit");
        }
        let stored = fate != 2;
        if stored {
            self.world().db.commit(tx);
            self.core.line.set(Line::Idle);
        } else {
            self.end(Some(tx), Line::Idle);
        }
        if fate != 0 {
            self.core.line.set(Line::Dead);
            return self.fail(Kind::OutcomeUnknown, "commit");
        }
        self.step("committed");
        Ok(())
    }
}
