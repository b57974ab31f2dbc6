//! `WechatPay\DownloadFundFlow`.

use crate::api::download_bill::DownloadKind;
use crate::bill::document::AccountType;
use crate::php::bills::bill;
use crate::php::bills::bill::day;
use crate::php::bills::download_bill::download;
use crate::php::calls::gateway::caller_class;
use crate::php::engine::object::call::{Call, param};
use crate::php::engine::object::class::{Returns, method, register};
use crate::php::engine::object::property::NONE;
use crate::php::engine::raise::Outcome;
use crate::php::values::enums::PhpEnum;
use ext_php_rs::flags::DataType;

caller_class!(PhpDownloadFundFlow, "WechatPay\\DownloadFundFlow");

/// Registers the class.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    let account = method!(
        "account",
        account,
        [
            param("date", DataType::String),
            param("type", DataType::object(AccountType::NAME)).or("\\WechatPay\\AccountType::Basic")
        ],
        Some(Returns(DataType::object("WechatPay\\FundFlow"), false))
    );
    register::<PhpDownloadFundFlow, _>(NONE, &[account], &[])
}

fn account(call: &mut Call<'_>) -> Outcome {
    let (date, account) = (day(call, 0)?, call.case_or(1)?.unwrap_or(AccountType::Basic));
    let caller = &call.this::<PhpDownloadFundFlow>()?.0;
    bill::flows_to_php(download(caller, DownloadKind::FundFlow(account), date)?, account)
}
