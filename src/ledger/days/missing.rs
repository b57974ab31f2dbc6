//! Which days are not reconciled yet: the newest success must not hide a gap.

use super::store::{DayKey, DayStore};
use crate::ledger::ledger::{Ledger, LedgerResult};
use crate::ledger::store::{Shop, Store, Whose};
use std::collections::HashSet;
use time::{Date, OffsetDateTime};

/// A day's bill is there from this hour of the next day on, in Beijing.
pub const BILL_HOUR: u8 = 10;

/// WeChat keeps bills for so many months.
const MONTHS: u8 = 3;

/// The last day whose bill is there, seen from Beijing.
pub fn last_day(now: OffsetDateTime) -> Option<Date> {
    let yesterday = now.date().previous_day()?;
    if now.hour() >= BILL_HOUR { Some(yesterday) } else { yesterday.previous_day() }
}

/// The oldest day whose bill WeChat still has: the same day of the month three months before, or the last of that month.
pub fn first_day(last: Date) -> Option<Date> {
    let month = (0..MONTHS).fold(last.month(), |month, _| month.previous());
    let year = if u8::from(month) > u8::from(last.month()) { last.year() - 1 } else { last.year() };
    Date::from_calendar_date(year, month, last.day().min(month.length(year))).ok()
}

impl<S: Store + DayStore, H: Shop<S::Fault>> Ledger<S, H> {
    /// The days from `since` on, three months back at most, that are not done; oldest first.
    pub fn missing_days(
        &mut self,
        owner: &Whose,
        since: Date,
        now: OffsetDateTime,
    ) -> LedgerResult<Vec<Date>, S::Fault> {
        let Some((last, first)) = last_day(now).and_then(|last| Some((last, first_day(last)?))) else {
            return Ok(Vec::new());
        };
        let first = first.max(since);
        let done: HashSet<Date> = self.store.done_days(&DayKey::of(owner, first))?.into_iter().collect();
        let days = std::iter::successors(Some(first), |day| day.next_day()).take_while(|day| *day <= last);
        Ok(days.filter(|day| !done.contains(day)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn a_bill_is_there_from_ten_on() {
        assert_eq!(last_day(datetime!(2026-11-29 09:59:59 +8)), Some(date!(2026 - 11 - 27)));
        assert_eq!(last_day(datetime!(2026-11-29 10:00 +8)), Some(date!(2026 - 11 - 28)));
    }

    #[test]
    fn bills_are_kept_for_three_months() {
        for (last, first) in [
            (date!(2026 - 11 - 28), date!(2026 - 08 - 28)),
            (date!(2026 - 05 - 31), date!(2026 - 02 - 28)),
            (date!(2026 - 02 - 01), date!(2025 - 11 - 01)),
        ] {
            assert_eq!(first_day(last), Some(first));
        }
    }
}
