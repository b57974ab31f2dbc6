//! What was found on a day, stored: the same bill again gives the same rows, and what a person has settled stays so.

use super::books::Stray;
use super::store::{DayKey, DayRow, DayStore, KeptDifference};
use super::told;
use super::work::{DayDesk, DayHalt, DayResult, DayWork};
use crate::bill::reconcile::difference::{Difference, DifferenceKind, DifferenceState, KeptAs};
use crate::bill::reconcile::report::DayReport;
use crate::ledger::ledger::{Ledger, LedgerResult};
use crate::ledger::store::{Halt, Shop, Store};
use std::collections::{HashMap, HashSet};
use time::Date;

/// What a day has brought.
pub(super) struct Findings<'a> {
    /// Before WeChat was asked.
    pub first: &'a DayReport,
    /// After that.
    pub last: &'a DayReport,
    /// Why something could not be applied, by order.
    pub notes: HashMap<String, String>,
    /// Differences of earlier days that this bill has ended.
    pub arrived: Vec<KeptDifference>,
    /// What other days have, and this bill lists.
    pub strays: &'a [Stray],
    /// The bill's content.
    pub sha256: &'a str,
}

impl<S: Store + DayStore, H: Shop<S::Fault>> Ledger<S, H> {
    /// The report of a day as it is kept.
    pub(super) fn kept_report(&mut self, day: &DayRow, today: Date) -> LedgerResult<DayReport, S::Fault> {
        let kept = self.store.differences_of(day)?;
        Ok(DayReport {
            from: day.key.date,
            to: day.key.date,
            totals: day.totals.as_deref().and_then(told::read_totals),
            differences: kept.into_iter().map(|kept| kept.difference.seen_on(today)).collect(),
        })
    }

    fn write_findings(&mut self, day: &DayRow, found: &Findings<'_>) -> LedgerResult<(), S::Fault> {
        let kept = self.store.differences_of(day)?;
        let known: HashMap<&str, &KeptDifference> =
            kept.iter().map(|kept| (kept.identity.as_str(), kept)).collect();
        let (mut still, mut news) = (HashSet::new(), Vec::new());
        for difference in &found.last.differences {
            let identity = told::identity(difference);
            let noted = noted(difference, day, &found.notes);
            match known.get(identity.as_str()) {
                None => news.push((identity.clone(), noted)),
                Some(kept) => self.update(kept, &noted)?,
            }
            still.insert(identity);
        }
        for difference in &found.first.differences {
            let identity = told::identity(difference);
            if !known.contains_key(identity.as_str()) && still.insert(identity.clone()) {
                news.push((identity, healed(difference)));
            }
        }
        self.store.add_differences(day, &news)?;
        let gone = kept.iter().filter(|kept| !still.contains(&kept.identity)).chain(&found.arrived);
        for kept in gone.filter(|kept| may_heal(&kept.difference)) {
            self.store.move_difference(kept.id, &healed(&kept.difference))?;
        }
        found.strays.iter().try_for_each(|stray| self.write_stray(day, stray))?;
        let totals = found.last.totals.as_ref().map(told::totals).unwrap_or_default();
        if self.store.end_day(day, found.sha256, &totals)? { Ok(()) } else { Err(Halt::Raced) }
    }

    /// What this bill lists is not missing on the day on which the ledger has it.
    fn write_stray(&mut self, day: &DayRow, stray: &Stray) -> LedgerResult<(), S::Fault> {
        let key = DayKey { date: stray.date, ..day.key.clone() };
        let other = self.store.make_day(&key)?.ok_or(Halt::Raced)?;
        let identity = told::identity(&stray.difference);
        let known = self.store.differences_of(&other)?.into_iter().find(|kept| kept.identity == identity);
        match known {
            None => self.store.add_differences(&other, &[(identity, stray.difference.clone())])?,
            Some(kept) if kept.difference.state.is_unsettled() => {
                self.store.move_difference(kept.id, &healed(&kept.difference))?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn update(&mut self, kept: &KeptDifference, found: &Difference) -> LedgerResult<(), S::Fault> {
        if !is_over(&kept.difference) && !is_same(kept, found) {
            self.store.move_difference(kept.id, found)?;
        }
        Ok(())
    }
}

impl<S: Store + DayStore, H: Shop<S::Fault>, D: DayDesk> DayWork<'_, S, H, D> {
    /// Stores what was found, and ends the day.
    pub(super) fn keep(&mut self, found: &Findings<'_>) -> DayResult<DayReport, S::Fault, D::Fault> {
        let day = &self.day;
        self.ledger.transact(|ledger| ledger.write_findings(day, found)).map_err(taken)?;
        let kept = self.ledger.kept_report(day, self.today)?;
        Ok(DayReport { totals: found.last.totals, ..kept })
    }

    /// Another content for a day that is done: that is kept, and nothing else changes.
    pub(super) fn keep_changed(&mut self, found: &DayReport) -> DayResult<DayReport, S::Fault, D::Fault> {
        let day = &self.day;
        let news: Vec<_> = found.differences.iter().map(|of| (told::identity(of), of.clone())).collect();
        let written = self.ledger.transact(|ledger| {
            ledger.store.add_differences(day, &news)?;
            if ledger.store.free_day(&DayRow { attempt: 0, trying: None, ..day.clone() })? {
                Ok(())
            } else {
                Err(Halt::Raced)
            }
        });
        written.map_err(taken)?;
        let kept = self.ledger.kept_report(day, self.today)?;
        Ok(DayReport { totals: None, ..kept })
    }
}

fn taken<F, D>(halt: Halt<F>) -> DayHalt<F, D> {
    if matches!(halt, Halt::Raced) { DayHalt::Taken } else { halt.into() }
}

fn noted(found: &Difference, day: &DayRow, notes: &HashMap<String, String>) -> Difference {
    let note = found.numbers.out_trade_no.as_ref().and_then(|number| notes.get(number)).cloned();
    Difference { kept: Some(KeptAs { id: 0, date: day.key.date, note }), ..found.clone() }
}

fn healed(of: &Difference) -> Difference {
    let kept = of.kept.clone().map(|kept| KeptAs { note: None, ..kept });
    Difference { state: DifferenceState::Healed, kept, ..of.clone() }
}

/// That a bill has changed stays so until a person has looked.
fn may_heal(of: &Difference) -> bool {
    of.state.is_unsettled() && of.kind != DifferenceKind::BillChanged
}

/// A person has settled it, or another day's bill lists what this day's does not.
fn is_over(of: &Difference) -> bool {
    let is_elsewhere = of.state == DifferenceState::Healed && of.theirs.is_none();
    of.state == DifferenceState::Settled || is_elsewhere
}

fn is_same(kept: &KeptDifference, found: &Difference) -> bool {
    let note = |of: &Difference| of.kept.as_ref().and_then(|kept| kept.note.clone());
    let known = &kept.difference;
    known.state == found.state
        && known.due == found.due
        && known.ours == found.ours
        && known.numbers == found.numbers
        && note(known) == note(found)
}
