//! When the books are read: what the bills have and no book has, and what stands twice.

use super::difference::DifferenceKind as Kind;
use super::draft::{Draft, Side};
use super::judge::{Judge, other_transactions};
use super::orders::{BOOKED, Group, Orders, REVOKED, payment, reference};
use super::refunds::{LISTED, Refunds};
use super::table::KeyEntry;
use crate::bill::field::Field;
use std::collections::BTreeSet;

impl Judge {
    /// Everything that only the end of the books tells.
    pub(super) fn take_leftovers(&mut self) {
        let mut drafts = Vec::new();
        let mut totals = self.bills.totals;
        let (orders, refunds) = (&self.bills.orders, &self.bills.refunds);
        for (at, entry) in (0_u32..).zip(orders.table.entries()).filter(|(_, entry)| !entry.is(BOOKED)) {
            orders.look(at, entry, |groups| not_booked(entry, groups, &mut drafts));
            totals.weigh(orders.money(at, entry));
        }
        for (at, entry) in (0_u32..).zip(refunds.table.entries()).filter(|(_, entry)| !entry.is(LISTED)) {
            for seen in refunds.rows(at, entry) {
                let draft =
                    Draft::new(Kind::RefundUnknown, "refund_fee", standing(seen.row, Field::OutRefundNo));
                drafts.push(draft.theirs(seen.refund_fee).about(seen.row));
                totals.weigh(-i128::from(seen.refund_fee));
            }
        }
        drafts.extend(strange_states(orders));
        drafts.extend(double_orders(orders));
        drafts.extend(double_refunds(refunds));
        self.bills.drafts.extend(drafts);
        self.bills.totals = totals;
    }
}

fn standing(row: u32, field: Field) -> Side {
    Side::Stands(row, field)
}

/// An order that no book has.
fn not_booked(entry: &KeyEntry, groups: &[Group], drafts: &mut Vec<Draft>) {
    let reference = reference(groups, None);
    let paid = payment(groups, reference).filter(|_| !entry.is(REVOKED));
    if let Some(paid) = paid {
        let draft = Draft::new(Kind::PaidNotBooked, "total_fee", standing(paid.row, Field::OutTradeNo));
        drafts.push(draft.theirs(paid.total_fee).about(paid.row));
    }
    drafts.extend(other_transactions(groups, reference, None, || standing(entry.row, Field::OutTradeNo)));
}

/// Rows of unknown states of orders that no book has: those of the others are named.
fn strange_states(orders: &Orders) -> impl Iterator<Item = Draft> {
    orders.strange.values().flatten().map(|strange| {
        let draft = Draft::new(Kind::StateDiffers, "state", standing(strange.row, Field::OutTradeNo));
        draft.theirs(strange.state.as_str()).about(strange.row)
    })
}

/// Payments that stand twice, in the bills or in the books.
fn double_orders(orders: &Orders) -> Vec<Draft> {
    let suspects: BTreeSet<u32> = orders.apart().chain(orders.doubles.keys().copied()).collect();
    let mut drafts = Vec::new();
    for at in suspects {
        let Some(entry) = orders.table.entries().get(at as usize) else { continue };
        let more = orders.doubles.get(&at).copied().unwrap_or_default();
        let ours = i64::from(entry.is(BOOKED)) + more;
        orders.look(at, entry, |groups| {
            let doubled = |group: &&Group| group.payments >= 1 && (group.payments > 1 || ours > 1);
            drafts.extend(groups.iter().filter(doubled).map(|group| {
                let draft = Draft::new(Kind::DuplicateRow, "rows", standing(group.row, Field::OutTradeNo));
                draft.theirs(group.payments).ours(ours).about(group.row)
            }));
        });
    }
    drafts
}

/// Refunds that stand twice, in the bills or in the books.
fn double_refunds(refunds: &Refunds) -> Vec<Draft> {
    let suspects: BTreeSet<u32> = refunds.apart().chain(refunds.doubles.keys().copied()).collect();
    let mut drafts = Vec::new();
    for at in suspects {
        let Some(entry) = refunds.table.entries().get(at as usize) else { continue };
        let rows = i64::try_from(refunds.rows(at, entry).count()).unwrap_or(i64::MAX);
        let more = refunds.doubles.get(&at).copied().unwrap_or_default();
        let ours = i64::from(entry.is(LISTED)) + more;
        let draft = Draft::new(Kind::DuplicateRow, "rows", standing(entry.row, Field::OutRefundNo));
        drafts.push(draft.theirs(rows).ours(ours).about(entry.row));
    }
    drafts
}
