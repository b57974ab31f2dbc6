//! Merchants take turns, each at its own pace.

use super::entry::Ms;
use super::schedule::RateLimiter;
use super::store::Whose;
use std::collections::VecDeque;

/// Whose turn it is, and how fast each may be asked about.
#[derive(Debug)]
pub struct Turns {
    waiting: VecDeque<(Whose, RateLimiter)>,
}

impl Turns {
    /// The merchants, each as fast as the others.
    pub fn new(merchants: impl IntoIterator<Item = Whose>, per_second: Ms) -> Self {
        Self { waiting: merchants.into_iter().map(|whose| (whose, RateLimiter::new(per_second))).collect() }
    }

    /// The next merchant that may be asked about, or how long to wait for one.
    pub fn next(&mut self, now: Ms) -> Result<Whose, Ms> {
        for _ in 0..self.waiting.len() {
            self.waiting.rotate_left(1);
            if let Some((whose, _)) = self.waiting.back().filter(|(_, limiter)| limiter.closed_for(now) == 0)
            {
                return Ok(whose.clone());
            }
        }
        Err(self.waiting.iter().map(|(_, limiter)| limiter.closed_for(now)).min().unwrap_or(1000))
    }

    /// Books a round: so many questions, and whether WeChat complained. A complaint slows all down.
    pub fn book(&mut self, whose: &Whose, now: Ms, asked: usize, limited: bool) {
        for (one, limiter) in &mut self.waiting {
            if limited {
                limiter.slow_down(now);
            } else if one == whose && asked > 0 {
                limiter.ease();
            }
            if one == whose {
                for _ in 0..asked {
                    limiter.reserve(now);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(mch_id: &str) -> Whose {
        Whose {
            mch_id: mch_id.into(),
            appid: "wx".into(),
            sub_mch_id: String::new(),
            sub_appid: String::new(),
        }
    }

    #[test]
    fn l20_merchants_take_turns_and_a_fast_one_waits() {
        let mut turns = Turns::new([whose("1"), whose("2")], 100);
        let first = turns.next(0).unwrap();
        turns.book(&first, 0, 50, false);
        let second = turns.next(0).unwrap();
        assert_ne!(first, second);
        turns.book(&second, 0, 100, false);
        assert_eq!(turns.next(0), Err(500));
        assert_eq!(turns.next(500).unwrap(), first);
    }

    #[test]
    fn n18_one_complaint_slows_all_merchants() {
        let mut turns = Turns::new([whose("1"), whose("2")], 100);
        let first = turns.next(0).unwrap();
        turns.book(&first, 0, 1, true);
        assert!(turns.next(500).is_err());
        assert!(turns.next(1100).is_ok());
    }
}
