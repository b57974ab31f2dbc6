//! Whole files: does every cell read, do the sums come out, which bytes were these.

use super::content::{Content, Limits};
use super::fault::BillError;
use super::header::Header;
use super::reader::Reader;
use super::sums::{Summary, Tally};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::Read;

/// What a file that adds up is known to be.
#[derive(Debug, Clone)]
pub struct Balanced {
    /// Its header.
    pub header: Header,
    /// Its sums.
    pub summary: Summary,
    /// How many rows it has.
    pub rows: u64,
}

/// Reads a file to its end: every cell, every sum, and the balance chain of a fund flow.
pub fn verify<R: Read>(file: R) -> Result<Balanced, BillError> {
    let mut reader = Reader::new(file)?;
    let mut tally = Tally::default();
    while let Some(row) = reader.next_row()? {
        tally.take(&row);
    }
    let (header, rows) = (reader.header().clone(), reader.rows());
    let summary = reader.finish()?;
    tally.settle(&summary, &header)?;
    Ok(Balanced { header, summary, rows })
}

/// The SHA-256 of the unpacked bytes, in lower-case hex.
pub fn sha256<R: Read>(file: R) -> Result<String, BillError> {
    let mut content = Content::new(file, Limits::default())?;
    let mut digest = Sha256::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        let filled = content.fill(&mut block)?;
        digest.update(block.get(..filled).unwrap_or_default());
        if filled < block.len() {
            break;
        }
    }
    let mut hex = String::with_capacity(64);
    for byte in digest.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}
