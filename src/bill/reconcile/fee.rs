//! Is the fee of a row its rate times its amount?

use super::difference::{DifferenceKind, Numbers};
use super::draft::Draft;
use crate::bill::field::Field;
use crate::bill::header::BillType;
use crate::bill::row::Row;

/// A fen, in 1/100000 yuan.
const FEN: i64 = 1000;
/// The longest rate that is looked at, in digits.
const MOST_DIGITS: usize = 12;

/// The fees of one file. Files that print fees with parts of a fen are not judged by whole fen.
#[derive(Debug, Default)]
pub struct Fees {
    drafts: Vec<Draft>,
    unrounded: bool,
}

impl Fees {
    /// Looks at a payment or a refund.
    #[inline]
    pub fn take(&mut self, row: &Row<'_>, number: u32, is_refund: bool) {
        if self.unrounded {
            return;
        }
        let Some(fee) = Fee::of(row, is_refund) else { return };
        if fee.printed % FEN != 0 && fee.exact.abs_diff(fee.printed) <= 1 {
            self.unrounded = true;
            self.drafts = Vec::new();
        } else if fee.printed.abs_diff(fee.computed) > tolerance(is_refund) {
            self.note(row, number, &fee, is_refund);
        }
    }

    #[cold]
    fn note(&mut self, row: &Row<'_>, number: u32, fee: &Fee, is_refund: bool) {
        let refund = row.text(Field::OutRefundNo).filter(|_| is_refund);
        let key = refund.or_else(|| row.text(Field::OutTradeNo)).unwrap_or_default();
        let draft = Draft::new(DifferenceKind::FeeDiffers, "fee_e5", key).numbers(Numbers::default());
        self.drafts.push(draft.theirs(fee.printed).ours(fee.computed).about(number));
    }

    /// What was found in the file.
    pub fn into_drafts(self) -> Vec<Draft> {
        self.drafts
    }
}

/// A refund's share of the fee may be a fen off.
fn tolerance(is_refund: bool) -> u64 {
    if is_refund { FEN.unsigned_abs() } else { 0 }
}

struct Fee {
    printed: i64,
    /// Half up to the fen.
    computed: i64,
    /// To the last printed digit.
    exact: i64,
}

impl Fee {
    fn of(row: &Row<'_>, is_refund: bool) -> Option<Self> {
        let (mantissa, scale) = rate(row.bytes(Field::Rate)?)?;
        let returned = row.header().kind == BillType::RechargeRefund;
        let printed = row.number_of(if returned { Field::ReturnedFeeE5 } else { Field::FeeE5 })?;
        let amount = if is_refund { Field::SettlementRefundFee } else { Field::SettlementTotalFee };
        let sign = if is_refund && !returned { -1 } else { 1 };
        let product = i128::from(row.number_of(amount)?) * mantissa;
        let computed = half_up(product, 100 * scale)?.checked_mul(FEN)? * sign;
        Some(Self { printed, computed, exact: half_up(product * 10, scale)? * sign })
    }
}

fn half_up(number: i128, unit: i128) -> Option<i64> {
    i64::try_from((2 * number + unit).div_euclid(2 * unit)).ok()
}

/// `digits[.digits]%` as a whole number and the power of ten that divides it.
fn rate(text: &[u8]) -> Option<(i128, i128)> {
    let number = text.strip_suffix(b"%")?;
    let (mut mantissa, mut scale) = (0_i128, 1_i128);
    let mut parts = number.splitn(2, |byte| *byte == b'.');
    let (whole, part) = (parts.next()?, parts.next());
    if whole.is_empty() || part.is_some_and(<[u8]>::is_empty) || number.len() > MOST_DIGITS {
        return None;
    }
    for (digits, power) in [(whole, 1), (part.unwrap_or_default(), 10)] {
        for byte in digits {
            if !byte.is_ascii_digit() {
                return None;
            }
            mantissa = mantissa * 10 + i128::from(byte - b'0');
            scale *= power;
        }
    }
    Some((mantissa, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_digits_and_a_percent_sign() {
        assert_eq!(rate(b"0.60%"), Some((60, 100)));
        assert_eq!(rate(b"1%"), Some((1, 1)));
        for wrong in ["", "%", "0.6", ".6%", "0.%", "-0.6%", "0.6.0%", "0,6%", "0.0000000000000001%"] {
            assert_eq!(rate(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn fees_are_rounded_half_up_to_the_fen() {
        // 0.60 % of 97.50 yuan is 58.5 fen.
        assert_eq!(half_up(9750 * 60, 100 * 100), Some(59));
        assert_eq!(half_up(9749 * 60, 100 * 100), Some(58));
    }
}
