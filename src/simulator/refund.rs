//! Refunds: their sums, their parts of coupons, their processing over time.

use super::clock;
use super::order::{PlacedOrder, PlacedPayment};
use serde_json::{Value, json};

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedRefundStatus {
    /// Accepted.
    Processing,
    /// The payer has the money.
    Success,
    /// Closed; may be tried again with the same number.
    Closed,
    /// Bounced; the money is back with the merchant.
    Change,
}

impl PlacedRefundStatus {
    /// Reads the wire's word.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "PROCESSING" => Self::Processing,
            "SUCCESS" => Self::Success,
            "REFUNDCLOSE" => Self::Closed,
            "CHANGE" => Self::Change,
            _ => return None,
        })
    }

    /// The wire's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Closed => "REFUNDCLOSE",
            Self::Change => "CHANGE",
        }
    }
}

/// A part of a refund that goes back into a coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponPart {
    /// The coupon.
    pub id: String,
    /// CASH, NO_CASH or empty.
    pub kind: String,
    /// Fen.
    pub fee: i64,
}

/// One refund of one order.
#[derive(Debug, Clone)]
pub struct PlacedRefund {
    /// The order's place in the book.
    pub order: usize,
    /// The merchant.
    pub mch_id: String,
    /// The sub-merchant, or empty.
    pub sub_mch_id: String,
    /// The merchant's number.
    pub out_refund_no: String,
    /// The gateway's number, 29 digits.
    pub refund_id: String,
    /// Fen.
    pub refund_fee: i64,
    /// What goes back into coupons.
    pub coupons: Vec<CouponPart>,
    /// Where it stands.
    pub status: PlacedRefundStatus,
    /// When it was accepted.
    pub created_ms: i64,
    /// When it will succeed by itself.
    pub due_ms: Option<i64>,
    /// When it succeeded.
    pub success_ms: Option<i64>,
    /// The account that pays for it.
    pub account: String,
    /// Where its notice goes, or empty.
    pub notify_url: String,
    /// Was it asked for by APIv3?
    pub by_v3: bool,
}

impl PlacedRefund {
    /// The sum of all coupon parts.
    pub fn coupon_fee(&self) -> i64 {
        self.coupons.iter().map(|part| part.fee).sum()
    }

    /// What goes back to the payer himself.
    pub fn cash_fee(&self) -> i64 {
        self.refund_fee - self.coupon_fee()
    }

    /// What is settled: the refund less what coupons of no money take back.
    pub fn settlement(&self) -> i64 {
        let free = self.coupons.iter().filter(|part| part.kind == "NO_CASH");
        self.refund_fee - free.map(|part| part.fee).sum::<i64>()
    }

    /// Sets where it stands and stops the clock on it.
    pub fn settle(&mut self, status: PlacedRefundStatus, now: i64) {
        self.status = status;
        self.due_ms = None;
        self.success_ms = (status == PlacedRefundStatus::Success).then_some(now);
    }

    /// The refund as the control shows it.
    pub fn shown(&self, order: Option<&PlacedOrder>) -> Value {
        json!({
            "out_refund_no": self.out_refund_no,
            "refund_id": self.refund_id,
            "out_trade_no": order.map(|order| order.out_trade_no.as_str()),
            "refund_fee": self.refund_fee,
            "cash_refund_fee": self.cash_fee(),
            "coupon_refund_fee": self.coupon_fee(),
            "status": self.status.name(),
            "refund_account": self.account,
            "mch_id": self.mch_id,
            "sub_mch_id": self.sub_mch_id,
            "created": clock::spaced(self.created_ms),
            "success_time": self.success_ms.map(clock::spaced),
            "notify_url": self.notify_url,
        })
    }
}

/// All refunds in the order of their acceptance.
#[derive(Debug, Default)]
pub struct RefundBook {
    all: Vec<PlacedRefund>,
}

impl RefundBook {
    /// Enters a refund and gives its place.
    pub fn enter(&mut self, refund: PlacedRefund) -> usize {
        self.all.push(refund);
        self.all.len() - 1
    }

    /// The place of a refund by the merchant's number.
    pub fn find(&self, mch_id: &str, sub_mch_id: &str, out_refund_no: &str) -> Option<usize> {
        self.all.iter().position(|refund| {
            refund.mch_id == mch_id
                && refund.sub_mch_id == sub_mch_id
                && refund.out_refund_no == out_refund_no
        })
    }

