//! Random bills of an independent writer, packings that are damaged, and memory that stays flat.

use super::writer::{self, Column, Written};
use crate::bill::content::Limits;
use crate::bill::fault::BillError;
use crate::bill::header::Header;
use crate::bill::reader::Reader;
use crate::bill::source::{BillSource, Kept};
use crate::bill::verify::{sha256, verify};
use crate::error::{Advice, Error, Fault, Repeat};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::{self, Read, Write};
use std::sync::Arc;

pub fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

/// Gives a few bytes at a time, and is interrupted in between.
struct Drops<'a>(&'a [u8], usize, bool);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

fn cells_of(text: impl Read) -> Result<Vec<Vec<String>>, BillError> {
    let mut reader = Reader::new(text)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row.printed().map(|(_, cell)| cell.to_owned()).collect());
    }
    Ok(rows)
}

fn agrees(written: &Written, text: &[u8]) {
    assert_eq!(cells_of(text).unwrap(), written.rows);
    assert_eq!(verify(text).unwrap().rows, written.rows.len() as u64);
    let mut reader = Reader::new(text).unwrap();
    let names = written.names();
    for row in &written.rows {
        let read = reader.next_row().unwrap().unwrap();
        for field in read.header().fields() {
            let place = read.header().place(field).unwrap().column;
            match writer::column(names[place]) {
                Column::Yuan | Column::Fee => {
                    assert_eq!(i128::from(read.number_of(field).unwrap()), writer::digits(&row[place]));
                }
                Column::Time => assert!(read.time(field).is_some()),
                Column::Text if row[place].trim_matches([' ', '\t']).is_empty() => {
                    assert_eq!(read.text(field), None);
                }
                _ => assert_eq!(
                    read.text(field),
                    Some(row[place].as_str()).filter(|word| *word != "0"
                        || !matches!(
                            names[place],
                            "特约商户号" | "子商户号" | "微信退款单号" | "商户退款单号"
                        ))
                ),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn b6_b8_what_another_writes_is_what_is_read_and_it_adds_up(written in writer::bill()) {
        let text = written.text();
        agrees(&written, text.as_bytes());
        agrees(&written, &packed(text.as_bytes()));
        prop_assert_eq!(cells_of(Drops(text.as_bytes(), 7, false)).unwrap(), written.rows.clone());
        prop_assert_eq!(sha256(text.as_bytes()).unwrap(), sha256(&*packed(text.as_bytes())).unwrap());
    }

    #[test]
    fn b2_a_bill_cut_anywhere_is_refused(written in writer::bill(), part in 0.0..1.0_f64) {
        let text = written.text().trim_end().to_owned();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = (text.len() as f64 * part) as usize;
        let whole = text.as_bytes();
        if let Ok(balanced) = verify(&whole[..at]) {
            // Only zeros behind the last point can be missing without harm: nothing else is.
            prop_assert_eq!(balanced.summary, verify(whole).unwrap().summary);
        }
        let gzip = packed(whole);
        prop_assert!(matches!(verify(&gzip[..gzip.len() - 1 - at % (gzip.len() - 1)]), Err(BillError::Gzip(_) | BillError::NotABill(_))));
    }

    #[test]
    fn b3_a_flipped_bit_of_a_packed_bill_is_never_believed(written in writer::bill(), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let text = written.text();
        let mut gzip = packed(text.as_bytes());
        let at = at.index(gzip.len());
        gzip[at] ^= 1_u8 << bit;
        // Some bits mean nothing: the time in the header, what fills the last byte of the stream.
        if verify(&*gzip).is_ok() {
            prop_assert_eq!(sha256(&*gzip), sha256(text.as_bytes()));
        }
    }
}

const HEADER: &str = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,商品名称,手续费,订单金额";
const ROW: &str =
    "`2026-03-01 10:00:01,`wx1,`1,`4200000000000000000000000001,`T1,`SUCCESS,`CNY,`1.00,`咖啡,`0.01000,`1.00";
const SUMS: &str = "总交易单数,应结订单总金额,手续费总金额,订单总金额";

/// A bill of the same row so many times.
fn bill_of(rows: u64) -> Vec<u8> {
    let body = format!("{ROW}\r\n").repeat(usize::try_from(rows).unwrap());
    let fee = writer::yuan(i128::from(rows) * 1000, 5);
    format!("{HEADER}\r\n{body}{SUMS}\r\n`{rows},`{rows}.00,`{fee},`{rows}.00\r\n").into_bytes()
}

#[test]
fn b3_a_bomb_is_refused_by_its_ratio_and_by_its_size() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&bill_of(40_000)).unwrap();
    let bomb = packer.finish().unwrap();
    assert!(matches!(verify(&*bomb), Err(BillError::TooLarge(_))), "{} bytes become a lot", bomb.len());
    assert!(verify(&*bill_of(40_000)).is_ok(), "unpacked, it is as large as it is");
    assert!(verify(&*packed(&bill_of(1000))).is_ok(), "a small day may be packed very well");
    let limits = Limits { bytes: 1000, ratio: 200 };
    let read = Reader::with_limits(&*bill_of(20), limits).and_then(Reader::finish);
    assert!(matches!(read, Err(BillError::TooLarge(_))));
}

#[test]
fn b3_whatever_stands_behind_the_first_member_is_refused() {
    let bill = packed(&bill_of(3));
    for more in [bill.clone(), b"\0".to_vec(), b"\n".to_vec(), packed(b"")] {
        assert!(matches!(verify(&*[bill.clone(), more].concat()), Err(BillError::Gzip(_))));
    }
}

#[test]
fn b3_a_fault_of_the_packing_goes_before_one_of_the_rows() {
    let wrong = String::from_utf8(bill_of(3)).unwrap().replace("`1.00,`咖啡", "`1.x,`咖啡");
    assert!(matches!(verify(wrong.as_bytes()), Err(BillError::Amount { row: Some(1), .. })));
    let mut gzip = packed(wrong.as_bytes());
    assert!(matches!(verify(&*gzip), Err(BillError::Amount { row: Some(1), .. })));
    let end = gzip.len() - 6;
    gzip[end] ^= 1;
    assert!(matches!(verify(&*gzip), Err(BillError::Gzip(_))));
}

#[test]
fn a_fault_stays() {
    let wrong = String::from_utf8(bill_of(2)).unwrap().replace("T1", "");
    let mut reader = Reader::new(wrong.as_bytes()).unwrap();
    let first = reader.next_row().err().unwrap();
    assert_eq!(first.code(), "cell");
    assert_eq!(reader.next_row().err(), Some(first.clone()));
    assert_eq!(reader.finish().err(), Some(first));
}

#[test]
fn b5_lines_across_blocks_and_long_ones_are_whole() {
    let long = "好".repeat(300_000);
    let text = String::from_utf8(bill_of(3000)).unwrap().replacen("咖啡", &long, 2);
    let rows = cells_of(text.as_bytes()).unwrap();
    assert_eq!((rows.len(), &rows[1][8], rows[2][8].as_str()), (3000, &long, "咖啡"));
    assert!(verify(text.trim_end().as_bytes()).is_ok(), "the last line end may be missing");
}

#[test]
fn b15_memory_does_not_grow_with_the_file() {
    let capacity = |rows: u64| {
        let bill = bill_of(rows);
        let mut reader = Reader::new(&*bill).unwrap();
        while reader.next_row().unwrap().is_some() {}
        reader.held()
    };
    assert_eq!(capacity(100_000), capacity(10_000));
    assert!(capacity(100_000) < 2 * 1024 * 1024);
}

#[test]
fn b1_what_wechat_answers_instead_is_its_word_and_means_wait() {
    let answer = |text: &str| Error::from(verify(text.as_bytes()).unwrap_err());
    let none = answer(
        "<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg><error_code>20002</error_code></xml>",
    );
    assert!(
        matches!(&none, Error::Service { err_code, err_code_des, .. } if err_code == "20002" && err_code_des.as_deref() == Some("No Bill Exist"))
    );
    let building = answer("<xml><return_code>FAIL</return_code><return_msg>Bill Creating</return_msg></xml>");
    assert!(matches!(&building, Error::Service { err_code, .. } if err_code == "BILL_CREATING"));
    for error in [none, building] {
        let fault = Fault::new(error, Repeat::Query, None);
        assert_eq!((fault.advice, fault.retryable, fault.maybe_processed), (Advice::Wait, true, false));
    }
    assert!(matches!(Error::from(verify(&b"<html>"[..]).unwrap_err()), Error::Bill(_)));
}

#[test]
fn a_kept_bill_is_read_by_several_at_once() {
    let path = std::env::temp_dir().join(format!("wechatpay-bill-{}", std::process::id()));
    std::fs::write(&path, bill_of(5000)).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let kept = Arc::new(Kept::File(file));
    let mut one = Reader::new(kept.open().unwrap()).unwrap();
    one.next_row().unwrap();
    assert_eq!(verify(kept.open().unwrap()).unwrap().rows, 5000);
    assert_eq!(one.finish().unwrap().count(), 5000);
}

#[test]
fn b7_a_header_is_read_by_its_names_and_says_what_it_lacks() {
    assert_eq!(Header::read(HEADER).unwrap().width(), 11);
    let without = HEADER.replace("交易状态,", "");
    assert_eq!(Header::read(&without).err(), Some(BillError::MissingColumn { column: "交易状态" }));
    let twice = format!("{HEADER},订单金额");
    assert_eq!(Header::read(&twice).err(), Some(BillError::DuplicateColumn { column: "订单金额".into() }));
}

/// The files of the vectors, read and refused.
fn known_files() -> Vec<Vec<u8>> {
    let vectors = ["bill_read", "bill_refuse"].into_iter().flat_map(super::vectors::all);
    vectors.map(|vector| super::vectors::file(&vector)).filter(|file| file.len() < 100_000).collect()
}

/// Every cell of a file, or the fault that ended it.
fn told(file: impl Read) -> Result<Vec<String>, String> {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn b3_b8_whatever_is_changed_in_a_file_it_is_read_the_same_however_it_arrives(
        file in prop::sample::select(known_files()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"`,\n\r0-.<\0\xff\xef\x1f\x8b1".to_vec()), 0..4_u8), 0..8),
        drop in 1..40_usize,
    ) {
        let mut file = file;
        for (at, byte, how) in changes {
            if file.is_empty() {
                break;
            }
            let at = at.index(file.len());
            match how {
                0 => file[at] = byte,
                1 => file.insert(at, byte),
                2 => drop_one(&mut file, at),
                _ => file.truncate(at),
            }
        }
        prop_assert_eq!(told(&*file), told(Drops(&file, drop, false)));
        let _ = verify(&*file);
    }
}

fn drop_one(file: &mut Vec<u8>, at: usize) {
    file.remove(at);
}
