//! One day from its claim to its end.

use super::books::{Arrivals, BooksFault, LedgerBooks, Missing};
use super::heal::Healing;
use super::keep::Findings;
use super::store::{DayKey, DayStore, KeptDifference};
use super::work::{DayDesk, DayHalt, DayResult, DayWork, LEASE, Reconciled};
use crate::bill::document::Document;
use crate::bill::fault::BillError;
use crate::bill::reconcile::compare::{CompareError, Day, Terms, compare};
use crate::bill::reconcile::difference::{BothValues, DifferenceKind, DifferenceState};
use crate::bill::reconcile::report::DayReport;
use crate::bill::source::BillSource;
use crate::ledger::ledger::Ledger;
use crate::ledger::store::{Failure, Halt, Kind, Shop, Store, Whose};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use time::Date;

/// Whoever waits for another worker looks so often.
const LOOKS: u64 = 200;

type KeptDifferences = Vec<KeptDifference>;

/// The files of a day.
struct DayFiles {
    bill: Arc<Document>,
    flow: Option<Document>,
}

impl<S: Store + DayStore, H: Shop<S::Fault>> Ledger<S, H> {
    /// Reconciles a day: waits for a worker that is at it, else does it.
    pub fn reconcile_day<D: DayDesk>(
        &mut self,
        desk: &mut D,
        owner: &Whose,
        date: Date,
        today: Date,
    ) -> DayResult<Reconciled, S::Fault, D::Fault> {
        let key = DayKey::of(owner, date);
        let before = self.store.day(&key).map_err(Halt::Store)?.and_then(|day| day.done_at);
        while !self.store.claim_day(&key, LEASE).map_err(Halt::Store)? {
            desk.wait(LOOKS).map_err(DayHalt::Desk)?;
            let day = self.store.day(&key).map_err(Halt::Store)?;
            if let Some(day) = day.filter(|day| day.due_at.is_none() && day.done_at != before) {
                let report = self.kept_report(&day, today)?;
                return Ok(Reconciled { report, bill: None });
            }
        }
        let day = self.store.day(&key).map_err(Halt::Store)?.ok_or(DayHalt::Taken)?;
        if day.done_at != before {
            // Another worker has ended it between two looks of ours.
            self.store.free_day(&day).map_err(Halt::Store)?;
            let report = self.kept_report(&day, today)?;
            return Ok(Reconciled { report, bill: None });
        }
        DayWork { ledger: self, desk, owner, today, day }.done()
    }
}

