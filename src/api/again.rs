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
    let mut may_have_acted = false;
    for pause in PAUSES {
        let answer = remembering(&mut may_have_acted, line.ask(merchant, call, on_attempt));
        let asks_again =
            matches!(&answer, Err(fault) if fault.err_code().is_some_and(|code| codes.contains(&code)));
        line.timeout_ms = deadline.saturating_sub(line.clock.now_ms()).saturating_sub(pause);
        if !asks_again || line.timeout_ms == 0 {
            return answer;
        }
        line.clock.sleep_ms(pause);
    }
    remembering(&mut may_have_acted, line.ask(merchant, call, on_attempt))
}

/// A fault after sends whose outcome is open leaves it open: "this one was not accepted" says nothing of those.
pub fn remembering<T>(may_have_acted: &mut bool, answer: Result<T, Fault>) -> Result<T, Fault> {
    answer.map_err(|mut fault| {
        fault.maybe_processed |= *may_have_acted;
        *may_have_acted = fault.maybe_processed;
        fault
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Repeat};

    fn refused(code: &str) -> Result<(), Fault> {
        let error = Error::Service { err_code: code.into(), err_code_des: None };
        Err(Fault::new(error, Repeat::SameNumbers, None))
    }

    #[test]
    fn l17_a_refusal_after_a_send_whose_end_is_open_leaves_it_open() {
        let mut may_have_acted = false;
        let mut next = |code| remembering(&mut may_have_acted, refused(code)).unwrap_err().maybe_processed;
        assert_eq!(
            ["FREQUENCY_LIMITED", "SYSTEMERROR", "FREQUENCY_LIMITED"].map(&mut next),
            [false, true, true]
        );
    }
}
