//! The shop's books as PHP hands them over: rows with the names of the database.

use crate::bill::moment;
use crate::bill::reconcile::books::{BookRefund, BookRow, Books};
use crate::clock::beijing_day;
use crate::php::engine::convert::iteration::Iteration;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, is_whole};
use crate::php::engine::object::param::{Param, Raw};
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::ClassEntry;
use time::Date;

/// Books that are read row by row.
pub struct PhpBooks<'c, 'a> {
    call: &'c Call<'a>,
    param: Param<Raw>,
    rows: Iteration<'a>,
    number: u64,
    row: OwnedRow,
}

/// A row with texts of its own, an empty one where there is none; the next row takes their room.
#[derive(Default)]
struct OwnedRow {
    out_trade_no: String,
    total_fee: i64,
    fee_type: String,
    state: String,
    transaction_id: String,
    paid_on: Option<Date>,
    refunds: Vec<Booked>,
}

#[derive(Default)]
struct Booked {
    out_refund_no: String,
    refund_fee: i64,
    state: String,
    asked_on: Option<Date>,
}

impl<'c, 'a> PhpBooks<'c, 'a> {
    /// The books of an argument.
    pub fn new(call: &'c Call<'a>, param: Param<Raw>) -> Result<Self, Raise> {
        let wrong = |given: &str| {
            call.type_error(param, &format!("must be of type Traversable|array, {given} given"))
        };
        let given = call.zval(param).ok_or_else(|| Raise::Engine("the books are missing".into()))?;
        let type_name = value::type_name(given);
        let rows = Iteration::begin(given)?.ok_or_else(|| wrong(&type_name))?;
        Ok(Self { call, param, rows, number: 0, row: OwnedRow::default() })
    }
}

impl Books for PhpBooks<'_, '_> {
    type Fault = Raise;

    fn next_row(&mut self) -> Result<Option<BookRow<'_>>, Raise> {
        let Some(given) = self.rows.next()? else { return Ok(None) };
        self.number += 1;
        let argument = RowArgument { call: self.call, param: self.param, row: self.number };
        argument.read_row(&given, &mut self.row)?;
        Ok(Some(self.row.lent()))
    }
}

impl OwnedRow {
    fn lent(&self) -> BookRow<'_> {
        BookRow {
            out_trade_no: &self.out_trade_no,
            total_fee: self.total_fee,
            fee_type: unless_empty(&self.fee_type),
            state: &self.state,
            transaction_id: unless_empty(&self.transaction_id),
            paid_on: self.paid_on,
            refunds: self.refunds.iter().map(Booked::lent).collect(),
        }
    }
}

impl Booked {
    fn lent(&self) -> BookRefund<'_> {
        BookRefund {
            out_refund_no: &self.out_refund_no,
            refund_fee: self.refund_fee,
            state: unless_empty(&self.state),
            asked_on: self.asked_on,
        }
    }
}

/// Which row is read, for whoever has to mend it.
#[derive(Clone, Copy)]
struct RowArgument<'c, 'a> {
    call: &'c Call<'a>,
    param: Param<Raw>,
    row: u64,
}

impl RowArgument<'_, '_> {
    fn read_row(&self, given: &Zval, row: &mut OwnedRow) -> Result<(), Raise> {
        let Some(table) = given.array() else {
            let given = value::type_name(given);
            return Err(self.call.type_error(
                self.param,
                &format!("must have only rows of type array, row {} is {given}", self.row),
            ));
        };
        self.needed(table, "out_trade_no", &mut row.out_trade_no)?;
        row.total_fee = self.fen(table, "total_fee")?;
        self.text(table, "fee_type", &mut row.fee_type)?;
        self.needed(table, "state", &mut row.state)?;
        self.text(table, "transaction_id", &mut row.transaction_id)?;
        row.paid_on = self.day(table, "paid_on")?;
        self.read_refunds(table, &mut row.refunds)
    }

