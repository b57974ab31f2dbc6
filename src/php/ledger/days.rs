//! The ledger's days: a bill is brought, compared, asked about; what is left is shown, and settled by a person.

use crate::api::download_bill::DownloadKind;
use crate::bill::document::{AccountType, Document};
use crate::bill::header::BillType;
use crate::bill::reconcile::difference::DifferenceState;
use crate::clock::{BEIJING, Clock, SystemClock};
use crate::error::{Error, Fault};
use crate::ledger::days::store::DayStore;
use crate::ledger::days::{DayDesk, DayHalt, Inquiry, Reconciled, first_day};
use crate::ledger::question::Answer;
use crate::ledger::store::Whose;
use crate::model::merchant::ApiVersion;
use crate::php::bills::bill::{day, refused};
use crate::php::bills::day_report;
use crate::php::bills::download_bill::download;
use crate::php::calls::gateway::Caller;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::param::{Int, Optional, Param, Text, int, text};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::signals;
use crate::php::ledger::core::{NOTE, PhpLedger, carrier, merchant, noted, whose};
use crate::php::ledger::errors::raised;
use crate::php::ledger::pdo::fault::PdoFault;
use crate::php::values::enums::{Case, case_of};
use time::{Date, OffsetDateTime};

/// The day of a bill.
pub const DATE: Param<Text> = text("date");
/// Which differences.
pub const STATE: Param<Optional<Case<DifferenceState>>> = case_of("state").or_null();
/// A difference's number.
pub const DIFFERENCE: Param<Int> = int("difference");
/// The first day that counts.
pub const SINCE: Param<Text> = text("since");
/// How many days at most.
pub const DAYS: Param<Int> = int("limit").or("7");

/// WeChat is asked about so many orders at once.
const CONCURRENCY: usize = 16;

const TAKEN: &str =
    "Another worker has taken this day: the lease of this one was over. Call reconcileDay() again";
const UNKNOWN: &str = "must be the id of a difference of this ledger";

/// Reconciles one day.
pub fn reconcile_day(call: &mut Call<'_>) -> Outcome {
    let date = day(call, DATE)?;
    if today()?.date().previous_day().and_then(first_day).is_some_and(|first| date < first) {
        return Err(call.bad(DATE, "must be one of the last three months: WeChat keeps no older bill"));
    }
    let mut desk = DayCaller::new(call, "Ledger::reconcileDay()")?;
    let done = reconciled(call.this::<PhpLedger>()?, &mut desk, date)?;
    to_php(done)
}

/// Reconciles the days that are missing, oldest first. A day whose own bill fails holds up no other; the first such fault
/// is thrown when the others are done.
pub fn reconcile_missing(call: &mut Call<'_>) -> Outcome {
    let since = day(call, SINCE)?;
    let limit = usize::try_from(call.get(DAYS)?).ok().filter(|n| (1..=100).contains(n));
    let limit = limit.ok_or_else(|| call.bad(DAYS, "must be between 1 and 100"))?;
    let mut desk = DayCaller::new(call, "Ledger::reconcileMissing()")?;
    let ledger = call.this::<PhpLedger>()?;
    let (mut reports, mut failed) = (Vec::new(), None);
    for date in missing(ledger, &whose(&desk.caller.merchant), since)? {
        if reports.len() >= limit {
            break;
        }
        match reconciled(ledger, &mut desk, date) {
            Ok(done) => reports.push(to_php(done)?),
            // A bill that cannot be had or read is its own day's matter; what stops one stops all.
            Err(Raise::Fault(fault)) if is_the_days_own(&fault) => failed = failed.or(Some(fault)),
            Err(raise) => return Err(raise),
        }
    }
    failed.map_or_else(|| value::list(reports), |fault| Err(Raise::Fault(fault)))
}

fn is_the_days_own(fault: &Fault) -> bool {
    !matches!(fault.error, Error::Transport(_) | Error::Configuration(_))
}

/// The days that are not done.
pub fn missing_days(call: &mut Call<'_>) -> Outcome {
    let (since, owner) = (day(call, SINCE)?, whose(&*merchant(call)?));
    let days = missing(call.this::<PhpLedger>()?, &owner, since)?;
    value::list(days.into_iter().map(|day| value::text(day.to_string())))
}

