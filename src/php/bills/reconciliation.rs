//! `WechatPay\Reconciliation`: bills compared with the shop's books.

use crate::bill::document::Document;
use crate::bill::reconcile::compare::{CompareError, Day, Terms, compare};
use crate::bill::source::BillSource;
use crate::clock::{Clock, SystemClock, beijing_day};
use crate::php::bills::bill::{PhpBill, PhpFundFlow, refused};
use crate::php::bills::books::PhpBooks;
use crate::php::bills::day_report;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::param::{
    Array, Instant, Object, Optional, Param, Raw, array, instant, object, param,
};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, Zval};
use std::sync::Arc;
use time::Date;

/// What a PHP `Reconciliation` would hold; there is none.
pub struct PhpReconciliation;

php_class!(PhpReconciliation, "WechatPay\\Reconciliation", private);

const BILLS: Param<Raw> = param("bills", DataType::object("WechatPay\\Bill")).or_array();
const BOOKS: Param<Raw> = param("books", DataType::object("Traversable")).or_array();
const FLOW: Param<Optional<Object<PhpFundFlow>>> = object("flow").or_null();
const AS_OF: Param<Optional<Instant>> = instant("asOf").or_null();
const APPIDS: Param<Optional<Array>> = array("appids").or_empty();

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let report = Some(Returns(DataType::object("WechatPay\\DayReport"), false));
    let method = method!(
            static "compare",
            compared,
            [
    BILLS, BOOKS, FLOW, AS_OF, APPIDS        ],
            report
        );
    register::<PhpReconciliation, _>(NONE, &[method], &[])
}

fn compared(call: &mut Call<'_>) -> Outcome {
    let bills = bills(call)?;
    let flow = call.get(FLOW)?.map(|flow| flow.0.clone());
    let (as_of, appids) = (as_of(call)?, appids(call)?);
    let days: Vec<Day<'_>> = bills
        .iter()
        .map(|(date, bill)| Day { date: *date, bill: Some(bill.kept() as &dyn BillSource) })
        .collect();
    let flows: Vec<&dyn BillSource> = flow.iter().map(|flow| flow.kept() as &dyn BillSource).collect();
    let terms =
        Terms { days: &days, flows: &flows, previous_balance: None, as_of, appids: &appids, done: &[] };
    let report = compare(&terms, &mut PhpBooks::new(call, BOOKS)?).map_err(|e| match e {
        CompareError::NoBill => call.bad(BILLS, "must not be empty"),
        CompareError::Bill(e) => refused(e),
        CompareError::Books(raise) => raise,
    })?;
    day_report::to_php(report, bills.into_iter().map(|(_, bill)| bill).collect())
}

/// One bill, or some; each knows its day.
fn bills(call: &Call<'_>) -> Result<Vec<(Date, Arc<Document>)>, Raise> {
    let given = call.zval(BILLS).ok_or_else(|| Raise::Engine("the bills are missing".into()))?;
    let mut bills = Vec::new();
    match given.array() {
        Some(list) => {
            let mut entries = list.iter();
            while let Some((_, entry)) = entries.next_zval() {
                bills.push(bill(call, entry.dereference(), "have only values")?);
            }
        }
        None => bills.push(bill(call, given, "be")?),
    }
    Ok(bills)
}

fn bill(call: &Call<'_>, given: &Zval, must: &str) -> Result<(Date, Arc<Document>), Raise> {
    let ours = given.object().filter(|object| object.instance_of(PhpBill::get_metadata().ce()));
    let ours = ours.and_then(ZendClassObject::<PhpBill>::from_zend_obj).and_then(|o| o.obj.as_ref());
    let Some(PhpBill(document)) = ours else {
        let or_array = if must == "be" { "|array" } else { "" };
        let given = value::type_name(given);
        return Err(
            call.type_error(BILLS, &format!("must {must} of type WechatPay\\Bill{or_array}, {given} given"))
        );
    };
    let date = document.date().ok_or_else(|| {
        call.bad(BILLS, "must be given with its date: a bill without rows does not say of which day it is")
    })?;
    Ok((date, document.clone()))
}

/// The day on which it is looked at, in Beijing.
fn as_of(call: &Call<'_>) -> Result<Date, Raise> {
    let seconds = call.get(AS_OF)?.unwrap_or_else(|| SystemClock.unix_seconds());
    beijing_day(seconds).ok_or_else(|| call.bad(AS_OF, "must be a time between the years 1 and 9999"))
}

fn appids(call: &Call<'_>) -> Result<Vec<String>, Raise> {
    let Some(list) = call.get(APPIDS)? else { return Ok(Vec::new()) };
    let mut appids = Vec::with_capacity(list.len());
    let mut entries = list.iter();
    while let Some((_, entry)) = entries.next_zval() {
        let given = value::type_name(entry.dereference());
        let text = entry.dereference().str();
        appids.push(
            text.ok_or_else(|| {
                call.type_error(APPIDS, &format!("must have only values of type string, {given} given"))
            })?
            .to_owned(),
        );
    }
    Ok(appids)
}
