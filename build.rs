//! Link arguments that the extension needs on some platforms, the versions that phpinfo() shows, and Zend's functions.

#[cfg(feature = "php")]
#[path = "build/php.rs"]
mod php;

use std::fs;

/// The crates that phpinfo() names.
const SHOWN: [&str; 6] = ["ext-php-rs", "quick-xml", "ring", "rustls", "ureq", "webpki-roots"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    for name in SHOWN {
        let variable = name.to_uppercase().replace('-', "_");
        println!("cargo:rustc-env=WECHATPAY_{variable}={}", version(&lock, name).unwrap_or("unknown"));
    }
    println!("cargo:rustc-check-cfg=cfg(php_delayed_oom)");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
        // PHP's symbols are found when the extension is loaded, not when it is linked.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-undefined,dynamic_lookup");
    }
    #[cfg(feature = "php")]
    if let Err(why) = php::declare_zend() {
        println!("cargo::error={why}");
    }
}

/// The version that Cargo.lock has of a crate.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let entry = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?.1;
    entry.split_once('"').map(|(version, _)| version)
}
