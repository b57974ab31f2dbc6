//! The gateway's book: every order, found by its numbers.

use super::order::{PlacedOrder, PlacedState, ScheduledEvent};
use std::collections::{BTreeSet, HashMap};

type OrderKeyText = (String, String, String);

/// All orders in the order of their creation.
#[derive(Debug, Default)]
pub struct Book {
    orders: Vec<PlacedOrder>,
    by_number: HashMap<OrderKeyText, usize>,
    by_transaction: HashMap<(String, String), usize>,
    /// Those that time may change; whoever changes an order puts it in.
    awake: BTreeSet<usize>,
}

/// Which order is meant.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The merchant.
    pub mch_id: &'a str,
    /// The sub-merchant, or empty.
    pub sub_mch_id: &'a str,
    /// Preferred when it is not empty.
    pub transaction_id: &'a str,
    /// The merchant's number.
    pub out_trade_no: &'a str,
}

impl Book {
    /// Enters an order and gives its place.
    pub fn enter(&mut self, order: PlacedOrder) -> usize {
        let place = self.orders.len();
        self.by_number.insert(key_of(&order), place);
        self.orders.push(order);
        self.awake.insert(place);
        self.index_transaction(place);
        place
    }

    /// Makes an order findable by its transaction number.
    pub fn index_transaction(&mut self, place: usize) {
        let Some(order) = self.orders.get(place) else {
            return;
        };
        if !order.transaction_id().is_empty() {
            let key = (order.mch_id.clone(), order.transaction_id().to_owned());
            self.by_transaction.insert(key, place);
        }
    }

    /// The place of the wanted order; a transaction number wins over the merchant's own.
    pub fn find(&self, wanted: Wanted<'_>) -> Option<usize> {
        if wanted.transaction_id.is_empty() {
            return self.find_number(wanted);
        }
        let key = (wanted.mch_id.to_owned(), wanted.transaction_id.to_owned());
        let place = *self.by_transaction.get(&key)?;
        let order = self.orders.get(place)?;
        (order.sub_mch_id == wanted.sub_mch_id).then_some(place)
    }

    fn find_number(&self, wanted: Wanted<'_>) -> Option<usize> {
        let key = (wanted.mch_id.to_owned(), wanted.sub_mch_id.to_owned(), wanted.out_trade_no.to_owned());
        self.by_number.get(&key).copied()
    }

    /// The order at a place.
    pub fn get(&self, place: usize) -> Option<&PlacedOrder> {
        self.orders.get(place)
    }

    /// The order at a place, to be changed.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut PlacedOrder> {
        self.awake.insert(place);
        self.orders.get_mut(place)
    }

    /// All orders, oldest first.
    pub fn all(&self) -> &[PlacedOrder] {
        &self.orders
    }

    /// Lets orders expire, and code payments come to their end; gives who pays, and when.
    pub fn pass_time(&mut self, now: i64) -> Vec<(usize, i64)> {
        let mut payers = Vec::new();
        let orders = &mut self.orders;
        self.awake.retain(|place| {
            let Some(order) = orders.get_mut(*place) else { return false };
            order.expire(now);
            match order.take_due_fate(now) {
                Some((at, ScheduledEvent::Pays)) => payers.push((*place, at)),
                Some((_, ScheduledEvent::Fails)) => order.state = PlacedState::PayError,
                Some((_, ScheduledEvent::Lapses)) => order.state = PlacedState::NotPay,
                None => {}
            }
            order.state == PlacedState::NotPay || order.fate.is_some()
        });
        payers
    }
}

fn key_of(order: &PlacedOrder) -> OrderKeyText {
    (order.mch_id.clone(), order.sub_mch_id.clone(), order.out_trade_no.clone())
}
