//! The module: what PHP loads, what phpinfo() shows.

use crate::gateway::threads;
use crate::php::bills::{bill, bill_row, day_report, download_bill, download_fund_flow, reconciliation};
use crate::php::calls::payment::{
    close_order, micropay, order_query, refund, refund_query, reverse, unified_order,
};
use crate::php::calls::{auth_code_to_openid, client, gateway, report, short_url};
use crate::php::engine::convert::{names, value};
use crate::php::engine::guard::{door, fork, signals};
use crate::php::engine::{ini, zend};
use crate::php::ledger::{class as ledger, sync, transition};
use crate::php::tools::{fen, signer, xml};
use crate::php::values::{enums, exception, merchant, notification, order, prepay, refund_list, scan_pay};
use ext_php_rs::prelude::*;
use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};

/// The extension.
#[php_module]
#[php(startup = "startup")]
pub fn module(module: ModuleBuilder) -> ModuleBuilder {
    module
        .name("wechatpay")
        .info_function(info)
        .shutdown_function(shutdown)
        .request_startup_function(request_startup)
        .request_shutdown_function(request_shutdown)
}

/// Registers everything; runs once, in the process that may fork later: no thread, no socket, no file here.
pub fn startup(_: i32, module: i32) -> i32 {
    // A panic becomes a PHP Error; its text would only repeat on stderr what may be private.
    std::panic::set_hook(Box::new(|_| {}));
    ini::register(module);
    names::intern();
    threads::shield_with(signals::hold_back);
    fork::watch();
    let registered = enums::register_all()
        .and_then(|()| order::register_all())
        .and_then(|()| exception::register_all())
        .and_then(|()| merchant::register_all())
        .and_then(|()| gateway::register_all())
        .and_then(|()| prepay::register_all())
        .and_then(|()| order_query::register_all())
        .and_then(|()| unified_order::register_all())
        .and_then(|()| close_order::register_all())
        .and_then(|()| micropay::register_all())
        .and_then(|()| reverse::register_all())
        .and_then(|()| refund::register_all())
        .and_then(|()| refund_list::register_all())
        .and_then(|()| refund_query::register_all())
        .and_then(|()| notification::register_all())
        .and_then(|()| scan_pay::register_all())
        .and_then(|()| auth_code_to_openid::register_all())
        .and_then(|()| short_url::register_all())
        .and_then(|()| report::register_all())
        .and_then(|()| bill_row::register_all())
        .and_then(|()| bill::register_all())
        .and_then(|()| download_bill::register_all())
        .and_then(|()| download_fund_flow::register_all())
        .and_then(|()| day_report::register_all())
        .and_then(|()| reconciliation::register_all())
        .and_then(|()| client::register_all())
        .and_then(|()| transition::register_all())
        .and_then(|()| ledger::register_all())
        .and_then(|()| sync::register_all())
        .and_then(|()| signer::register_all())
        .and_then(|()| xml::register_all())
        .and_then(|()| fen::register_all());
    i32::from(registered.is_err())
}

extern "C" fn shutdown(_: i32, module: i32) -> i32 {
    ini::unregister(module);
    0
}

extern "C" fn request_startup(_: i32, _: i32) -> i32 {
    door::begin();
    signer::forget_key();
    value::forget_zone();
    0
}

extern "C" fn request_shutdown(_: i32, _: i32) -> i32 {
    signals::give_back();
    signer::forget_key();
    value::release_zone();
    0
}

extern "C" fn info(module: *mut ModuleEntry) {
    info_table_start!();
    info_table_row!("wechatpay", "enabled");
    info_table_row!("Version", env!("CARGO_PKG_VERSION"));
    info_table_row!("API", "v2 (XML; MD5, HMAC-SHA256)");
    info_table_row!(
        "TLS",
        concat!("1.2 and 1.3, rustls ", env!("WECHATPAY_RUSTLS"), " with ring ", env!("WECHATPAY_RING"))
    );
    info_table_row!("Trusted roots", concat!("webpki-roots ", env!("WECHATPAY_WEBPKI_ROOTS")));
    info_table_row!("HTTP", concat!("ureq ", env!("WECHATPAY_UREQ")));
    info_table_row!("XML", concat!("quick-xml ", env!("WECHATPAY_QUICK_XML")));
    info_table_row!("Binding", concat!("ext-php-rs ", env!("WECHATPAY_EXT_PHP_RS")));
    info_table_end!();
    // SAFETY: the engine gives its own module entry.
    unsafe { zend::display_ini_entries(module.cast()) };
}