    /// The refund at a place.
    pub fn get(&self, place: usize) -> Option<&PlacedRefund> {
        self.all.get(place)
    }

    /// The refund at a place, to be changed.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut PlacedRefund> {
        self.all.get_mut(place)
    }

    /// All refunds.
    pub fn all(&self) -> &[PlacedRefund] {
        &self.all
    }

    /// All refunds of an order.
    pub fn of_order(&self, order: usize) -> impl Iterator<Item = &PlacedRefund> {
        self.all.iter().filter(move |refund| refund.order == order)
    }

    /// What was taken from an order and not given back by closing.
    pub fn taken(&self, order: usize) -> i64 {
        self.open(order).map(|refund| refund.refund_fee).sum()
    }

    fn open(&self, order: usize) -> impl Iterator<Item = &PlacedRefund> {
        self.of_order(order).filter(|refund| refund.status != PlacedRefundStatus::Closed)
    }

    /// The parts of the coupons in a new refund: in proportion, and without a rest in the end.
    pub fn coupon_parts(&self, place: usize, order: &PlacedOrder, fee: i64) -> Vec<CouponPart> {
        let Some(payment) = &order.payment else {
            return Vec::new();
        };
        let after = self.taken(place) + fee;
        let share = payment.coupon_fee() * after / order.total_fee.max(1);
        let before: i64 = self.open(place).map(PlacedRefund::coupon_fee).sum();
        self.spread(place, payment, share - before)
    }

    fn spread(&self, place: usize, payment: &PlacedPayment, mut rest: i64) -> Vec<CouponPart> {
        let mut parts = Vec::new();
        for coupon in &payment.coupons {
            let given = self.open(place).flat_map(|refund| &refund.coupons);
            let given: i64 = given.filter(|part| part.id == coupon.id).map(|part| part.fee).sum();
            let fee = rest.min(coupon.fee - given);
            if fee > 0 {
                rest -= fee;
                parts.push(CouponPart { id: coupon.id.clone(), kind: coupon.kind.clone(), fee });
            }
        }
        parts
    }

    /// Lets due refunds succeed; gives their places.
    pub fn pass_time(&mut self, now: i64) -> Vec<usize> {
        let mut done = Vec::new();
        for (place, refund) in self.all.iter_mut().enumerate() {
            if let Some(due) = refund.due_ms.filter(|due| *due <= now) {
                refund.settle(PlacedRefundStatus::Success, due);
                done.push(place);
            }
        }
        done
    }
}

/// What merchants have to pay refunds from; an account that was never set has enough.
#[derive(Debug, Default)]
pub struct Balances {
    accounts: Vec<(String, String, i64)>,
}

impl Balances {
    /// Sets an account of a merchant.
    pub fn set(&mut self, mch_id: &str, account: &str, fen: i64) {
        self.accounts.retain(|(owner, name, _)| !(owner == mch_id && name == account));
        self.accounts.push((mch_id.to_owned(), account.to_owned(), fen));
    }

    /// Takes money out; false if there is too little.
    pub fn take(&mut self, mch_id: &str, account: &str, fen: i64) -> bool {
        let known = self.accounts.iter_mut().find(|(owner, name, _)| owner == mch_id && name == account);
        match known {
            Some((_, _, left)) if *left < fen => false,
            Some((_, _, left)) => {
                *left -= fen;
                true
            }
            None => true,
        }
    }

    /// The accounts as the control shows them.
    pub fn shown(&self) -> Value {
        self.accounts
            .iter()
            .map(|(mch_id, account, fen)| json!({"mch_id": mch_id, "account": account, "fen": fen}))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_was_set_runs_dry() {
        let mut balances = Balances::default();
        assert!(balances.take("1", "A", 1_000_000));
        balances.set("1", "A", 100);
        assert!(balances.take("1", "A", 60));
        assert!(!balances.take("1", "A", 60));
        assert!(balances.take("1", "A", 40));
    }

    #[test]
    fn every_status_reads_back() {
        for name in ["PROCESSING", "SUCCESS", "REFUNDCLOSE", "CHANGE"] {
            assert_eq!(PlacedRefundStatus::named(name).unwrap().name(), name);
        }
        assert!(PlacedRefundStatus::named("FAIL").is_none());
    }
}
