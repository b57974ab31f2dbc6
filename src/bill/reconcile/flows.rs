//! What the account got and gave, beside what the bills say it should have.

use super::difference::DifferenceKind;
use super::draft::{Draft, open};
use super::table::{KeyFingerprint, Keys};
use crate::bill::fault::BillError;
use crate::bill::field::Field;
use crate::bill::header::BillType;
use crate::bill::row::Row;
use crate::bill::source::BillSource;
use crate::bill::sums::RowTotals;
use std::collections::HashMap;

/// The movements that have a partner in a trade bill.
#[derive(Debug, Default)]
pub struct Flows {
    keys: Keys,
    /// Fen by 微信支付业务单号; the first one, and those that differ from it.
    incomes: HashMap<KeyFingerprint, Vec<i64>>,
    refunds: HashMap<KeyFingerprint, Vec<i64>>,
    balance: Option<i64>,
    is_empty: bool,
}

impl Flows {
    /// Before the first file; the balance is that of the day before, if it is known.
    pub fn new(balance: Option<i64>) -> Self {
        Self { balance, is_empty: true, ..Self::default() }
    }

    /// Reads a fund flow and verifies its sums; a broken balance is a difference.
    pub fn read(&mut self, file: &dyn BillSource, drafts: &mut Vec<Draft>) -> Result<(), BillError> {
        let mut reader = open(file)?;
        if reader.header().kind != BillType::FundFlow {
            return Err(BillError::WrongKind { found: "a trade bill", needed: "a fund flow" });
        }
        let header = reader.header().clone();
        let mut totals = RowTotals::default();
        while let Some(row) = reader.next_row()? {
            totals.take(&row);
            self.follow(&row, drafts);
            self.keep(&row);
        }
        totals.settle_sums(&reader.finish()?, &header)
    }

    fn follow(&mut self, row: &Row<'_>, drafts: &mut Vec<Draft>) {
        let number = |field| row.number_of(field).unwrap_or_default();
        let (amount, printed) = (number(Field::Amount), number(Field::Balance));
        let change = if row.is_income() { amount } else { -amount };
        let computed = self.balance.map_or(printed, |before| before + change);
        if printed != computed {
            let flow_id = row.text(Field::FlowId).unwrap_or_default();
            let draft = Draft::new(DifferenceKind::BalanceBroken, "balance", flow_id);
            drafts.push(draft.theirs(printed).ours(computed));
        }
        self.balance = Some(printed);
    }

    fn keep(&mut self, row: &Row<'_>) {
        let kept = match (row.text(Field::BusinessType), row.is_income()) {
            (Some("交易"), true) => &mut self.incomes,
            (Some("退款"), false) => &mut self.refunds,
            _ => return,
        };
        let Some(number) = row.bytes(Field::BusinessId) else { return };
        self.is_empty = false;
        let amounts = kept.entry(self.keys.of(number)).or_default();
        let amount = row.number_of(Field::Amount).unwrap_or_default();
        if !amounts.contains(&amount) {
            amounts.push(amount);
        }
    }

    /// Is the amount of a payment or refund what the account got or gave?
    #[inline]
    pub fn compare(&self, row: &Row<'_>, number: u32, is_refund: bool, drafts: &mut Vec<Draft>) {
        // What a sub-merchant sells moves the sub-merchant's account, of which no fund flow is given here.
        if row.bytes(Field::SubMchId).is_some() {
            return;
        }
        if self.is_empty {
            return;
        }
        let (kept, id, amount) = if is_refund {
            (&self.refunds, Field::RefundId, Field::SettlementRefundFee)
        } else {
            (&self.incomes, Field::TransactionId, Field::SettlementTotalFee)
        };
        let (Some(id), Some(amount)) = (row.text(id), row.number_of(amount)) else { return };
        let Some(amounts) = kept.get(&self.keys.of(id.as_bytes())) else { return };
        for theirs in amounts.iter().filter(|theirs| **theirs != amount) {
            let draft = Draft::new(DifferenceKind::SettlementDiffers, "amount", id);
            drafts.push(draft.theirs(*theirs).ours(amount).about(number));
        }
    }
}
