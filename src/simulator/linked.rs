//! Files that APIv3 links to.

use super::clock::{self, MINUTE};
use std::collections::HashMap;

const LINK_LIVES: i64 = 5 * MINUTE;

/// Files behind links, by their tokens.
#[derive(Debug, Default)]
pub struct LinkedFiles {
    files: HashMap<String, LinkedFile>,
}

/// One of them.
#[derive(Debug)]
pub struct LinkedFile {
    /// Whose it is.
    pub mch_id: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    made_ms: i64,
}

impl LinkedFile {
    /// A file whose link lives from now on.
    pub fn new(mch_id: &str, bytes: Vec<u8>) -> Self {
        Self { mch_id: mch_id.to_owned(), bytes, made_ms: clock::real_now() }
    }
}

impl LinkedFiles {
    /// Puts a file behind a link.
    pub fn add(&mut self, token: String, file: LinkedFile) {
        self.files.insert(token, file);
    }

    /// The file behind a link that still lives.
    pub fn get(&self, token: &str) -> Option<&LinkedFile> {
        self.files.get(token).filter(|file| clock::real_now() - file.made_ms < LINK_LIVES)
    }
}
