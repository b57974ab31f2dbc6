//! `WechatPay\DayReport` and `WechatPay\Difference`.

use crate::bill::document::Document;
use crate::bill::fault::{BillError, WriteError};
use crate::bill::reconcile::csv::{OrderTable, write_differences};
use crate::bill::reconcile::difference::{BothValues, Difference, DifferenceKind, DifferenceState};
use crate::bill::reconcile::report::{Amount, DayReport, Totals};
use crate::bill::source::Reading;
use crate::error::Advice;
use crate::php::bills::bill::{misplaced, path, refused};
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::files::Saved;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::lazy::Lazy;
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::{
    ARRAY, INT, PropertyOf, STRING, nullable, object, property, unread,
};
use crate::php::engine::object::walk::{Walk, Walkable};
use crate::php::engine::object::{interfaces, lazy, walk};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums;
use crate::php::values::enums::PhpEnum;
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

const REPORT: &[PropertyOf<PhpDayReport>] = &[
    property("from", STRING, |r| r.report.from.to_string().to_php()),
    property("to", STRING, |r| r.report.to.to_string().to_php()),
    nullable("theirs", ARRAY, |r| r.totals(theirs)),
    nullable("ours", ARRAY, |r| r.totals(ours)),
    nullable("long", INT, |r| r.totals(|totals| whole(totals.long))),
    nullable("short", INT, |r| r.totals(|totals| whole(totals.short))),
    nullable("surplus", INT, |r| r.totals(|totals| whole(totals.surplus()))),
];

const DIFFERENCE: &[PropertyOf<Difference>] = &[
    nullable("id", INT, |d| d.kept.as_ref().map(|kept| kept.id).to_php()),
    nullable("date", STRING, |d| d.kept.as_ref().map(|kept| kept.date.to_string()).to_php()),
    property("kind", DataType::object(DifferenceKind::NAME), |d| d.kind.to_php()),
    property("key", STRING, |d| d.key.to_php()),
    property("field", STRING, |d| d.field.to_php()),
    nullable("theirs", DataType::Mixed, |d| told(d.theirs.as_ref())),
    nullable("ours", DataType::Mixed, |d| told(d.ours.as_ref())),
    property("state", DataType::object(DifferenceState::NAME), |d| d.state.to_php()),
    nullable("note", STRING, |d| d.kept.as_ref().and_then(|kept| kept.note.clone()).to_php()),
    nullable("due", STRING, |d| d.due.map(|due| due.to_string()).to_php()),
    property("advice", DataType::object(Advice::NAME), |d| d.advice().to_php()),
    nullable("outTradeNo", STRING, |d| d.numbers.out_trade_no.to_php()),
    nullable("transactionId", STRING, |d| d.numbers.transaction_id.to_php()),
    nullable("outRefundNo", STRING, |d| d.numbers.out_refund_no.to_php()),
    nullable("refundId", STRING, |d| d.numbers.refund_id.to_php()),
];

const ELSEWHERE: &str = "Another process has reconciled this day, and has its bill: call reconcileDay() again for the \
     rows of the bill";

const ORDERS: Param<Text> = text("orders");
const DIFFERENCES: Param<Text> = text("differences");

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let serializable = (interfaces::json_serializable as _, "\\JsonSerializable");
    let json = [method!("jsonSerialize", interfaces::json_serialize, [], ARRAY)];
    register::<PhpDifference, _>(DIFFERENCE, &json, &[serializable])?;
    lazy::register::<PhpDayReport>(
        &[
            method!("isClean", is_clean, [], Some(Returns(DataType::Bool, false))),
            method!("toCsv", to_csv, [ORDERS, DIFFERENCES], Some(Returns(DataType::Void, false))),
            method!("toArray", to_array, [], ARRAY),
            method!("jsonSerialize", to_array, [], ARRAY),
            method!("count", count, [], Some(Returns(DataType::Long, false))),
            method!("getIterator", walk::iterator, [], Some(Returns(DataType::object("Iterator"), false))),
        ],
        &[
            serializable,
            (interfaces::countable, "\\Countable"),
            (interfaces::iterator_aggregate, "\\IteratorAggregate"),
        ],
    )?;
    walk::register::<PhpDayReport>();
    Ok(())
}

/// A PHP `DayReport`.
pub fn to_php(report: DayReport, bills: Vec<Arc<Document>>) -> Outcome {
    unread(PhpDayReport { report: Arc::new(report), bills })
}

impl Lazy for PhpDayReport {
    const PROPERTIES: &'static [PropertyOf<Self>] = REPORT;
}

impl PhpDayReport {
    fn totals(&self, of: fn(&Totals) -> Outcome) -> Outcome {
        self.report.totals.as_ref().map_or_else(|| Ok(Zval::null()), of)
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

/// A PHP `Difference`.
pub fn difference(difference: &Difference) -> Outcome {
    object(PhpDifference, DIFFERENCE, |get, _| get(difference))
}

fn told(side: Option<&BothValues>) -> Outcome {
    match side {
        None => Ok(Zval::null()),
        Some(BothValues::Number(number)) => number.to_php(),
        Some(BothValues::Text(text)) => text.to_php(),
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
    for property in REPORT {
        table.insert(property.name, (property.get)(this)?)?;
    }
    let differences: Result<Vec<Zval>, Raise> = this.report.differences.iter().map(plain).collect();
    table.insert("differences", value::list(differences?)?)?;
    Ok(value::array(table))
}

/// A difference as an array of plain values.
fn plain(of: &Difference) -> Outcome {
    let mut table = ZendHashTable::new();
    for property in DIFFERENCE {
        table.insert(property.name, enums::plain((property.get)(of)?))?;
    }
    Ok(value::array(table))
}

/// Writes both tables; neither has its name before both are whole.
fn to_csv(call: &mut Call<'_>) -> Outcome {
    let (orders, differences) = (path(call, ORDERS)?, path(call, DIFFERENCES)?);
    let this = call.this::<PhpDayReport>()?;
    if this.bills.is_empty() {
        return Err(Raise::Logic(ELSEWHERE.into()));
    }
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
