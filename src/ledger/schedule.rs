//! When an order is asked about next (protocol.md D.7), and how fast we ask.

use super::entry::{Entry, Intent, Ms};
use super::state::LedgerState;

const SECOND: Ms = 1000;
const MINUTE: Ms = 60 * SECOND;
const HOUR: Ms = 60 * MINUTE;

/// WeChat closes no order younger than this (protocol.md C.3).
pub const CLOSE_AFTER: Ms = 5 * MINUTE;
/// WeChat reverses no payment younger than this (protocol.md C.7).
pub const REVERSE_AFTER: Ms = 15 * SECOND;
/// After so many claims without a good end an order is for a person.
pub const MOST_ATTEMPTS: i64 = 30;

/// Spreads times by up to 20 % to both sides, so that workers and orders do not march in step.
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// From a seed; 0 is as good as any.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// The length, spread.
    pub fn spread(&mut self, length: Ms) -> Ms {
        let fifth = length / 5;
        let width = u64::try_from(fifth.saturating_mul(2).saturating_add(1)).unwrap_or(1);
        let offset = Ms::try_from(self.next() % width).unwrap_or(0);
        length.saturating_sub(fifth).saturating_add(offset)
    }

    /// Marsaglia's xorshift: enough for spreading.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 = self.0.max(1);
        self.0
    }
}

/// When to ask next, or `None` if nothing more is to be known.
pub fn next(entry: &Entry, jitter: &mut Jitter) -> Option<Ms> {
    let quiet = entry.now.saturating_sub(entry.changed_at);
    let wait = if entry.intent.is_some() {
        (quiet / 4).clamp(5 * SECOND, 10 * MINUTE)
    } else if entry.ask_refunds || (entry.sent_at.is_some() && entry.state != LedgerState::Review) {
        (quiet / 4).clamp(MINUTE, HOUR)
    } else if entry.state.is_open() {
        step(entry.age())
    } else {
        return None;
    };
    let at = entry.now.saturating_add(jitter.spread(wait));
    Some(not_after_deadline(entry, at))
}

/// The pause between two questions about an unpaid order of this age.
fn step(age: Ms) -> Ms {
    match age {
        ..MINUTE => 5 * SECOND,
        MINUTE..120_000 => 10 * SECOND,
        120_000..300_000 => 30 * SECOND,
        300_000..7_200_000 => MINUTE,
        _ => (age / 60).min(HOUR),
    }
}

/// The pause after so many claims without a good end.
pub fn backoff(attempt: i64) -> Ms {
    let doublings = attempt.clamp(0, 7);
    ((5 * SECOND) << doublings).min(10 * MINUTE)
}

/// The pause before a message is handed over again, after so many times: from ten seconds to an hour.
pub fn redelivery(attempt: i64) -> Ms {
    ((5 * SECOND) << attempt.clamp(1, 10)).min(HOUR)
}

/// An order is looked at as soon as it may be given up.
fn not_after_deadline(entry: &Entry, at: Ms) -> Ms {
    let deadline = give_up_at(entry);
    let waits = matches!(entry.state, LedgerState::Created | LedgerState::UserPaying);
    if waits && entry.now < deadline { at.min(deadline) } else { at }
}

/// From when on an unpaid order is closed or reversed.
pub fn give_up_at(entry: &Entry) -> Ms {
    let least = match entry.way_out() {
        Intent::Close => CLOSE_AFTER,
        Intent::Reverse => REVERSE_AFTER,
    };
    entry.expires_at().max(entry.created_at.saturating_add(least))
}

/// May what is wanted be asked of the gateway now?
pub fn is_ripe(entry: &Entry, intent: Intent) -> bool {
    let least = match intent {
        Intent::Close => CLOSE_AFTER,
        Intent::Reverse => REVERSE_AFTER,
    };
    entry.age() >= least
}

/// How fast one merchant's questions are asked, and how that slows when WeChat says it is too fast.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    per_second: Ms,
    free_at: Ms,
    penalty: Ms,
}

impl RateLimiter {
    /// At most so many questions a second.
    pub fn new(per_second: Ms) -> Self {
        Self { per_second: per_second.max(1), free_at: 0, penalty: 0 }
    }

    /// Reserves a question; says how long to wait before it is asked.
    pub fn reserve(&mut self, now: Ms) -> Ms {
        let at = self.free_at.max(now);
        self.free_at = at.saturating_add(SECOND / self.per_second);
        at.saturating_sub(now)
    }

    /// WeChat said FREQUENCY_LIMITED: nobody asks for a while, twice as long each time.
    pub fn slow_down(&mut self, now: Ms) {
        self.penalty = (self.penalty * 2).clamp(SECOND, MINUTE);
        self.free_at = self.free_at.max(now.saturating_add(self.penalty));
    }

    /// WeChat answered: the next penalty is short again.
    pub fn ease(&mut self) {
        self.penalty = 0;
    }

    /// How long nobody may ask.
    pub fn closed_for(&self, now: Ms) -> Ms {
        self.free_at.saturating_sub(now).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::entry;
    use super::*;

    #[test]
    fn times_are_spread_by_a_fifth_and_the_same_seed_spreads_alike() {
        let (mut one, mut other) = (Jitter::new(7), Jitter::new(7));
        for _ in 0..1000 {
            let length = one.spread(10_000);
            assert!((8000..=12_000).contains(&length), "{length}");
            assert_eq!(length, other.spread(10_000));
        }
        assert_eq!(one.spread(0), 0);
    }

    #[test]
    fn every_open_order_has_a_next_poll_and_settled_ones_have_none() {
        for state in LedgerState::ALL {
            let next = next(&entry(state), &mut Jitter::new(1));
            assert_eq!(next.is_some(), state.is_open(), "{state:?}");
        }
    }

    #[test]
    fn the_first_minute_is_asked_every_five_seconds_and_old_orders_seldom() {
        let mut waits = Vec::new();
        for now in [0, 90_000, 200_000, 1_000_000, 50_000_000] {
            let mut order = entry(LedgerState::Created);
            order.terms.expires_at = Some(Ms::MAX / 2);
            order.now = now;
            waits.push(next(&order, &mut Jitter::new(3)).unwrap() - now);
        }
        assert!(waits.is_sorted() && waits[0] <= 6000 && waits[4] >= 600_000, "{waits:?}");
    }

    #[test]
    fn an_order_is_looked_at_when_it_may_be_given_up() {
        let mut order = entry(LedgerState::Created);
        order.now = Entry::LIFE - 1000;
        assert_eq!(next(&order, &mut Jitter::new(1)), Some(Entry::LIFE));
        order.terms.expires_at = Some(1);
        assert_eq!(give_up_at(&order), CLOSE_AFTER);
        order.terms.trade_type = "MICROPAY".into();
        assert_eq!(give_up_at(&order), REVERSE_AFTER);
    }

    #[test]
    fn n18_the_pace_slows_for_all_and_recovers() {
        let mut limiter = RateLimiter::new(100);
        assert_eq!((limiter.reserve(0), limiter.reserve(0), limiter.reserve(0)), (0, 10, 20));
        limiter.slow_down(0);
        limiter.slow_down(0);
        assert_eq!(limiter.closed_for(0), 2000);
        limiter.ease();
        limiter.slow_down(5000);
        assert_eq!(limiter.closed_for(5000), 1000);
    }
}