    fn read_refunds(&self, table: &ZendHashTable, refunds: &mut Vec<Booked>) -> Result<(), Raise> {
        refunds.clear();
        let Some(given) = entry(table, "refunds") else { return Ok(()) };
        let list = given.array().ok_or_else(|| self.wrong("refunds", "a list of arrays"))?;
        let mut entries = list.iter();
        while let Some((_, refund)) = entries.next_zval() {
            let refund = refund.dereference().array();
            refunds.push(self.refund(refund.ok_or_else(|| self.wrong("refunds", "a list of arrays"))?)?);
        }
        Ok(())
    }

    fn refund(&self, table: &ZendHashTable) -> Result<Booked, Raise> {
        let mut refund = Booked::default();
        self.needed(table, "out_refund_no", &mut refund.out_refund_no)?;
        refund.refund_fee = self.fen(table, "refund_fee")?;
        self.text(table, "state", &mut refund.state)?;
        refund.asked_on = self.day(table, "asked_on")?;
        Ok(refund)
    }

    fn needed(&self, table: &ZendHashTable, name: &str, to: &mut String) -> Result<(), Raise> {
        self.text(table, name, to)?;
        if to.is_empty() { Err(self.wrong(name, "a text that is not empty")) } else { Ok(()) }
    }

    /// A text; ints are numbers of orders, too. Nothing, null and an empty text are all none.
    fn text(&self, table: &ZendHashTable, name: &str, to: &mut String) -> Result<(), Raise> {
        to.clear();
        let Some(given) = entry(table, name) else { return Ok(()) };
        if let Some(int) = given.long() {
            to.push_str(&int.to_string());
            return Ok(());
        }
        let text = given.zend_str().and_then(|text| std::str::from_utf8(text.as_bytes()).ok());
        to.push_str(text.ok_or_else(|| self.wrong(name, "a text in UTF-8"))?);
        Ok(())
    }

    /// Whole fen: an int, or what is one as a text or a float.
    fn fen(&self, table: &ZendHashTable, name: &str) -> Result<i64, Raise> {
        let given = entry(table, name);
        let number = given.and_then(|given| {
            let text = given.zend_str().map(ZendStr::as_bytes);
            let as_text = || text.filter(|text| is_whole(text)).and_then(as_int);
            let as_float = || given.double().filter(|fen| fen.fract() == 0.0).and_then(whole);
            given.long().or_else(as_text).or_else(as_float)
        });
        number.filter(|fen| *fen >= 0).ok_or_else(|| self.wrong(name, "fen, whole and not negative"))
    }

    /// A day of Beijing: `2026-11-21`, or a time on it.
    fn day(&self, table: &ZendHashTable, name: &str) -> Result<Option<Date>, Raise> {
        let Some(given) = entry(table, name) else { return Ok(None) };
        // SAFETY: ext/date is always there, and its interface lives as long as the process.
        let interface: &ClassEntry = unsafe { &*zend::php_date_get_interface_ce() };
        let day = match given.object().filter(|object| object.instance_of(interface)) {
            Some(time) => door::method(time, "getTimestamp", &[])?.long().and_then(beijing_day),
            None => given.zend_str().and_then(|text| moment::date(text.as_bytes())),
        };
        day.map(Some).ok_or_else(|| self.wrong(name, "a day like 2026-11-21 or a DateTimeInterface"))
    }

    fn wrong(&self, name: &str, needed: &str) -> Raise {
        self.call.bad(self.param, format!("must have {needed} as {name} in row {}", self.row))
    }
}

fn unless_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn entry<'t>(table: &'t ZendHashTable, name: &str) -> Option<&'t Zval> {
    table.get(name).map(Zval::dereference).filter(|value| !value.is_null())
}

fn as_int(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))
}

/// A float that is a whole number, and one of those that are exact.
#[allow(clippy::cast_possible_truncation, reason = "2^53 fits, and so does everything below")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}
