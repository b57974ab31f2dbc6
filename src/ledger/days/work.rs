//! A claimed day at work: who brings its bill, who carries its questions, and what ends it.

use super::store::{DayRow, DayStore};
use crate::bill::document::Document;
use crate::bill::fault::BillError;
use crate::bill::reconcile::report::DayReport;
use crate::ledger::entry::Ms;
use crate::ledger::ledger::Ledger;
use crate::ledger::question::Answer;
use crate::ledger::store::{Halt, Shop, Store, Whose};
use crate::model::merchant::ApiVersion;
use std::sync::Arc;
use time::Date;

/// A claimed day is nobody else's for so long; it is claimed anew before each step.
pub const LEASE: Ms = 600_000;

/// What is asked about an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AskedAbout {
    /// The order.
    Order,
    /// Its refunds, of which v2 has a list.
    Refunds,
    /// Its refund of this number, as APIv3 tells them.
    Refund(String),
}

/// One question about an order that need not be in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Inquiry {
    /// The shop's number.
    pub out_trade_no: String,
    /// What is asked.
    pub about: AskedAbout,
}

/// Who brings bills and carries questions for one merchant.
pub trait DayDesk {
    /// Why it could not.
    type Fault;

    /// The day's trade bill, of all types.
    fn bill(&mut self, date: Date) -> Result<Document, Self::Fault>;
    /// The day's fund flow, if it can be had.
    fn flow(&mut self, date: Date) -> Result<Option<Document>, Self::Fault>;
    /// What the merchant speaks.
    fn version(&self) -> ApiVersion;
    /// Asks, as many at once as it carries; answers in their order.
    fn inquire(&mut self, inquiries: &[Inquiry]) -> Vec<Answer>;
    /// Fails if the work is to end here.
    fn go_on(&mut self) -> Result<(), Self::Fault>;
    /// Waits.
    fn wait(&mut self, ms: u64) -> Result<(), Self::Fault>;
}

/// Why a day was not done.
#[derive(Debug)]
pub enum DayHalt<F, D> {
    /// The ledger stopped.
    Ledger(Halt<F>),
    /// The bill could not be brought, or the work was to end.
    Desk(D),
    /// A bill is refused.
    Bill(BillError),
    /// The lease was over, and another worker has the day.
    Taken,
}

impl<F, D> From<Halt<F>> for DayHalt<F, D> {
    fn from(halt: Halt<F>) -> Self {
        Self::Ledger(halt)
    }
}

/// What came of a day.
#[derive(Debug)]
pub struct Reconciled {
    /// What was found; every difference is kept.
    pub report: DayReport,
    /// The bill, unless another worker had it.
    pub bill: Option<Arc<Document>>,
}

/// The end of a step.
pub(super) type DayResult<T, F, D> = Result<T, DayHalt<F, D>>;

/// A claimed day at work.
pub(super) struct DayWork<'a, S, H, D> {
    pub ledger: &'a mut Ledger<S, H>,
    pub desk: &'a mut D,
    pub owner: &'a Whose,
    pub today: Date,
    pub day: DayRow,
}

impl<S: Store + DayStore, H: Shop<S::Fault>, D: DayDesk> DayWork<'_, S, H, D> {
    /// Keeps the day for the next step.
    pub(super) fn hold(&mut self) -> DayResult<(), S::Fault, D::Fault> {
        if !self.ledger.store.hold_day(&self.day, LEASE).map_err(Halt::Store)? {
            return Err(DayHalt::Taken);
        }
        self.day.epoch += 1;
        Ok(())
    }
}
