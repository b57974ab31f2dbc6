//! What bills and fund flows say, before anybody looks into the books.

use super::difference::DifferenceKind;
use super::draft::{Draft, open};
use super::fee::Fees;
use super::flows::Flows;
use super::orders::{self, Orders};
use super::refunds::Refunds;
use super::report::Totals;
use super::table::Keys;
use crate::bill::fault::BillError;
use crate::bill::field::Field;
use crate::bill::header::BillType;
use crate::bill::row::Row;
use crate::bill::source::BillSource;
use crate::bill::sums::RowTotals;
use std::collections::HashMap;
use time::Date;

/// The bill of a day, or that there was none.
pub struct Day<'a> {
    /// The day, in Beijing.
    pub date: Date,
    /// The file; `None` if WeChat said that the day is empty.
    pub bill: Option<&'a dyn BillSource>,
}

/// What is compared, and how it is looked at.
pub struct Terms<'a> {
    /// Bills of one or more days.
    pub days: &'a [Day<'a>],
    /// Fund flows, in the order of their days.
    pub flows: &'a [&'a dyn BillSource],
    /// The last balance before the first fund flow, in fen.
    pub previous_balance: Option<i64>,
    /// The day on which it is looked at: what may yet come waits until the second day after.
    pub as_of: Date,
    /// The shop's own appids; with none, they are not looked at.
    pub appids: &'a [String],
    /// Days that were done before, with the SHA-256 of their unpacked bills.
    pub done: &'a [(Date, String)],
}

/// What is known when all bills and fund flows were read.
pub struct BillFindings {
    /// Fingerprints of this comparison.
    pub keys: Keys,
    /// Every order.
    pub orders: Orders,
    /// Every refund.
    pub refunds: Refunds,
    /// Theirs so far.
    pub totals: Totals,
    /// What was found without the books.
    pub drafts: Vec<Draft>,
    /// Would a payment of these days be in the bills?
    pub lists_payments: bool,
    /// Would a refund?
    pub lists_refunds: bool,
    rows: u32,
    strangers: HashMap<String, i64>,
}

impl BillFindings {
    pub(super) fn read(terms: &Terms<'_>) -> Result<Self, BillError> {
        let mut statement = Self {
            keys: Keys::default(),
            orders: Orders::default(),
            refunds: Refunds::default(),
            totals: Totals::default(),
            drafts: Vec::new(),
            lists_payments: false,
            lists_refunds: false,
            rows: 0,
            strangers: HashMap::new(),
        };
        let mut flows = Flows::new(terms.previous_balance);
        for flow in terms.flows {
            flows.read(*flow, &mut statement.drafts)?;
        }
        for day in terms.days {
            if let Some(bill) = day.bill {
                statement.read_bill(bill, &flows, terms.appids)?;
            } else {
                (statement.lists_payments, statement.lists_refunds) = (true, true);
            }
        }
        statement.orders.note_waiting();
        statement.name_strangers();
        Ok(statement)
    }

    fn read_bill(
        &mut self,
        bill: &dyn BillSource,
        flows: &Flows,
        appids: &[String],
    ) -> Result<(), BillError> {
        let mut reader = open(bill)?;
        let header = reader.header().clone();
        if header.kind == BillType::FundFlow {
            return Err(BillError::WrongKind { found: "a fund flow", needed: "a trade bill" });
        }
        self.lists_payments |= header.kind.lists_payments();
        self.lists_refunds |= header.kind.lists_refunds();
        let (mut tally, mut fees) = (RowTotals::default(), Fees::default());
        while let Some(row) = reader.next_row()? {
            tally.take(&row);
            self.take(&row, flows, &mut fees);
            self.look_at_appid(&row, appids);
            self.rows = self.rows.checked_add(1).ok_or_else(too_many)?;
        }
        self.drafts.extend(fees.into_drafts());
        self.totals.theirs.fee_e5 += tally.net_fee(&header);
        tally.settle_sums(&reader.finish()?, &header)
    }

    #[inline]
    fn take(&mut self, row: &Row<'_>, flows: &Flows, fees: &mut Fees) {
        let number = self.rows;
        let order = self.keys.of(row.bytes(Field::OutTradeNo).unwrap_or_default());
        let state = row.bytes(Field::TradeState);
        if state == Some(b"SUCCESS") {
            self.orders.take_payment(&self.keys, row, number, order);
            self.totals.theirs.payments.add(row.number_of(Field::TotalFee).unwrap_or_default());
            fees.take(row, number, false);
            return flows.compare(row, number, false, &mut self.drafts);
        }
        let at = self.orders.take(&self.keys, row, number, order);
        let refund_fee = || row.number_of(Field::RefundFee).unwrap_or_default();
        match state {
            Some(b"REFUND") => {
                self.totals.theirs.refunds.add(refund_fee());
                self.orders.mark(at, orders::REFUNDED);
                self.take_refund(row, number);
                fees.take(row, number, true);
                flows.compare(row, number, true, &mut self.drafts);
            }
            Some(b"REVOKED") => {
                self.totals.theirs.revoked.add(refund_fee());
                self.orders.mark(at, orders::REVOKED);
                *self.orders.revoked.entry(at).or_default() += i128::from(refund_fee());
            }
            _ => self.take_strange(row, at, number),
        }
    }

    fn take_refund(&mut self, row: &Row<'_>, number: u32) {
        if let Some(refund) = row.bytes(Field::OutRefundNo) {
            let refund = self.keys.of(refund);
            self.refunds.take(&self.keys, row, number, refund);
            return;
        }
        // A refund that does not say its number can be nobody's here.
        let key = row.text(Field::RefundId).or_else(|| row.text(Field::OutTradeNo)).unwrap_or_default();
        let refund_fee = row.number_of(Field::RefundFee).unwrap_or_default();
        let draft = Draft::new(DifferenceKind::RefundUnknown, "refund_fee", key);
        self.drafts.push(draft.theirs(refund_fee).about(number));
        self.totals.weigh(-i128::from(refund_fee));
    }

    #[cold]
    fn take_strange(&mut self, row: &Row<'_>, at: u32, number: u32) {
        let state = row.text(Field::TradeState).unwrap_or_default().to_owned();
        self.orders.strange.entry(at).or_default().push(orders::Strange { row: number, state });
    }

    #[inline]
    fn look_at_appid(&mut self, row: &Row<'_>, appids: &[String]) {
        let Some(appid) = row.bytes(Field::Appid).filter(|_| !appids.is_empty()) else { return };
        if !appids.iter().any(|ours| ours.as_bytes() == appid) {
            let appid = row.text(Field::Appid).unwrap_or_default();
            *self.strangers.entry(appid.to_owned()).or_default() += 1;
        }
    }

    fn name_strangers(&mut self) {
        for (appid, rows) in std::mem::take(&mut self.strangers) {
            let draft = Draft::new(DifferenceKind::AppidUnknown, "rows", appid.as_str());
            self.drafts.push(draft.theirs(rows));
        }
    }
}

#[cold]
fn too_many() -> BillError {
    BillError::TooLarge(format!("more than {} rows", u32::MAX))
}
