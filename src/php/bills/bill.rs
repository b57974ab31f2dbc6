//! `WechatPay\Bill`, `WechatPay\FundFlow` and `WechatPay\BillSummary`.

use crate::bill::document::{AccountType, Document, Family, Rows};
use crate::bill::fault::{BillError, WriteError};
use crate::bill::header::BillType;
use crate::bill::moment;
use crate::bill::row::KeptRow;
use crate::bill::source::Kept;
use crate::bill::sum::Sum;
use crate::bill::sums::Summary;
use crate::error::{Error, Fault, Repeat};
use crate::php::bills::bill_row;
use crate::php::engine::convert::to_php::ToPhp;
use crate::php::engine::convert::value;
use crate::php::engine::files;
use crate::php::engine::files::Saved;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Holds, Returns, method, php_class, register};
use crate::php::engine::object::lazy::Lazy;
use crate::php::engine::object::param::{Bytes, Optional, Param, Text, bytes, text};
use crate::php::engine::object::property::{INT, PropertyOf, STRING, nullable, object, property, unread};
use crate::php::engine::object::walk::{Walk, Walkable};
use crate::php::engine::object::{interfaces, lazy, walk};
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::PhpEnum;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use std::path::Path;
use std::sync::Arc;
use time::Date;

/// What a PHP `Bill` holds.
pub struct PhpBill(pub Arc<Document>);

/// What a PHP `FundFlow` holds: the account, where it is known.
pub struct PhpFundFlow(pub Arc<Document>, Option<AccountType>);

/// What a PHP `BillSummary` holds: nothing beside its properties.
pub struct PhpBillSummary;

php_class!(PhpBill, "WechatPay\\Bill", private);
php_class!(PhpFundFlow, "WechatPay\\FundFlow", private);
php_class!(PhpBillSummary, "WechatPay\\BillSummary", private);

const SUMMARY_CLASS: DataType = DataType::object("WechatPay\\BillSummary");

const BILL: &[PropertyOf<PhpBill>] = &[
    nullable("date", STRING, |b| date(&b.0)),
    property("type", DataType::object(BillType::NAME), |b| b.0.header().kind.to_php()),
    property("layout", STRING, |b| b.0.header().layout.name().to_php()),
    property("summary", SUMMARY_CLASS, |b| summary(&b.0)),
    property("sha256", STRING, |b| b.0.sha256().map_err(refused)?.to_php()),
];

const FUND_FLOW: &[PropertyOf<PhpFundFlow>] = &[
    nullable("date", STRING, |b| date(&b.0)),
    nullable("type", DataType::object(AccountType::NAME), |f| f.1.to_php()),
    property("summary", SUMMARY_CLASS, |b| summary(&b.0)),
    property("sha256", STRING, |b| b.0.sha256().map_err(refused)?.to_php()),
];

const SUMMARY: &[PropertyOf<Summary>] = &[
    property("count", INT, |s| s.get(Sum::Count).to_php()),
    nullable("settlementTotalFee", INT, |s| s.get(Sum::SettlementTotalFee).to_php()),
    nullable("totalFee", INT, |s| s.get(Sum::TotalFee).to_php()),
    nullable("settlementRefundFee", INT, |s| s.get(Sum::SettlementRefundFee).to_php()),
    nullable("refundFee", INT, |s| s.get(Sum::RefundFee).to_php()),
    nullable("couponRefundFee", INT, |s| s.get(Sum::CouponRefundFee).to_php()),
    nullable("feeE5", INT, |s| s.get(Sum::FeeE5).to_php()),
    nullable("incomeCount", INT, |s| s.get(Sum::IncomeCount).to_php()),
    nullable("incomeFee", INT, |s| s.get(Sum::IncomeFee).to_php()),
    nullable("expenseCount", INT, |s| s.get(Sum::ExpenseCount).to_php()),
    nullable("expenseFee", INT, |s| s.get(Sum::ExpenseFee).to_php()),
];

const PATH: Param<Text> = text("path");
const CSV: Param<Bytes> = bytes("csv");
const DATE: Param<Optional<Text>> = text("date").or_null();

/// The methods that both classes have.
macro_rules! methods {
    ($type:ident, $name:literal) => {
        [
            method!(static "open", open::<$type>, [PATH, DATE], Some(Returns(DataType::object($name), false))),
            method!(static "fromString", from_string::<$type>, [CSV, DATE], Some(Returns(DataType::object($name), false))),
            method!("verify", verify::<$type>, [], Some(Returns(DataType::Void, false))),
            method!("save", save::<$type>, [PATH], Some(Returns(DataType::Void, false))),
            method!("unknownColumns", unknown_columns::<$type>, [], Some(Returns(DataType::Array, false))),
            method!("count", count::<$type>, [], Some(Returns(DataType::Long, false))),
            method!("getIterator", walk::iterator, [], Some(Returns(DataType::object("Iterator"), false))),
        ]
    };
}

/// Registers the classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let interfaces: [ext_php_rs::class::ClassEntryInfo; 2] =
        [(interfaces::countable, "\\Countable"), (interfaces::iterator_aggregate, "\\IteratorAggregate")];
    let json =
        [method!("jsonSerialize", interfaces::json_serialize, [], Some(Returns(DataType::Array, false)))];
    let serializable = [(interfaces::json_serializable as _, "\\JsonSerializable")];
    register::<PhpBillSummary, _>(SUMMARY, &json, &serializable)?;
    lazy::register::<PhpBill>(&methods!(PhpBill, "WechatPay\\Bill"), &interfaces)?;
    lazy::register::<PhpFundFlow>(&methods!(PhpFundFlow, "WechatPay\\FundFlow"), &interfaces)?;
    walk::register::<PhpBill>();
    walk::register::<PhpFundFlow>();
    Ok(())
}

