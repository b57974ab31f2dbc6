//! Reconciled days in the database.

use super::connection::{Bound, Connection, SqlResult, SqlRow};
use super::dialect::days::DayStatement;
use super::dialect::{Dialect, Statement};
use super::rows::{evidenced, order, refund, unknown};
use super::store::{MOST_TRIES, SqlStore, in_ascii};
use crate::bill::moment;
use crate::bill::reconcile::difference::{Difference, DifferenceKind, DifferenceState, KeptAs};
use crate::ledger::ascii;
use crate::ledger::days::store::{AT_ONCE, DayKey, DayRow, DayStore, KeptDifference, PageEnd};
use crate::ledger::days::told;
use crate::ledger::entry::{Entry, Ms, RefundRow};
use crate::ledger::store::{Evidence, Failure, Kind, Transactions, Whose};
use time::Date;

impl<C: Connection> SqlStore<C> {
    fn day_rows(&mut self, statement: DayStatement, bound: &[Bound<'_>]) -> SqlResult<Vec<SqlRow>, C::Cause> {
        self.connection.rows(Statement::Day(statement), bound)
    }

    fn day_row(
        &mut self,
        statement: DayStatement,
        bound: &[Bound<'_>],
    ) -> SqlResult<Option<SqlRow>, C::Cause> {
        self.one(Statement::Day(statement), bound)
    }

    fn changes(&mut self, statement: DayStatement, bound: &[Bound<'_>]) -> SqlResult<bool, C::Cause> {
        Ok(self.connection.change(Statement::Day(statement), bound)? == 1)
    }

    /// Inserts many rows. On MySQL one whose key is taken spoils them all: then they are inserted one by one.
    fn add_all(&mut self, insert: Statement, rows: &[Vec<Bound<'_>>]) -> SqlResult<(), C::Cause> {
        for some in rows.chunks(AT_ONCE) {
            let text = self.connection.sql().of_rows(insert, some.len());
            match self.connection.change_once(&text, &some.concat()) {
                Err(fault) if fault.taken && self.dialect() == Dialect::Mysql => {
                    some.iter().try_for_each(|row| self.add(insert, row).map(drop))?;
                }
                ended => drop(ended?),
            }
        }
        Ok(())
    }

    /// The orders with these numbers.
    fn with_numbers(
        &mut self,
        statement: DayStatement,
        mch_id: &str,
        sub_mch_id: &str,
        numbers: &[String],
    ) -> SqlResult<Vec<Entry>, C::Cause> {
        let Some(last) = numbers.last() else { return Ok(Vec::new()) };
        let places = (0..AT_ONCE).map(|at| Bound::from(numbers.get(at).unwrap_or(last)));
        let bound: Vec<Bound<'_>> = [mch_id.into(), sub_mch_id.into()].into_iter().chain(places).collect();
        self.day_rows(statement, &bound)?.into_iter().map(|mut row| order(&mut row)).collect()
    }

    /// Outside a transaction: a database that is busy is asked again.
    fn patiently<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> SqlResult<T, C::Cause>,
    ) -> SqlResult<T, C::Cause> {
        let mut tries = 1;
        loop {
            match work(self) {
                Err(fault) if fault.kind() == Kind::Busy && tries < MOST_TRIES => self.pause(tries),
                ended => return ended,
            }
            tries += 1;
        }
    }
}

impl<C: Connection> DayStore for SqlStore<C> {
    fn claim_day(&mut self, key: &DayKey, lease: Ms) -> SqlResult<bool, C::Cause> {
        self.alone("Ledger::reconcileDay()")?;
        self.ready()?;
        let date = key.date.to_string();
        let names: [Bound<'_>; 3] = [(&key.mch_id).into(), (&key.sub_mch_id).into(), (&date).into()];
        self.patiently(|store| {
            store.add(Statement::Day(DayStatement::Make), &names)?;
            store.changes(DayStatement::Take, &[&[lease.into()], &names[..]].concat())
        })
    }

    fn day(&mut self, key: &DayKey) -> SqlResult<Option<DayRow>, C::Cause> {
        self.usable()?;
        self.ready()?;
        let date = key.date.to_string();
        let names = [(&key.mch_id).into(), (&key.sub_mch_id).into(), (&date).into()];
        self.day_row(DayStatement::Find, &names)?.map(day).transpose()
    }

    fn make_day(&mut self, key: &DayKey) -> SqlResult<Option<DayRow>, C::Cause> {
        let date = key.date.to_string();
        let names: [Bound<'_>; 3] = [(&key.mch_id).into(), (&key.sub_mch_id).into(), (&date).into()];
        self.add(Statement::Day(DayStatement::Make), &names)?;
        self.day_row(DayStatement::Find, &names)?.map(day).transpose()
    }

    fn hold_day(&mut self, day: &DayRow, lease: Ms) -> SqlResult<bool, C::Cause> {
        let skipped = Some(&day.skipped).filter(|skipped| !skipped.is_empty()).map(ascii::json);
        let bound: [Bound<'_>; 6] = [
            lease.into(),
            day.attempt.into(),
            day.trying.as_deref().into(),
            skipped.as_deref().into(),
            day.id.into(),
            day.epoch.into(),
        ];
        self.patiently(|store| store.changes(DayStatement::Hold, &bound))
    }

    fn free_day(&mut self, day: &DayRow) -> SqlResult<bool, C::Cause> {
        let bound = [day.attempt.into(), day.trying.as_deref().into(), day.id.into(), day.epoch.into()];
        if self.connection.in_transaction()? {
            return self.changes(DayStatement::Free, &bound);
        }
        self.patiently(|store| store.changes(DayStatement::Free, &bound))
    }

    fn end_day(&mut self, day: &DayRow, sha256: &str, totals: &str) -> SqlResult<bool, C::Cause> {
        self.changes(DayStatement::End, &[sha256.into(), totals.into(), day.id.into(), day.epoch.into()])
    }

    fn done_days(&mut self, from: &DayKey) -> SqlResult<Vec<Date>, C::Cause> {
        self.usable()?;
        self.ready()?;
        let date = from.date.to_string();
        let bound = [(&from.mch_id).into(), (&from.sub_mch_id).into(), (&date).into()];
        self.day_rows(DayStatement::Done, &bound)?.into_iter().map(|mut row| bill_date(&mut row)).collect()
    }

    fn add_differences(&mut self, day: &DayRow, found: &[(String, Difference)]) -> SqlResult<(), C::Cause> {
        let date = day.key.date.to_string();
        let texts: Vec<Texts> = found.iter().map(|(_, of)| Texts::of(of)).collect();
        let rows: Vec<_> =
            found.iter().zip(&texts).map(|(found, texts)| new_difference(day, &date, found, texts)).collect();
        self.add_all(Statement::Day(DayStatement::AddDifference), &rows)
    }

    fn move_difference(&mut self, id: i64, of: &Difference) -> SqlResult<bool, C::Cause> {
        let texts = Texts::of(of);
        let bound: [Bound<'_>; 5] = [
            of.state.name().into(),
            texts.due.as_deref().into(),
            (&texts.told).into(),
            texts.note.as_deref().into(),
            id.into(),
        ];
        self.changes(DayStatement::MoveDifference, &bound)
    }

    fn settle_difference(&mut self, id: i64, note: &str) -> SqlResult<bool, C::Cause> {
        let note = ascii::json(&note);
        self.changes(DayStatement::Settle, &[(&note).into(), id.into()])
    }

    fn difference(&mut self, id: i64) -> SqlResult<Option<Difference>, C::Cause> {
        self.usable()?;
        self.current()?;
        let row = self.day_row(DayStatement::Difference, &[id.into()])?;
        Ok(row.map(difference).transpose()?.map(|kept| kept.difference))
    }

    fn differences_of(&mut self, day: &DayRow) -> SqlResult<Vec<KeptDifference>, C::Cause> {
        self.day_rows(DayStatement::DifferencesOf, &[day.id.into()])?.into_iter().map(difference).collect()
    }

    fn differences(
        &mut self,
        owner: &Whose,
        states: &[DifferenceState],
    ) -> SqlResult<Vec<KeptDifference>, C::Cause> {
        self.usable()?;
        self.current()?;
        let Some(last) = states.last() else { return Ok(Vec::new()) };
        let at = |at: usize| Bound::from(states.get(at).unwrap_or(last).name());
        let bound = [(&owner.mch_id).into(), (&owner.sub_mch_id).into(), at(0), at(1), at(2), at(3)];
        self.day_rows(DayStatement::Differences, &bound)?.into_iter().map(difference).collect()
    }

    fn booked(
        &mut self,
        mch_id: &str,
        sub_mch_id: &str,
        numbers: &[String],
    ) -> SqlResult<Vec<Entry>, C::Cause> {
        self.with_numbers(DayStatement::Booked, mch_id, sub_mch_id, numbers)
    }

    fn locked(
        &mut self,
        mch_id: &str,
        sub_mch_id: &str,
        numbers: &[String],
    ) -> SqlResult<Vec<Entry>, C::Cause> {
        self.with_numbers(DayStatement::Locked, mch_id, sub_mch_id, numbers)
    }

    fn keep_all_evidence(&mut self, evidence: &[Evidence<'_>]) -> SqlResult<(), C::Cause> {
        let texts: Vec<_> = evidence.iter().map(in_ascii).collect();
        let rows = evidence.iter().zip(&texts);
        let rows: Vec<_> = rows
            .map(|(evidence, (observed, note))| evidenced(evidence, observed, note.as_deref()).to_vec())
            .collect();
        self.add_all(Statement::KeepEvidence, &rows)
    }

    fn paid_on(&mut self, day: &DayKey, after: PageEnd) -> SqlResult<Vec<Entry>, C::Cause> {
        let bound = page(day, after);
        self.day_rows(DayStatement::PaidOn, &bound)?.into_iter().map(|mut row| order(&mut row)).collect()
    }

    fn refunded_on(&mut self, day: &DayKey, after: PageEnd) -> SqlResult<Vec<(Entry, PageEnd)>, C::Cause> {
        let bound = page(day, after);
        let rows = self.day_rows(DayStatement::RefundedOn, &bound)?.into_iter();
        rows.map(|mut row| Ok((order(&mut row)?, PageEnd { at: row.int()?, row: row.int()? }))).collect()
    }

    fn refunds_of(&mut self, orders: &[i64]) -> SqlResult<Vec<(i64, RefundRow)>, C::Cause> {
        let Some(last) = orders.last() else { return Ok(Vec::new()) };
        let bound: Vec<Bound<'_>> =
            (0..AT_ONCE).map(|at| Bound::from(*orders.get(at).unwrap_or(last))).collect();
        let rows = self.day_rows(DayStatement::RefundsOf, &bound)?.into_iter();
        rows.map(|mut row| Ok((row.int()?, refund(row)?))).collect()
    }

    fn knows_appid(&mut self, mch_id: &str, appid: &str) -> SqlResult<bool, C::Cause> {
        Ok(self.day_row(DayStatement::KnowsAppid, &[mch_id.into(), appid.into()])?.is_some())
    }
}

/// What of a difference is written as text.
struct Texts {
    due: Option<String>,
    told: String,
    note: Option<String>,
}

impl Texts {
    fn of(difference: &Difference) -> Self {
        let note = difference.kept.as_ref().and_then(|kept| kept.note.as_ref());
        Self {
            due: difference.due.map(|due| due.to_string()),
            told: told::difference(difference),
            note: note.map(ascii::json),
        }
    }
}

/// The parameters of a new difference.
fn new_difference<'a>(
    day: &'a DayRow,
    date: &'a str,
    (identity, of): &'a (String, Difference),
    texts: &'a Texts,
) -> Vec<Bound<'a>> {
    vec![
        day.id.into(),
        (&day.key.mch_id).into(),
        (&day.key.sub_mch_id).into(),
        date.into(),
        identity.into(),
        of.kind.name().into(),
        of.state.name().into(),
        texts.due.as_deref().into(),
        (&texts.told).into(),
        texts.note.as_deref().into(),
    ]
}

/// What comes after a cursor, until the end of a day.
fn page(day: &DayKey, after: PageEnd) -> [Bound<'_>; 7] {
    let (whose, at) = (Bound::from(&day.sub_mch_id), Bound::from(after.at));
    [(&day.mch_id).into(), whose, whose, at, day.span().1.into(), at, after.row.into()]
}

fn bill_date<C>(row: &mut SqlRow) -> SqlResult<Date, C> {
    let text = row.text()?;
    moment::date(text.as_bytes()).ok_or_else(|| unknown("day", &text))
}

fn day<C>(mut row: SqlRow) -> SqlResult<DayRow, C> {
    Ok(DayRow {
        id: row.int()?,
        key: DayKey { mch_id: row.text()?, sub_mch_id: row.text()?, date: bill_date(&mut row)? },
        sha256: row.text_or_null()?,
        totals: row.text_or_null()?,
        skipped: serde_json::from_str(&row.text()?).unwrap_or_default(),
        trying: row.text_or_null()?,
        due_at: row.int_or_null()?,
        epoch: row.int()?,
        attempt: row.int()?,
        done_at: row.int_or_null()?,
    })
}

fn difference<C>(mut row: SqlRow) -> SqlResult<KeptDifference, C> {
    let (id, date, identity) = (row.int()?, bill_date(&mut row)?, row.text()?);
    let (kind, state) = (row.text()?, row.text()?);
    let due = row.text_or_null()?.and_then(|due| moment::date(due.as_bytes()));
    let told = told::read(&row.text()?);
    let note = row.text_or_null()?.and_then(|note| serde_json::from_str(&note).ok());
    let difference = Difference {
        kind: DifferenceKind::named(&kind).ok_or_else(|| unknown("kind of difference", &kind))?,
        key: told.key,
        field: told.field.into(),
        theirs: told.theirs,
        ours: told.ours,
        state: DifferenceState::named(&state).ok_or_else(|| unknown("state of a difference", &state))?,
        due,
        numbers: told.numbers,
        kept: Some(KeptAs { id, date, note }),
    };
    Ok(KeptDifference { id, identity, difference })
}
