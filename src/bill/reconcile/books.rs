//! The shop's own books, as they are handed in.

use std::convert::Infallible;
use time::Date;

/// An order as the shop has booked it. Amounts are fen.
#[derive(Debug, Clone, Default)]
pub struct BookRow<'a> {
    /// The shop's number.
    pub out_trade_no: &'a str,
    /// What was to be paid.
    pub total_fee: i64,
    /// CNY if absent.
    pub fee_type: Option<&'a str>,
    /// SUCCESS and REFUND are paid, everything else is not.
    pub state: &'a str,
    /// WeChat's number, where it is known.
    pub transaction_id: Option<&'a str>,
    /// The Beijing day on which it was booked as paid.
    pub paid_on: Option<Date>,
    /// Its refunds.
    pub refunds: Vec<BookRefund<'a>>,
}

/// A refund as the shop has booked it.
#[derive(Debug, Clone, Default)]
pub struct BookRefund<'a> {
    /// The shop's number.
    pub out_refund_no: &'a str,
    /// What was to go back.
    pub refund_fee: i64,
    /// Booked if absent, SUCCESS, PROCESSING or CHANGE; with any other it was asked for only.
    pub state: Option<&'a str>,
    /// The Beijing day on which it was asked for.
    pub asked_on: Option<Date>,
}

impl BookRow<'_> {
    /// Do the books say that it was paid?
    pub fn is_paid(&self) -> bool {
        matches!(self.state, "SUCCESS" | "REFUND")
    }

    /// Its currency.
    pub fn currency(&self) -> &str {
        self.fee_type.unwrap_or("CNY")
    }
}

impl BookRefund<'_> {
    /// Do the books say that the money went?
    pub fn is_booked(&self) -> bool {
        matches!(self.state, None | Some("SUCCESS" | "PROCESSING" | "CHANGE"))
    }
}

/// Gives one row after the other, in any order.
pub trait Books {
    /// Why a row could not be had.
    type Fault;

    /// The next row; it may borrow what the next call replaces.
    fn next_row(&mut self) -> Result<Option<BookRow<'_>>, Self::Fault>;
}

/// Rows that are at hand already, or made one by one.
pub struct Listed<'a> {
    rows: Box<dyn Iterator<Item = BookRow<'a>> + 'a>,
}

impl<'a> Listed<'a> {
    /// Any iterator of rows.
    pub fn new(rows: impl Iterator<Item = BookRow<'a>> + 'a) -> Self {
        Self { rows: Box::new(rows) }
    }
}

impl Books for Listed<'_> {
    type Fault = Infallible;

    fn next_row(&mut self) -> Result<Option<BookRow<'_>>, Infallible> {
        Ok(self.rows.next())
    }
}
