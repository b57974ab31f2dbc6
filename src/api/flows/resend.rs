//! Repeating a call whose verified answer asks for it, with the same numbers and inside one deadline.

use crate::error::{ErrCode, Fault};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::Endpoint;

/// Sends at most.
const SENDS: usize = 3;
/// Pauses between them, in milliseconds.
const PAUSES: [u64; SENDS - 1] = [200, 400];

impl MerchantClient<'_> {
    /// Makes the call, and again on this code, which leaves open what the call has done.
    pub(in crate::api) fn resend_on<C: Endpoint>(&self, code: ErrCode, call: &C) -> Result<C::Answer, Fault> {
        let clock = &self.api.clock;
        let deadline = clock.now_ms().saturating_add(self.api.timeout_ms);
        let (mut answer, mut pauses) = (self.ask(call), PAUSES.into_iter());
        while matches!(&answer, Err(fault) if fault.code() == Some(code)) {
            let Some(pause) = pauses.next() else { break };
            let left_ms = deadline.saturating_sub(clock.now_ms()).saturating_sub(pause);
            if left_ms == 0 {
                break;
            }
            clock.sleep_ms(pause);
            answer = self.within(left_ms).ask(call).map_err(Fault::after_an_open_try);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use crate::api::refund::Refund;
    use crate::api::reverse::Reverse;
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
            merchant: Arc::new(merchant()),
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
        let call = Refund::new(order(), "R1", 100, 40).unwrap();
        let refunded = client().observed_by(None).refund(&call).map(drop);
        let reversed = client().observed_by(None).reverse(&Reverse(order()));
        for fault in [refunded, reversed].into_iter().map(|answer: Result<(), Fault>| answer.unwrap_err()) {
            assert!(fault.maybe_processed && fault.retryable, "{fault:?}");
        }
    }
}
