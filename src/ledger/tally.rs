//! What a round over a merchant's orders did.

use super::entry::OrderKey;
use super::store::Halt;
use super::transition::Transition;

/// What one round did.
#[derive(Debug)]
pub struct Tally<F> {
    /// Orders claimed.
    pub claimed: usize,
    /// Questions asked.
    pub asked: usize,
    /// Applications that changed something.
    pub transitions: Vec<Transition>,
    /// Questions that brought nothing, and why.
    pub faults: Vec<(OrderKey, String)>,
    /// Applications that failed: the callback's exceptions, for one.
    pub failures: Vec<(OrderKey, Halt<F>)>,
    /// WeChat said FREQUENCY_LIMITED.
    pub limited: bool,
}

impl<F> Default for Tally<F> {
    fn default() -> Self {
        let (transitions, faults, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { claimed: 0, asked: 0, transitions, faults, failures, limited: false }
    }
}
