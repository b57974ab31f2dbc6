//! The module: what PHP loads, what phpinfo() shows.

use crate::gateway::threads;
use crate::php::engine::convert::{date, interned};
use crate::php::engine::guard::{door, orphan, throw};
use crate::php::engine::{cache, ini, signals, zend};
use crate::php::tools::signer;
use crate::php::values::exception;
use crate::php::{bills, calls, ledger, tools, values};
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
    interned::intern();
    threads::shield_with(signals::hold_back);
    orphan::watch();
    throw::faults_with(exception::throw);
    let rooms = [
        values::CLASSES,
        calls::CLASSES,
        calls::payment::CLASSES,
        bills::CLASSES,
        ledger::CLASSES,
        tools::CLASSES,
    ];
    let registered = rooms.iter().flat_map(|room| room.iter()).try_for_each(|register| register());
    i32::from(registered.is_err())
}

extern "C" fn shutdown(_: i32, module: i32) -> i32 {
    ini::unregister(module);
    0
}

extern "C" fn request_startup(_: i32, _: i32) -> i32 {
    door::begin();
    signer::forget_key();
    date::forget_zone();
    0
}

extern "C" fn request_shutdown(_: i32, _: i32) -> i32 {
    signals::give_back();
    signer::forget_key();
    date::release_zone();
    0
}

extern "C" fn info(module: *mut ModuleEntry) {
    info_table_start!();
    info_table_row!("wechatpay", "enabled");
    info_table_row!("Version", env!("CARGO_PKG_VERSION"));
    info_table_row!("API", "v2 (XML; MD5, HMAC-SHA256), v3 (JSON; RSA-SHA256)");
    info_table_row!(
        "TLS",
        concat!("1.2 and 1.3, rustls ", env!("WECHATPAY_RUSTLS"), " with ring ", env!("WECHATPAY_RING"))
    );
    info_table_row!("Trusted roots", concat!("webpki-roots ", env!("WECHATPAY_WEBPKI_ROOTS")));
    info_table_row!("HTTP", concat!("ureq ", env!("WECHATPAY_UREQ")));
    info_table_row!("XML", concat!("quick-xml ", env!("WECHATPAY_QUICK_XML")));
    info_table_row!("Binding", concat!("ext-php-rs ", env!("WECHATPAY_EXT_PHP_RS")));
    info_table_row!("Certificate cache", cache::shown());
    info_table_end!();
    // SAFETY: the engine gives its own module entry.
    unsafe { zend::display_ini_entries(module.cast()) };
}
