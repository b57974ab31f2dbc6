//! Money: whole fen in `i64`, and exact decimal yuan. No float anywhere.

use crate::wire::v2::read::digits;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Reads a needed amount: digits only. Other text is an error that names the field (decisions.md 1.8).
pub fn fen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    digits(text).map(Some).ok_or_else(|| D::Error::custom("must be a whole number of fen, digits only"))
}

/// Reads an amount nobody decides by: other text is absent, and stays in `fields()`.
pub fn lenient_fen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(digits(<&str>::deserialize(deserializer)?))
}

/// Why a text is no amount of yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an amount of yuan like \"12\", \"12.3\" or \"-12.34\", exact to the fen (further decimals must be zeros)"
)]
pub struct NotYuan;

/// Exact decimal text of yuan as fen: `"12.3"` is 1230. A third decimal other than zero is refused, never rounded.
pub fn from_yuan(yuan: &str) -> Result<i64, NotYuan> {
    let (negative, amount) = yuan.strip_prefix('-').map_or((false, yuan), |rest| (true, rest));
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "00"));
    // Digits behind the second that are all zero change nothing: databases write decimals with a scale of 4, say.
    let (fraction, more) = fraction.split_at_checked(2).unwrap_or((fraction, ""));
    if more.bytes().any(|digit| digit != b'0') {
        return Err(NotYuan);
    }
    let fraction = match fraction.as_bytes() {
        [_, _] => fraction.to_owned(),
        [_] => format!("{fraction}0"),
        _ => return Err(NotYuan),
    };
    let hundredths = digits(&fraction).ok_or(NotYuan)?;
    let fen = digits(whole).and_then(|w| w.checked_mul(100)).and_then(|w| w.checked_add(hundredths));
    fen.map(|fen| if negative { -fen } else { fen }).ok_or(NotYuan)
}

/// Fen as decimal text of yuan with two decimals: 1230 is `"12.30"`.
pub fn to_yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let amount = fen.unsigned_abs();
    format!("{sign}{}.{:02}", amount / 100, amount % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_become_fen_exactly() {
        for (yuan, fen) in
            [("0.1", 10), ("12", 1200), ("12.34", 1234), ("-0.00", 0), ("-1.05", -105), ("0.29", 29)]
        {
            assert_eq!(from_yuan(yuan), Ok(fen), "{yuan}");
        }
    }

    #[test]
    fn r49_zeros_behind_the_second_decimal_change_nothing() {
        for (yuan, fen) in [("19.9000", 1990), ("0.000", 0), ("-1.0500000000", -105), ("12.340", 1234)] {
            assert_eq!(from_yuan(yuan), Ok(fen), "{yuan}");
        }
        for wrong in ["19.905", "19.9050", "19.900x", "19.90.", "19.9 00", "0.00０", "1.0茶"] {
            assert_eq!(from_yuan(wrong), Err(NotYuan), "{wrong}");
        }
    }

    #[test]
    fn b9_what_is_no_exact_amount_is_refused() {
        for wrong in
            ["", "1.005", "1.", ".5", "1e3", " 1", "+1", "1,000.00", "--1", "１", "92233720368547758.08"]
        {
            assert_eq!(from_yuan(wrong), Err(NotYuan), "{wrong:?}");
        }
    }

    #[test]
    fn fen_and_yuan_are_each_others_inverse() {
        for fen in [0, 1, 9, 10, 99, 100, -1, -100, 123_456_789, i64::MAX, i64::MIN + 1] {
            assert_eq!(from_yuan(&to_yuan(fen)), Ok(fen));
        }
        assert_eq!(to_yuan(i64::MIN), "-92233720368547758.08");
    }
}
