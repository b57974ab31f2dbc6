//! What must hold: always, and when all is quiet. Written without the ledger's own rules.

use super::super::entry::{Entry, OrderKey, RefundWord};
use super::super::reason::Reason;
use super::super::resolve::Resolution;
use super::super::schedule::MOST_ATTEMPTS;
use super::super::state::LedgerState;
use super::bank::{BY_HAND, BankOrder, BankRefund};
use super::world::{OLD_ATTEMPTS, World};
use crate::model::trade_state::TradeState;
use std::collections::{BTreeMap, BTreeSet};

type Check = Result<(), String>;

/// What must hold after every step, over everything that is committed.
pub fn always(world: &World) -> Check {
    if let Some(lie) = world.lies.first() {
        return Err(lie.clone());
    }
    credits_are_unique_and_exact(world)?;
    deliveries_are_credits(world)?;
    histories_are_legal(world)?;
    open_orders_have_a_next_poll(world)?;
    refunds_stay_below_payments(world)?;
    money_goes_back_as_told(world)?;
    a_person_knows_the_payment(world)?;
    only_what_fails_by_itself_is_given_up(world)
}

/// Of what was answered SUCCESS to WeChat, a person is told the payment.
fn a_person_knows_the_payment(world: &World) -> Check {
    let asks = world.db.orders.values().filter(|entry| entry.state == LedgerState::Review);
    for entry in asks.filter(|entry| !uncommitted(world, &entry.terms.key)) {
        let known = entry.transaction_id.is_some() || entry.suspect_id.is_some();
        if world.settled.contains(&entry.terms.key) && !known {
            return Err(format!("WeChat was told SUCCESS, and nobody knows the payment: {entry:?}"));
        }
    }
    Ok(())
}

/// What went back is what the shop was told, or can see as wanted or under way.
fn money_goes_back_as_told(world: &World) -> Check {
    for order in &world.bank.orders {
        let ours = |refund: &&BankRefund| !refund.out_refund_no.ends_with(BY_HAND);
        for refund in order.refunds.iter().filter(ours).filter(|refund| refund.state != RefundWord::Closed) {
            let number = &refund.out_refund_no;
            if world.ended.contains(number) {
                return Err(format!("{number} went back, and the shop was told that it would not"));
            }
            let line = world.db.refunds.values().find(|line| line.row.out_refund_no == *number);
            let seen =
                line.is_some_and(|line| line.row.state.counts() || line.row.state == RefundWord::Intent);
            if !seen && !uncommitted(world, &order.terms.key) {
                return Err(format!("{number} went back, and the ledger shows {line:?}"));
            }
        }
    }
    for entry in world.db.orders.values().filter(|entry| !uncommitted(world, &entry.terms.key)) {
        let lines = world.db.refunds.values().filter(|line| line.order_id == entry.id);
        let wanted = lines.filter(|line| line.row.state == RefundWord::Intent);
        let sum: i64 = wanted.map(|line| line.row.refund_fee).sum();
        if sum != entry.pending_refund && entry.state != LedgerState::Revoked {
            return Err(format!("{sum} fen are wanted, the row says {entry:?}"));
        }
    }
    Ok(())
}

/// The orders that wait for a person, and for nothing else.
pub fn questions(world: &World) -> Vec<OrderKey> {
    let asks = |entry: &&Entry| matches!(entry.state, LedgerState::Review | LedgerState::PaidLate);
    let waits = world.db.orders.values().filter(asks).filter(|entry| entry.pending_refund == 0);
    waits.map(|entry| entry.terms.key.clone()).collect()
}

fn is_poison(entry: &Entry) -> bool {
    entry.state == LedgerState::Review && entry.reason == Reason::Poison.text()
}

/// Outages, lost leases, lost connections and busy databases are nobody's fault: only an order that WeChat says is
/// paid, or was told to end, and that fails again and again, is left to a person for that.
fn only_what_fails_by_itself_is_given_up(world: &World) -> Check {
    let given_up = world.db.orders.values().filter(|entry| is_poison(entry));
    for entry in given_up.filter(|entry| !uncommitted(world, &entry.terms.key)) {
        let perils = world.perils.get(&entry.terms.key).copied().unwrap_or(0);
        if perils < MOST_ATTEMPTS - OLD_ATTEMPTS {
            return Err(format!("given up after {perils} answers to fail at: {entry:?}"));
        }
    }
    Ok(())
}