impl<S: Store + DayStore, H: Shop<S::Fault>, D: DayDesk> DayWork<'_, S, H, D> {
    /// Does the day; however that ends, the lease does too.
    fn done(mut self) -> DayResult<Reconciled, S::Fault, D::Fault> {
        let worked = self.work();
        if let Err(halt) = &worked {
            self.free(halt);
        }
        worked
    }

    /// Another worker need not wait for the end of the lease. What ends the script counts as a process that ended.
    fn free(&mut self, halt: &DayHalt<S::Fault, D::Fault>) {
        let over = matches!(halt, DayHalt::Ledger(Halt::Store(fault)) if fault.kind() == Kind::Over);
        if !over {
            (self.day.attempt, self.day.trying) = (0, None);
        }
        // Whatever this says, the error that led here says more.
        let _ = self.ledger.store.free_day(&self.day);
    }

    fn work(&mut self) -> DayResult<Reconciled, S::Fault, D::Fault> {
        let files = DayFiles {
            bill: Arc::new(self.desk.bill(self.day.key.date).map_err(DayHalt::Desk)?),
            flow: self.desk.flow(self.day.key.date).map_err(DayHalt::Desk)?,
        };
        self.hold()?;
        let awaited = self.awaited()?;
        let numbers = awaited.keys().cloned().collect();
        self.accept_changed(&files)?;
        let first = self.compare(&files, &numbers)?;
        if first.report.totals.is_none() {
            let report = self.keep_changed(&first.report)?;
            return Ok(Reconciled { report, bill: Some(files.bill) });
        }
        let healing = Healing::of(self, &first.report)?;
        let is_clean = healing.is_empty();
        let notes = healing.heal()?;
        let again = if is_clean { None } else { Some(self.compare(&files, &numbers)?) };
        let last = again.as_ref().unwrap_or(&first);
        let arrived = last
            .arrivals
            .awaited
            .iter()
            .filter_map(|missing| awaited.get(missing))
            .flatten()
            .cloned()
            .collect();
        let sha256 = files.bill.sha256().map_err(DayHalt::Bill)?;
        let findings = Findings {
            first: &first.report,
            last: &last.report,
            notes,
            arrived,
            strays: &last.arrivals.strays,
            sha256,
        };
        let report = self.keep(&findings)?;
        Ok(Reconciled { report, bill: Some(files.bill) })
    }

    /// A person who has settled that the bill has changed has accepted this content: the day is done anew with it.
    fn accept_changed(&mut self, files: &DayFiles) -> DayResult<(), S::Fault, D::Fault> {
        let sha256 = files.bill.sha256().map_err(DayHalt::Bill)?;
        if self.day.sha256.as_deref().is_none_or(|known| known == sha256) {
            return Ok(());
        }
        let kept = self.ledger.store.differences_of(&self.day).map_err(Halt::Store)?;
        let is_accepted = kept.iter().map(|kept| &kept.difference).any(|difference| {
            difference.kind == DifferenceKind::BillChanged
                && difference.state == DifferenceState::Settled
                && difference.theirs.as_ref().is_some_and(|theirs| *theirs == BothValues::from(sha256))
        });
        if is_accepted {
            self.day.sha256 = None;
        }
        Ok(())
    }

    /// What earlier days wait for, by the number that a later bill may have.
    fn awaited(&mut self) -> DayResult<HashMap<Missing, KeptDifferences>, S::Fault, D::Fault> {
        let states = [DifferenceState::Waiting, DifferenceState::Open];
        let mut awaited: HashMap<Missing, KeptDifferences> = HashMap::new();
        for kept in self.ledger.store.differences(self.owner, &states).map_err(Halt::Store)? {
            let is_missing = kept.difference.theirs.is_none()
                && matches!(
                    kept.difference.kind,
                    DifferenceKind::BookedNotPaid | DifferenceKind::RefundDiffers
                );
            let is_earlier = kept.difference.kept.as_ref().is_some_and(|at| at.date < self.day.key.date);
            if is_missing && is_earlier {
                awaited.entry((kept.difference.kind, kept.difference.key.clone())).or_default().push(kept);
            }
        }
        Ok(awaited)
    }

    fn compare(
        &mut self,
        files: &DayFiles,
        awaited: &HashSet<Missing>,
    ) -> DayResult<Compared, S::Fault, D::Fault> {
        let key = &self.day.key;
        let bill: &dyn BillSource = files.bill.kept();
        let flows: Vec<&dyn BillSource> =
            files.flow.iter().map(|flow| flow.kept() as &dyn BillSource).collect();
        let done: Vec<(Date, String)> =
            self.day.sha256.iter().map(|sha256| (key.date, sha256.clone())).collect();
        let terms = Terms {
            days: &[Day { date: key.date, bill: Some(bill) }],
            flows: &flows,
            previous_balance: None,
            as_of: self.today,
            appids: std::slice::from_ref(&self.owner.appid),
            done: &done,
        };
        let store = &mut self.ledger.store;
        let mut books = LedgerBooks::new(&mut *store, key, bill, awaited).map_err(DayHalt::Bill)?;
        let report = compare(&terms, &mut books).map_err(halted)?;
        let arrivals = books.arrivals();
        drop(books);
        Ok(Compared { report: known_appids(store, self.owner, report).map_err(Halt::Store)?, arrivals })
    }
}

/// What one comparison found.
struct Compared {
    report: DayReport,
    /// What other days wait for, and this bill has.
    arrivals: Arrivals,
}

fn halted<F, D>(error: CompareError<BooksFault<F>>) -> DayHalt<F, D> {
    match error {
        CompareError::NoBill => DayHalt::Bill(BillError::Unreadable("no bill was given".into())),
        CompareError::Bill(error) | CompareError::Books(BooksFault::Bill(error)) => DayHalt::Bill(error),
        CompareError::Books(BooksFault::Store(fault)) => DayHalt::Ledger(Halt::Store(fault)),
    }
}

/// A bill has all appids of its merchant: those that have orders here are not unknown.
fn known_appids<S: DayStore>(
    store: &mut S,
    owner: &Whose,
    mut report: DayReport,
) -> Result<DayReport, S::Fault> {
    let mut known = HashSet::new();
    for difference in report.differences.iter().filter(|d| d.kind == DifferenceKind::AppidUnknown) {
        if store.knows_appid(&owner.mch_id, &difference.key)? {
            known.insert(difference.key.clone());
        }
    }
    report.differences.retain(|d| d.kind != DifferenceKind::AppidUnknown || !known.contains(&d.key));
    Ok(report)
}
