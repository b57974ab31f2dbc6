//! `wechatpay.cache_dir`: the folder for what can be downloaded again, and is verified again when it is read. No call
//! fails or warns because of it; `phpinfo()` says whether it can be used.

use crate::php::engine::files::PhpFiles;
use crate::php::engine::ini;
use std::path::{Path, PathBuf};

/// The file of this name, unless no folder is set, or none that could be used.
pub fn file(name: &str) -> Option<PathBuf> {
    let folder = ini::text(c"wechatpay.cache_dir")?;
    allowed(&folder).ok().map(|()| Path::new(&folder).join(name))
}

/// What `phpinfo()` says about the folder.
pub fn shown() -> String {
    let Some(folder) = ini::text(c"wechatpay.cache_dir") else { return "none".into() };
    match allowed(&folder).and_then(|()| writable(&folder)) {
        Ok(()) => folder,
        Err(why) => format!("{folder}, not used: {why}"),
    }
}

fn allowed(folder: &str) -> Result<(), String> {
    if !folder.starts_with('/') {
        return Err("it is no absolute path".into());
    }
    PhpFiles::allow("write", folder)
}

fn writable(folder: &str) -> Result<(), String> {
    tempfile::tempfile_in(folder).map(drop).map_err(|e| format!("nothing can be written there: {e}"))
}
