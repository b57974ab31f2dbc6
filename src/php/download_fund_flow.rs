//! `WechatPay\DownloadFundFlow`.

use super::bill::{self, day};
use super::call::{Call, Outcome, param};
use super::class::{Returns, method, register};
use super::download_bill::download;
use super::enums::PhpEnum;
use super::gateway::caller_class;
use crate::api::download_bill::Wanted;
use crate::bill::document::AccountType;
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
    register::<PhpDownloadFundFlow>(&[], &[account], &[])
}

fn account(call: &mut Call<'_>) -> Outcome {
    let (date, account) = (day(call, 0)?, call.case_or(1)?.unwrap_or(AccountType::Basic));
    let caller = &call.this::<PhpDownloadFundFlow>()?.0;
    bill::flows_to_php(download(caller, Wanted::FundFlow(account), date)?, account)
}
