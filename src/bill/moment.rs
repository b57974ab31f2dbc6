//! Times of bills: Beijing, to the second, with colons of either width and sometimes without the blank between.

use crate::clock::BEIJING;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// `YYYY-MM-DD hh:mm:ss`, each colon may be full-width, the blank may be missing; a time that exists.
pub fn moment(text: &[u8]) -> Option<OffsetDateTime> {
    let (day, rest) = text.split_at_checked(10)?;
    let day = date(day)?;
    let [hour, minute, second] = clock(rest)?;
    let time = Time::from_hms(hour, minute, second).ok()?;
    Some(PrimitiveDateTime::new(day, time).assume_offset(BEIJING))
}

/// `YYYY-MM-DD`, a day that exists.
pub fn date(text: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = i32::from(two(*y1, *y2)?) * 100 + i32::from(two(*y3, *y4)?);
    if year == 0 {
        return None;
    }
    let month = Month::try_from(two(*m1, *m2)?).ok()?;
    Date::from_calendar_date(year, month, two(*d1, *d2)?).ok()
}

fn clock(text: &[u8]) -> Option<[u8; 3]> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (hour, text) = text.split_at_checked(2)?;
    let (minute, text) = colon(text)?.split_at_checked(2)?;
    let second = colon(text)?;
    let number = |digits: &[u8]| if let [a, b] = digits { two(*a, *b) } else { None };
    Some([number(hour)?, number(minute)?, number(second)?])
}

fn colon(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b":").or_else(|| text.strip_prefix("：".as_bytes()))
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

/// Checks times of a file, most of which are of one day: that one is looked at once.
#[derive(Debug, Default, Clone)]
pub struct Calendar {
    day: [u8; 10],
}

impl Calendar {
    /// Is it a time?
    #[inline]
    pub fn knows(&mut self, text: &[u8]) -> bool {
        let Some((day, rest)) = text.split_first_chunk::<10>() else { return false };
        if *day != self.day {
            if date(day).is_none() {
                return false;
            }
            self.day = *day;
        }
        if let [b' ', h1, h2, b':', m1, m2, b':', s1, s2] = rest {
            return below(*h1, *h2, 24) && below(*m1, *m2, 60) && below(*s1, *s2, 60);
        }
        matches!(clock(rest), Some([..24, ..60, ..60]))
    }
}

fn below(tens: u8, ones: u8, limit: u8) -> bool {
    two(tens, ones).is_some_and(|number| number < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_times_are_of_beijing_whatever_the_machine_says() {
        let last = moment(b"2026-02-12 23:59:59").unwrap();
        assert_eq!(last.unix_timestamp(), 1_770_911_999);
        assert_eq!(moment("2026-02-1223：59：59".as_bytes()), Some(last));
        assert_eq!(moment("2026-02-12 23：59:59".as_bytes()), Some(last));
        assert!(moment(b"2028-02-29 00:00:00").is_some());
    }

    #[test]
    fn b10_what_is_no_time_is_refused_by_both_readers() {
        let wrong = [
            "",
            "2026-02-30 10:00:00",
            "2026-02-12 24:00:00",
            "2026-02-12 23:59:60",
            "2026/02/12 10:00:00",
            "2026-02-12 10:00",
            "2026-02-12  10:00:00",
            "2026-02-12T10:00:00+08:00",
            "0000-00-00 00:00:00",
            "2026-02-12 10:00:000",
        ];
        for text in wrong {
            assert_eq!(moment(text.as_bytes()), None, "{text}");
            assert!(!Calendar::default().knows(text.as_bytes()), "{text}");
        }
        assert!(Calendar::default().knows("2026-02-1216：33：45".as_bytes()));
    }
}
