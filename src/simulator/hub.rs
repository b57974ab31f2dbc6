//! What the listeners, connections and the control share.

use super::fault::{FaultRule, GatewaySide};
use super::tls::ServerConfigs;
use super::world::GatewayState;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Counts connections and remembers under which generation of faults each was opened.
#[derive(Debug, Default)]
pub struct Traffic {
    opened: u64,
    open: BTreeMap<u64, u64>,
}

/// The shared middle.
pub struct SharedState {
    world: Mutex<GatewayState>,
    traffic: Mutex<Traffic>,
    generation: watch::Sender<u64>,
    listening: [watch::Sender<u64>; 2],
    /// Wakes the courier.
    pub stirred: Notify,
    /// The TLS faces.
    pub faces: ServerConfigs,
    /// An idle connection is closed after this.
    pub idle: Duration,
}

impl SharedState {
    /// A hub around a world.
    pub fn new(world: GatewayState, faces: ServerConfigs, idle: Duration) -> Arc<Self> {
        let counter = || watch::Sender::new(0);
        Arc::new(Self {
            world: Mutex::new(world),
            traffic: Mutex::default(),
            generation: counter(),
            listening: [counter(), counter()],
            stirred: Notify::new(),
            faces,
            idle,
        })
    }

    /// The world, locked. A panic elsewhere does not make it unusable.
    pub fn world(&self) -> MutexGuard<'_, GatewayState> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a new connection of a generation and gives it a number.
    pub fn opened(&self, generation: u64) -> u64 {
        let mut traffic = self.traffic();
        traffic.opened += 1;
        let number = traffic.opened;
        traffic.open.insert(number, generation);
        number
    }

    /// Notes the end of a connection.
    pub fn closed(&self, number: u64) {
        self.traffic().open.remove(&number);
    }

    /// How many connections were opened, and how many still are.
    pub fn connections(&self) -> (u64, usize) {
        let traffic = self.traffic();
        (traffic.opened, traffic.open.len())
    }

    /// Follows the generation; a change means: close, and look at the faults again.
    pub fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Closes every connection and lets the listeners look at the faults again; returns when both is done.
    pub async fn renew(&self) {
        self.generation.send_modify(|generation| *generation += 1);
        let now = *self.generation.borrow();
        for _ in 0..500 {
            if self.is_renewed(now) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn is_renewed(&self, generation: u64) -> bool {
        let [api, api2] = &self.listening;
        let listeners = *api.borrow() >= generation && *api2.borrow() >= generation;
        listeners && self.traffic().open.values().all(|of| *of >= generation)
    }

    /// A listener says that it obeys the faults of a generation.
    pub fn obeyed(&self, side: GatewaySide, generation: u64) {
        let [api, api2] = &self.listening;
        let sender = if side == GatewaySide::Api { api } else { api2 };
        sender.send_replace(generation);
    }

    /// The fault that meets a new connection.
    pub fn at_the_door(&self, side: GatewaySide) -> Option<FaultRule> {
        self.world().faults.take_at_the_door(side)
    }

    /// Must this side take no connections at all?
    pub fn refuses(&self, side: GatewaySide) -> bool {
        self.world().faults.refuses(side)
    }
}
