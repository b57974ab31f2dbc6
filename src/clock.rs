//! Time: the clock that calls wait by, and WeChat's two ways of writing Beijing time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Beijing has been at +08:00 without summer time since 1991.
pub const BEIJING: UtcOffset = offset!(+8);

const COMPACT: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]");
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
const SPACED: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// What calls need of time; tests bring their own.
pub trait Clock: Send + Sync {
    /// Milliseconds on a clock that never jumps.
    fn now_ms(&self) -> u64;
    /// Seconds since 1970.
    fn unix_seconds(&self) -> i64;
    /// Waits.
    fn sleep_ms(&self, ms: u64);
}

/// The machine's clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        let elapsed = START.get_or_init(Instant::now).elapsed();
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    fn unix_seconds(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    fn sleep_ms(&self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }
}

/// The day on which an instant is in Beijing.
pub fn beijing_day(unix_seconds: i64) -> Option<Date> {
    let at = OffsetDateTime::from_unix_timestamp(unix_seconds).ok()?;
    at.checked_to_offset(BEIJING).map(OffsetDateTime::date)
}

/// `yyyyMMddHHmmss` in Beijing, as in `time_end`.
pub fn compact(text: &str) -> Option<OffsetDateTime> {
    beijing(text, COMPACT, 14)
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing, as in `refund_success_time_$n` and bills.
pub fn spaced(text: &str) -> Option<OffsetDateTime> {
    beijing(text, SPACED, 19)
}

fn beijing(text: &str, format: &[BorrowedFormatItem<'_>], length: usize) -> Option<OffsetDateTime> {
    let local = PrimitiveDateTime::parse(text, format).ok().filter(|_| text.len() == length)?;
    Some(local.assume_offset(BEIJING))
}

/// The `Date` of an HTTP answer, in seconds since 1970.
pub fn http_date(text: &str) -> Option<i64> {
    let at = PrimitiveDateTime::parse(text, HTTP_DATE).ok()?;
    Some(at.assume_utc().unix_timestamp())
}

/// Any RFC 3339 time, as APIv3 writes it.
pub fn rfc3339(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Writes an instant as APIv3 wants it: RFC 3339 in Beijing.
pub fn write_rfc3339(at: OffsetDateTime) -> Option<String> {
    at.checked_to_offset(BEIJING)?.format(&Rfc3339).ok()
}

/// Writes an instant as `refund_success_time_$n` has it.
pub fn write_spaced(at: OffsetDateTime) -> Option<String> {
    at.checked_to_offset(BEIJING)?.format(SPACED).ok()
}

/// Writes an instant the way `time_start` and `time_expire` want it.
pub fn write_compact(unix_seconds: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix_seconds).ok()?;
    at.checked_to_offset(BEIJING)?.format(COMPACT).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_beijing_time_does_not_depend_on_the_machine() {
        assert_eq!(compact("20260301100001").unwrap().unix_timestamp(), 1_772_330_401);
        assert_eq!(spaced("2026-03-01 10:00:01").unwrap().unix_timestamp(), 1_772_330_401);
        assert_eq!(write_compact(1_772_330_401).unwrap(), "20260301100001");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in
            ["", "20260230000000", "2026030110000", "202603011000011", "+2026301100001", "2026-03-01"]
        {
            assert_eq!(compact(wrong), None, "{wrong:?}");
        }
    }
}
