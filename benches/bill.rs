//! A bill of so many rows: verified, plain and packed, beside inflating alone; iterated; each in a process of its own.
//!
//! ```text
//! cargo bench --no-default-features --bench bill            1,000,000 rows
//! cargo bench --no-default-features --bench bill -- 5000000
//! ```

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use wechatpay::bill::field::Field;
use wechatpay::bill::reader::Reader;
use wechatpay::bill::verify::verify;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The works, each with its file.
const WORKS: [(&str, &str); 4] =
    [("verify", "plain"), ("inflate", "packed"), ("verify", "packed"), ("iterate", "plain")];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.as_slice() {
        [work, path] => measure(work, Path::new(path)),
        [rows] => compare(rows.parse()?),
        _ => compare(1_000_000),
    }
}

/// Writes the files, then runs each work in a process of its own.
fn compare(rows: u64) -> Outcome<()> {
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
        let path = folder.join(file);
        let done = Command::new(std::env::current_exe()?).arg(work).arg(&path).output()?;
        println!("{work:8} {file:7} {}", String::from_utf8_lossy(&done.stdout).trim());
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Runs one work three times; the best counts.
fn measure(work: &str, path: &Path) -> Outcome<()> {
    let before = resident("VmRSS")?;
    let mut best = f64::MAX;
    let mut rows = 0;
    for _ in 0..3 {
        let started = Instant::now();
        rows = run(work, path)?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    let grown = resident("VmHWM")?.saturating_sub(before);
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = rows as f64 / best / 1e6;
    println!("{:8.1} ms, {rate:6.2} M rows/s, {grown} KiB above the start", best * 1000.0);
    Ok(())
}

fn run(work: &str, path: &Path) -> Outcome<u64> {
    let file = File::open(path)?;
    match work {
        "verify" => Ok(verify(file)?.rows),
        "iterate" => iterate(file),
        "inflate" => inflate(file),
        _ => Err("no such work".into()),
    }
}

/// Inflating alone: what reading a packed bill cannot be faster than.
fn inflate(file: File) -> Outcome<u64> {
    let mut unpacker = GzDecoder::new(BufReader::with_capacity(64 * 1024, file));
    let mut block = vec![0; 256 * 1024];
    let mut feeds = 0;
    loop {
        let read = unpacker.read(&mut block)?;
        if read == 0 {
            return Ok(feeds);
        }
        feeds += read as u64;
    }
}

/// Four properties of each row.
fn iterate(file: File) -> Outcome<u64> {
    let mut reader = Reader::new(file)?;
    let mut told = 0_usize;
    while let Some(row) = reader.next_row()? {
        told += row.text(Field::OutTradeNo).map_or(0, str::len);
        told += row.text(Field::TransactionId).map_or(0, str::len);
        told += row.text(Field::TradeState).map_or(0, str::len);
        told += usize::from(row.number_of(Field::TotalFee).is_some());
    }
    assert!(told > 0);
    Ok(reader.rows())
}

/// A line of `/proc/self/status`, in KiB.
fn resident(name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(PathBuf::from("/proc/self/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    Ok(line.trim_matches([':', ' ', '\t']).split_whitespace().next().unwrap_or("0").parse()?)
}

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
    付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,\
    商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

const BANKS: [&str; 7] =
    ["CMB_DEBIT", "CCB_CREDIT", "ICBC_DEBIT", "ABC_DEBIT", "CFT", "BOC_DEBIT", "SPDB_CREDIT"];

/// The next number that looks like chance.
fn roll(mut dice: u64) -> u64 {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^ dice << 17
}

/// The same rows every time; every ninth is a refund of the row before.
fn write_bill(to: &mut impl Write, rows: u64) -> Outcome<()> {
    write!(to, "\u{feff}{HEADER}\r\n")?;
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut paid, mut refunded, mut fees) = (0_u64, 0_u64, 0_i64);
    let mut line = String::new();
    for row in 0..rows {
        dice = roll(dice);
        let (noise, more) = (roll(dice), roll(roll(dice)));
        let fen = dice % 100_000 + 100;
        // 0.60 %, half up to the fen, in 1/100000 yuan.
        let fee = i64::try_from((fen * 6 + 500) / 1000 * 1000)?;
        let refund = row % 9 == 8;
        line.clear();
        let (state, number) = if refund { ("REFUND", row - 1) } else { ("SUCCESS", row) };
        let second = row * 86_399 / rows;
        write!(
            line,
            "`2026-03-01 {:02}:{:02}:{:02},`wx2421b1c4370ec43b,`10000100,`0,`POS{},`420000{:012}{number:010},\
             `T{noise:016X}{number:08},`o{dice:016x}{:011x},`NATIVE,`{state},`{},`CNY,",
            second / 3600,
            second / 60 % 60,
            second % 60,
            dice % 7,
            noise % 1_000_000_000_000,
            more >> 20,
            BANKS.get(usize::try_from(more % 8)?).unwrap_or(&"OTHERS"),
        )?;
        let yuan = format!("{}.{:02}", fen / 100, fen % 100);
        let fee_text = format!("{}.{:05}", fee / 100_000, fee % 100_000);
        if refund {
            refunded += fen;
            fees -= fee;
            write!(
                line,
                "`0.00,`0.00,`50000{more:023},`R{more:016X}{row:08},`{yuan},`0.00,`ORIGINAL,`SUCCESS,`咖啡,大杯,\
                 `shop={},`-{fee_text},`0.60%,`0.00,`{yuan},`\r\n",
                dice % 50
            )?;
        } else {
            paid += fen;
            fees += fee;
            write!(
                line,
                "`{yuan},`0.00,`0,`0,`0.00,`0.00,`,`,`咖啡,大杯,`shop={},`{fee_text},`0.60%,`{yuan},`0.00,`\r\n",
                dice % 50
            )?;
        }
        to.write_all(line.as_bytes())?;
    }
    let yuan = |fen: u64| format!("{}.{:02}", fen / 100, fen % 100);
    let (paid, refunded, fees) = (yuan(paid), yuan(refunded), fees.unsigned_abs());
    let fees = format!("{}.{:05}", fees / 100_000, fees % 100_000);
    write!(to, "{SUMS}\r\n`{rows},`{paid},`{refunded},`0.00,`{fees},`{paid},`{refunded}\r\n")?;
    Ok(())
}
