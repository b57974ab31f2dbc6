//! Some rows of the books at a time, so that their partners are looked for together.

use super::books::{BookRefund, BookRow, Books};
use std::ops::Range;
use time::Date;

/// How many rows.
const ROWS: usize = 64;

/// A piece of the batch's text.
type Piece = Range<usize>;

/// Copies of rows.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    rows: Vec<KeptText>,
    refunds: Vec<KeptRefund>,
}

#[derive(Debug)]
struct KeptText {
    out_trade_no: Piece,
    total_fee: i64,
    fee_type: Option<Piece>,
    state: Piece,
    transaction_id: Option<Piece>,
    paid_on: Option<Date>,
    refunds: Range<usize>,
}

#[derive(Debug)]
struct KeptRefund {
    out_refund_no: Piece,
    refund_fee: i64,
    state: Option<Piece>,
    asked_on: Option<Date>,
}

impl Batch {
    /// Takes the next rows in place of those it has; false when there are none.
    pub fn fill<B: Books>(&mut self, books: &mut B) -> Result<bool, B::Fault> {
        self.text.clear();
        self.rows.clear();
        self.refunds.clear();
        while self.rows.len() < ROWS {
            let Some(row) = books.next_row()? else { break };
            self.keep(&row);
        }
        Ok(!self.rows.is_empty())
    }

    fn keep(&mut self, row: &BookRow<'_>) {
        let first = self.refunds.len();
        for refund in &row.refunds {
            let kept = KeptRefund {
                out_refund_no: self.write(refund.out_refund_no),
                refund_fee: refund.refund_fee,
                state: refund.state.map(|state| self.write(state)),
                asked_on: refund.asked_on,
            };
            self.refunds.push(kept);
        }
        let kept = KeptText {
            out_trade_no: self.write(row.out_trade_no),
            total_fee: row.total_fee,
            fee_type: row.fee_type.map(|code| self.write(code)),
            state: self.write(row.state),
            transaction_id: row.transaction_id.map(|id| self.write(id)),
            paid_on: row.paid_on,
            refunds: first..self.refunds.len(),
        };
        self.rows.push(kept);
    }

    fn write(&mut self, text: &str) -> Piece {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// The number of each row.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|kept| self.read(&kept.out_trade_no))
    }

    /// The rows, as they came.
    pub fn rows(&self) -> impl Iterator<Item = BookRow<'_>> {
        self.rows.iter().map(|kept| BookRow {
            out_trade_no: self.read(&kept.out_trade_no),
            total_fee: kept.total_fee,
            fee_type: kept.fee_type.as_ref().map(|piece| self.read(piece)),
            state: self.read(&kept.state),
            transaction_id: kept.transaction_id.as_ref().map(|piece| self.read(piece)),
            paid_on: kept.paid_on,
            refunds: self.refunds_of(kept),
        })
    }

    fn refunds_of(&self, kept: &KeptText) -> Vec<BookRefund<'_>> {
        let refunds = self.refunds.get(kept.refunds.clone()).unwrap_or_default();
        refunds.iter().map(|kept| self.refund(kept)).collect()
    }

    fn refund(&self, kept: &KeptRefund) -> BookRefund<'_> {
        BookRefund {
            out_refund_no: self.read(&kept.out_refund_no),
            refund_fee: kept.refund_fee,
            state: kept.state.as_ref().map(|piece| self.read(piece)),
            asked_on: kept.asked_on,
        }
    }

    fn read(&self, piece: &Piece) -> &str {
        self.text.get(piece.clone()).unwrap_or_default()
    }
}
