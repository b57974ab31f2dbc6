//! PHP's half of a poll: observers, the shop's callback, signals.

use crate::api::flows::poll::{PollObserver, PollResult};
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::raise::Raise;
use crate::php::engine::signals;
use crate::php::values::{exception, order};
use ext_php_rs::types::Zval;
use std::time::Duration;

/// Watches a poll for PHP.
pub struct Polling {
    on_poll: Option<Zval>,
    /// A payment is not: a forked copy of the process has no part in it. Questions may be asked by both.
    may_fork: bool,
    /// What ended the poll from outside: the callback's exception, or a signal handler's.
    pub raised: Option<Raise>,
}

impl Polling {
    /// Watches with this callback.
    pub const fn new(on_poll: Option<Zval>) -> Self {
        Self { on_poll, may_fork: true, raised: None }
    }

    /// Watches what only the process may end that began it.
    pub fn of_one_process(self) -> Self {
        Self { may_fork: false, ..self }
    }

    /// May the poll go on, in this process and with what PHP has left?
    fn goes_on(&self) -> Result<(), Raise> {
        door::interruption()?;
        if self.is_copy() { Err(Raise::Logic(door::FORKED.into())) } else { Ok(()) }
    }

    fn note(&mut self, go_on: Result<bool, Raise>) -> bool {
        go_on.unwrap_or_else(|raise| {
            self.raised = Some(raise);
            false
        })
    }

    fn call_back(&self, seen: &PollResult<'_>, number: u32) -> Result<bool, Raise> {
        // What an observer has left ends the poll as what a callback leaves does: what must be undone is undone first.
        self.goes_on()?;
        let Some(on_poll) = &self.on_poll else { return Ok(true) };
        let arguments = || {
            let seen = match seen {
                Ok(order) => order::to_php((*order).clone())?,
                Err(fault) => exception::to_php(fault),
            };
            Ok(vec![seen, value::int(number.into())])
        };
        let gave = door::call_back(on_poll, arguments, Gave::of);
        self.goes_on()?;
        let gave = gave?;
        gave.never_ran("onPoll").map_or(Ok(gave != Gave::False), |why| Err(Raise::Logic(why)))
    }
}

impl PollObserver for Polling {
    fn seen(&mut self, seen: &PollResult<'_>, number: u32) -> bool {
        let go_on = self.call_back(seen, number);
        self.note(go_on)
    }

    fn throws(&self) -> bool {
        self.raised.is_some()
    }

    fn is_copy(&self) -> bool {
        !self.may_fork && door::is_copy()
    }

    fn pause(&mut self, ms: u64) -> bool {
        let waited = self.goes_on().and_then(|()| signals::sleep(ms)).map(|()| true);
        self.note(waited)
    }

    fn rest(&mut self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }
}
