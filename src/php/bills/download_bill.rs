//! `WechatPay\DownloadBill`.

use crate::api::download_bill::{Download, DownloadKind};
use crate::bill::document::Document;
use crate::bill::header::BillType;
use crate::clock::{Clock, SystemClock};
use crate::gateway::endpoint::Endpoint;
use crate::php::bills::bill;
use crate::php::bills::bill::day;
use crate::php::calls::gateway::{Caller, caller_class};
use crate::php::engine::files;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::values::enums::{Case, case_of};
use ext_php_rs::flags::DataType;
use time::{Date, OffsetDateTime};

caller_class!(PhpDownloadBill, "WechatPay\\DownloadBill");

const DATE: Param<Text> = text("date");
const TYPE: Param<Case<BillType>> = case_of("type").or("\\WechatPay\\BillType::All");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let trade =
        method!("trade", trade, [DATE, TYPE], Some(Returns(DataType::object("WechatPay\\Bill"), false)));
    register::<PhpDownloadBill, _>(NONE, &[trade], &[])
}

fn trade(call: &mut Call<'_>) -> Outcome {
    let (date, kind) = (day(call, DATE)?, call.get(TYPE)?);
    let caller = &call.this::<PhpDownloadBill>()?.0;
    bill::trades_to_php(download(caller, DownloadKind::Bill(kind), date)?)
}

/// Downloads one of the two files, into the folder that PHP has for such.
pub fn download(caller: &Caller, wanted: DownloadKind, date: Date) -> Result<Document, Raise> {
    let now = OffsetDateTime::from_unix_timestamp(SystemClock.unix_seconds());
    let now = now.map_err(|e| Raise::Engine(e.to_string()))?;
    let folder = files::temporary_folder();
    let download = Download::new(wanted, date, now, &folder)
        .map_err(|e| bill::misplaced(format!("cannot make a file in {}: {e}", folder.display())))?;
    door::ended(caller.client(download.spec().certificate, None)?.download(&download))
}
