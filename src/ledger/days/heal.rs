//! Asks WeChat about what differs, and applies what it says: many orders in one transaction, and each by itself where
//! that fails, so that one which cannot be applied keeps no other back.

use super::store::{AT_ONCE, DayStore};
use super::told;
use super::work::{AskedAbout, DayDesk, DayHalt, DayResult, DayWork, Inquiry};
use crate::bill::reconcile::difference::{Difference, DifferenceKind, DifferenceState};
use crate::bill::reconcile::report::DayReport;
use crate::ledger::entry::Entry;
use crate::ledger::ledger::LedgerResult;
use crate::ledger::question::Answer;
use crate::ledger::sighting::{RefundSighting, Sighting, Source};
use crate::ledger::store::{Failure, Halt, Kind, Shop, Store, Whose};
use crate::model::merchant::ApiVersion;
use crate::model::order_id::{OrderId, out_refund_no};
use std::collections::{HashMap, HashSet};

/// What was asked too often is asked again so many times, after pauses that double from so many milliseconds.
const ROUNDS: u32 = 6;
const PAUSE: u64 = 1000;

/// What is to be asked next.
#[derive(Default)]
struct NextRound {
    again: Vec<Inquiry>,
    /// Was WeChat asked too often?
    is_limited: bool,
}

/// A note is no longer than this, in characters.
const LONGEST_NOTE: usize = 500;

const SKIPPED: &str =
    "not applied: a process ended in the middle of it; apply() what OrderQuery says of it by hand";

/// What was to be asked on a day, at work.
pub(super) struct Healing<'w, 'a, S, H, D> {
    work: &'w mut DayWork<'a, S, H, D>,
    inquiries: Vec<Inquiry>,
    notes: HashMap<String, String>,
    /// The refunds that differ, by order: APIv3 is asked by their numbers.
    refunds: HashMap<String, Vec<String>>,
    /// After a process has ended in the middle: one by one, each written down before.
    singly: bool,
}

impl<'w, 'a, S: Store + DayStore, H: Shop<S::Fault>, D: DayDesk> Healing<'w, 'a, S, H, D> {
    /// Everything that WeChat can say something about, and no person has settled.
    pub(super) fn of(
        work: &'w mut DayWork<'a, S, H, D>,
        report: &DayReport,
    ) -> DayResult<Self, S::Fault, D::Fault> {
        let kept = work.ledger.store.differences_of(&work.day).map_err(Halt::Store)?;
        let settled: HashSet<String> = kept
            .into_iter()
            .filter(|kept| kept.difference.state == DifferenceState::Settled)
            .map(|kept| kept.identity)
            .collect();
        let is_open = |of: &&Difference| !settled.contains(&told::identity(of));
        let open: Vec<&Difference> = report.differences.iter().filter(is_open).collect();
        let (version, mut seen) = (work.desk.version(), HashSet::new());
        let inquiries = open.iter().filter_map(|of| inquiry(of, version));
        let inquiries = inquiries.filter(|inquiry| seen.insert(inquiry.clone())).collect();
        let refunds = numbers(&open);
        Ok(Self { work, inquiries, notes: HashMap::new(), refunds, singly: false })
    }

    /// Is there nothing to ask?
    pub(super) fn is_empty(&self) -> bool {
        self.inquiries.is_empty()
    }

    /// Asks and applies. Gives what could not be applied, and why, by order.
    pub(super) fn heal(mut self) -> DayResult<HashMap<String, String>, S::Fault, D::Fault> {
        if self.inquiries.is_empty() {
            return Ok(self.notes);
        }
        self.begin()?;
        for some in std::mem::take(&mut self.inquiries).chunks(AT_ONCE) {
            self.ask_all(some.to_vec())?;
        }
        Ok(self.notes)
    }

    /// Asks until everything is answered; more slowly each time that WeChat is asked too often.
    fn ask_all(&mut self, mut some: Vec<Inquiry>) -> DayResult<(), S::Fault, D::Fault> {
        for round in 0..ROUNDS {
            let next = self.ask(&some)?;
            some = next.again;
            if some.is_empty() {
                return Ok(());
            }
            if next.is_limited {
                self.work.desk.wait(PAUSE << round).map_err(DayHalt::Desk)?;
            }
        }
        for inquiry in &some {
            self.note(&inquiry.out_trade_no, "WeChat was asked in vain: FREQUENCY_LIMITED");
        }
        Ok(())
    }

    /// Writes down that this is being tried. What a process has ended in the middle of is left out.
    fn begin(&mut self) -> DayResult<(), S::Fault, D::Fault> {
        let day = &mut self.work.day;
        self.singly = day.attempt > 0;
        day.skipped.extend(day.trying.take());
        day.attempt += 1;
        self.work.hold()
    }

