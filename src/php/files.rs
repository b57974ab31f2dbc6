//! Files as PHP allows them: nothing outside `open_basedir` is opened.

use super::zend;
use crate::gateway::identity::Files;
use std::ffi::CString;
use std::io::Read;
use std::time::UNIX_EPOCH;
use zeroize::Zeroizing;

/// The largest certificate, key or CA file read.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// PHP's rules for opening files.
pub struct PhpFiles;

impl PhpFiles {
    fn allow(path: &str) -> Result<(), String> {
        let c_path = CString::new(path).map_err(|_| "a file name must not contain NUL bytes".to_owned())?;
        // SAFETY: the path is NUL-terminated; without a warning asked for, the check only answers.
        if unsafe { zend::php_check_open_basedir_ex(c_path.as_ptr(), 0) } == 0 {
            return Ok(());
        }
        Err(format!("open_basedir does not allow to read {path}"))
    }
}

impl Files for PhpFiles {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        Self::allow(path)?;
        let cannot = |e: std::io::Error| format!("cannot read {path}: {e}");
        let file = std::fs::File::open(path).map_err(cannot)?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("{path} is larger than 4 MiB"));
        }
        Ok(bytes)
    }

    fn stamp(&self, path: &str) -> Result<(u64, u128), String> {
        Self::allow(path)?;
        let cannot = |e: std::io::Error| format!("cannot read {path}: {e}");
        let metadata = std::fs::metadata(path).map_err(cannot)?;
        let changed = metadata.modified().map_err(cannot)?;
        Ok((metadata.len(), changed.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos())))
    }
}
