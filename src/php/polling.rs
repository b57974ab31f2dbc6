//! PHP's half of a poll: observers, the shop's callback, signals.

use super::call::Raise;
use super::gateway::Caller;
use super::{exception, order, signals, value};
use crate::api::until_final::{Seen, Watch};
use crate::gateway::line::Attempt;
use ext_php_rs::types::{ZendCallable, Zval};
use std::time::Duration;

/// Watches a poll for PHP.
pub struct Polling<'a> {
    caller: &'a Caller,
    on_poll: Option<Zval>,
    /// What ended the poll from outside: the callback's exception, or a signal handler's.
    pub raised: Option<Raise>,
}

impl<'a> Polling<'a> {
    /// Watches with this callback.
    pub fn new(caller: &'a Caller, on_poll: Option<Zval>) -> Self {
        Self { caller, on_poll, raised: None }
    }

    fn note(&mut self, go_on: Result<bool, Raise>) -> bool {
        go_on.unwrap_or_else(|raise| {
            self.raised = Some(raise);
            false
        })
    }

    /// A fatal error of an observer ends the poll as an exception does: what must be undone is undone first.
    fn go_on(&self) -> Result<(), Raise> {
        if self.caller.is_interrupted() { Err(Raise::Pending) } else { Ok(()) }
    }

    fn call_back(&self, seen: &Seen<'_>, number: u32) -> Result<bool, Raise> {
        self.go_on()?;
        let Some(on_poll) = &self.on_poll else { return Ok(true) };
        let seen = match seen {
            Ok(order) => order::to_php((*order).clone())?,
            Err(fault) => exception::to_php(fault),
        };
        let number = value::int(number.into());
        let answer = ZendCallable::new(on_poll)?.try_call(vec![&seen, &number])?;
        Ok(!answer.is_false())
    }
}

impl Watch for Polling<'_> {
    fn tried(&mut self, attempt: &Attempt) {
        self.caller.observe(attempt);
    }

    fn seen(&mut self, seen: &Seen<'_>, number: u32) -> bool {
        let go_on = self.call_back(seen, number);
        self.note(go_on)
    }

    fn throws(&self) -> bool {
        self.raised.is_some()
    }

    fn pause(&mut self, ms: u64) -> bool {
        let waited = self.go_on().and_then(|()| signals::sleep(ms)).map(|()| true);
        self.note(waited)
    }

    fn rest(&mut self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }
}
