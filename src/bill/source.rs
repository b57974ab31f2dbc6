//! Where the bytes of a bill are kept, to be read as often as one likes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Something that gives the same bytes whenever it is opened.
pub trait BillSource {
    /// Reads them from the beginning. Readers do not disturb each other.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl BillSource for [u8] {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self))
    }
}

impl BillSource for Vec<u8> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        self.as_slice().open()
    }
}

/// A whole file of somebody's, in memory or open.
#[derive(Debug)]
pub enum Kept {
    /// In memory.
    Memory(Vec<u8>),
    /// Open: whatever becomes of its name, the bytes are those that were opened.
    File(File),
}

impl Kept {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX);
                bytes.get(start..).unwrap_or_default().read(buffer)
            }
            Self::File(file) => file.read_at(buffer, at),
        }
    }
}

/// One reading of a kept file, with a place of its own.
#[derive(Debug, Clone)]
pub struct Reading {
    kept: Arc<Kept>,
    at: u64,
}

impl Reading {
    /// From the beginning.
    pub fn of(kept: &Arc<Kept>) -> Self {
        Self { kept: kept.clone(), at: 0 }
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.kept.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BillSource for Arc<Kept> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Reading::of(self)))
    }
}
