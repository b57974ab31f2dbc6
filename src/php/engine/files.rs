//! Files as PHP allows them: nothing outside `open_basedir` is opened or written.

use crate::gateway::identity::Files;
use crate::model::misplaced::shown_path;
use crate::php::engine::zend;
use std::ffi::{CStr, CString, OsStr};
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// The largest certificate, key or CA file read.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// PHP's rules for opening files.
pub struct PhpFiles;

impl PhpFiles {
    /// Says no where `open_basedir` does.
    pub fn allow(verb: &str, path: &str) -> Result<(), String> {
        Self::allow_shown(verb, path, path)
    }

    fn allow_shown(verb: &str, path: &str, shown: &str) -> Result<(), String> {
        let c_path = CString::new(path).map_err(|_| "a file name must not contain NUL bytes".to_owned())?;
        // SAFETY: the path is NUL-terminated; without a warning asked for, the check only answers.
        if unsafe { zend::php_check_open_basedir_ex(c_path.as_ptr(), 0) } == 0 {
            return Ok(());
        }
        Err(format!("open_basedir does not allow to {verb} {shown}"))
    }
}

/// Where PHP puts files that have no name: `sys_temp_dir`, else the system's.
pub fn temporary_folder() -> PathBuf {
    // SAFETY: the engine gives a text that lives at least as long as the request.
    let folder = unsafe { zend::php_get_temporary_directory().as_ref().map(|first| CStr::from_ptr(first)) };
    folder.map_or_else(std::env::temp_dir, |folder| PathBuf::from(OsStr::from_bytes(folder.to_bytes())))
}

/// Opens a file to be read as a stream.
pub fn open(path: &str) -> Result<File, String> {
    PhpFiles::allow("read", path)?;
    File::open(path).map_err(|e| format!("cannot read {path}: {e}"))
}

/// A file on its way: it has its name when it is whole, and an older one of that name stands until then.
pub struct Saved<'a> {
    path: &'a Path,
    file: NamedTempFile,
}

impl<'a> Saved<'a> {
    /// Begins one, in the folder where it is to stand.
    pub fn begin(path: &'a str) -> Result<Self, String> {
        PhpFiles::allow("write", path)?;
        let path = Path::new(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        // As PHP's own files: the umask says who may read it.
        builder.prefix(".wechatpay-").permissions(Permissions::from_mode(0o666));
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")));
        Ok(Self { path, file: file.map_err(|e| cannot_write(path, &e))? })
    }

    /// Writes into it.
    pub fn write<E: From<io::Error>>(
        &mut self,
        write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = BufWriter::new(self.file.as_file_mut());
        write(&mut file)?;
        Ok(file.flush()?)
    }

    /// Why it was not written.
    pub fn cannot(&self, e: &io::Error) -> String {
        cannot_write(self.path, e)
    }

    /// Gives it its name.
    pub fn finish(self) -> Result<(), String> {
        let path = self.path;
        self.file.persist(path).map(|_| ()).map_err(|e| cannot_write(path, &e.error))
    }
}

fn cannot_write(path: &Path, e: &io::Error) -> String {
    format!("cannot write {}: {e}", path.display())
}

impl Files for PhpFiles {
    fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let shown = shown_path(path);
        Self::allow_shown("read", path, shown)?;
        let cannot = |e: std::io::Error| format!("cannot read {shown}: {e}");
        let file = File::open(path).map_err(cannot)?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("{shown} is larger than 4 MiB"));
        }
        Ok(bytes)
    }

    fn stamp(&self, path: &str) -> Result<(u64, u128), String> {
        let shown = shown_path(path);
        Self::allow_shown("read", path, shown)?;
        let cannot = |e: std::io::Error| format!("cannot read {shown}: {e}");
        let metadata = std::fs::metadata(path).map_err(cannot)?;
        let changed = metadata.modified().map_err(cannot)?;
        Ok((metadata.len(), changed.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos())))
    }
}
