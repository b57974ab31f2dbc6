//! Judges each row of the books by what the bills say about it.

use super::batch::Batch;
use super::books::{BookRefund, BookRow};
use super::difference::{DifferenceKind as Kind, Numbers};
use super::draft::{Draft, Side};
use super::orders::{self, Group, MANY, PAID, REFUNDED, REVOKED, payment, reference};
use super::refunds::LISTED;
use super::report::Totals;
use super::statement::BillFindings;
use super::table::{KeyEntry, KeyFingerprint};
use crate::bill::field::Field;
use std::collections::HashSet;
use time::{Date, Duration};

/// What is ours and not in a bill may come until the second day after.
const PATIENCE: Duration = Duration::days(2);

/// The comparison while the books are read.
pub struct Judge {
    pub(super) bills: BillFindings,
    as_of: Date,
    from: Date,
    to: Date,
    /// What the books have and no bill has: the first of each counts.
    missing: HashSet<KeyFingerprint>,
    missing_refunds: HashSet<KeyFingerprint>,
}

impl Judge {
    /// Begins with the books.
    pub fn new(bills: BillFindings, as_of: Date, from: Date, to: Date) -> Self {
        Self { bills, as_of, from, to, missing: HashSet::new(), missing_refunds: HashSet::new() }
    }

    /// Judges some rows and their refunds.
    pub fn take_all(&mut self, batch: &Batch) {
        let keys = &self.bills.keys;
        let orders: Vec<KeyFingerprint> = batch.numbers().map(|number| keys.of(number.as_bytes())).collect();
        let mut places = Vec::with_capacity(orders.len());
        self.bills.orders.table.find_all(&orders, &mut places);
        for ((row, order), place) in batch.rows().zip(orders).zip(places) {
            self.take(&row, order, place);
        }
    }

    fn take(&mut self, row: &BookRow<'_>, order: KeyFingerprint, place: Option<u32>) {
        match place {
            Some(at) => self.take_known(row, at),
            None => self.take_missing(row, order),
        }
        for refund in &row.refunds {
            self.take_refund(row, refund);
        }
    }

    /// Sums of both sides, and every draft.
    pub fn finish(mut self) -> (Totals, Vec<Draft>) {
        self.take_leftovers();
        (self.bills.totals, self.bills.drafts)
    }

    fn take_known(&mut self, row: &BookRow<'_>, at: u32) {
        let Some(entry) = self.bills.orders.table.entries().get(at as usize).copied() else { return };
        if entry.is(orders::BOOKED) {
            *self.bills.orders.doubles.entry(at).or_default() += 1;
            return;
        }
        self.bills.orders.mark(at, orders::BOOKED);
        if !self.agrees(row, &entry) {
            let drafts = self.bills.orders.look(at, &entry, |groups| self.compare(row, &entry, groups));
            self.bills.drafts.extend(drafts);
        }
        self.name_strange_states(row, at);
        let due = row.is_paid() && !entry.is(PAID) && !entry.is(REVOKED) && self.is_due(row, &entry);
        let counts = row.is_paid() && (entry.is(PAID) || due);
        if counts {
            self.bills.totals.ours.payments.add(row.total_fee);
        }
        if due {
            self.draft_missing(row);
        }
        let ours = if counts { i128::from(row.total_fee) } else { 0 };
        let theirs = self.bills.orders.money(at, &entry);
        self.bills.totals.weigh(theirs - ours);
    }

    /// What nearly all rows are: one payment, paid here, of the same amount, currency and transaction.
    fn agrees(&self, row: &BookRow<'_>, entry: &KeyEntry) -> bool {
        let same = |id: &str| self.bills.keys.short(id.as_bytes()) == entry.partner;
        entry.flags & (PAID | REVOKED | MANY) == PAID
            && row.is_paid()
            && row.total_fee == entry.amount
            && row.currency() == "CNY"
            && row.transaction_id.is_none_or(same)
    }

    /// Every rule looks by itself: none hides another.
    fn compare(&self, row: &BookRow<'_>, entry: &KeyEntry, groups: &[Group]) -> Vec<Draft> {
        let booked = row.transaction_id.map(|id| self.bills.keys.short(id.as_bytes()));
        let reference = reference(groups, booked);
        let mut drafts = Vec::new();
        if let Some(paid) = payment(groups, reference) {
            let draft = |kind, field| order_draft(row, kind, field).about(paid.row);
            if paid.total_fee != row.total_fee {
                drafts
                    .push(draft(Kind::AmountDiffers, "total_fee").theirs(paid.total_fee).ours(row.total_fee));
            }
            let fee_type = paid.fee_type.as_deref().unwrap_or("CNY");
            if fee_type != row.currency() {
                drafts.push(draft(Kind::FeeTypeDiffers, "fee_type").theirs(fee_type).ours(row.currency()));
            }
            if !entry.is(REVOKED) && !row.is_paid() {
                drafts.push(draft(Kind::StateDiffers, "state").theirs("SUCCESS").ours(row.state));
            }
        }
        if entry.is(REVOKED) && row.is_paid() {
            let draft = order_draft(row, Kind::RevokedAfterPaid, "state").about(entry.row);
            drafts.push(draft.theirs("REVOKED").ours(row.state));
        }
        let ours = row.transaction_id.map(Side::from);
        drafts.extend(other_transactions(groups, reference, ours, || row.out_trade_no.into()));
        drafts
    }

    fn name_strange_states(&mut self, row: &BookRow<'_>, at: u32) {
        for strange in self.bills.orders.strange.remove(&at).into_iter().flatten() {
            let draft = order_draft(row, Kind::StateDiffers, "state").about(strange.row);
            self.bills.drafts.push(draft.theirs(strange.state.as_str()).ours(row.state));
        }
    }

