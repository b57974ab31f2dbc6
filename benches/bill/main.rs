//! A bill of so many rows: verified, plain and packed, beside inflating alone; iterated; compared with books in order
//! and shuffled; each in a process of its own. For `benches/bills.php` it makes the files, and tells how long inflating
//! and verifying take by turns in one process.
//!
//! ```text
//! cargo bench --no-default-features --bench bill            1,000,000 rows
//! cargo bench --no-default-features --bench bill -- 5000000
//! cargo bench --no-default-features --bench bill -- write FOLDER 1000000
//! cargo bench --no-default-features --bench bill -- by-turns FOLDER/packed 5
//! ```

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

mod maker;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use maker::{Maker, amount, order, refund, transaction};
use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use time::macros::date;
use wechatpay::bill::field::Field;
use wechatpay::bill::reader::Reader;
use wechatpay::bill::reconcile::books::{BookRefund, BookRow, Books};
use wechatpay::bill::reconcile::compare::{Day, Terms, compare};
use wechatpay::bill::source::{BillSource, Kept};
use wechatpay::bill::verify::verify;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The works, each with its file.
const WORKS: [(&str, &str); 7] = [
    ("verify", "plain"),
    ("inflate", "packed"),
    ("verify", "packed"),
    ("iterate", "plain"),
    ("books", "plain"),
    ("in order", "plain"),
    ("shuffled", "plain"),
];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["write", folder, rows] => write_files(Path::new(folder), rows.parse()?),
        ["by-turns", path, rounds] => by_turns(Path::new(path), rounds.parse()?),
        [work, path, rows] => measure(work, Path::new(path), rows.parse()?),
        [rows] => measure_all(rows.parse()?),
        _ => measure_all(1_000_000),
    }
}

/// Writes the files, then runs each work in a process of its own.
fn measure_all(rows: u64) -> Outcome<()> {
    let folder = std::env::temp_dir().join(format!("wechatpay-bench-{}", std::process::id()));
    write_files(&folder, rows)?;
    let size = |name| std::fs::metadata(folder.join(name)).map(|file| file.len());
    println!("{rows} rows, {} bytes, packed {}", size("plain")?, size("packed")?);
    for (work, file) in WORKS {
        let mut process = Command::new(std::env::current_exe()?);
        let done = process.arg(work).arg(folder.join(file)).arg(rows.to_string()).output()?;
        println!("{work:8} {file:7} {}", String::from_utf8_lossy(&done.stdout).trim());
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The bill, the same packed, and one of payments only.
fn write_files(folder: &Path, rows: u64) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    let plain = folder.join("plain");
    write_bill(&plain, rows, true)?;
    write_bill(&folder.join("payments"), rows, false)?;
    let mut archive =
        GzEncoder::new(BufWriter::new(File::create(folder.join("packed"))?), Compression::default());
    std::io::copy(&mut File::open(&plain)?, &mut archive)?;
    archive.finish()?.flush()?;
    Ok(())
}

fn write_bill(path: &Path, rows: u64, has_refunds: bool) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    Maker { rows, has_refunds }.write_bill(&mut file)?;
    file.flush()?;
    Ok(())
}

/// Inflates and verifies by turns: a line of seconds for each round, the one and the other.
fn by_turns(path: &Path, rounds: u64) -> Outcome<()> {
    let timed = |work| -> Outcome<f64> {
        let started = Instant::now();
        run(work, path, 0)?;
        Ok(started.elapsed().as_secs_f64())
    };
    for _ in 0..rounds {
        println!("{:.6} {:.6}", timed("inflate")?, timed("verify")?);
    }
    Ok(())
}

/// Runs one work five times; the best counts.
fn measure(work: &str, path: &Path, rows: u64) -> Outcome<()> {
    let before = resident("VmRSS:")?;
    let mut best = f64::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        run(work, path, rows)?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    let grown = resident("VmHWM:")?.saturating_sub(before);
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = rows as f64 / best / 1e6;
    println!("{:8.1} ms, {rate:6.2} M rows/s, {grown:6} KiB above the start", best * 1000.0);
    Ok(())
}

