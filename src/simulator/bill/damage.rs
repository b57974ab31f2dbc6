//! What the control lets happen to the next bills: damage on the way, other columns, rows that the shop will miss.

use super::table::{BillCell, BillSum, BillTable};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use std::io::Write;

/// What happens to a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// The file ends in its middle, and HTTP does not tell.
    Cut,
    /// One bit of the packed data is another.
    FlippedByte,
    /// A second gzip member follows.
    SecondMember,
    /// The first sum of money is one fen more than its rows.
    ChangedTotal,
    /// No sums.
    NoSummary,
    /// Two columns that nobody knows.
    AddedColumns,
    /// Columns and sums in another order.
    ShuffledColumns,
    /// The layout of before 2018, where a file of all has it.
    OldLayout,
    /// Names with commas and backticks.
    HostileNames,
    /// A row is left out, and the sums know nothing of it.
    RowLeftOut,
    /// A row stands twice, in the sums too.
    RowDoubled,
    /// One fen more in a row, in the sums too.
    RowAltered,
    /// The bill of the day before comes instead.
    OtherDay,
    /// The SHA-1 of another file.
    WrongDigest,
    /// The SHA-1 of what it unpacks to.
    PlainDigest,
    /// The day's trade is denied.
    NoBill,
    /// It is still being built.
    Creating,
}

/// `POST /bills`: a rule for the bills to come.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillRule {
    /// What happens.
    pub damage: Damage,
    /// To which of the two files.
    #[serde(default)]
    pub flow: bool,
    /// Which row, from 1.
    #[serde(default = "one")]
    pub row: usize,
    /// How many downloads it spares first.
    #[serde(default)]
    pub after: u32,
    /// How many it strikes.
    #[serde(default = "once")]
    pub times: u32,
}

fn one() -> usize {
    1
}

fn once() -> u32 {
    1
}

/// The rules that wait.
#[derive(Debug, Default)]
pub struct BillRules(Vec<BillRule>);

impl BillRules {
    /// Adds one.
    pub fn add(&mut self, rule: BillRule) {
        self.0.push(rule);
    }

    /// Those that strike this download, counted down.
    pub fn take(&mut self, flow: bool) -> Vec<BillRule> {
        let mut struck = Vec::new();
        for rule in self.0.iter_mut().filter(|rule| rule.flow == flow) {
            if rule.after > 0 {
                rule.after -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                struck.push(rule.clone());
            }
        }
        self.0.retain(|rule| rule.times > 0);
        struck
    }
}

/// The file under its rules.
pub fn file(mut table: BillTable, rules: &[BillRule], gzip: bool) -> Vec<u8> {
    for rule in rules {
        change(&mut table, rule);
    }
    let has = |damage| rules.iter().any(|rule| rule.damage == damage);
    let text = table.text(i64::from(has(Damage::ChangedTotal)), !has(Damage::NoSummary));
    let mut file = if gzip { packed(text.as_bytes()) } else { text.into_bytes() };
    if has(Damage::SecondMember) {
        file.extend(packed(b"`"));
    }
    if has(Damage::FlippedByte) {
        let middle = file.len() / 2;
        file.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 4);
    }
    if has(Damage::Cut) {
        file.truncate(file.len() * 2 / 3);
    }
    file
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text).and_then(|()| packer.finish()).unwrap_or_default()
}

fn change(table: &mut BillTable, rule: &BillRule) {
    let row = rule.row.saturating_sub(1);
    match rule.damage {
        Damage::RowLeftOut if row < table.rows.len() => drop(table.rows.remove(row)),
        Damage::RowDoubled => {
            if let Some(double) = table.rows.get(row).cloned() {
                table.rows.insert(row, double);
            }
        }
        Damage::RowAltered => table.rows.iter_mut().skip(row).take(1).for_each(|row| alter(row)),
        Damage::AddedColumns => {
            table.columns.insert(1, "新列");
            table.columns.push("另一新列");
            for row in &mut table.rows {
                row.insert(1, "新值".into());
                row.push("".into());
            }
        }
        Damage::ShuffledColumns => {
            table.columns.rotate_left(5);
            table.rows.iter_mut().for_each(|row| row.rotate_left(5));
            table.sums.rotate_left(2);
        }
        Damage::HostileNames => {
            if let Some(name) = table.column("商品名称").or_else(|| table.column("备注")) {
                let named = table.rows.iter_mut().filter_map(|row| row.get_mut(name));
                named.for_each(|cell| *cell = "`咖啡,大杯`, \"=1+1\"".into());
            }
        }
        Damage::OldLayout => age(table),
        _ => {}
    }
}

/// Every amount that is there, by one fen.
fn alter(row: &mut [BillCell]) {
    for cell in row {
        if let BillCell::Fen(fen) = cell
            && *fen != 0
        {
            *fen += 1;
        }
    }
}

/// Before 2018 a bill knew one amount of a payment and one of a refund.
fn age(table: &mut BillTable) {
    for gone in ["订单金额", "申请退款金额", "费率备注"] {
        if let Some(place) = table.column(gone) {
            table.columns.remove(place);
            table.rows.iter_mut().for_each(|row| drop(row.remove(place)));
        }
    }
    let names = [
        ("应结订单金额", "总金额"),
        ("代金券金额", "代金券或立减优惠金额"),
        ("充值券退款金额", "代金券或立减优惠退款金额"),
    ];
    for column in &mut table.columns {
        *column = names.iter().find(|(new, _)| new == column).map_or(*column, |(_, old)| *old);
    }
    table.sums = vec![
        ("总交易单数", BillSum::Rows),
        ("总交易额", BillSum::Of("总金额")),
        ("总退款金额", BillSum::Of("退款金额")),
        ("总代金券或立减优惠退款金额", BillSum::Of("代金券或立减优惠退款金额")),
        ("手续费总金额", BillSum::Of("手续费")),
    ];
}
