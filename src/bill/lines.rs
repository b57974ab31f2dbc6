//! The lines of a file: block by block, each checked for its length, for NUL bytes and for UTF-8.

use super::content::{Content, Limits};
use super::fault::BillError;
use super::index::Index;
use memchr::{memchr, memrchr};
use std::io::Read;

/// The longest line, its end not counted.
pub const MAX_LINE: usize = 1024 * 1024;
/// How much is read at a time.
const BLOCK: usize = 256 * 1024;
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A line of the present block.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last one; CR and LF are left out.
    pub end: usize,
    first_cut: u32,
    last_cut: u32,
}

/// The lines of a file.
pub struct Lines<R> {
    content: Content<R>,
    buffer: Vec<u8>,
    /// Where the bytes end that were read.
    filled: usize,
    /// Where the whole lines end: the block.
    whole: usize,
    ended: bool,
    index: Index,
    /// Lines of the index that were given out.
    given: usize,
    /// Where the next line begins.
    start: usize,
    cuts: u32,
    /// The first byte of the block that may not be there.
    wrong_at: Option<usize>,
    /// Lines given out, of all blocks.
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Begins: unpacks, passes over one byte order mark.
    pub fn new(file: R, limits: Limits) -> Result<Self, BillError> {
        let mut content = Content::new(file, limits)?;
        let mut buffer = vec![0; BLOCK];
        let filled = content.fill(&mut buffer)?;
        if buffer.starts_with(BOM) && filled >= BOM.len() {
            buffer.drain(..BOM.len());
        }
        let filled = filled - (BLOCK - buffer.len());
        let ended = filled < buffer.len();
        Ok(Self {
            content,
            buffer,
            filled,
            whole: 0,
            ended,
            index: Index::default(),
            given: 0,
            start: 0,
            cuts: 0,
            wrong_at: None,
            number: 0,
        })
    }

    /// The bytes of the file's beginning, before the first line was taken.
    pub fn beginning(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// All the bytes there are, at most so many: for an answer, which is small.
    pub fn all(&mut self, most: usize) -> Result<&[u8], BillError> {
        while !self.ended && self.filled <= most {
            self.read_on()?;
        }
        Ok(self.beginning())
    }

    /// The number of the line given out last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The packing's fault, if it has one: it goes before any other.
    pub fn gzip_fault(&mut self) -> Option<BillError> {
        self.content.gzip_fault()
    }

    /// The bytes of memory that it holds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.buffer.capacity() + self.index.held()
    }

    /// The next line.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Span>, BillError> {
        while self.given == self.index.lines.len() {
            if !self.next_block()? {
                return Ok(None);
            }
        }
        let Some(line) = self.index.lines.get(self.given).copied() else { return Ok(None) };
        let feed = line.end as usize;
        let returned = feed > self.start && self.buffer.get(feed - 1) == Some(&b'\r');
        let span = Span {
            start: self.start,
            end: feed - usize::from(returned),
            first_cut: self.cuts,
            last_cut: line.cuts,
        };
        self.given += 1;
        self.number += 1;
        self.start = feed + 1;
        self.cuts = line.cuts;
        self.refuse_wrong(span).map(|()| Some(span))
    }

    fn refuse_wrong(&self, span: Span) -> Result<(), BillError> {
        let line = self.number;
        if span.end - span.start > MAX_LINE {
            return Err(BillError::LineTooLong { line });
        }
        if self.wrong_at.is_none_or(|at| at >= span.end) {
            return Ok(());
        }
        let nul = memchr(0, self.bytes(span)).is_some();
        Err(if nul { BillError::Nul { line } } else { BillError::Utf8 { line } })
    }

    /// The block that the spans of its lines point into.
    #[inline]
    pub fn block(&self) -> &[u8] {
        self.buffer.get(..self.whole).unwrap_or_default()
    }

    /// A line's bytes.
    pub fn bytes(&self, span: Span) -> &[u8] {
        self.buffer.get(span.start..span.end).unwrap_or_default()
    }

    /// A line's text, which was checked when it was given out.
    pub fn text(&self, span: Span) -> &str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }

    /// The backticks that begin the second and later cells of a line.
    #[inline]
    pub fn cuts(&self, span: Span) -> &[u32] {
        self.index.cuts(span.first_cut, span.last_cut)
    }

    /// Moves to the next block of whole lines; false at the end.
    fn next_block(&mut self) -> Result<bool, BillError> {
        self.buffer.copy_within(self.whole..self.filled, 0);
        self.filled -= self.whole;
        self.whole = 0;
        while self.find_lines().is_none() {
            if self.ended {
                return Ok(false);
            }
            if self.filled > MAX_LINE + 1 {
                return Err(BillError::LineTooLong { line: self.number + 1 });
            }
            self.read_on()?;
        }
        self.look_at_block();
        Ok(true)
    }

    /// Finds where the last whole line ends; at the end of the file, every line is whole.
    fn find_lines(&mut self) -> Option<()> {
        if self.ended && self.filled > 0 && self.beginning().last() != Some(&b'\n') {
            self.buffer.truncate(self.filled);
            self.buffer.push(b'\n');
            self.filled += 1;
        }
        self.whole = memrchr(b'\n', self.beginning())? + 1;
        Some(())
    }

    /// Fills the rest of the buffer, which grows if a line needs it.
    fn read_on(&mut self) -> Result<(), BillError> {
        if self.buffer.len() < self.filled + BLOCK / 2 {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let read = self.content.fill(room)?;
        self.ended = read < room.len();
        self.filled += read;
        Ok(())
    }

    fn look_at_block(&mut self) {
        let block = self.buffer.get(..self.whole).unwrap_or_default();
        self.index.scan(block);
        let nul = self.index.has_nul.then(|| memchr(0, block)).flatten();
        let cut = if simdutf8::basic::from_utf8(block).is_ok() {
            None
        } else {
            simdutf8::compat::from_utf8(block).err().map(|e| e.valid_up_to())
        };
        self.wrong_at = nul.into_iter().chain(cut).min();
        self.given = 0;
        self.start = 0;
        self.cuts = 0;
    }
}
