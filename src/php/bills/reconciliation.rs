//! `WechatPay\Reconciliation`: bills compared with the shop's books.

use crate::bill::document::Document;
use crate::bill::reconcile::compare::{CompareError, Day, Terms, compare};
use crate::bill::source::Source;
use crate::clock::{Clock, SystemClock};
use crate::php::bills::bill::{PhpBill, PhpFundFlow, refused};
use crate::php::bills::books::{PhpBooks, beijing_day};
use crate::php::bills::day_report;
use crate::php::engine::convert::value;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, php_class, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, Zval};
use ext_php_rs::zend::ClassEntry;
use std::sync::Arc;
use time::Date;

/// What a PHP `Reconciliation` would hold; there is none.
pub struct PhpReconciliation;

php_class!(PhpReconciliation, "WechatPay\\Reconciliation", private);

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let report = Some(Returns(DataType::object("WechatPay\\DayReport"), false));
    let method = method!(
        static "compare",
        compared,
        [
            param("bills", DataType::object("WechatPay\\Bill")).or_array(),
            param("books", DataType::object("Traversable")).or_array(),
            param("flow", DataType::object("WechatPay\\FundFlow")).or_null(),
            param("asOf", DataType::object("DateTimeInterface")).or_null(),
            param("appids", DataType::Array).or("[]"),
        ],
        report
    );
    register::<PhpReconciliation, _>(NONE, &[method], &[])
}

fn compared(call: &mut Call<'_>) -> Outcome {
    let bills = bills(call)?;
    let flow = call.object_or::<PhpFundFlow>(2)?.map(|flow| flow.0.clone());
    let (as_of, appids) = (as_of(call)?, appids(call)?);
    let days: Vec<Day<'_>> = bills
        .iter()
        .map(|(date, bill)| Day { date: *date, bill: Some(bill.kept() as &dyn Source) })
        .collect();
    let flows: Vec<&dyn Source> = flow.iter().map(|flow| flow.kept() as &dyn Source).collect();
    let terms =
        Terms { days: &days, flows: &flows, previous_balance: None, as_of, appids: &appids, done: &[] };
    let report = compare(&terms, &mut PhpBooks::new(call, 1)?).map_err(|e| match e {
        CompareError::NoBill => call.bad(0, "must not be empty"),
        CompareError::Bill(e) => refused(e),
        CompareError::Books(raise) => raise,
    })?;
    day_report::to_php(report, bills.into_iter().map(|(_, bill)| bill).collect())
}

/// One bill, or some; each knows its day.
fn bills(call: &Call<'_>) -> Result<Vec<(Date, Arc<Document>)>, Raise> {
    let given = call.zval(0).ok_or_else(|| Raise::Engine("the bills are missing".into()))?;
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
        return Err(Call::type_error(
            0,
            &format!("must {must} of type WechatPay\\Bill{or_array}, {given} given"),
        ));
    };
    let date = document.date().ok_or_else(|| {
        call.bad(0, "must be given with its date: a bill without rows does not say of which day it is")
    })?;
    Ok((date, document.clone()))
}

/// The day on which it is looked at, in Beijing.
fn as_of(call: &Call<'_>) -> Result<Date, Raise> {
    // SAFETY: ext/date is always there, and its interface lives as long as the process.
    let interface: &ClassEntry = unsafe { &*zend::php_date_get_interface_ce() };
    let given = call.instance_or(3, interface, "DateTimeInterface")?;
    let seconds = match given.and_then(|time| time.object()) {
        Some(time) => door::method(time, "getTimestamp", &[])?.long(),
        None => Some(SystemClock.unix_seconds()),
    };
    seconds.and_then(beijing_day).ok_or_else(|| call.bad(3, "must be a time between the years 1 and 9999"))
}

fn appids(call: &Call<'_>) -> Result<Vec<String>, Raise> {
    let Some(list) = call.array_or(4)? else { return Ok(Vec::new()) };
    let mut appids = Vec::with_capacity(list.len());
    let mut entries = list.iter();
    while let Some((_, entry)) = entries.next_zval() {
        let given = value::type_name(entry.dereference());
        let text = entry.dereference().str();
        appids.push(
            text.ok_or_else(|| {
                Call::type_error(4, &format!("must have only values of type string, {given} given"))
            })?
            .to_owned(),
        );
    }
    Ok(appids)
}
