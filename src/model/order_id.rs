//! The numbers of orders: what may be asked for, and what a new order may be called (decisions.md 2.1).

use super::argument::BadArgument;

/// What an order is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderId {
    /// The shop's number.
    OutTradeNo(String),
    /// WeChat's number.
    TransactionId(String),
}

impl OrderId {
    /// By the shop's number; the wider charset, so that orders of an older system stay reachable.
    pub fn out_trade_no(number: &str) -> Result<Self, BadArgument> {
        check("out_trade_no", number, 1..=32, is_asked)?;
        Ok(Self::OutTradeNo(number.to_owned()))
    }

    /// By WeChat's number.
    pub fn transaction_id(number: &str) -> Result<Self, BadArgument> {
        check("transaction_id", number, 1..=32, |b| b.is_ascii_alphanumeric())?;
        Ok(Self::TransactionId(number.to_owned()))
    }

    /// The field that carries it.
    pub fn field(&self) -> &'static str {
        match self {
            Self::OutTradeNo(_) => "out_trade_no",
            Self::TransactionId(_) => "transaction_id",
        }
    }

    /// The number.
    pub fn number(&self) -> &str {
        match self {
            Self::OutTradeNo(number) | Self::TransactionId(number) => number,
        }
    }

    /// The shop's number, if that is what it is.
    pub fn as_out_trade_no(&self) -> Option<&str> {
        match self {
            Self::OutTradeNo(number) => Some(number),
            Self::TransactionId(_) => None,
        }
    }
}

/// The number of a new order: `[0-9A-Za-z_-]{6,32}`.
pub fn new_out_trade_no(number: &str) -> Result<&str, BadArgument> {
    check("out_trade_no", number, 6..=32, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))?;
    Ok(number)
}

/// The number of a refund: `[0-9A-Za-z_\-|*@]{1,64}`.
pub fn out_refund_no(number: &str) -> Result<&str, BadArgument> {
    check("out_refund_no", number, 1..=64, is_asked)?;
    Ok(number)
}

fn is_asked(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'|' | b'*' | b'@')
}

fn check(
    name: &'static str,
    number: &str,
    length: std::ops::RangeInclusive<usize>,
    is_allowed: fn(u8) -> bool,
) -> Result<(), BadArgument> {
    if length.contains(&number.len()) && number.bytes().all(is_allowed) {
        return Ok(());
    }
    let (least, most) = (length.start(), length.end());
    let more = if is_allowed(b'@') {
        "_-|*@"
    } else if is_allowed(b'_') {
        "_-"
    } else {
        ""
    };
    Err(BadArgument::new(name, format!("must be {least} to {most} characters of 0-9A-Za-z{more}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_older_systems_can_be_asked_for_but_not_created() {
        assert!(OrderId::out_trade_no("a|b*c@d").is_ok());
        assert!(new_out_trade_no("a|b*c@d").is_err());
        assert!(new_out_trade_no("T2026-03_01").is_ok());
    }

    #[test]
    fn too_short_too_long_and_foreign_characters_are_refused_by_name() {
        for wrong in ["", "123456789012345678901234567890123", "a b", "订单", "a\n", "a\0"] {
            let error = OrderId::out_trade_no(wrong).unwrap_err();
            assert!(error.to_string().starts_with("out_trade_no must be"), "{error}");
        }
        assert!(new_out_trade_no("12345").is_err());
        assert!(OrderId::transaction_id("4200-1").is_err());
        assert!(out_refund_no(&"r".repeat(64)).is_ok() && out_refund_no(&"r".repeat(65)).is_err());
    }
}
