//! Exact decimal text of bills as whole numbers. No float anywhere.

/// The most digits before the point: the amount of a fee still fits 64 bits.
const MOST_DIGITS: usize = 13;

/// Yuan as fen: `"100.00"` is 10000. Zeros may follow the second decimal, nothing else may.
#[inline]
pub fn fen(text: &[u8]) -> Option<i64> {
    // Half of all cells of real bills; the rest have their point where it belongs.
    if text == b"0.00" {
        return Some(0);
    }
    hundredths(text).or_else(|| decimal::<2>(text))
}

/// The usual form: one to six digits, a point, two digits.
#[inline]
fn hundredths(text: &[u8]) -> Option<i64> {
    let (whole, [b'.', tens, ones]) = text.split_last_chunk::<3>()? else { return None };
    if whole.is_empty() || whole.len() > 6 {
        return None;
    }
    let mut value = 0_u32;
    let mut worst = 0;
    for byte in whole.iter().chain([tens, ones]) {
        let digit = byte.wrapping_sub(b'0');
        worst = worst.max(digit);
        value = value * 10 + u32::from(digit);
    }
    (worst < 10).then(|| value.into())
}

/// Yuan in 1/100000: `"0.60000"` is 60000. Zeros may follow the fifth decimal, nothing else may.
pub fn fee_e5(text: &[u8]) -> Option<i64> {
    decimal::<5>(text)
}

/// A count as bills print it: `"20"` or `"20.0"`.
pub fn count(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'-') { None } else { decimal::<0>(text) }
}

/// Blanks as bills know them: U+0020 and U+0009.
pub fn trimmed(cell: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    match (cell.first(), cell.last()) {
        (Some(first), Some(last)) if blank(first) || blank(last) => {
            let start = cell.iter().position(|byte| !blank(byte)).unwrap_or(cell.len());
            let end = cell.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
            cell.get(start..end).unwrap_or_default()
        }
        _ => cell,
    }
}

/// `-? 1-13 digits`, then nothing, or a point and one or more digits of which those after the `PLACES`th are 0.
#[inline]
fn decimal<const PLACES: u32>(text: &[u8]) -> Option<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut value = 0_i64;
    let mut whole = 0;
    let mut bytes = text.iter();
    let mut pointed = false;
    for byte in bytes.by_ref() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            pointed = *byte == b'.';
            if !pointed {
                return None;
            }
            break;
        }
        whole += 1;
        if whole > MOST_DIGITS {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    if whole == 0 || pointed && bytes.len() == 0 {
        return None;
    }
    let mut places = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || places >= PLACES && digit != 0 {
            return None;
        }
        if places < PLACES {
            value = value * 10 + i64::from(digit);
            places += 1;
        }
    }
    let missing = 10_i64.pow(PLACES - places);
    Some(if negative { -value * missing } else { value * missing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn b9_exact_amounts_are_read_and_zero_has_no_sign() {
        for (text, expected) in [
            ("0.1", 10),
            ("100.00", 10_000),
            ("-0.00", 0),
            ("-1.05", -105),
            ("0.29", 29),
            ("7", 700),
            ("7.120000", 712),
            ("9999999999999.99", 999_999_999_999_999),
        ] {
            assert_eq!(fen(text.as_bytes()), Some(expected), "{text}");
        }
        assert_eq!(fee_e5(b"-0.24000"), Some(-24_000));
        assert_eq!(fee_e5(b"9999999999999.999990"), Some(999_999_999_999_999_999));
        assert_eq!(
            (count(b"20.0"), count(b"0"), count(b"-1"), count(b"2.5")),
            (Some(20), Some(0), None, None)
        );
    }

    #[test]
    fn b9_whatever_is_no_exact_decimal_is_no_amount() {
        let wrong = [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "1.005",
            "1e2",
            "+1",
            "--1",
            "1,0",
            "1 .0",
            "１",
            "NaN",
            "12345678901234.00",
        ];
        for text in wrong {
            assert_eq!(fen(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(fee_e5(b"0.000001"), None);
        assert_eq!(fee_e5(b"6e-05"), None);
    }

    proptest! {
        #[test]
        fn b9_what_is_written_is_what_is_read(fen_value in -999_999_999_999_999_i64..=999_999_999_999_999, zeros in 0_usize..4) {
            let text = crate::model::money::to_yuan(fen_value) + &"0".repeat(zeros);
            prop_assert_eq!(fen(text.as_bytes()), Some(fen_value));
        }
    }
}
