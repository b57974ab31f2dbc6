//! When a call is tried again, and at which domain first (decisions.md 2.2).

use crate::error::{Phase, RefusalDetail, Repeat, TransportError};
use crate::wire::v3::signature::HeaderError;
use std::sync::Mutex;

/// Pauses before the second and the third try, in milliseconds.
const PAUSES: [u64; 2] = [200, 400];
/// How long the backup comes first, in milliseconds.
const BACKUP_FIRST_MS: u64 = 180_000;

/// May this fault be answered with another try? Gives the pause before it.
pub fn pause(repeat: Repeat, tries: usize, fault: &TransportError, left_ms: u64) -> Option<u64> {
    match repeat {
        Repeat::Query => rest(tries, fault.retry_after_ms, left_ms).filter(|_| is_passing(fault)),
        _ => Some(0).filter(|_| left_ms > 0 && tries == 1 && !fault.sent && is_unreachable(fault)),
    }
}

/// The same after a signed refusal, whose status may say that the moment was wrong.
pub fn after_a_refusal(repeat: Repeat, tries: usize, said: &RefusalDetail, left_ms: u64) -> Option<u64> {
    let may_be_asked = repeat == Repeat::Query && is_busy(said.status);
    rest(tries, said.retry_after_ms, left_ms).filter(|_| may_be_asked)
}

/// How long a question rests before its next try, if it has one left.
fn rest(tries: usize, retry_after_ms: Option<u64>, left_ms: u64) -> Option<u64> {
    let pause = PAUSES.get(tries.checked_sub(1)?).copied()?;
    Some(retry_after_ms.unwrap_or(0).max(pause)).filter(|wanted| *wanted < left_ms)
}

/// WeChat Pay now and then sends an answer with a wrong signature, to see that it is refused (protocol-v3.md A.6): a
/// question is asked once more.
pub fn after_a_probe(repeat: Repeat, tries: usize, fault: &HeaderError) -> Option<u64> {
    let is_probe = matches!(fault, HeaderError::Encoding | HeaderError::Wrong);
    (repeat == Repeat::Query && tries == 1 && is_probe).then_some(0)
}

fn is_unreachable(fault: &TransportError) -> bool {
    matches!(fault.phase, Phase::Dns | Phase::Connect | Phase::Proxy)
}

fn is_passing(fault: &TransportError) -> bool {
    is_unreachable(fault)
        || matches!(fault.phase, Phase::Answer)
        || matches!(fault.phase, Phase::Status(status) if is_busy(status))
}

const fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 500..=599)
}

/// How reachable the first domain has been lately; one for each gateway and process.
#[derive(Debug, Default)]
pub struct Health(Mutex<HealthWindow>);

#[derive(Debug, Default, Clone, Copy)]
struct HealthWindow {
    weight: u32,
    backup_until_ms: Option<u64>,
}

impl Health {
    /// Should the backup be asked first now?
    pub fn backup_first(&self, now_ms: u64) -> bool {
        let Ok(mut window) = self.0.lock() else { return false };
        if window.backup_until_ms.is_some_and(|until| now_ms >= until) {
            *window = HealthWindow::default();
        }
        window.backup_until_ms.is_some()
    }

    /// The first domain failed: a connect fault weighs 1, a DNS fault 5; above 2 the backup comes first.
    pub fn failed(&self, fault: &TransportError, now_ms: u64) {
        let Ok(mut window) = self.0.lock() else { return };
        window.weight += match fault.phase {
            Phase::Dns => 5,
            Phase::Connect => 1,
            _ => 0,
        };
        if window.weight > 2 && window.backup_until_ms.is_none() {
            window.backup_until_ms = Some(now_ms + BACKUP_FIRST_MS);
        }
    }

    /// The first domain answered.
    pub fn answered(&self) {
        if let Ok(mut window) = self.0.lock() {
            *window = HealthWindow::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(phase: Phase, sent: bool) -> TransportError {
        TransportError { phase, message: String::new(), sent, retry_after_ms: None, reused: None }
    }

    #[test]
    fn n1_n17_a_query_is_tried_three_times_with_growing_pauses() {
        for phase in [Phase::Connect, Phase::Dns, Phase::Answer, Phase::Status(502), Phase::Status(429)] {
            let fault = fault(phase, true);
            let pauses: Vec<_> = (1..=3).map(|tries| pause(Repeat::Query, tries, &fault, 8000)).collect();
            assert_eq!(pauses, [Some(200), Some(400), None], "{phase:?}");
        }
    }

    #[test]
    fn n4_n20_tls_redirects_and_client_errors_are_never_tried_again() {
        for phase in [Phase::Tls, Phase::Status(302), Phase::Status(404), Phase::Protocol] {
            assert_eq!(pause(Repeat::Query, 1, &fault(phase, false), 8000), None, "{phase:?}");
        }
    }

    #[test]
    fn n27_a_call_that_acts_goes_to_the_other_domain_once_and_only_if_nothing_was_sent() {
        for repeat in [Repeat::SameNumbers, Repeat::Never] {
            assert_eq!(pause(repeat, 1, &fault(Phase::Connect, false), 8000), Some(0));
            assert_eq!(pause(repeat, 2, &fault(Phase::Connect, false), 8000), None);
            assert_eq!(pause(repeat, 1, &fault(Phase::Answer, true), 8000), None);
            assert_eq!(pause(repeat, 1, &fault(Phase::Status(503), true), 8000), None);
        }
    }

    #[test]
    fn n18_retry_after_is_honoured_if_it_fits_the_deadline() {
        let mut busy = fault(Phase::Status(429), true);
        busy.retry_after_ms = Some(1000);
        assert_eq!(pause(Repeat::Query, 1, &busy, 8000), Some(1000));
        assert_eq!(pause(Repeat::Query, 1, &busy, 900), None);
    }

    #[test]
    fn n2_one_dns_fault_or_three_connect_faults_put_the_backup_first_for_three_minutes() {
        let health = Health::default();
        health.failed(&fault(Phase::Connect, false), 0);
        health.failed(&fault(Phase::Connect, false), 0);
        assert!(!health.backup_first(0));
        health.failed(&fault(Phase::Connect, false), 0);
        assert!(health.backup_first(179_999) && !health.backup_first(180_000));
        health.failed(&fault(Phase::Dns, false), 200_000);
        assert!(health.backup_first(200_001));
        health.answered();
        assert!(!health.backup_first(200_002));
    }
}
