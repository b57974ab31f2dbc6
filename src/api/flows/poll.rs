//! Asking again until an order is final (decisions.md 2.6).

use crate::api::order_query::OrderQuery;
use crate::error::{ErrCode, Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::model::order::Order;

/// How long and how often to ask.
#[derive(Debug, Clone, Copy)]
pub struct PollLimits {
    /// Milliseconds in all.
    pub timeout_ms: u64,
    /// Milliseconds between two questions.
    pub interval_ms: u64,
}

/// What one poll saw.
pub type PollResult<'a> = Result<&'a Order, &'a Fault>;

/// Who watches a poll; the host waits by it and may stop it.
pub trait PollObserver {
    /// A poll saw this; `false` stops.
    fn seen(&mut self, seen: &PollResult<'_>, number: u32) -> bool;
    /// Will nobody see the end, because the watcher throws?
    fn throws(&self) -> bool {
        false
    }
    /// Is this process a forked copy of the one that made the call? What is to be undone is for that one.
    fn is_copy(&self) -> bool {
        false
    }
    /// Waits; `false` stops.
    fn pause(&mut self, ms: u64) -> bool;
    /// Waits where nothing may stop it.
    fn rest(&mut self, ms: u64);
}

/// An order that WeChat does not know yet may still be on its way this long.
const GRACE_MS: u64 = 60_000;

impl MerchantClient<'_> {
    /// Asks until the order is final or the time is up; then the last order seen counts.
    pub fn until_final(
        &self,
        query: &OrderQuery,
        limits: PollLimits,
        watch: &mut dyn PollObserver,
    ) -> Result<Order, Fault> {
        let clock = &self.api.clock;
        let started = clock.now_ms();
        let mut last: Option<Order> = None;
        let mut client = self.within(limits.timeout_ms);
        for number in 1.. {
            let seen = client.ask(query);
            let go_on = watch.seen(&seen.as_ref(), number);
            let age_ms = clock.now_ms().saturating_sub(started);
            let left_ms = limits.timeout_ms.saturating_sub(age_ms);
            let pause = match &seen {
                Err(fault) if !goes_on(fault, last.is_some(), age_ms) => return seen,
                Err(fault) if fault.code() == Some(ErrCode::Limited) => limits.interval_ms.saturating_mul(2),
                _ => limits.interval_ms,
            };
            let fault = seen.map(|order| last = Some(order)).err();
            if last.as_ref().is_some_and(|order| fault.is_none() && order.trade_state().is_final()) {
                break;
            }
            match next_pause(pause, left_ms).filter(|_| go_on) {
                Some(pause) if watch.pause(pause) => client = client.within(left_ms - pause),
                _ => return last.ok_or_else(|| undecided(query, fault)),
            }
        }
        last.ok_or_else(|| undecided(query, None))
    }
}

/// The pause before the next question; the last one is asked a second before the time is up.
fn next_pause(wanted: u64, left_ms: u64) -> Option<u64> {
    const LAST_MS: u64 = 1000;
    if wanted < left_ms {
        return Some(wanted);
    }
    left_ms.checked_sub(LAST_MS).filter(|pause| *pause > LAST_MS / 4)
}

/// May asking again help after this fault?
fn goes_on(fault: &Fault, order_seen: bool, age_ms: u64) -> bool {
    match &fault.error {
        Error::Transport(e) => !e.phase.is_for_the_operator(),
        Error::Malformed(_) => true,
        Error::Gateway { system_error, .. } => *system_error,
        error => match error.code() {
            Some(ErrCode::SystemError | ErrCode::Limited) => true,
            Some(ErrCode::BadParameter) => order_seen,
            Some(ErrCode::OrderNotExist) => age_ms < GRACE_MS,
            _ => false,
        },
    }
}

fn undecided(query: &OrderQuery, cause: Option<Fault>) -> Fault {
    let message = "the time is up and no answer said what became of the order".to_owned();
    let error = Error::Undecided { message, last_seen: None, reversed: false, cause: cause.map(Box::new) };
    Fault::new(error, Repeat::Query, query.0.as_out_trade_no())
}
