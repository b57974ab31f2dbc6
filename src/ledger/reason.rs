//! Why something about an order happened, or did not.

/// Why an application ended as it did. The word is written to the database and shown to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words of `text` say it")]
pub enum Reason {
    Opened,
    Advanced,
    Paid,
    PaidAfterClose,
    NotPaidYet,
    Duplicate,
    Late,
    Contradiction,
    UnknownState,
    Incomplete,
    RefundsUnknown,
    Refunds,
    RefundsUnlisted,
    RefundNotice,
    NoRefunds,
    Reversed,
    PaymentFailed,
    Closed,
    NeverOrdered,
    CloseWanted,
    ReverseWanted,
    RefundWanted,
    RefundEnded,
    RefundRefused,
    RefundClosed,
    RefundWithdrawn,
    IntentEnded,
    UnknownOrder,
    UnknownWentBack,
    AppidDiffers,
    AmountDiffers,
    CurrencyDiffers,
    SecondTransaction,
    TransactionTaken,
    RefundTaken,
    RefundsExceed,
    Poison,
    UnderReview,
    Dismissed,
    ResolvedCredit,
    ResolvedPaid,
    ResolvedRefund,
}

impl Reason {
    /// Does this word say that something went back of which nobody has said how much?
    pub fn is_unlisted(word: &str) -> bool {
        [Self::RefundsUnlisted, Self::UnknownWentBack].iter().any(|reason| reason.text() == word)
    }

    /// The word for database and shop.
    pub fn text(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Advanced => "advanced",
            Self::Paid => "paid",
            Self::PaidAfterClose => "paid after close",
            Self::NotPaidYet => "not paid yet",
            Self::Duplicate => "seen before",
            Self::Late => "late news, ignored",
            Self::Contradiction => "contradicts what is known, ignored",
            Self::UnknownState => "unknown trade_state",
            Self::Incomplete => "total_fee or transaction_id is missing",
            Self::RefundsUnknown => "refunds unknown",
            Self::Refunds => "refunds",
            Self::RefundsUnlisted => "something went back, and APIv3 does not say how much",
            Self::RefundNotice => "refund notice, to be asked about",
            Self::NoRefunds => "no refunds",
            Self::Reversed => "reversed",
            Self::PaymentFailed => "the payment failed, to be given up",
            Self::Closed => "closed",
            Self::NeverOrdered => "WeChat has never known it",
            Self::CloseWanted => "to be closed",
            Self::ReverseWanted => "to be reversed",
            Self::RefundWanted => "refund written down",
            Self::RefundEnded => "refund not accepted",
            Self::RefundRefused => "refund refused",
            Self::RefundClosed => "refund closed, wants a new number",
            Self::RefundWithdrawn => "refund withdrawn",
            Self::IntentEnded => "close or reverse not accepted",
            Self::UnknownOrder => "unknown order",
            Self::UnknownWentBack => "unknown order, and something of it went back",
            Self::AppidDiffers => "appid differs",
            Self::AmountDiffers => "total_fee differs",
            Self::CurrencyDiffers => "fee_type differs",
            Self::SecondTransaction => "second transaction_id",
            Self::TransactionTaken => "transaction_id belongs to another order",
            Self::RefundTaken => "out_refund_no belongs to another order",
            Self::RefundsExceed => "refunds exceed the payment",
            Self::Poison => "failed too often",
            Self::UnderReview => "under review",
            Self::Dismissed => "dismissed by a person",
            Self::ResolvedCredit => "credited by a person",
            Self::ResolvedPaid => "credited by a person, what was paid is not what was opened",
            Self::ResolvedRefund => "refund ordered by a person",
        }
    }
}
