//! The shop's states of an order, and what may follow each.

/// What an order is to the shop. WeChat's own word for a trade is `TradeState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerState {
    /// Opened, not paid.
    Created,
    /// The payer is typing the password.
    UserPaying,
    /// Paid and credited.
    Paid,
    /// Paid and credited; a part of it went back.
    PartiallyRefunded,
    /// All of it went back.
    Refunded,
    /// Being closed or reversed; it may still turn out paid.
    Closing,
    /// Closed, not paid.
    Closed,
    /// Reversed; a payment, if there was one, went back.
    Revoked,
    /// Paid after it was closed, and not credited: the shop decides.
    PaidLate,
    /// Something does not fit: a person decides.
    Review,
}

use LedgerState::{
    Closed, Closing, Created, Paid, PaidLate, PartiallyRefunded, Refunded, Review, Revoked, UserPaying,
};

impl LedgerState {
    /// Every state, in the order of the documentation.
    pub const ALL: [Self; 10] =
        [Created, UserPaying, Paid, PartiallyRefunded, Refunded, Closing, Closed, Revoked, PaidLate, Review];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Created => "CREATED",
            UserPaying => "USERPAYING",
            Paid => "PAID",
            PartiallyRefunded => "PART_REFUNDED",
            Refunded => "REFUNDED",
            Closing => "CLOSING",
            Closed => "CLOSED",
            Revoked => "REVOKED",
            PaidLate => "PAID_LATE",
            Review => "REVIEW",
        }
    }

    /// Reads a word of the database.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// May a payment still come? Such an order always has a next poll.
    pub fn is_open(self) -> bool {
        matches!(self, Created | UserPaying | Closing)
    }

    /// Was it paid, and did the payment stay (in part at least)?
    pub fn is_paid(self) -> bool {
        matches!(self, Paid | PartiallyRefunded | PaidLate)
    }

    /// The states that may follow directly.
    pub fn next(self) -> &'static [Self] {
        match self {
            Created => &[UserPaying, Paid, PartiallyRefunded, Refunded, Closing, Closed, Revoked, Review],
            UserPaying => &[Paid, PartiallyRefunded, Refunded, Closing, Closed, Revoked, Review],
            Closing => &[Created, Paid, PartiallyRefunded, Refunded, Closed, Revoked, Review],
            Paid => &[PartiallyRefunded, Refunded, Revoked, Review],
            PartiallyRefunded => &[Paid, Refunded, Revoked, Review],
            Refunded => &[Paid, PartiallyRefunded, PaidLate, Review],
            Closed => &[Paid, PartiallyRefunded, PaidLate, Refunded, Review],
            Revoked => &[Review],
            PaidLate => &[Paid, PartiallyRefunded, Refunded, Revoked, Closed, Review],
            Review => &[Created, Paid, PartiallyRefunded, Refunded, Closed, PaidLate],
        }
    }

    /// May `next` follow directly? Staying is always allowed.
    pub fn may_become(self, next: Self) -> bool {
        self == next || self.next().contains(&next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paid_order_never_becomes_unpaid_but_by_a_reverse_or_a_person() {
        for paid in [Paid, PartiallyRefunded] {
            for unpaid in [Created, UserPaying, Closing, Closed] {
                assert!(!paid.may_become(unpaid), "{paid:?} -> {unpaid:?}");
            }
            assert!(paid.may_become(Revoked));
        }
    }

    #[test]
    fn words_are_exact_and_short_enough_for_their_column() {
        for state in LedgerState::ALL {
            assert_eq!(LedgerState::from_word(state.word()), Some(state));
            assert!(state.word().len() <= 16);
        }
        assert_eq!(LedgerState::from_word("paid"), None);
    }

    #[test]
    fn only_an_orphan_under_review_can_come_to_wait_for_a_payment_again() {
        for state in LedgerState::ALL.into_iter().filter(|s| !s.is_open() && *s != Review) {
            assert!(state.next().iter().all(|next| !next.is_open()), "{state:?}");
        }
    }
}
