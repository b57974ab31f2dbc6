//! A bill as the rules have it: damaged on the way, with other columns, without rows that the shop will miss.

use super::super::bill_rules::{BillRule, Damage};
use super::table::{BillCell, BillSum, BillTable};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

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
