//! Repeating a call whose verified answer asks for it, with the same numbers and inside one deadline.

use crate::error::Fault;
use crate::gateway::call::Call;
use crate::gateway::line::{Line, OnAttempt};
use crate::model::merchant::Merchant;

/// Sends at most.
const SENDS: usize = 3;
/// Pauses between them, in milliseconds.
const PAUSES: [u64; SENDS - 1] = [200, 400];

/// Makes the call, and again on these codes.
pub fn repeat_on<C: Call>(
    codes: &[&str],
    line: &Line,
    merchant: &Merchant,
    call: &C,
    on_attempt: OnAttempt<'_>,
) -> Result<C::Answer, Fault> {
    let deadline = line.clock.now_ms().saturating_add(line.timeout_ms);
    let mut line = line.clone();
    for pause in PAUSES {
        let answer = line.ask(merchant, call, on_attempt);
        let asks_again =
            matches!(&answer, Err(fault) if fault.err_code().is_some_and(|code| codes.contains(&code)));
        line.timeout_ms = deadline.saturating_sub(line.clock.now_ms()).saturating_sub(pause);
        if !asks_again || line.timeout_ms == 0 {
            return answer;
        }
        line.clock.sleep_ms(pause);
    }
    line.ask(merchant, call, on_attempt)
}
