//! Whose turn it is: an actor runs until it gives its turn away.

use super::world::{Shared, World};
use corosensei::Yielder;
use std::cell::RefMut;

/// Why an actor gives the turn away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// In the middle of something.
    Step,
    /// Nothing to do.
    Idle,
}

/// An actor's hold on the world and on its own turn.
#[derive(Clone)]
pub struct Pace<'y> {
    shared: Shared,
    yielder: &'y Yielder<(), Turn>,
}

impl<'y> Pace<'y> {
    pub fn new(world: &Shared, yielder: &'y Yielder<(), Turn>) -> Self {
        Self { shared: world.clone(), yielder }
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    pub fn world(&self) -> RefMut<'_, World> {
        self.shared.borrow_mut()
    }

    /// A point where others run, and where a process may die.
    pub fn step(&self, what: &str) {
        self.world().trace(what);
        self.give_way(Turn::Step);
    }

    pub fn give_way(&self, turn: Turn) {
        self.yielder.suspend(turn);
    }
}
