//! What the ledger knows of one order.

use super::ascii;
use super::reason::Reason;
use super::state::LedgerState;
use crate::api::refund::RefundOptions;

/// Milliseconds: a length, or UTC since 1970.
pub type Ms = i64;

/// WeChat shows what it was sent after so long at the latest: what it does not know then has not arrived.
pub const SETTLES: Ms = 60_000;

/// Names one order (decisions.md 7.5): direct merchants have an empty `sub_mch_id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md")]
pub struct OrderKey {
    pub mch_id: String,
    pub sub_mch_id: String,
    pub out_trade_no: String,
}

/// What the shop says when it opens an order. All of it must come back the same before a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerms {
    /// Which order.
    pub key: OrderKey,
    /// `appid`.
    pub appid: String,
    /// `sub_appid`, empty if there is none.
    pub sub_appid: String,
    /// Fen.
    pub total_fee: i64,
    /// Currency.
    pub fee_type: String,
    /// How it is paid; MICROPAY is reversed, all else is closed.
    pub trade_type: String,
    /// When the shop gives it up; `None`: two hours after opening.
    pub expires_at: Option<Ms>,
}

/// What the shop wants of the gateway, written down before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Close it: no payment is wanted any more.
    Close,
    /// Reverse it: a code payment is to be undone.
    Reverse,
}

impl Intent {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Close => "CLOSE",
            Self::Reverse => "REVERSE",
        }
    }

    /// Reads a word of the database.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Close, Self::Reverse].into_iter().find(|intent| intent.word() == word)
    }
}

/// One order as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The row.
    pub id: i64,
    /// What the shop opened.
    pub terms: OrderTerms,
    /// Where it stands.
    pub state: LedgerState,
    /// Grows with every change.
    pub version: i64,
    /// The payment that counts.
    pub transaction_id: Option<String>,
    /// `total_fee` of that payment as WeChat told it.
    pub paid: Option<i64>,
    /// Its currency, if that is not what was opened.
    pub paid_type: Option<String>,
    /// When the payment that was seen last was made, as WeChat told it; where it did not, when it was seen.
    pub paid_at: Option<Ms>,
    /// Is the credit given, and not taken back?
    pub credited: bool,
    /// Fen that went back or are on their way.
    pub refunded: i64,
    /// Fen of refunds that are wanted and not known to have arrived.
    pub pending_refund: i64,
    /// What is wanted of the gateway.
    pub intent: Option<Intent>,
    /// When that was last sent, unless it is certain that it did nothing.
    pub sent_at: Option<Ms>,
    /// Must its refunds be asked for?
    pub ask_refunds: bool,
    /// The payment that is a person's question, if one was seen.
    pub suspect_id: Option<String>,
    /// Its amount.
    pub suspect_fee: Option<i64>,
    /// Its currency, if that is not what was opened.
    pub suspect_type: Option<String>,
    /// Why it stands where it stands.
    pub reason: String,
    /// When it was opened.
    pub created_at: Ms,
    /// When it changed last.
    pub changed_at: Ms,
    /// When it is asked about next.
    pub due_at: Option<Ms>,
    /// Grows with every claim.
    pub epoch: i64,
    /// Claims since the last one that ended well.
    pub attempt: i64,
    /// The database's clock when the row was read.
    pub now: Ms,
}

impl Entry {
    /// Two hours: the life of a `code_url`.
    pub const LIFE: Ms = 2 * 3_600_000;

    /// When the shop gives it up.
    pub fn expires_at(&self) -> Ms {
        self.terms.expires_at.unwrap_or_else(|| self.created_at.saturating_add(Self::LIFE))
    }

    /// How old it is.
    pub fn age(&self) -> Ms {
        self.now.saturating_sub(self.created_at)
    }

    /// Fen that count once it is paid: what was paid, which need not be what was opened.
    pub fn paid_fee(&self) -> i64 {
        self.paid.unwrap_or(self.terms.total_fee)
    }

    /// The currency of what was paid.
    pub fn currency(&self) -> &str {
        self.paid_type.as_deref().unwrap_or(&self.terms.fee_type)
    }

    /// Was another amount paid, or another currency, than was opened?
    pub fn is_paid_otherwise(&self) -> bool {
        self.paid_fee() != self.terms.total_fee || self.currency() != self.terms.fee_type
    }

    /// May a close or a reverse that was sent still arrive? `now` is when the order was read that was asked about.
    pub fn may_arrive(&self, now: Ms) -> bool {
        self.sent_at.is_some_and(|at| now.saturating_sub(at) < SETTLES)
    }

    /// Is it a payment that nobody had opened?
    pub fn is_orphan(&self) -> bool {
        let orphans = [Reason::UnknownOrder.text(), Reason::UnknownWentBack.text()];
        self.state == LedgerState::Review && orphans.contains(&self.reason.as_str())
    }

    /// Is it a code payment?
    pub fn is_micropay(&self) -> bool {
        self.terms.trade_type == "MICROPAY"
    }

    /// How it is given up: code payments cannot be closed.
    pub fn way_out(&self) -> Intent {
        if self.is_micropay() { Intent::Reverse } else { Intent::Close }
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundWord {
    /// Written down, not known to have arrived.
    Intent,
    /// Accepted, on its way.
    Processing,
    /// Done.
    Success,
    /// Bounced: the money is with the merchant again, a person sends it on. Counts as refunded.
    Change,
    /// Closed by WeChat; the same number may be tried again.
    Closed,
    /// Refused, never sent, or withdrawn: nothing goes back under this number unless it is called again.
    Refused,
}

impl RefundWord {
    /// Every word.
    pub const ALL: [Self; 6] =
        [Self::Intent, Self::Processing, Self::Success, Self::Change, Self::Closed, Self::Refused];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intent => "INTENT",
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Change => "CHANGE",
            Self::Closed => "CLOSED",
            Self::Refused => "REFUSED",
        }
    }

    /// Reads a word of the database.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Does WeChat count it against the payment?
    pub fn counts(self) -> bool {
        matches!(self, Self::Processing | Self::Success | Self::Change)
    }

    /// Must somebody ask again?
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Intent | Self::Processing)
    }
}

/// One refund of an order, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    /// The shop's number.
    pub out_refund_no: String,
    /// WeChat's number.
    pub refund_id: Option<String>,
    /// Fen.
    pub refund_fee: i64,
    /// Where it stands.
    pub state: RefundWord,
    /// Further fields of the call, so that a repeat is the same call.
    pub options: RefundOptions,
    /// When it was last sent, unless it is certain that this did nothing: while it is only wanted, it may still arrive.
    pub sent_at: Option<Ms>,
}

impl RefundRow {
    /// The further fields as they are kept: JSON, or nothing.
    pub fn kept_options(&self) -> String {
        if self.options.is_empty() { String::new() } else { ascii::json(self.options.fields()) }
    }

    /// The further fields, from what is kept. What this library has not written says nothing.
    pub fn options_of(kept: &str) -> RefundOptions {
        RefundOptions::known(serde_json::from_str(kept).unwrap_or_default())
    }

    /// Is it wanted, and was it perhaps sent?
    pub fn is_open(&self) -> bool {
        self.state == RefundWord::Intent && self.sent_at.is_some()
    }
}
