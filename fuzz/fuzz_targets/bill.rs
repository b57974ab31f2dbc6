//! Any bytes as a bill: the reader never panics, reads the same twice, and however the bytes arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Read;
use wechatpay::bill::reader::Reader;
use wechatpay::bill::verify::verify;

/// Every cell of a file, or the fault that ended it.
fn cells(file: impl Read) -> Result<Vec<String>, String> {
    let mut reader = Reader::new(file).map_err(|e| e.to_string())?;
    let mut cells = Vec::new();
    while let Some(row) = reader.next_row().map_err(|e| e.to_string())? {
        cells.extend(row.printed().map(|(_, cell)| cell.to_owned()));
        for field in row.header().fields() {
            let _ = (row.text(field), row.number_of(field), row.time(field));
        }
    }
    Ok(cells)
}

fuzz_target!(|file: &[u8]| {
    let half = file.len() / 2;
    let (first, second) = file.split_at(half);
    assert_eq!(cells(file), cells(first.chain(second)));
    let _ = verify(file);
});