/// The differences that are kept.
pub fn differences(call: &mut Call<'_>) -> Outcome {
    let (owner, state) = (whose(&*merchant(call)?), call.get(STATE)?);
    let today = today()?.date();
    // What waits in the table may have waited long enough.
    let states = match state {
        None => DifferenceState::ALL.to_vec(),
        Some(DifferenceState::Open) => vec![DifferenceState::Waiting, DifferenceState::Open],
        Some(state) => vec![state],
    };
    let kept =
        call.this::<PhpLedger>()?.run("", |core| Ok(core.store.differences(&owner, &states)?))?.into_iter();
    let seen = kept.map(|kept| kept.difference.seen_on(today));
    let wanted = seen.filter(|difference| state.is_none_or(|state| state == difference.state));
    let shown: Result<Vec<_>, Raise> = wanted.map(|difference| day_report::difference(&difference)).collect();
    value::list(shown?)
}

/// A person settles a difference.
pub fn settle(call: &mut Call<'_>) -> Outcome {
    let (id, note) = (call.get(DIFFERENCE)?, noted(call, NOTE)?);
    let settled = call.this::<PhpLedger>()?.run("", |core| {
        let known = core.store.difference(id)?;
        if known.is_some() {
            core.store.settle_difference(id, note)?;
        }
        Ok(core.store.difference(id)?)
    })?;
    let difference = settled.ok_or_else(|| call.bad(DIFFERENCE, UNKNOWN))?;
    match difference.state {
        DifferenceState::Settled => day_report::difference(&difference),
        _ => Err(Raise::Logic(format!("Difference {id} is healed: there is nothing to settle"))),
    }
}

fn today() -> Result<OffsetDateTime, Raise> {
    let now = OffsetDateTime::from_unix_timestamp(SystemClock.unix_seconds());
    Ok(now.map_err(|e| Raise::Engine(e.to_string()))?.to_offset(BEIJING))
}

fn missing(ledger: &PhpLedger, owner: &Whose, since: Date) -> Result<Vec<Date>, Raise> {
    let now = today()?;
    ledger.run("", |core| core.missing_days(owner, since, now))
}

fn reconciled(ledger: &PhpLedger, desk: &mut DayCaller, date: Date) -> Result<Reconciled, Raise> {
    let (owner, today) = (whose(&desk.caller.merchant), today()?.date());
    let done = ledger.with(|core| Ok(core.reconcile_day(desk, &owner, date, today)))?;
    done.map_err(|halt| match halt {
        DayHalt::Ledger(halt) => raised(halt, ""),
        DayHalt::Desk(raise) => raise,
        DayHalt::Bill(error) => refused(error),
        DayHalt::Taken => PdoFault::own(TAKEN.into()).into(),
    })
}

fn to_php(done: Reconciled) -> Outcome {
    day_report::to_php(done.report, done.bill.into_iter().collect())
}

/// Brings the bills of one merchant, and carries the questions.
struct DayCaller {
    caller: Caller,
    raised: Option<Raise>,
}

impl DayCaller {
    fn new(call: &mut Call<'_>, name: &str) -> Result<Self, Raise> {
        let merchant = merchant(call)?;
        let ledger = call.this::<PhpLedger>()?;
        ledger.with(|core| Ok(core.store.alone(name)?))?;
        Ok(Self { caller: ledger.caller(merchant)?, raised: None })
    }
}

impl DayDesk for DayCaller {
    type Fault = Raise;

    fn bill(&mut self, date: Date) -> Result<Document, Raise> {
        download(&self.caller, DownloadKind::Bill(BillType::All), date)
    }

    /// In v2 there is one with a certificate only; and it is the merchant's own account: a sub-merchant's money is in another.
    fn flow(&mut self, date: Date) -> Result<Option<Document>, Raise> {
        let merchant = &self.caller.merchant;
        let lacks_certificate = merchant.v2().is_ok_and(|keys| keys.certificate.is_none());
        if lacks_certificate || merchant.sub_mch_id.is_some() {
            return Ok(None);
        }
        download(&self.caller, DownloadKind::FundFlow(AccountType::Basic), date).map(Some)
    }

    fn version(&self) -> ApiVersion {
        self.caller.merchant.api_version()
    }

    fn inquire(&mut self, inquiries: &[Inquiry]) -> Vec<Answer> {
        let caller = &self.caller;
        let carrier = carrier(caller, false, CONCURRENCY);
        let answers = carrier.inquire(inquiries, caller.observer());
        self.raised = self.raised.take().or(door::interruption().err());
        answers
    }

    fn go_on(&mut self) -> Result<(), Raise> {
        signals::dispatch()?;
        self.raised.take().map_or(Ok(()), Err)
    }

    fn wait(&mut self, ms: u64) -> Result<(), Raise> {
        signals::sleep(ms)
    }
}
