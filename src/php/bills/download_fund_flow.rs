//! `WechatPay\DownloadFundFlow`.

use crate::api::download_bill::DownloadKind;
use crate::bill::document::AccountType;
use crate::php::bills::bill;
use crate::php::bills::bill::day;
use crate::php::bills::download_bill::download;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::param::{Param, Text, text};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use crate::php::values::enums::{Case, case_of};
use ext_php_rs::flags::DataType;

caller_class!(PhpDownloadFundFlow, "WechatPay\\DownloadFundFlow");

const DATE: Param<Text> = text("date");
const TYPE: Param<Case<AccountType>> = case_of("type").or("\\WechatPay\\AccountType::Basic");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let account = method!(
        "account",
        account,
        [DATE, TYPE],
        Some(Returns(DataType::object("WechatPay\\FundFlow"), false))
    );
    register::<PhpDownloadFundFlow, _>(NONE, &[account], &[])
}

fn account(call: &mut Call<'_>) -> Outcome {
    let (date, account) = (day(call, DATE)?, call.get(TYPE)?);
    let caller = &call.this::<PhpDownloadFundFlow>()?.0;
    bill::flows_to_php(download(caller, DownloadKind::FundFlow(account), date)?, account)
}
