//! Whole files: does every cell read, do the sums come out, which bytes were these.

use super::content::{Content, Limits};
use super::fault::BillError;
use super::header::Header;
use super::reader::Reader;
use super::sums::{RowTotals, Summary};
use super::unbalanced::Unbalanced;
use crate::wire::hex::hex;
use sha2::{Digest, Sha256};
use std::io::Read;

/// What a file that reads comes to, right or wrong.
#[derive(Debug, Clone)]
pub struct Balance {
    /// Its header.
    pub header: Header,
    /// Its sums.
    pub summary: Summary,
    /// How many rows it has.
    pub rows: u64,
    /// What does not add up.
    pub wrong: Unbalanced,
}

impl Balance {
    /// Fails if anything does not add up.
    pub fn settled(&self) -> Result<(), BillError> {
        if self.wrong == Unbalanced::default() {
            Ok(())
        } else {
            Err(BillError::Unbalanced(self.wrong.clone()))
        }
    }
}

/// Reads a file to its end: every cell, every sum, and the balance chain of a fund flow.
pub fn verify<R: Read>(file: R) -> Result<Balance, BillError> {
    let balance = balance(file)?;
    balance.settled().map(|()| balance)
}

/// The same, and what does not add up is told beside the rest.
pub fn balance<R: Read>(file: R) -> Result<Balance, BillError> {
    let mut reader = Reader::new(file)?;
    let mut totals = RowTotals::default();
    while let Some(row) = reader.next_row()? {
        totals.take(&row);
    }
    let (header, rows) = (reader.header().clone(), reader.rows());
    let summary = reader.finish()?;
    let wrong = totals.wrong(&summary, &header);
    Ok(Balance { header, summary, rows, wrong })
}

/// The SHA-256 of the unpacked bytes, in lower-case hex.
pub fn sha256<R: Read>(file: R) -> Result<String, BillError> {
    let mut digest = Sha256::new();
    each_block(file, |block| digest.update(block))?;
    Ok(hex(&digest.finalize()).to_ascii_lowercase())
}

/// Their SHA-1, which comes with fund flows.
pub fn sha1<R: Read>(file: R) -> Result<String, BillError> {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY);
    each_block(file, |block| digest.update(block))?;
    Ok(hex(digest.finish().as_ref()).to_ascii_lowercase())
}

fn each_block<R: Read>(file: R, mut take: impl FnMut(&[u8])) -> Result<(), BillError> {
    Content::new(file, Limits::default())?.each_block(|block| {
        take(block);
        Ok(())
    })
}
