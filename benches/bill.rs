//! A bill of so many rows: verified, plain and packed, beside inflating alone; iterated; compared with books in order
//! and shuffled; each in a process of its own.
//!
//! ```text
//! cargo bench --no-default-features --bench bill            1,000,000 rows
//! cargo bench --no-default-features --bench bill -- 5000000
//! ```

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write as _;
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
use wechatpay::bill::source::{Kept, Source};
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
    match arguments.as_slice() {
        [work, path, rows] => measure(work, Path::new(path), rows.parse()?),
        [rows] => measure_all(rows.parse()?),
        _ => measure_all(1_000_000),
    }
}

/// Writes the files, then runs each work in a process of its own.
fn measure_all(rows: u64) -> Outcome<()> {
    let folder = std::env::temp_dir().join(format!("wechatpay-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (plain, packed) = (folder.join("plain"), folder.join("packed"));
    let mut bill = BufWriter::new(File::create(&plain)?);
    write_bill(&mut bill, rows)?;
    bill.flush()?;
    let mut archive = GzEncoder::new(BufWriter::new(File::create(&packed)?), Compression::default());
    std::io::copy(&mut File::open(&plain)?, &mut archive)?;
    archive.finish()?.flush()?;
    println!("{rows} rows, {} bytes, packed {}", plain.metadata()?.len(), packed.metadata()?.len());
    for (work, file) in WORKS {
        let mut process = Command::new(std::env::current_exe()?);
        let done = process.arg(work).arg(folder.join(file)).arg(rows.to_string()).output()?;
        println!("{work:8} {file:7} {}", String::from_utf8_lossy(&done.stdout).trim());
    }
    std::fs::remove_dir_all(&folder)?;
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
    let day = Day { date: date!(2026 - 03 - 01), bill: Some(&bill as &dyn Source) };
    let terms = Terms {
        days: &[day],
        flows: &[],
        previous_balance: None,
        as_of: date!(2026 - 03 - 02),
        appids: &[APPID.to_owned()],
        done: &[],
    };
    let report = compare(&terms, &mut Shop::new(rows, shuffled))?;
    assert!(report.is_clean(), "{} differences", report.differences.len());
    Ok(())
}

/// The shop's books, made row by row.
struct Shop {
    rows: u64,
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
        Self { rows, next: 0, step, at: 0, number: text(), transaction: text(), refund: text() }
    }
}

impl Books for Shop {
    type Fault = Infallible;

    fn next_row(&mut self) -> Result<Option<BookRow<'_>>, Infallible> {
        let row = loop {
            if self.next == self.rows {
                return Ok(None);
            }
            let row = self.at;
            self.at = (self.at + self.step) % self.rows;
            self.next += 1;
            if !is_refund(row) {
                break row;
            }
        };
        (self.number, self.transaction) = (order(row), transaction(row));
        let refunded = is_refund(row + 1) && row + 1 < self.rows;
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

const APPID: &str = "wx2421b1c4370ec43b";
const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
    付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,\
    商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const BANKS: [&str; 7] =
    ["CMB_DEBIT", "CCB_CREDIT", "ICBC_DEBIT", "ABC_DEBIT", "CFT", "BOC_DEBIT", "SPDB_CREDIT"];

/// A number that looks like chance, the same for the same row.
fn dice(row: u64, salt: u64) -> u64 {
    let mut mixed = row.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Every ninth row is a refund of the row before.
fn is_refund(row: u64) -> bool {
    row % 9 == 8
}

fn amount(row: u64) -> u64 {
    dice(row, 1) % 100_000 + 100
}

fn order(row: u64) -> String {
    format!("T{:016X}{row:08}", dice(row, 2))
}

fn transaction(row: u64) -> String {
    format!("420000{:012}{row:010}", dice(row, 3) % 1_000_000_000_000)
}

fn refund(row: u64) -> String {
    format!("R{:016X}{row:08}", dice(row, 4))
}

/// 0.60 %, half up to the fen, in 1/100000 yuan.
fn fee(row: u64) -> u64 {
    (amount(row) * 6 + 500) / 1000 * 1000
}

fn write_bill(to: &mut impl Write, rows: u64) -> Outcome<()> {
    write!(to, "\u{feff}{HEADER}\r\n")?;
    let (mut paid, mut refunded, mut fees) = (0_u64, 0_u64, 0_i64);
    let mut line = String::new();
    for row in 0..rows {
        let charged = i64::try_from(fee(row))?;
        if is_refund(row) {
            refunded += amount(row);
            fees -= charged;
        } else {
            paid += amount(row);
            fees += charged;
        }
        line.clear();
        write_row(&mut line, row, rows)?;
        to.write_all(line.as_bytes())?;
    }
    let (paid, refunded) = (yuan(paid), yuan(refunded));
    let fees = fees.unsigned_abs();
    let fees = format!("{}.{:05}", fees / 100_000, fees % 100_000);
    write!(to, "{SUMS}\r\n`{rows},`{paid},`{refunded},`0.00,`{fees},`{paid},`{refunded}\r\n")?;
    Ok(())
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn write_row(line: &mut String, row: u64, rows: u64) -> Outcome<()> {
    let of = row - u64::from(is_refund(row));
    let (noise, more, second) = (dice(row, 5), dice(row, 6), row * 86_399 / rows);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let bank = BANKS.get(usize::try_from(noise % 8)?).unwrap_or(&"OTHERS");
    let state = if is_refund(row) { "REFUND" } else { "SUCCESS" };
    write!(
        line,
        "`2026-03-01 {hour:02}:{minute:02}:{second:02},`{APPID},`10000100,`0,`POS{},`{},`{},`o{noise:016x}{:011x},\
         `NATIVE,`{state},`{bank},`CNY,",
        noise % 7,
        transaction(of),
        order(of),
        more >> 20
    )?;
    let (amount, fee) = (yuan(amount(row)), fee(row));
    let fee = format!("{}.{:05}", fee / 100_000, fee % 100_000);
    let shop = more % 50;
    if is_refund(row) {
        let refund = refund(row);
        write!(
            line,
            "`0.00,`0.00,`50000{more:023},`{refund},`{amount},`0.00,`ORIGINAL,`SUCCESS,`咖啡,大杯,`shop={shop},\
             `-{fee},`0.60%,`0.00,`{amount},`\r\n"
        )?;
    } else {
        write!(
            line,
            "`{amount},`0.00,`0,`0,`0.00,`0.00,`,`,`咖啡,大杯,`shop={shop},`{fee},`0.60%,`{amount},`0.00,`\r\n"
        )?;
    }
    Ok(())
}
