//! Makes a day's bill of so many rows, the same each time, and the books that go with it.

use std::fmt::Write as _;
use std::io::Write;

const APPID: &str = "wx2421b1c4370ec43b";
const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
    付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,\
    商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const BANKS: [&str; 7] =
    ["CMB_DEBIT", "CCB_CREDIT", "ICBC_DEBIT", "ABC_DEBIT", "CFT", "BOC_DEBIT", "SPDB_CREDIT"];

/// A day.
#[derive(Debug, Clone, Copy)]
pub struct Maker {
    /// How many rows its bill has.
    pub rows: u64,
    /// Is every ninth row a refund of the row before?
    pub has_refunds: bool,
}

/// A number that looks like chance, the same for the same row.
fn dice(row: u64, salt: u64) -> u64 {
    let mut mixed = row.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Fen, of a payment or of a refund.
pub fn amount(row: u64) -> u64 {
    dice(row, 1) % 100_000 + 100
}

/// The shop's number of a row's order.
pub fn order(row: u64) -> String {
    format!("T{:016X}{row:08}", dice(row, 2))
}

/// WeChat's number of it.
pub fn transaction(row: u64) -> String {
    format!("420000{:012}{row:010}", dice(row, 3) % 1_000_000_000_000)
}

/// The shop's number of a row's refund.
pub fn refund(row: u64) -> String {
    format!("R{:016X}{row:08}", dice(row, 4))
}

/// 0.60 %, half up to the fen, in 1/100000 yuan.
fn fee(row: u64) -> u64 {
    (amount(row) * 6 + 500) / 1000 * 1000
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn yuan_e5(fee: u64) -> String {
    format!("{}.{:05}", fee / 100_000, fee % 100_000)
}

impl Maker {
    /// Is this row a refund of the one before?
    pub fn is_refund(self, row: u64) -> bool {
        self.has_refunds && row % 9 == 8 && row < self.rows
    }

    /// Writes the bill.
    pub fn write_bill(self, to: &mut impl Write) -> std::io::Result<()> {
        write!(to, "\u{feff}{HEADER}\r\n")?;
        let (mut paid, mut refunded, mut charged, mut returned) = (0, 0, 0, 0);
        let mut line = String::new();
        for row in 0..self.rows {
            let (sum, fees) =
                if self.is_refund(row) { (&mut refunded, &mut returned) } else { (&mut paid, &mut charged) };
            *sum += amount(row);
            *fees += fee(row);
            line.clear();
            self.write_row(&mut line, row).map_err(std::io::Error::other)?;
            to.write_all(line.as_bytes())?;
        }
        let (rows, paid, refunded) = (self.rows, yuan(paid), yuan(refunded));
        let fees = yuan_e5(charged.saturating_sub(returned));
        write!(to, "{SUMS}\r\n`{rows},`{paid},`{refunded},`0.00,`{fees},`{paid},`{refunded}\r\n")
    }

    fn write_row(self, line: &mut String, row: u64) -> std::fmt::Result {
        let (noise, more) = (dice(row, 5), dice(row, 6));
        self.write_order(line, row, noise, more)?;
        let (amount, fee, shop) = (yuan(amount(row)), yuan_e5(fee(row)), more % 50);
        if self.is_refund(row) {
            let refund = refund(row);
            write!(
                line,
                "`0.00,`0.00,`50000{more:023},`{refund},`{amount},`0.00,`ORIGINAL,`SUCCESS,`咖啡,大杯,`shop={shop},\
                 `-{fee},`0.60%,`0.00,`{amount},`\r\n"
            )
        } else {
            write!(
                line,
                "`{amount},`0.00,`0,`0,`0.00,`0.00,`,`,`咖啡,大杯,`shop={shop},`{fee},`0.60%,`{amount},`0.00,`\r\n"
            )
        }
    }

    /// The twelve cells that say which order it is.
    fn write_order(self, line: &mut String, row: u64, noise: u64, more: u64) -> std::fmt::Result {
        let second = row * 86_399 / self.rows;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let bank = usize::try_from(noise % 8).ok().and_then(|at| BANKS.get(at)).unwrap_or(&"OTHERS");
        let is_refund = self.is_refund(row);
        let (of, state) = (row - u64::from(is_refund), if is_refund { "REFUND" } else { "SUCCESS" });
        write!(
            line,
            "`2026-03-01 {hour:02}:{minute:02}:{second:02},`{APPID},`10000100,`0,`POS{},`{},`{},`o{noise:016x}{:011x},\
             `NATIVE,`{state},`{bank},`CNY,",
            noise % 7,
            transaction(of),
            order(of),
            more >> 20
        )
    }
}
