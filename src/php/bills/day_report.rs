//! `WechatPay\DayReport` and `WechatPay\Difference`.

use crate::bill::document::Document;
use crate::bill::fault::{BillError, WriteError};
use crate::bill::reconcile::csv::{OrderTable, write_differences};
use crate::bill::reconcile::difference::{Difference, DifferenceKind, DifferenceState, Told};
use crate::bill::reconcile::report::{Amount, DayReport, Totals};
use crate::bill::source::Reading;
use crate::error::Advice;
use crate::php::bills::bill::{misplaced, path, refused};
use crate::php::engine::convert::value;
use crate::php::engine::files::Saved;
use crate::php::engine::object::call::{Call, Outcome, Raise, param};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property};
use crate::php::engine::object::lazy::{self, Lazy};
use crate::php::engine::object::walk::{self, Walk, Walkable};
use crate::php::values::enums::{self, PhpEnum};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, Zval};
use std::fs::File;
use std::sync::Arc;

/// What a PHP `DayReport` holds: what was found, and the bills it was found in.
pub struct PhpDayReport {
    report: Arc<DayReport>,
    bills: Vec<Arc<Document>>,
}

/// What a PHP `Difference` holds: nothing beside its properties.
pub struct PhpDifference;

php_class!(PhpDayReport, "WechatPay\\DayReport", private);
php_class!(PhpDifference, "WechatPay\\Difference", private);

const REPORT: [Property; 7] = [
    property("from", DataType::String),
    property("to", DataType::String),
    nullable("theirs", DataType::Array),
    nullable("ours", DataType::Array),
    nullable("long", DataType::Long),
    nullable("short", DataType::Long),
    nullable("surplus", DataType::Long),
];

const DIFFERENCE: [Property; 12] = [
    property("kind", DataType::object(DifferenceKind::NAME)),
    property("key", DataType::String),
    property("field", DataType::String),
    nullable("theirs", DataType::Mixed),
    nullable("ours", DataType::Mixed),
    property("state", DataType::object(DifferenceState::NAME)),
    nullable("due", DataType::String),
    property("advice", DataType::object(Advice::NAME)),
    nullable("outTradeNo", DataType::String),
    nullable("transactionId", DataType::String),
    nullable("outRefundNo", DataType::String),
    nullable("refundId", DataType::String),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let serializable = (value::json_serializable as _, "\\JsonSerializable");
    let json = [method!("jsonSerialize", value::json_serialize, [], ARRAY)];
    crate::php::engine::object::class::register::<PhpDifference>(&DIFFERENCE, &json, &[serializable])?;
    lazy::register::<PhpDayReport>(
        &REPORT,
        &[
            method!("isClean", is_clean, [], Some(Returns(DataType::Bool, false))),
            method!(
                "toCsv",
                to_csv,
                [param("orders", DataType::String), param("differences", DataType::String)],
                Some(Returns(DataType::Void, false))
            ),
            method!("toArray", to_array, [], ARRAY),
            method!("jsonSerialize", to_array, [], ARRAY),
            method!("count", count, [], Some(Returns(DataType::Long, false))),
            method!("getIterator", walk::iterator, [], Some(Returns(DataType::object("Iterator"), false))),
        ],
        &[
            serializable,
            (value::countable, "\\Countable"),
            (value::iterator_aggregate, "\\IteratorAggregate"),
        ],
    )?;
    walk::register::<PhpDayReport>();
    Ok(())
}

/// A PHP `DayReport`.
pub fn to_php(report: DayReport, bills: Vec<Arc<Document>>) -> Outcome {
    value::object(PhpDayReport { report: Arc::new(report), bills }, [])
}

impl Lazy for PhpDayReport {
    fn value(&self, property: usize) -> Outcome {
        let report = &self.report;
        let totals = report.totals.as_ref();
        let money = |of: fn(&Totals) -> i128| totals.map_or_else(|| Ok(Zval::null()), |t| whole(of(t)));
        match REPORT.get(property).map(|property| property.name) {
            Some("from") => Ok(value::text(report.from.to_string())),
            Some("to") => Ok(value::text(report.to.to_string())),
            Some("theirs") => totals.map_or_else(|| Ok(Zval::null()), theirs),
            Some("ours") => totals.map_or_else(|| Ok(Zval::null()), ours),
            Some("long") => money(|totals| totals.long),
            Some("short") => money(|totals| totals.short),
            _ => money(Totals::surplus),
        }
    }
}

fn theirs(totals: &Totals) -> Outcome {
    let theirs = &totals.theirs;
    named([
        ("payments", amount(theirs.payments, "totalFee")?),
        ("refunds", amount(theirs.refunds, "refundFee")?),
        ("revoked", amount(theirs.revoked, "refundFee")?),
        ("feeE5", whole(theirs.fee_e5)?),
    ])
}

fn ours(totals: &Totals) -> Outcome {
    let ours = &totals.ours;
    named([("payments", amount(ours.payments, "totalFee")?), ("refunds", amount(ours.refunds, "refundFee")?)])
}