/// A class around a document.
trait Paper: RegisteredClass + Holds {
    const FAMILY: Family;

    /// Around a document of that family.
    fn new(document: Arc<Document>) -> Self;

    fn document(&self) -> &Arc<Document>;

    /// A PHP row.
    fn row(row: KeptRow) -> Outcome;
}

impl Paper for PhpBill {
    const FAMILY: Family = Family::Trades;

    fn new(document: Arc<Document>) -> Self {
        Self(document)
    }

    fn document(&self) -> &Arc<Document> {
        &self.0
    }

    fn row(row: KeptRow) -> Outcome {
        bill_row::trade(row)
    }
}

impl Paper for PhpFundFlow {
    const FAMILY: Family = Family::Flows;

    fn new(document: Arc<Document>) -> Self {
        Self(document, None)
    }

    fn document(&self) -> &Arc<Document> {
        &self.0
    }

    fn row(row: KeptRow) -> Outcome {
        bill_row::flow(row)
    }
}

impl Lazy for PhpBill {
    const PROPERTIES: &'static [PropertyOf<Self>] = BILL;
}

impl Lazy for PhpFundFlow {
    const PROPERTIES: &'static [PropertyOf<Self>] = FUND_FLOW;
}

fn date(document: &Document) -> Outcome {
    document.date().map(|date| date.to_string()).to_php()
}

fn summary(document: &Document) -> Outcome {
    let summary = document.summary().map_err(refused)?;
    object(PhpBillSummary, SUMMARY, |get, _| get(summary))
}

/// A fault of a bill that is there.
pub fn refused(e: BillError) -> Raise {
    e.of_file().into()
}

/// A `string $date`, as `2026-11-21`.
pub fn day(call: &Call<'_>, param: Param<Text>) -> Result<Date, Raise> {
    let wrong = || call.bad(param, "must be a day like 2026-11-21");
    moment::date(call.get(param)?.as_bytes()).ok_or_else(wrong)
}

/// A `?string $date`.
fn day_or_null(call: &Call<'_>) -> Result<Option<Date>, Raise> {
    let Some(text) = call.get(DATE)? else { return Ok(None) };
    let wrong = || call.bad(DATE, "must be a day like 2026-11-21");
    moment::date(text.as_bytes()).map(Some).ok_or_else(wrong)
}

/// A PHP `Bill` that was downloaded.
pub fn trades_to_php(document: Document) -> Outcome {
    unread(PhpBill(Arc::new(document)))
}

/// A PHP `FundFlow` that was downloaded.
pub fn flows_to_php(document: Document, account: AccountType) -> Outcome {
    unread(PhpFundFlow(Arc::new(document), Some(account)))
}

/// An argument, as a path.
pub fn path<'a>(call: &Call<'a>, param: Param<Text>) -> Result<&'a str, Raise> {
    let path = call.get(param)?;
    if path.contains('\0') { Err(call.bad(param, "must not contain any null bytes")) } else { Ok(path) }
}

fn open<T: Paper>(call: &mut Call<'_>) -> Outcome {
    let (path, date) = (path(call, PATH)?, day_or_null(call)?);
    let file = files::open(path).map_err(misplaced)?;
    made::<T>(Kept::File(file), date)
}

fn from_string<T: Paper>(call: &mut Call<'_>) -> Outcome {
    let date = day_or_null(call)?;
    made::<T>(Kept::Memory(call.get(CSV)?.to_vec()), date)
}

fn made<T: Paper>(kept: Kept, date: Option<Date>) -> Outcome {
    let document = Document::open(Arc::new(kept), T::FAMILY, date).map_err(refused)?;
    unread(T::new(Arc::new(document)))
}

/// A file that cannot be read or written: a setting of the machine's.
pub fn misplaced(why: String) -> Raise {
    Fault::new(Error::Configuration(why), Repeat::Query, None).into()
}

fn verify<T: Paper>(call: &mut Call<'_>) -> Outcome {
    call.this::<T>()?.document().verify().map_err(refused)?;
    Ok(Zval::null())
}

fn unknown_columns<T: Paper>(call: &mut Call<'_>) -> Outcome {
    let columns = call.this::<T>()?.document().unknown_columns().map_err(refused)?;
    value::list(columns.into_iter().map(value::text))
}

fn count<T: Paper>(call: &mut Call<'_>) -> Outcome {
    let count = call.this::<T>()?.document().count().map_err(refused)?;
    Ok(value::int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// A name that ends in `.gz` gets the packed bytes, if there are any; every other one gets text.
fn save<T: Paper>(call: &mut Call<'_>) -> Outcome {
    let path = path(call, PATH)?;
    let document = call.this::<T>()?.document();
    let mut saved = Saved::begin(path).map_err(misplaced)?;
    let written = saved.write(|file| {
        if is_packed_name(path) { document.write_packed(file) } else { document.write_plain(file) }
    });
    match written {
        Ok(()) => saved.finish().map_err(misplaced)?,
        Err(WriteError::Bill(e)) => return Err(refused(e)),
        Err(WriteError::Write(e)) => return Err(misplaced(saved.cannot(&e))),
    }
    Ok(Zval::null())
}

fn is_packed_name(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
}

impl<T: Paper> Walkable for T {
    fn walk(&self) -> Result<Box<dyn Walk>, Raise> {
        Ok(Box::new(RowWalk { rows: self.document().rows().map_err(refused)?, make: T::row }))
    }
}

struct RowWalk {
    rows: Rows,
    make: fn(KeptRow) -> Outcome,
}

impl Walk for RowWalk {
    fn step(&mut self) -> Result<Option<Zval>, Raise> {
        self.rows.next_row().map_err(refused)?.map(self.make).transpose()
    }
}
