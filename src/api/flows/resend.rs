//! Repeating a call whose verified answer asks for it, with the same numbers and inside one deadline.

use crate::error::{ErrCode, Fault};
use crate::gateway::attempt::OnAttempt;
use crate::gateway::client::ApiClient;
use crate::gateway::endpoint::Endpoint;
use crate::model::merchant::Merchant;

/// Sends at most.
const SENDS: usize = 3;
/// Pauses between them, in milliseconds.
const PAUSES: [u64; SENDS - 1] = [200, 400];

/// Makes the call, and again on these codes, which leave open what the call has done.
pub fn resend_on<C: Endpoint>(
    code: ErrCode,
    client: &ApiClient,
    merchant: &Merchant,
    call: &C,
    on_attempt: OnAttempt<'_>,
) -> Result<C::Answer, Fault> {
    let deadline = client.clock.now_ms().saturating_add(client.timeout_ms);
    let mut client = client.clone();
    let mut pauses = PAUSES.into_iter();
    let mut again = false;
    loop {
        let answer = client.ask(merchant, call, on_attempt);
        let answer = if again { answer.map_err(Fault::after_an_open_try) } else { answer };
        let asks_again = matches!(&answer, Err(fault) if fault.code() == Some(code));
        let Some(pause) = pauses.next().filter(|_| asks_again) else { return answer };
        client.timeout_ms = deadline.saturating_sub(client.clock.now_ms()).saturating_sub(pause);
        if client.timeout_ms == 0 {
            return answer;
        }
        client.clock.sleep_ms(pause);
        again = true;
    }
}

#[cfg(test)]
mod tests {
    use crate::api::refund::{Refund, refund};
    use crate::api::reverse::{Reverse, reverse};
    use crate::clock::Clock;
    use crate::error::{Fault, Phase, TransportError};
    use crate::gateway::client::ApiClient;
    use crate::gateway::fixtures::{NUMBER, answered, failure, merchant, signed};
    use crate::gateway::transport::{HttpRequest, HttpResponse, Transport};
    use crate::model::order_id::OrderId;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    struct NoTime(AtomicU64);

    impl Clock for NoTime {
        fn now_ms(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }

        fn unix_seconds(&self) -> i64 {
            0
        }

        fn sleep_ms(&self, ms: u64) {
            self.0.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// Carries the first call, then no connection is made any more.
    #[derive(Default)]
    struct OnceOnly(AtomicU64);

    impl Transport for OnceOnly {
        fn send(&self, _: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
            if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
                return Ok(answered(signed(&failure("SYSTEMERROR"), &merchant())));
            }
            let (message, phase) = (String::new(), Phase::Connect);
            Err(TransportError { phase, message, sent: false, retry_after_ms: None, reused: None })
        }
    }

    fn client() -> ApiClient {
        ApiClient {
            transport: Arc::new(OnceOnly::default()),
            clock: Arc::new(NoTime::default()),
            health: Arc::default(),
            url: "https://127.0.0.1:1".into(),
            backup_url: None,
            connect_timeout_ms: 1_000,
            timeout_ms: 8_000,
            nonce: || "n".into(),
        }
    }

    #[test]
    fn a_second_send_that_never_left_us_does_not_take_the_first_one_back() {
        let order = || OrderId::out_trade_no(NUMBER).unwrap();
        let call = Refund::new(order(), "R1", 100, 40, &[]).unwrap();
        let refunded = refund(&client(), &merchant(), &call, &mut |_| {}).map(drop);
        let reversed = reverse(&client(), &merchant(), &Reverse(order()), &mut |_| {});
        for fault in [refunded, reversed].into_iter().map(|answer: Result<(), Fault>| answer.unwrap_err()) {
            assert!(fault.maybe_processed && fault.retryable, "{fault:?}");
        }
    }
}
