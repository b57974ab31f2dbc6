//! What became of a trade (protocol.md D.5): what is final, what is paid, what may follow.

use serde::{Deserialize, Deserializer};

/// `trade_state` of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TradeState {
    /// Paid.
    Success,
    /// Paid, and at least one refund was entered, a partial one too.
    Refund,
    /// Not paid.
    NotPay,
    /// Closed; can never be paid again.
    Closed,
    /// Reversed (code payments).
    Revoked,
    /// The payer is typing the password (code payments).
    UserPaying,
    /// The payment failed, at the bank for example; reverse it.
    PayError,
    /// Accepted, the deduction is pending.
    Accept,
    /// A state that this version does not know: neither paid nor final.
    Unknown,
}

use TradeState::{Accept, Closed, NotPay, PayError, Refund, Revoked, Success, Unknown, UserPaying};

impl TradeState {
    /// Every state, in the order of the documents.
    pub const ALL: [Self; 9] =
        [Success, Refund, NotPay, Closed, Revoked, UserPaying, PayError, Accept, Unknown];

    /// The word on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Success => "SUCCESS",
            Refund => "REFUND",
            NotPay => "NOTPAY",
            Closed => "CLOSED",
            Revoked => "REVOKED",
            UserPaying => "USERPAYING",
            PayError => "PAYERROR",
            Accept => "ACCEPT",
            Unknown => "UNKNOWN",
        }
    }

    /// Reads a word of the wire; an unknown one is `Unknown`.
    pub fn from_wire(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.wire() == word).unwrap_or(Unknown)
    }

    /// Is this where a trade ends? (A refund may still follow a payment.)
    pub fn is_final(self) -> bool {
        matches!(self, Success | Refund | Closed | Revoked | PayError)
    }

    /// Was the money paid? True after a refund too.
    pub fn is_paid(self) -> bool {
        matches!(self, Success | Refund)
    }

    /// Must somebody ask again?
    pub fn is_pending(self) -> bool {
        !self.is_final()
    }

    /// The states that may follow directly.
    fn next(self) -> &'static [Self] {
        match self {
            NotPay => &[UserPaying, Accept, Success, Closed, Revoked, PayError],
            UserPaying => &[NotPay, Success, PayError, Revoked, Closed],
            Accept => &[Success, PayError, Closed],
            PayError => &[Revoked, Closed],
            Success => &[Refund, Revoked],
            Refund | Closed | Revoked => &[],
            Unknown => &Self::ALL,
        }
    }

    /// Is `next` this state, or reachable from it? Answers are samples, so states between may be missed.
    pub fn may_become(self, next: Self) -> bool {
        if next == Unknown {
            return true;
        }
        let mut reached = vec![self];
        let mut at = 0;
        while let Some(&state) = reached.get(at) {
            let fresh: Vec<Self> = state.next().iter().copied().filter(|s| !reached.contains(s)).collect();
            reached.extend(fresh);
            at += 1;
        }
        reached.contains(&next)
    }

    /// The state's name for people: `"en"` gives English, anything else Chinese.
    pub fn label(self, lang: &str) -> &'static str {
        let (zh, en) = match self {
            Success => ("支付成功", "paid"),
            Refund => ("转入退款", "refund entered"),
            NotPay => ("未支付", "not paid"),
            Closed => ("已关闭", "closed"),
            Revoked => ("已撤销", "reversed"),
            UserPaying => ("用户支付中", "payer is entering the password"),
            PayError => ("支付失败", "payment failed"),
            Accept => ("已接收，等待扣款", "accepted, deduction pending"),
            Unknown => ("未知状态", "unknown state"),
        };
        if lang.to_ascii_lowercase().starts_with("en") { en } else { zh }
    }
}

impl<'de> Deserialize<'de> for TradeState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = <&str>::deserialize(deserializer)?;
        Ok(Self::from_wire(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_follow_is_what_the_documents_allow() {
        let allowed: [(TradeState, &[TradeState]); 8] = [
            (NotPay, &[UserPaying, Accept, Success, Closed, Revoked, PayError, Refund]),
            (UserPaying, &[NotPay, Success, PayError, Revoked, Closed, Accept, Refund]),
            (Accept, &[Success, PayError, Closed, Refund, Revoked]),
            (PayError, &[Revoked, Closed]),
            (Success, &[Refund, Revoked]),
            (Refund, &[]),
            (Closed, &[]),
            (Revoked, &[]),
        ];
        for (from, to) in allowed {
            for next in TradeState::ALL {
                let expected = next == from || next == Unknown || to.contains(&next);
                assert_eq!(from.may_become(next), expected, "{from:?} -> {next:?}");
            }
        }
    }

    #[test]
    fn p11_an_unknown_state_is_neither_paid_nor_final_and_may_become_anything() {
        let state = TradeState::from_wire("SOMETHING_NEW");
        assert_eq!(state, Unknown);
        assert!(!state.is_paid() && !state.is_final() && state.is_pending());
        assert!(TradeState::ALL.into_iter().all(|next| state.may_become(next)));
    }

    #[test]
    fn words_of_the_wire_are_exact() {
        assert_eq!(TradeState::from_wire("success"), Unknown);
        for state in TradeState::ALL {
            assert_eq!(TradeState::from_wire(state.wire()), state);
        }
    }

    #[test]
    fn every_state_is_either_final_or_pending_and_paid_ones_are_final() {
        for state in TradeState::ALL {
            assert_ne!(state.is_final(), state.is_pending());
            assert!(!state.is_paid() || state.is_final());
        }
    }
}