fn uncommitted(world: &World, order: &super::super::entry::OrderKey) -> bool {
    world.db.order_id(order).is_some_and(|id| world.db.order_locks.contains_key(&id))
}

fn credits_are_unique_and_exact(world: &World) -> Check {
    let (mut orders, mut payments) = (BTreeSet::new(), BTreeSet::new());
    for credit in world.db.credits.values() {
        let key = &credit.key;
        if !orders.insert(key) || !payments.insert(&credit.transaction_id) {
            return Err(format!("two credits for {key:?}"));
        }
        let paid =
            world.bank.orders.iter().find(|o| o.transaction_id.as_ref() == Some(&credit.transaction_id));
        let Some(paid) = paid else { return Err(format!("a credit for a payment nobody made: {credit:?}")) };
        if paid.terms.key != *key || paid.paid_fee != credit.amount {
            return Err(format!("a credit over another amount or order: {credit:?}"));
        }
        if world.resolved.get(key).is_some_and(|how| how.contains(&Resolution::Credit)) {
            continue;
        }
        if world.sent_back.contains(key) {
            return Err(format!("a credit of what a person has sent back: {credit:?}"));
        }
        if paid.terms.total_fee != credit.amount {
            return Err(format!("a credit that nobody ordered: {credit:?}"));
        }
        let kept = world.db.evidence.values().chain(&world.db.purged_evidence);
        let evidence = kept.into_iter().any(|e| e.key == *key && e.digest == credit.digest);
        if !evidence || !world.bank.signed.contains(&credit.digest) {
            return Err(format!("a credit without verified evidence: {credit:?}"));
        }
        if world.bank.in_part.contains(&credit.digest) {
            return Err(format!("a credit on what does not say how much went back: {credit:?}"));
        }
    }
    Ok(())
}

/// What the shop wrote is exactly what was credited.
fn deliveries_are_credits(world: &World) -> Check {
    let mut sums: BTreeMap<_, i64> = BTreeMap::new();
    for delivery in world.db.deliveries.values() {
        *sums.entry(&delivery.key).or_default() += delivery.count;
    }
    for entry in world.db.orders.values() {
        let key = &entry.terms.key;
        if uncommitted(world, key) {
            continue;
        }
        let given = sums.get(key).copied().unwrap_or(0);
        let credited = world.db.credits.values().any(|c| c.key == *key && !c.revoked);
        if given != i64::from(credited) || credited != entry.credited {
            return Err(format!(
                "{key:?}: the shop gave {given}, credited {credited}, row {}",
                entry.credited
            ));
        }
    }
    Ok(())
}

/// A paid order never becomes unpaid, but by a reverse or a person.
fn histories_are_legal(world: &World) -> Check {
    use LedgerState::{
        Closed, Closing, Created, Paid, PaidLate, PartiallyRefunded, Refunded, Review, UserPaying,
    };
    for (order, states) in &world.db.history {
        let first_paid = states.iter().position(|s| matches!(s, Paid | PartiallyRefunded | Refunded));
        let after = states.get(first_paid.unwrap_or(states.len())..).unwrap_or_default();
        let by_nobody = |pair: &[LedgerState]| {
            !matches!(pair[0], PaidLate | Review)
                && matches!(pair[1], Created | UserPaying | Closing | Closed)
        };
        if after.windows(2).any(by_nobody) {
            return Err(format!("order {order} became unpaid: {states:?}"));
        }
    }
    Ok(())
}

fn open_orders_have_a_next_poll(world: &World) -> Check {
    for entry in world.db.orders.values() {
        let waits = entry.state.is_open() || entry.intent.is_some() || entry.ask_refunds;
        if waits && entry.due_at.is_none() && !uncommitted(world, &entry.terms.key) {
            return Err(format!("forgotten: {entry:?}"));
        }
    }
    Ok(())
}

fn refunds_stay_below_payments(world: &World) -> Check {
    for entry in world.db.orders.values().filter(|entry| !uncommitted(world, &entry.terms.key)) {
        let lines = world.db.refunds.values().filter(|line| line.order_id == entry.id);
        // What was sent back by hand takes from what was wanted before anybody knew.
        let is_by_hand = by_hand(world, &entry.terms.key);
        let live = lines.filter(|l| l.row.state.counts() || l.row.state == RefundWord::Intent && !is_by_hand);
        let sum: i64 = live.map(|line| line.row.refund_fee).sum();
        // A payment that is a person's question need not be what was opened.
        let paid_fee = entry.paid.or(entry.suspect_fee).unwrap_or(entry.terms.total_fee);
        if sum > paid_fee {
            return Err(format!("refunds of {sum} over {paid_fee}: {entry:?}"));
        }
    }
    for order in &world.bank.orders {
        let live = order.refunds.iter().filter(|refund| refund.state != RefundWord::Closed);
        if live.map(|refund| refund.refund_fee).sum::<i64>() > order.paid_fee {
            return Err(format!("WeChat was asked for more than was paid: {:?}", order.terms.key));
        }
    }
    Ok(())
}

