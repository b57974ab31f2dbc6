//! What an actor sits at: a ledger's store on one connection, and that connection as the shop sees it.

use super::super::entry::OrderKey;
use super::super::store::{Failure, Kind, Scope, Store, Transactions};
use super::database::{Delivery, Undo};
use super::line::{Line, SimFault};
use super::pace::Pace;
use super::session::Session;
use super::world::Sabotage;
use std::fmt::Debug;

/// A store on a connection of its own.
pub trait Seat<'y>: Store<Fault = <Self::Link as Link>::Fault> + Sized {
    type Link: Link;

    fn take(pace: &Pace<'y>) -> (Self, Self::Link);
}

/// The connection of a store, in the hands of the shop.
pub trait Link {
    type Fault: Failure + Debug;

    /// The shop's own transaction around ours.
    fn begin_outer(&self) -> Result<(), Self::Fault>;
    fn commit_outer(&self) -> Result<(), Self::Fault>;
    fn abandon_outer(&self);
    /// The shop writes into its own table.
    fn write(&self, key: &OrderKey, count: i64) -> Result<(), Self::Fault>;
    /// The shop writes what a constraint forbids that is checked at COMMIT.
    fn defer_a_constraint(&self);
    /// The shop commits behind our back.
    fn steal_commit(&self);
    /// The shop ends the connection.
    fn hang_up(&self) -> Self::Fault;
    /// The shop throws.
    fn thrown(&self) -> Self::Fault;
}

impl<'y> Seat<'y> for Session<'y> {
    type Link = Self;

    fn take(pace: &Pace<'y>) -> (Self, Self) {
        let session = Self::new(pace);
        (session.clone(), session)
    }
}

impl Link for Session<'_> {
    type Fault = SimFault;

    fn begin_outer(&self) -> Result<(), SimFault> {
        self.clone().begin().map(|_: Scope| ())
    }

    fn commit_outer(&self) -> Result<(), SimFault> {
        self.clone().commit()
    }

    fn abandon_outer(&self) {
        self.clone().abandon();
    }

    fn write(&self, key: &OrderKey, count: i64) -> Result<(), SimFault> {
        let tx = self.statement("shop writes")?;
        if tx.is_some() && self.world().fault(20) {
            return self.deadlock(tx, "shop writes");
        }
        let mut world = self.world();
        let id = world.db.id();
        world.db.deliveries.insert(id, Delivery { key: key.clone(), count });
        if world.sabotage != Some(Sabotage::HalfRollback) {
            world.db.note(tx, Undo::DeliveryAdded(id));
        }
        Ok(())
    }

    fn defer_a_constraint(&self) {
        if let Line::Open(tx) = self.line() {
            self.core.deferred.set(Some(tx));
        }
    }

    fn steal_commit(&self) {
        if let Line::Open(tx) = self.line() {
            self.world().db.commit(tx);
            self.core.line.set(Line::Idle);
        }
    }

    fn hang_up(&self) -> SimFault {
        let tx = match self.line() {
            Line::Open(tx) => Some(tx),
            _ => None,
        };
        self.end(tx, Line::Dead);
        self.fault(Kind::Lost, "the shop ends the connection")
    }

    fn thrown(&self) -> SimFault {
        SimFault(Kind::Foreign, "the shop throws")
    }
}
