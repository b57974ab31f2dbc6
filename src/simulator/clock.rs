//! The virtual clock: real time plus what the control has added to it.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};
use time::{PrimitiveDateTime, UtcOffset};

/// Milliseconds in a second, minute, hour and day.
pub const SECOND: i64 = 1_000;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

const BEIJING: UtcOffset = offset!(+8);
const COMPACT: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day][hour][minute][second]");
const SPACED: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// A clock that runs with real time and can be moved.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimulatedClock {
    offset_ms: i64,
}

impl SimulatedClock {
    /// Milliseconds since 1970 on the virtual clock.
    pub fn now(self) -> i64 {
        real_now().saturating_add(self.offset_ms)
    }

    /// Moves the clock; it may go back as well.
    pub fn advance(&mut self, ms: i64) {
        self.offset_ms = self.offset_ms.saturating_add(ms);
    }

    /// How far the clock stands from real time.
    pub fn offset_ms(self) -> i64 {
        self.offset_ms
    }
}

/// Milliseconds since 1970 in real time.
pub fn real_now() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// `yyyy-MM-ddTHH:mm:ss+08:00`, the form of APIv3.
pub fn rfc3339(ms: i64) -> String {
    spaced(ms).replace(' ', "T") + "+08:00"
}

/// `yyyyMMddHHmmss` in Beijing, the form of `time_end`.
pub fn compact(ms: i64) -> String {
    written(ms, COMPACT)
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing, the form of refund times.
pub fn spaced(ms: i64) -> String {
    written(ms, SPACED)
}

/// Reads `yyyyMMddHHmmss` as Beijing time.
pub fn from_compact(text: &str) -> Option<i64> {
    let wall = PrimitiveDateTime::parse(text, COMPACT).ok()?;
    wall.assume_offset(BEIJING).unix_timestamp().checked_mul(SECOND)
}

fn written(ms: i64, form: &[BorrowedFormatItem<'static>]) -> String {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(SECOND))
        .map(|at| at.to_offset(BEIJING))
        .ok()
        .and_then(|at| at.format(form).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_beijing_and_read_back() {
        assert_eq!(compact(1_409_721_340_999), "20140903131540");
        assert_eq!(spaced(1_409_721_340_000), "2014-09-03 13:15:40");
        assert_eq!(from_compact("20140903131540"), Some(1_409_721_340_000));
        assert_eq!(from_compact("20140931131540"), None);
        assert_eq!(from_compact("2014-09-03"), None);
    }

    #[test]
    fn the_clock_moves_and_comes_back() {
        let mut clock = SimulatedClock::default();
        clock.advance(DAY);
        assert!(clock.now() - real_now() >= DAY - SECOND);
        clock.advance(-DAY);
        assert_eq!(clock.offset_ms(), 0);
    }
}
