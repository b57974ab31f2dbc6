//! The comparison: bills, fund flows and books in, a report out.

pub use super::statement::{Day, Terms};

use super::batch::Batch;
use super::books::Books;
use super::difference::DifferenceKind;
use super::draft::{self, Draft};
use super::judge::Judge;
use super::report::DayReport;
use super::statement::BillFindings;
use crate::bill::fault::BillError;
use crate::bill::source::BillSource;
use crate::bill::verify::sha256;

/// Why nothing could be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError<F> {
    /// Without bills there is nothing to compare with.
    #[error("no bill was given")]
    NoBill,
    /// A bill or fund flow is refused.
    #[error(transparent)]
    Bill(#[from] BillError),
    /// The books could not be read.
    #[error("the books cannot be read")]
    Books(F),
}

/// Compares bills with books.
pub fn compare<B: Books>(terms: &Terms<'_>, books: &mut B) -> Result<DayReport, CompareError<B::Fault>> {
    let dates = || terms.days.iter().map(|day| day.date);
    let (Some(from), Some(to)) = (dates().min(), dates().max()) else { return Err(CompareError::NoBill) };
    let changed = changed(terms)?;
    if !changed.is_empty() {
        let differences = draft::finish(changed, files(terms))?;
        return Ok(DayReport { from, to, totals: None, differences });
    }
    let mut judge = Judge::new(BillFindings::read(terms)?, terms.as_of, from, to);
    let mut batch = Batch::default();
    while batch.fill(books).map_err(CompareError::Books)? {
        judge.take_all(&batch);
    }
    let (totals, drafts) = judge.finish();
    Ok(DayReport { from, to, totals: Some(totals), differences: draft::finish(drafts, files(terms))? })
}

fn files<'a>(terms: &Terms<'a>) -> impl Iterator<Item = &'a dyn BillSource> {
    terms.days.iter().filter_map(|day| day.bill)
}

/// The days that were done with another bill.
fn changed(terms: &Terms<'_>) -> Result<Vec<Draft>, BillError> {
    let mut drafts = Vec::new();
    for day in terms.days {
        let known = terms.done.iter().find(|(date, _)| *date == day.date);
        let (Some((date, ours)), Some(bill)) = (known, day.bill) else { continue };
        let theirs = sha256(bill.open().map_err(|e| BillError::Unreadable(e.to_string()))?)?;
        if theirs != *ours {
            let draft = Draft::new(DifferenceKind::BillChanged, "sha256", &*date.to_string());
            drafts.push(draft.theirs(&*theirs).ours(&**ours));
        }
    }
    Ok(drafts)
}
