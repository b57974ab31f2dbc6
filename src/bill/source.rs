//! Where the bytes of a bill are kept, to be read as often as one likes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// Something that gives the same bytes whenever it is opened.
pub trait Source {
    /// Reads them from the beginning. Readers do not disturb each other.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Source for [u8] {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self))
    }
}

impl Source for Vec<u8> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        self.as_slice().open()
    }
}

impl Source for File {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Place { file: self, at: 0 }))
    }
}

/// A place of its own in an open file: whatever becomes of its name, the bytes are those that were opened.
struct Place<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