    /// Asks some, applies the answers; gives what is to be asked next: the refunds of what went back, and what was asked
    /// too often.
    fn ask(&mut self, some: &[Inquiry]) -> DayResult<NextRound, S::Fault, D::Fault> {
        self.work.desk.go_on().map_err(DayHalt::Desk)?;
        let some = self.askable(some)?;
        if some.is_empty() {
            return Ok(NextRound::default());
        }
        self.work.hold()?;
        let answers = self.work.desk.inquire(&some);
        let (mut orders, mut lists, mut next) = (Vec::new(), Vec::new(), NextRound::default());
        for (inquiry, answer) in some.into_iter().zip(answers) {
            match answer {
                Answer::Order(seen) => {
                    if seen.went_back() {
                        next.again.extend(self.refunds_of(inquiry));
                    }
                    orders.push(Sighting { source: Source::Bill, ..seen });
                }
                Answer::Refunds(list) => lists.push(list),
                Answer::Absent => {}
                Answer::Limited => {
                    next.is_limited = true;
                    next.again.push(inquiry);
                }
                other => {
                    let why = format!("WeChat was asked in vain: {}", words(other));
                    self.note(&inquiry.out_trade_no, &why);
                }
            }
        }
        self.apply(&orders)?;
        lists.iter().try_for_each(|list| self.apply_list(list))?;
        Ok(next)
    }

    /// What is asked about the refunds of an order: the list, or those that the bill names.
    fn refunds_of(&mut self, inquiry: Inquiry) -> Vec<Inquiry> {
        if self.work.desk.version() == ApiVersion::V2 {
            return vec![Inquiry { about: AskedAbout::Refunds, ..inquiry }];
        }
        let numbers = self.refunds.remove(&inquiry.out_trade_no).unwrap_or_default().into_iter();
        numbers.map(|number| Inquiry { about: AskedAbout::Refund(number), ..inquiry.clone() }).collect()
    }

    /// Without what was skipped, and what was opened with other ids than those we would ask with. The refunds of an
    /// order that the ledger does not have say nothing to it: the order is asked about first.
    fn askable(&mut self, some: &[Inquiry]) -> DayResult<Vec<Inquiry>, S::Fault, D::Fault> {
        let owner = self.work.owner;
        let numbers: Vec<String> = some.iter().map(|inquiry| inquiry.out_trade_no.clone()).collect();
        let booked = self.work.ledger.store.booked(&owner.mch_id, &owner.sub_mch_id, &numbers);
        let entries = booked.map_err(Halt::Store)?.into_iter();
        let booked: HashMap<String, Entry> =
            entries.map(|entry| (entry.terms.key.out_trade_no.clone(), entry)).collect();
        let mut askable = Vec::new();
        for inquiry in some {
            let entry = booked.get(&inquiry.out_trade_no);
            match self.why_not(inquiry, entry) {
                None if entry.is_some() => {
                    self.asks(inquiry);
                    askable.push(inquiry.clone());
                }
                None => {
                    let first = Inquiry { about: AskedAbout::Order, ..inquiry.clone() };
                    askable.extend(Some(first).filter(|first| !askable.contains(first)));
                }
                Some(note) if note.is_empty() => {}
                Some(note) => self.note(&inquiry.out_trade_no, &note),
            }
        }
        Ok(askable)
    }

    /// A refund that is asked about need not be asked about after its order.
    fn asks(&mut self, inquiry: &Inquiry) {
        let (AskedAbout::Refund(asked), Some(numbers)) =
            (&inquiry.about, self.refunds.get_mut(&inquiry.out_trade_no))
        else {
            return;
        };
        numbers.retain(|number| number != asked);
    }

    /// Why an order is not asked about; empty where its state says enough.
    fn why_not(&self, inquiry: &Inquiry, entry: Option<&Entry>) -> Option<String> {
        let opened = entry.map(|entry| Whose::of(&entry.terms)).filter(|opened| opened != self.work.owner);
        if let Some(opened) = opened {
            let (name, id) = if opened.appid == self.work.owner.appid {
                ("sub_appid", opened.sub_appid)
            } else {
                ("appid", opened.appid)
            };
            return Some(format!("WeChat was not asked: the order was opened with {name} {id}"));
        }
        let is_skipped = self.work.day.skipped.contains(&inquiry.out_trade_no);
        // Somebody has applied it by hand since.
        let is_applied = entry.is_some_and(|entry| !entry.state.is_open());
        is_skipped.then(|| if is_applied { String::new() } else { SKIPPED.to_owned() })
    }

    fn note(&mut self, out_trade_no: &str, note: &str) {
        self.notes.insert(out_trade_no.to_owned(), note.chars().take(LONGEST_NOTE).collect());
    }