fn run(work: &str, path: &Path, rows: u64) -> Outcome<()> {
    let file = File::open(path)?;
    match work {
        "verify" => {
            verify(file)?;
        }
        "iterate" => iterate(file)?,
        "inflate" => inflate(file)?,
        "books" => {
            let mut shop = Shop::new(rows, false);
            while shop.next_row()?.is_some() {}
        }
        "in order" | "shuffled" => reconcile(Kept::File(file), rows, work == "shuffled")?,
        _ => return Err("no such work".into()),
    }
    Ok(())
}

/// Inflating alone: what reading a packed bill cannot be faster than.
fn inflate(file: File) -> Outcome<()> {
    let mut unpacker = GzDecoder::new(BufReader::with_capacity(64 * 1024, file));
    let mut block = vec![0; 256 * 1024];
    while unpacker.read(&mut block)? > 0 {}
    Ok(())
}

/// Four properties of each row.
fn iterate(file: File) -> Outcome<()> {
    let mut reader = Reader::new(file)?;
    let mut told = 0_usize;
    while let Some(row) = reader.next_row()? {
        told += row.text(Field::OutTradeNo).map_or(0, str::len);
        told += row.text(Field::TransactionId).map_or(0, str::len);
        told += row.text(Field::TradeState).map_or(0, str::len);
        told += usize::from(row.number_of(Field::TotalFee).is_some());
    }
    assert!(told > 0);
    Ok(())
}

fn reconcile(bill: Kept, rows: u64, shuffled: bool) -> Outcome<()> {
    let bill = Arc::new(bill);
    let day = Day { date: date!(2026 - 03 - 01), bill: Some(&bill as &dyn BillSource) };
    let terms = Terms {
        days: &[day],
        flows: &[],
        previous_balance: None,
        as_of: date!(2026 - 03 - 02),
        appids: &["wx2421b1c4370ec43b".to_owned()],
        done: &[],
    };
    let report = compare(&terms, &mut Shop::new(rows, shuffled))?;
    assert!(report.is_clean(), "{} differences", report.differences.len());
    Ok(())
}

/// The shop's books, made row by row.
struct Shop {
    day: Maker,
    next: u64,
    step: u64,
    at: u64,
    number: String,
    transaction: String,
    refund: String,
}

impl Shop {
    fn new(rows: u64, shuffled: bool) -> Self {
        // A prime, so that every row comes once.
        let step = if shuffled { 2_654_435_761 % rows } else { 1 };
        let text = String::new;
        let day = Maker { rows, has_refunds: true };
        Self { day, next: 0, step, at: 0, number: text(), transaction: text(), refund: text() }
    }
}

impl Books for Shop {
    type Fault = Infallible;

    fn next_row(&mut self) -> Result<Option<BookRow<'_>>, Infallible> {
        let row = loop {
            if self.next == self.day.rows {
                return Ok(None);
            }
            let row = self.at;
            self.at = (self.at + self.step) % self.day.rows;
            self.next += 1;
            if !self.day.is_refund(row) {
                break row;
            }
        };
        (self.number, self.transaction) = (order(row), transaction(row));
        let refunded = self.day.is_refund(row + 1);
        self.refund = if refunded { refund(row + 1) } else { String::new() };
        let fee = |row| i64::try_from(amount(row)).unwrap_or_default();
        let refund =
            BookRefund { out_refund_no: &self.refund, refund_fee: fee(row + 1), ..BookRefund::default() };
        Ok(Some(BookRow {
            out_trade_no: &self.number,
            total_fee: fee(row),
            state: "SUCCESS",
            transaction_id: Some(&self.transaction),
            refunds: if refunded { vec![refund] } else { Vec::new() },
            ..BookRow::default()
        }))
    }
}

/// A line of `/proc/self/status`, in KiB.
fn resident(name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    Ok(line.split_whitespace().next().unwrap_or("0").parse()?)
}