fn amount(amount: Amount, fee: &str) -> Outcome {
    named([("count", whole(amount.count.into())?), (fee, whole(amount.fee)?)])
}

fn named<const N: usize>(entries: [(&str, Zval); N]) -> Outcome {
    let mut table = ZendHashTable::new();
    for (name, value) in entries {
        table.insert(name, value)?;
    }
    Ok(value::array(table))
}

fn whole(number: i128) -> Outcome {
    let fits = i64::try_from(number).map(value::int);
    fits.map_err(|_| refused(BillError::TooLarge(format!("a sum of {number} is more than PHP can count"))))
}

fn difference(difference: &Difference) -> Outcome {
    let numbers = &difference.numbers;
    let properties = [
        enums::to_php(difference.kind),
        value::text(&difference.key),
        value::text(difference.field),
        told(difference.theirs.as_ref()),
        told(difference.ours.as_ref()),
        enums::to_php(difference.state),
        value::text_or_null(difference.due.map(|due| due.to_string())),
        enums::to_php(difference.advice()),
        value::text_or_null(numbers.out_trade_no.as_ref()),
        value::text_or_null(numbers.transaction_id.as_ref()),
        value::text_or_null(numbers.out_refund_no.as_ref()),
        value::text_or_null(numbers.refund_id.as_ref()),
    ];
    value::object(PhpDifference, properties)
}

fn told(side: Option<&Told>) -> Zval {
    match side {
        None => Zval::null(),
        Some(Told::Number(number)) => value::int(*number),
        Some(Told::Text(text)) => value::text(text),
    }
}

fn is_clean(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this::<PhpDayReport>()?.report.is_clean()))
}

fn count(call: &mut Call<'_>) -> Outcome {
    let count = call.this::<PhpDayReport>()?.report.differences.len();
    Ok(value::int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// The properties, and every difference.
fn to_array(call: &mut Call<'_>) -> Outcome {
    let this = call.this::<PhpDayReport>()?;
    let mut table = ZendHashTable::new();
    for (at, property) in REPORT.iter().enumerate() {
        table.insert(property.name, this.value(at)?)?;
    }
    let differences: Result<Vec<Zval>, Raise> = this.report.differences.iter().map(plain).collect();
    table.insert("differences", value::list(differences?)?)?;
    Ok(value::array(table))
}

/// A difference as an array of plain values.
fn plain(of: &Difference) -> Outcome {
    let numbers = &of.numbers;
    named([
        ("kind", value::text(of.kind.name())),
        ("key", value::text(&of.key)),
        ("field", value::text(of.field)),
        ("theirs", told(of.theirs.as_ref())),
        ("ours", told(of.ours.as_ref())),
        ("state", value::text(of.state.name())),
        ("due", value::text_or_null(of.due.map(|due| due.to_string()))),
        ("advice", value::text(enums::wire(of.advice()))),
        ("outTradeNo", value::text_or_null(numbers.out_trade_no.as_ref())),
        ("transactionId", value::text_or_null(numbers.transaction_id.as_ref())),
        ("outRefundNo", value::text_or_null(numbers.out_refund_no.as_ref())),
        ("refundId", value::text_or_null(numbers.refund_id.as_ref())),
    ])
}

/// Writes both tables; neither has its name before both are whole.
fn to_csv(call: &mut Call<'_>) -> Outcome {
    let (orders, differences) = (path(call, 0)?, path(call, 1)?);
    let this = call.this::<PhpDayReport>()?;
    let first = table(orders, |file| {
        let mut table = OrderTable::begin(file)?;
        this.bills.iter().try_for_each(|bill| table.write(Reading::of(bill.kept())))?;
        Ok(table.finish().map(|_| ())?)
    })?;
    let second = table(differences, |file| Ok(write_differences(&this.report, file)?))?;
    first.finish().and_then(|()| second.finish()).map_err(misplaced)?;
    Ok(Zval::null())
}

/// A table that is written, without its name.
fn table(
    path: &str,
    write: impl FnOnce(&mut std::io::BufWriter<&mut File>) -> Result<(), WriteError>,
) -> Result<Saved<'_>, Raise> {
    let mut saved = Saved::begin(path).map_err(misplaced)?;
    match saved.write(write) {
        Ok(()) => Ok(saved),
        Err(WriteError::Bill(e)) => Err(refused(e)),
        Err(WriteError::Write(e)) => Err(misplaced(saved.cannot(&e))),
    }
}

impl Walkable for PhpDayReport {
    fn walk(&self) -> Result<Box<dyn Walk>, Raise> {
        Ok(Box::new(Differences { report: self.report.clone(), next: 0 }))
    }
}

struct Differences {
    report: Arc<DayReport>,
    next: usize,
}

impl Walk for Differences {
    fn step(&mut self) -> Result<Option<Zval>, Raise> {
        let next = self.report.differences.get(self.next);
        self.next += 1;
        next.map(difference).transpose()
    }
}