    fn apply(&mut self, orders: &[Sighting]) -> DayResult<(), S::Fault, D::Fault> {
        if !self.singly && !orders.is_empty() {
            match self.work.ledger.apply_all(orders) {
                Ok(()) => return Ok(()),
                Err(halt) if ends(&halt) => return Err(halt.into()),
                Err(_) => {}
            }
        }
        orders.iter().try_for_each(|seen| {
            self.try_alone(&seen.key.out_trade_no)?;
            let applied = self.work.ledger.apply(seen, None);
            self.applied(&seen.key.out_trade_no, applied)
        })
    }

    fn apply_list(&mut self, list: &RefundSighting) -> DayResult<(), S::Fault, D::Fault> {
        self.try_alone(&list.key.out_trade_no)?;
        let applied = self.work.ledger.apply_refunds(list, None);
        self.applied(&list.key.out_trade_no, applied)
    }

    fn try_alone(&mut self, out_trade_no: &str) -> DayResult<(), S::Fault, D::Fault> {
        if !self.singly {
            return Ok(());
        }
        self.work.day.trying = Some(out_trade_no.to_owned());
        self.work.hold()
    }

    /// What cannot be applied stays a difference, with the reason.
    fn applied<T>(
        &mut self,
        out_trade_no: &str,
        applied: LedgerResult<T, S::Fault>,
    ) -> DayResult<(), S::Fault, D::Fault> {
        match applied {
            Err(halt) if ends(&halt) => return Err(halt.into()),
            Err(halt) => self.note(out_trade_no, &format!("not applied: {}", why(&halt))),
            Ok(_) => {}
        }
        self.work.day.trying = None;
        Ok(())
    }
}

/// Nothing more can be done on this connection, or in this script.
fn ends<F: Failure>(halt: &Halt<F>) -> bool {
    let ends = [Kind::Over, Kind::Lost, Kind::ReadOnly, Kind::OutcomeUnknown];
    matches!(halt, Halt::Store(fault) if ends.contains(&fault.kind()))
}

fn why<F: Failure>(halt: &Halt<F>) -> String {
    match halt {
        Halt::Store(fault) => fault.text().to_owned(),
        Halt::Refused(refusal) => refusal.to_string(),
        Halt::Breach(reason) => reason.text().to_owned(),
        Halt::Raced => "another transaction changed the order in the middle of this one".to_owned(),
    }
}

fn words(answer: Answer) -> String {
    match answer {
        Answer::Refused(why) | Answer::Unreached(why) | Answer::Useless(why) | Answer::NotNow { why, .. } => {
            why
        }
        other => format!("an answer to another question: {other:?}"),
    }
}

/// The refunds that differ, by order.
fn numbers(open: &[&Difference]) -> HashMap<String, Vec<String>> {
    let mut numbers = HashMap::<String, Vec<String>>::new();
    for of in open.iter().map(|of| &of.numbers) {
        let both = of.out_trade_no.as_ref().zip(of.out_refund_no.as_ref());
        if let Some((order, refund)) = both.filter(|(_, refund)| out_refund_no(refund).is_ok()) {
            numbers.entry(order.clone()).or_default().push(refund.clone());
        }
    }
    numbers
}

/// What WeChat can be asked about a difference.
fn inquiry(of: &Difference, version: ApiVersion) -> Option<Inquiry> {
    let about = match of.kind {
        DifferenceKind::PaidNotBooked
        | DifferenceKind::BookedNotPaid
        | DifferenceKind::AmountDiffers
        | DifferenceKind::StateDiffers
        | DifferenceKind::FeeTypeDiffers
        | DifferenceKind::TransactionIdDiffers
        | DifferenceKind::RevokedAfterPaid => AskedAbout::Order,
        DifferenceKind::RefundNotBooked | DifferenceKind::RefundUnknown | DifferenceKind::RefundDiffers => {
            about_refund(of, version)
        }
        DifferenceKind::FeeDiffers
        | DifferenceKind::SettlementDiffers
        | DifferenceKind::BalanceBroken
        | DifferenceKind::AppidUnknown
        | DifferenceKind::DuplicateRow
        | DifferenceKind::BillChanged => return None,
    };
    // No order of WeChat's has another number: there is nobody to ask about.
    let number = of.numbers.out_trade_no.clone().filter(|number| OrderId::out_trade_no(number).is_ok())?;
    Some(Inquiry { out_trade_no: number, about })
}

/// APIv3 has no list of an order's refunds. Without a number the order says at least whether something went back.
fn about_refund(of: &Difference, version: ApiVersion) -> AskedAbout {
    let number = of.numbers.out_refund_no.clone().filter(|number| out_refund_no(number).is_ok());
    match version {
        ApiVersion::V2 => AskedAbout::Refunds,
        ApiVersion::V3 => number.map_or(AskedAbout::Order, AskedAbout::Refund),
    }
}
