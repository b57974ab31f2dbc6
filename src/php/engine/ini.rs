//! The settings in php.ini (PHP_INI_SYSTEM).

use crate::php::engine::zend;
use ext_php_rs::ffi::_zend_ini_entry as IniEntry;
use ext_php_rs::flags::IniEntryPermission;
use ext_php_rs::zend::{IniEntryDef, IniEntryDefs};
use std::ffi::{CStr, c_int};
use std::num::ParseIntError;

static ENTRIES: IniEntryDefs<8> = IniEntryDefs::new([
    IniEntryDef::new(c"wechatpay.url", c"", IniEntryPermission::System),
    IniEntryDef::new(c"wechatpay.backup_url", c"", IniEntryPermission::System),
    IniEntryDef::new(c"wechatpay.ca_file", c"", IniEntryPermission::System),
    hidden(IniEntryDef::new(c"wechatpay.proxy", c"", IniEntryPermission::System)),
    IniEntryDef::new(c"wechatpay.connect_timeout_ms", c"3000", IniEntryPermission::System),
    IniEntryDef::new(c"wechatpay.timeout_ms", c"8000", IniEntryPermission::System),
    IniEntryDef::new(c"wechatpay.cache_dir", c"", IniEntryPermission::System),
    IniEntryDef::end(),
]);

/// A setting with a password in it: pages that list settings, `phpinfo()` above all, show only that it is set.
const fn hidden(mut entry: IniEntryDef) -> IniEntryDef {
    entry.displayer = Some(display_hidden);
    entry
}

unsafe extern "C" fn display_hidden(entry: *mut IniEntry, kind: c_int) {
    const ORIGINAL: c_int = 1;
    // SAFETY: the engine gives the entry that it is about to show; its strings are null or live.
    let shown = unsafe {
        let entry = &*entry;
        let value = if kind == ORIGINAL && entry.modified != 0 { entry.orig_value } else { entry.value };
        value.as_ref().filter(|value| value.len > 0).map_or(c"no value", |_| c"set, not shown")
    };
    // SAFETY: the text is as long as it says.
    unsafe { ext_php_rs::ffi::php_output_write(shown.as_ptr(), shown.count_bytes()) };
}

/// Registers the settings while the module starts.
pub fn register(module: i32) {
    IniEntryDef::register(ENTRIES.as_slice(), module);
}

/// Takes them away when it ends.
pub fn unregister(module: i32) {
    // SAFETY: the module number is the one the entries were registered with.
    unsafe { zend::zend_unregister_ini_entries(module) };
}

/// A text setting; `None` if it is empty.
pub fn text(name: &CStr) -> Option<String> {
    // SAFETY: the setting exists; the engine's text is copied at once.
    unsafe {
        let text = zend::zend_ini_string(name.as_ptr(), name.count_bytes(), 0);
        let text = (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned());
        text.filter(|t| !t.is_empty())
    }
}

/// A setting that is a number; `None` if it is empty. PHP would read `8s` as 8, `1e4` as 1, and any other word as 0.
pub fn number(name: &CStr) -> Option<Result<i64, ParseIntError>> {
    text(name).map(|text| text.trim().parse())
}
