//! An order on its way through a round of the worker.

use super::entry::{Entry, Ms};
use super::question::What;
use super::schedule::MOST_ATTEMPTS;
use super::sighting::Coverage;
use super::state::LedgerState;
use std::collections::VecDeque;
use std::time::Instant;

/// Attempts are capped here when the failure is not the order's own.
pub const BLAMELESS: i64 = 8;

/// An order on its way through a round.
#[derive(Clone)]
pub struct Errand {
    pub entry: Entry,
    pub what: What,
    /// The claim it rests on.
    pub epoch: i64,
    /// When that was made or renewed, by the sender's clock.
    pub held_at: Ms,
    /// How often it has failed before.
    pub attempt: i64,
    /// Was it closed or reversed just now?
    pub after_call: bool,
    /// When this part of it began.
    pub since: Instant,
    /// May an earlier send of what is asked for still arrive?
    pub was_open: bool,
    /// The refunds that are asked about next, one after the other.
    pub numbers: VecDeque<String>,
}

impl Errand {
    /// The first question about a claimed order; `held_at` is when it was claimed.
    pub fn first(entry: Entry, held_at: Ms) -> Self {
        let (epoch, attempt) = (entry.epoch, entry.attempt);
        let (since, numbers) = (Instant::now(), VecDeque::new());
        Self {
            entry,
            what: What::Order,
            epoch,
            held_at,
            attempt,
            after_call: false,
            since,
            was_open: false,
            numbers,
        }
    }

    /// The next question, under the same claim.
    pub fn then(&self, entry: Entry, what: What) -> Self {
        let (epoch, held_at, attempt) = (self.epoch, self.held_at, self.attempt);
        Self { what, epoch, attempt, ..Self::first(entry, held_at) }
    }

    /// Asks about all refunds of the order.
    pub fn whole(&self, entry: Entry) -> Self {
        self.then(entry, What::Refunds(Coverage::Whole))
    }

    /// Asks about these refunds, one after the other; `None` if there is none.
    pub fn about(&self, entry: &Entry, mut numbers: VecDeque<String>) -> Option<Self> {
        let what = What::Refunds(Coverage::One(numbers.pop_front()?));
        Some(Self { numbers, ..self.then(entry.clone(), what) })
    }

    /// The order under the claim that this errand rests on: whoever has read it since may have seen another's.
    pub fn claim(&self) -> Entry {
        Entry { epoch: self.epoch, ..self.entry.clone() }
    }

    /// Has it failed so often that it is for a person?
    pub fn is_poison(&self) -> bool {
        self.attempt >= MOST_ATTEMPTS
    }

    /// One more failure that is not the order's.
    pub fn blameless(&self) -> i64 {
        (self.attempt + 1).min(BLAMELESS)
    }

    /// Was a close or a reverse sent that is wanted no more, so long ago that it will not arrive?
    pub fn has_settled(&self) -> bool {
        let entry = &self.entry;
        entry.state != LedgerState::Review
            && entry.intent.is_none()
            && entry.sent_at.is_some()
            && !entry.may_arrive(entry.now)
    }

    /// After it was closed or reversed: what became of it?
    pub fn after_call(&self, entry: Entry) -> Self {
        Self { after_call: true, ..self.then(entry, What::Order) }
    }
}
