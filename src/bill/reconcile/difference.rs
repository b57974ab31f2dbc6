//! A difference between a bill and the books: what it is, what both sides say, what to do next.

use crate::error::Advice;
use std::borrow::Cow;
use std::hash::BuildHasher;
use time::Date;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// WeChat has a payment that no book has.
    PaidNotBooked,
    /// The books have a payment that WeChat has not.
    BookedNotPaid,
    /// Another amount was paid.
    AmountDiffers,
    /// Paid there, not paid here; or a state that nobody knows.
    StateDiffers,
    /// Another currency.
    FeeTypeDiffers,
    /// Another transaction under the same order number.
    TransactionIdDiffers,
    /// A refund that was asked for here and is not booked.
    RefundNotBooked,
    /// A refund that nobody here asked for.
    RefundUnknown,
    /// Another amount or order; or a booked refund that WeChat has not.
    RefundDiffers,
    /// The fee is not rate times amount.
    FeeDiffers,
    /// Reversed there, paid here.
    RevokedAfterPaid,
    /// The account got another amount than the bill settles.
    SettlementDiffers,
    /// A balance that does not follow from the one before.
    BalanceBroken,
    /// Rows of an appid that is not ours.
    AppidUnknown,
    /// The same row more than once.
    DuplicateRow,
    /// A day that was done before has another bill now.
    BillChanged,
}

impl DifferenceKind {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::PaidNotBooked,
        Self::BookedNotPaid,
        Self::AmountDiffers,
        Self::StateDiffers,
        Self::FeeTypeDiffers,
        Self::TransactionIdDiffers,
        Self::RefundNotBooked,
        Self::RefundUnknown,
        Self::RefundDiffers,
        Self::FeeDiffers,
        Self::RevokedAfterPaid,
        Self::SettlementDiffers,
        Self::BalanceBroken,
        Self::AppidUnknown,
        Self::DuplicateRow,
        Self::BillChanged,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PaidNotBooked => "PaidNotBooked",
            Self::BookedNotPaid => "BookedNotPaid",
            Self::AmountDiffers => "AmountDiffers",
            Self::StateDiffers => "StateDiffers",
            Self::FeeTypeDiffers => "FeeTypeDiffers",
            Self::TransactionIdDiffers => "TransactionIdDiffers",
            Self::RefundNotBooked => "RefundNotBooked",
            Self::RefundUnknown => "RefundUnknown",
            Self::RefundDiffers => "RefundDiffers",
            Self::FeeDiffers => "FeeDiffers",
            Self::RevokedAfterPaid => "RevokedAfterPaid",
            Self::SettlementDiffers => "SettlementDiffers",
            Self::BalanceBroken => "BalanceBroken",
            Self::AppidUnknown => "AppidUnknown",
            Self::DuplicateRow => "DuplicateRow",
            Self::BillChanged => "BillChanged",
        }
    }

    /// What to do about it. A bill is signed by nobody: what concerns an order is asked first.
    pub fn advice(self) -> Advice {
        match self {
            Self::AppidUnknown => Advice::FixConfiguration,
            Self::FeeDiffers | Self::SettlementDiffers | Self::BalanceBroken | Self::BillChanged => {
                Advice::GiveUp
            }
            _ => Advice::QueryOrder,
        }
    }
}

/// Where a difference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceState {
    /// The next bills may yet bring it.
    Waiting,
    /// It counts.
    Open,
    /// WeChat was asked, and what it said was applied.
    Healed,
    /// A person has settled it.
    Settled,
}

impl DifferenceState {
    /// By the word that is kept.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Is there anything left to do?
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Waiting | Self::Open)
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Open, Self::Healed, Self::Settled];

    /// The word that is kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Healed => "healed",
            Self::Settled => "settled",
        }
    }
}

/// What one side says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BothValues {
    /// Fen, 1/100000 yuan of a fee, or a number of rows.
    Number(i64),
    /// A state, a currency, a number of WeChat's.
    Text(String),
}

impl From<i64> for BothValues {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for BothValues {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Under which numbers it is found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of that name in docs/protocol.md")]
pub struct Numbers {
    pub out_trade_no: Option<String>,
    pub transaction_id: Option<String>,
    pub out_refund_no: Option<String>,
    pub refund_id: Option<String>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// The number of the order, refund, transaction, movement, the appid or the date that it is about.
    pub key: String,
    /// The field that differs.
    pub field: Cow<'static, str>,
    /// What WeChat says.
    pub theirs: Option<BothValues>,
    /// What the books say.
    pub ours: Option<BothValues>,
    /// Where it stands.
    pub state: DifferenceState,
    /// Until when it may wait.
    pub due: Option<Date>,
    /// The numbers that are known of it.
    pub numbers: Numbers,
    /// Where it is kept, if it is.
    pub kept: Option<KeptAs>,
}

/// A difference that is kept for a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeptAs {
    /// Its number.
    pub id: i64,
    /// The day on which it was found.
    pub date: Date,
    /// What a person, or we, have to say of it.
    pub note: Option<String>,
}

impl Difference {
    /// Two that agree in this are one.
    pub(super) fn identity(&self) -> u64 {
        static KEYS: std::sync::LazyLock<foldhash::quality::RandomState> =
            std::sync::LazyLock::new(foldhash::quality::RandomState::default);
        KEYS.hash_one((self.kind, &self.key, &self.field, &self.theirs, &self.ours, self.state, self.due))
    }

    /// What to do next.
    pub fn advice(&self) -> Advice {
        if self.state == DifferenceState::Waiting { Advice::Wait } else { self.kind.advice() }
    }

    /// As it stands on a day: what has waited long enough counts.
    #[must_use]
    pub fn seen_on(mut self, today: Date) -> Self {
        if self.state == DifferenceState::Waiting && self.due.is_some_and(|due| due <= today) {
            self.state = DifferenceState::Open;
        }
        self
    }
}