    fn take_missing(&mut self, row: &BookRow<'_>, order: KeyFingerprint) {
        let in_time = row.paid_on.is_none_or(|day| self.covers(day));
        if row.is_paid() && self.bills.lists_payments && in_time && self.missing.insert(order) {
            self.bills.totals.ours.payments.add(row.total_fee);
            self.bills.totals.weigh(-i128::from(row.total_fee));
            self.draft_missing(row);
        }
    }

    fn is_due(&self, row: &BookRow<'_>, entry: &KeyEntry) -> bool {
        let in_time = row.paid_on.map_or(!entry.is(REFUNDED), |day| self.covers(day));
        self.bills.lists_payments && in_time
    }

    fn covers(&self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }

    fn draft_missing(&mut self, row: &BookRow<'_>) {
        let draft = order_draft(row, Kind::BookedNotPaid, "total_fee").ours(row.total_fee);
        let due = row.paid_on.unwrap_or(self.to).checked_add(PATIENCE);
        self.bills.drafts.push(draft.due(due, self.as_of));
    }

    fn take_refund(&mut self, row: &BookRow<'_>, refund: &BookRefund<'_>) {
        let number = self.bills.keys.of(refund.out_refund_no.as_bytes());
        match self.bills.refunds.table.find(number) {
            Some(at) => self.take_known_refund(row, refund, at),
            None => self.take_missing_refund(row, refund, number),
        }
    }

    fn take_known_refund(&mut self, row: &BookRow<'_>, refund: &BookRefund<'_>, at: u32) {
        let Some(entry) = self.bills.refunds.table.get_mut(at) else { return };
        if entry.is(LISTED) {
            *self.bills.refunds.doubles.entry(at).or_default() += 1;
            return;
        }
        entry.flags |= LISTED;
        let entry = *entry;
        let order = self.bills.keys.short(row.out_trade_no.as_bytes());
        let mut theirs = 0;
        for seen in self.bills.refunds.rows(at, &entry) {
            theirs += i128::from(seen.refund_fee);
            let draft = |kind, field| refund_draft(row, refund, kind, field).about(seen.row);
            let drafts = &mut self.bills.drafts;
            if !refund.is_booked() {
                let theirs = Side::Stands(seen.row, Field::RefundStatus);
                let ours = refund.state.unwrap_or_default();
                drafts.push(draft(Kind::RefundNotBooked, "state").theirs(theirs).ours(ours));
            }
            if seen.refund_fee != refund.refund_fee {
                let draft = draft(Kind::RefundDiffers, "refund_fee").theirs(seen.refund_fee);
                drafts.push(draft.ours(refund.refund_fee));
            }
            if seen.order != order {
                let theirs = Side::Stands(seen.row, Field::OutTradeNo);
                drafts.push(draft(Kind::RefundDiffers, "out_trade_no").theirs(theirs).ours(row.out_trade_no));
            }
        }
        let ours = if refund.is_booked() { i128::from(refund.refund_fee) } else { 0 };
        if refund.is_booked() {
            self.bills.totals.ours.refunds.add(refund.refund_fee);
        }
        self.bills.totals.weigh(ours - theirs);
    }

    fn take_missing_refund(&mut self, row: &BookRow<'_>, refund: &BookRefund<'_>, number: KeyFingerprint) {
        let in_time = refund.asked_on.is_none_or(|day| self.covers(day));
        let due = refund.is_booked() && self.bills.lists_refunds && in_time;
        if !due || !self.missing_refunds.insert(number) {
            return;
        }
        self.bills.totals.ours.refunds.add(refund.refund_fee);
        self.bills.totals.weigh(refund.refund_fee.into());
        let draft = refund_draft(row, refund, Kind::RefundDiffers, "refund_fee").ours(refund.refund_fee);
        let due = refund.asked_on.unwrap_or(self.to).checked_add(PATIENCE);
        self.bills.drafts.push(draft.due(due, self.as_of));
    }
}

/// A difference for each transaction of an order that is not the one it is known by.
pub fn other_transactions(
    groups: &[Group],
    reference: Option<u64>,
    ours: Option<Side>,
    key: impl Fn() -> Side,
) -> Vec<Draft> {
    let known = groups.iter().find(|group| Some(group.transaction) == reference);
    let standing = known.map(|group| Side::Stands(group.row, Field::TransactionId));
    let ours = ours.or(standing).unwrap_or(Side::Absent);
    let others = groups.iter().filter(|group| Some(group.transaction) != reference);
    let draft = |group: &Group| {
        let draft = Draft::new(Kind::TransactionIdDiffers, "transaction_id", key());
        let theirs = Side::Stands(group.row, Field::TransactionId);
        draft.theirs(theirs).ours(ours.clone()).about(group.row)
    };
    others.map(draft).collect()
}

fn order_draft(row: &BookRow<'_>, kind: Kind, field: &'static str) -> Draft {
    Draft::new(kind, field, row.out_trade_no).numbers(numbers(row, None))
}

fn refund_draft(row: &BookRow<'_>, refund: &BookRefund<'_>, kind: Kind, field: &'static str) -> Draft {
    let number = refund.out_refund_no;
    Draft::new(kind, field, number).numbers(numbers(row, Some(number)))
}

fn numbers(row: &BookRow<'_>, out_refund_no: Option<&str>) -> Numbers {
    Numbers {
        out_trade_no: Some(row.out_trade_no.to_owned()),
        transaction_id: row.transaction_id.map(str::to_owned),
        out_refund_no: out_refund_no.map(str::to_owned),
        refund_id: None,
    }
}
