//! `WechatPay\SyncReport`: what a run of `Sync` did.

use crate::ledger::entry::OrderKey;
use crate::ledger::store::Halt;
use crate::ledger::sync::Tally;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door::Held;
use crate::php::engine::object::class::{php_class, register};
use crate::php::engine::object::property::{ARRAY, BOOL, INT, PropertyOf, object, property};
use crate::php::engine::raise::Outcome;
use crate::php::ledger::errors::told;
use crate::php::ledger::pdo::fault::PdoFault;
use std::collections::VecDeque;

/// What a PHP `SyncReport` holds: nothing beside its properties.
pub struct PhpSyncReport;

php_class!(PhpSyncReport, "WechatPay\\SyncReport", private);

/// Texts and exceptions kept, the latest.
const KEPT: usize = 20;

const PROPERTIES: &[PropertyOf<RunTotals>] = &[
    property("rounds", INT, |r| r.rounds.to_php()),
    property("claimed", INT, |r| r.claimed.to_php()),
    property("asked", INT, |r| r.asked.to_php()),
    property("changed", INT, |r| r.changed.to_php()),
    property("credited", INT, |r| r.credited.to_php()),
    property("faults", INT, |r| r.faults.to_php()),
    property("failures", INT, |r| r.failures.to_php()),
    property("others", INT, |r| r.others.to_php()),
    property("limited", BOOL, |r| r.limited.to_php()),
    property("stopped", BOOL, |r| r.stopped.to_php()),
    property("ms", INT, |r| r.ms.to_php()),
    property("messages", ARRAY, |r| value::list(r.messages.iter().map(value::text))),
    property("exceptions", ARRAY, |r| value::list(r.exceptions.iter().map(|held| held.shallow_clone()))),
];

/// Registers the class.
pub fn register_report() -> ext_php_rs::error::Result<()> {
    register::<PhpSyncReport, _>(PROPERTIES, &[], &[])
}

/// The sums of a run so far.
#[derive(Default)]
pub struct RunTotals {
    rounds: usize,
    claimed: usize,
    asked: usize,
    changed: usize,
    credited: usize,
    faults: usize,
    failures: usize,
    /// Orders that are due and belong to merchants who were not given.
    pub others: i64,
    limited: bool,
    /// Was it told to stop?
    pub stopped: bool,
    /// Milliseconds so far.
    pub ms: i64,
    messages: VecDeque<String>,
    exceptions: VecDeque<Held>,
}

impl RunTotals {
    /// Adds a round.
    pub fn add(&mut self, tally: Tally<PdoFault>) {
        self.rounds += 1;
        self.claimed += tally.claimed;
        self.asked += tally.asked;
        self.changed += tally.transitions.len();
        self.credited += tally.transitions.iter().filter(|transition| transition.credited).count();
        self.faults += tally.faults.len();
        self.failures += tally.failures.len();
        self.limited |= tally.limited;
        for (key, text) in tally.faults {
            keep(&mut self.messages, format!("{}: {text}", key.out_trade_no));
        }
        for (key, halt) in tally.failures {
            self.fail(&key, halt);
        }
    }

    fn fail(&mut self, key: &OrderKey, halt: Halt<PdoFault>) {
        let (text, exception) = told(halt, &key.out_trade_no);
        keep(&mut self.messages, format!("{}: {text}", key.out_trade_no));
        if let Some(exception) = exception {
            keep(&mut self.exceptions, Held::new(exception));
        }
    }

    /// A PHP `SyncReport`.
    pub fn to_php(&self) -> Outcome {
        object(PhpSyncReport, PROPERTIES, |get, _| get(self))
    }
}

fn keep<T>(latest: &mut VecDeque<T>, item: T) {
    latest.push_back(item);
    if latest.len() > KEPT {
        latest.pop_front();
    }
}
