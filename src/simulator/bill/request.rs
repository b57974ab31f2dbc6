//! Which bill is asked for, and what a payment in it costs.

use super::super::clock::{self, HOUR, MINUTE};
use super::super::order::PlacedOrder;
use super::super::world::GatewayState;

/// Bills are there from ten o'clock of the next day on.
const READY_MS: i64 = 34 * HOUR;
/// What a payment costs, in hundredths of a percent.
const RATE: i64 = 60;

/// Whose bill, and of which day.
#[derive(Debug, Clone)]
pub struct BillRequest {
    /// The merchant.
    pub mch_id: String,
    /// One sub-merchant of his, or all.
    pub sub_mch_id: String,
    /// Midnight in Beijing, on the virtual clock.
    pub from_ms: i64,
}

impl BillRequest {
    /// Reads `bill_date`, eight digits of a day that exists.
    pub fn day(bill_date: &str) -> Option<i64> {
        (bill_date.len() == 8).then(|| clock::from_compact(&format!("{bill_date}000000"))).flatten()
    }

    /// Is the bill made already?
    pub fn is_ready(&self, world: &GatewayState) -> bool {
        world.clock.now() >= self.from_ms + READY_MS
    }

    /// Is this moment on its day?
    pub fn includes(&self, at: i64) -> bool {
        (self.from_ms..self.from_ms + 24 * 60 * MINUTE).contains(&at)
    }

    /// Is it an order of whom it is for?
    pub fn concerns(&self, order: &PlacedOrder) -> bool {
        order.mch_id == self.mch_id && (self.sub_mch_id.is_empty() || order.sub_mch_id == self.sub_mch_id)
    }
}

/// The fee of an amount in fen, in 1/100000 yuan: rounded half up to the fen.
pub fn fee(fen: i64) -> i64 {
    (fen * RATE + 5_000) / 10_000 * 1_000
}