/// What must hold when all is quiet: the ledger knows what the bank knows.
pub fn at_rest(world: &World) -> Check {
    always(world)?;
    for order in &world.bank.orders {
        let entry = world.db.orders.values().find(|entry| entry.terms.key == order.terms.key);
        let Some(entry) = entry else { return Err(format!("never opened: {:?}", order.terms.key)) };
        let resolved = world.resolved.contains_key(&order.terms.key);
        let is_given_up = world.aged.contains(&order.terms.key) && is_poison(entry);
        if !expected(order, entry, world, resolved).contains(&entry.state) && !is_given_up {
            return Err(format!("WeChat says {:?}, the ledger {entry:?}", order.trade_state));
        }
    }
    messages_came_in_order(world)
}

/// The states an order may rest in.
fn expected(order: &BankOrder, entry: &Entry, world: &World, resolved: bool) -> Vec<LedgerState> {
    use LedgerState as L;
    let off = order.paid_fee != 0 && order.paid_fee != order.terms.total_fee;
    let unlisted = order.speaks_v3 && order.by_hand > 0;
    let person = off || order.stubborn || order.curse.is_some() || resolved || unlisted;
    [
        by_the_bank(order, &known(order, entry, world)),
        if person { vec![L::Review, L::PaidLate, L::Closed] } else { vec![] },
    ]
    .concat()
}

/// The refunds that the ledger has to know: in APIv3 nothing lists what was sent back by hand.
fn known<'a>(order: &'a BankOrder, entry: &Entry, world: &World) -> Vec<&'a BankRefund> {
    let lines: BTreeSet<&String> = world
        .db
        .refunds
        .values()
        .filter(|line| line.order_id == entry.id)
        .map(|line| &line.row.out_refund_no)
        .collect();
    let is_listed = |refund: &&BankRefund| {
        !(order.speaks_v3 && refund.out_refund_no.ends_with(BY_HAND)) || lines.contains(&refund.out_refund_no)
    };
    order.refunds.iter().filter(is_listed).collect()
}

fn by_hand(world: &World, key: &OrderKey) -> bool {
    world.bank.orders.iter().any(|order| order.terms.key == *key && order.by_hand > 0)
}

/// The states that follow from what the bank knows.
fn by_the_bank(order: &BankOrder, known: &[&BankRefund]) -> Vec<LedgerState> {
    use LedgerState as L;
    let done = known.iter().filter(|refund| refund.state.counts());
    let refunded: i64 = done.map(|refund| refund.refund_fee).sum();
    match order.trade_state {
        TradeState::Success | TradeState::Refund if order.curse.is_some() && refunded < order.paid_fee => {
            vec![]
        }
        TradeState::Success => vec![L::Paid],
        TradeState::Refund if refunded == 0 => vec![L::Paid],
        TradeState::Refund if refunded < order.paid_fee => vec![L::PartiallyRefunded],
        TradeState::Refund => vec![L::Refunded],
        TradeState::Revoked => vec![L::Revoked],
        TradeState::Closed => vec![L::Closed],
        _ => vec![],
    }
}

fn messages_came_in_order(world: &World) -> Check {
    for (order, delivered) in &world.delivered {
        let kept = world.db.outbox.iter().map(|(id, row)| (*id, row.order_id));
        let all = kept.chain(world.db.purged_messages.iter().map(|(id, order)| (*id, *order)));
        let announced: BTreeSet<i64> = all.filter(|(_, of)| of == order).map(|(id, _)| id).collect();
        let mut first_times: Vec<i64> = Vec::new();
        for id in delivered {
            if !first_times.contains(id) {
                first_times.push(*id);
            }
        }
        if !first_times.iter().eq(&announced) {
            return Err(format!("order {order}: announced {announced:?}, delivered {delivered:?}"));
        }
    }
    Ok(())
}
