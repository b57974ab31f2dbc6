//! `WechatPay\SyncReport`: what a run of `Sync` did.

use crate::ledger::entry::OrderKey;
use crate::ledger::store::Halt;
use crate::ledger::sync::Tally;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door::Held;
use crate::php::engine::object::call::Outcome;
use crate::php::engine::object::class::{Property, php_class, property, register};
use crate::php::ledger::errors::told;
use crate::php::ledger::pdo_fault::PdoFault;
use ext_php_rs::flags::DataType;
use std::collections::VecDeque;

/// What a PHP `SyncReport` holds: nothing beside its properties.
pub struct PhpSyncReport;

php_class!(PhpSyncReport, "WechatPay\\SyncReport", private);

/// Texts and exceptions kept, the latest.
const KEPT: usize = 20;

const PROPERTIES: [Property; 13] = [
    property("rounds", DataType::Long),
    property("claimed", DataType::Long),
    property("asked", DataType::Long),
    property("changed", DataType::Long),
    property("credited", DataType::Long),
    property("faults", DataType::Long),
    property("failures", DataType::Long),
    property("others", DataType::Long),
    property("limited", DataType::Bool),
    property("stopped", DataType::Bool),
    property("ms", DataType::Long),
    property("messages", DataType::Array),
    property("exceptions", DataType::Array),
];

/// Registers the class.
pub fn register_report() -> ext_php_rs::error::Result<()> {
    register::<PhpSyncReport>(&PROPERTIES, &[], &[])
}

/// The sums of a run so far.
#[derive(Default)]
pub struct Report {
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

impl Report {
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
        let count = |n: usize| value::int(i64::try_from(n).unwrap_or(i64::MAX));
        let properties = [
            count(self.rounds),
            count(self.claimed),
            count(self.asked),
            count(self.changed),
            count(self.credited),
            count(self.faults),
            count(self.failures),
            value::int(self.others),
            value::bool(self.limited),
            value::bool(self.stopped),
            value::int(self.ms),
            value::list(self.messages.iter().map(value::text))?,
            value::list(self.exceptions.iter().map(|held| held.shallow_clone()))?,
        ];
        value::object(PhpSyncReport, properties)
    }
}

fn keep<T>(latest: &mut VecDeque<T>, item: T) {
    latest.push_back(item);
    if latest.len() > KEPT {
        latest.pop_front();
    }
}
