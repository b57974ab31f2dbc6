//! What was seen of an order, and where: the only things that may move one.

use super::entry::{Entry, Ms, OrderKey, RefundWord};
use crate::model::order::Order;
use crate::model::ours::Ours;
use crate::model::refund::{RefundEntry, RefundList, RefundStatus};
use crate::model::trade_state::TradeState;
use crate::wire::hex::hex;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{byte_pairs, takes_part};
use sha2::{Digest, Sha256};

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A payment notice.
    Notice,
    /// An answer to a question of ours.
    Query,
    /// A list of refunds.
    Refunds,
    /// A refund notice: decrypted, not verified.
    RefundNotice,
    /// A bill.
    Bill,
    /// A person's decision.
    Person,
    /// The statement that has brought an order to a person: its digest is that of what it says.
    Question,
}

impl Source {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Query => "query",
            Self::Refunds => "refunds",
            Self::RefundNotice => "refund_notice",
            Self::Bill => "bill",
            Self::Person => "person",
            Self::Question => "question",
        }
    }
}

/// What a verified answer or notice says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Which order.
    pub key: OrderKey,
    /// `appid`.
    pub appid: String,
    /// `sub_appid`, empty if there is none.
    pub sub_appid: String,
    /// WeChat's word.
    pub trade_state: TradeState,
    /// The payment.
    pub transaction_id: Option<String>,
    /// Fen.
    pub total_fee: Option<i64>,
    /// Currency; absent counts as CNY.
    pub fee_type: Option<String>,
    /// When it was paid.
    pub paid_at: Option<Ms>,
    /// SHA-256 of the signed bytes.
    pub digest: String,
    /// Where it was seen.
    pub source: Source,
}

/// Of which refunds of an order something tells. What is told of some says nothing of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Of all: one that is missing is not there.
    Whole,
    /// Of the one with this number: APIv3 has no list, and a closed refund's number is used up there.
    One(String),
    /// Of none: only that something of the payment went back.
    Unlisted,
}

impl Coverage {
    /// Does it tell of this refund, were it that there is none?
    pub fn tells_of(&self, out_refund_no: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::One(number) => number == out_refund_no,
            Self::Unlisted => false,
        }
    }
}

/// What a verified answer says of refunds of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSighting {
    /// Which order.
    pub key: OrderKey,
    /// The payment.
    pub transaction_id: Option<String>,
    /// `total_fee` of the payment.
    pub total_fee: Option<i64>,
    /// Currency; absent counts as CNY.
    pub fee_type: Option<String>,
    /// The refunds.
    pub refunds: Vec<SeenRefund>,
    /// Of which refunds it tells.
    pub coverage: Coverage,
    /// SHA-256 of the signed bytes.
    pub digest: String,
}

/// One refund of a verified list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRefund {
    /// The shop's number.
    pub out_refund_no: String,
    /// WeChat's number.
    pub refund_id: Option<String>,
    /// Fen.
    pub refund_fee: i64,
    /// Where it stands.
    pub state: RefundWord,
}

/// A payment as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment<'a> {
    /// WeChat's number.
    pub transaction_id: &'a str,
    /// Fen.
    pub total_fee: i64,
    /// Currency.
    pub fee_type: &'a str,
    /// When it was made, where that was told.
    pub paid_at: Option<Ms>,
}

impl Payment<'_> {
    /// Is it the payment that is, or was, a person's question about this order: same number, amount and currency?
    pub fn is_suspect_of(&self, entry: &Entry) -> bool {
        let currency = entry.suspect_type.as_deref().unwrap_or(&entry.terms.fee_type);
        entry.suspect_id.as_deref() == Some(self.transaction_id)
            && entry.suspect_fee.is_none_or(|fee| fee == self.total_fee)
            && currency == self.fee_type
    }

    fn statement(&self) -> String {
        format!("{} {} {}", self.transaction_id, self.total_fee, self.fee_type)
    }

    /// Is it the payment that counts, told with another amount or currency than counts?
    pub fn contradicts(&self, entry: &Entry) -> bool {
        entry.transaction_id.as_deref() == Some(self.transaction_id)
            && (entry.paid_fee() != self.total_fee || entry.currency() != self.fee_type)
    }
}

fn payment<'a>(
    id: Option<&'a str>,
    total_fee: Option<i64>,
    fee_type: Option<&'a str>,
) -> Option<Payment<'a>> {
    Some(Payment {
        transaction_id: id?,
        total_fee: total_fee?,
        fee_type: fee_type.unwrap_or("CNY"),
        paid_at: None,
    })
}

/// What is said of evidence that does not name its order.
const NAMELESS: &str = "must say which order it is about: there is no out_trade_no in it";

impl Sighting {
    /// What an order says, and where it was seen. An order that was asked for by its transaction_id may leave its own
    /// number out: it would be booked under none.
    pub fn of(order: &Order, source: Source) -> Result<Self, &'static str> {
        let seen = Self::read(order, source);
        if seen.key.out_trade_no.is_empty() { Err(NAMELESS) } else { Ok(seen) }
    }

    /// The payment, if it says that there is one, and which.
    pub fn payment(&self) -> Option<Payment<'_>> {
        let told = payment(self.transaction_id.as_deref(), self.total_fee, self.fee_type.as_deref());
        let told = told.filter(|_| self.trade_state.is_paid())?;
        Some(Payment { paid_at: self.paid_at, ..told })
    }

    /// Does it say of a payment that something of it went back, or is to?
    pub fn went_back(&self) -> bool {
        self.trade_state == TradeState::Refund && self.payment().is_some()
    }

    /// What it says that a person may have to decide: the same words for the same, whoever told it and when.
    pub fn statement(&self) -> String {
        let state = self.trade_state.wire();
        let payment = self.payment().map_or_else(|| state.to_owned(), |payment| payment.statement());
        format!("{} {} {payment}", self.appid, self.sub_appid)
    }

    fn read(order: &Order, source: Source) -> Self {
        let told = order.typed();
        let text = |field: Option<&str>| field.unwrap_or_default().to_owned();
        Self {
            key: OrderKey {
                mch_id: text(told.mch_id),
                sub_mch_id: text(told.sub_mch_id),
                out_trade_no: text(told.out_trade_no),
            },
            appid: text(told.appid),
            sub_appid: text(told.sub_appid),
            trade_state: order.trade_state(),
            transaction_id: told.transaction_id.map(str::to_owned),
            total_fee: told.total_fee,
            fee_type: told.fee_type.map(str::to_owned),
            paid_at: told.time_end().and_then(|at| at.unix_timestamp().checked_mul(1000)),
            digest: digest([order.fields()]),
            source,
        }
    }
}

impl RefundSighting {
    /// The payment that was refunded.
    pub fn payment(&self) -> Option<Payment<'_>> {
        payment(self.transaction_id.as_deref(), self.total_fee, self.fee_type.as_deref())
    }

    /// What it says that a person may have to decide: of which payment, and of which refunds.
    pub fn statement(&self) -> String {
        let payment = self.payment().map(|payment| payment.statement()).unwrap_or_default();
        let mut numbers: Vec<&str> = self.refunds.iter().map(|told| told.out_refund_no.as_str()).collect();
        numbers.sort_unstable();
        format!("{payment} {}", numbers.join(","))
    }

    /// The first refund that was closed, if closing has used up its number.
    pub fn used_up(&self) -> Option<&SeenRefund> {
        let is_v3 = self.coverage != Coverage::Whole;
        self.refunds.iter().find(|told| is_v3 && told.state == RefundWord::Closed)
    }

    /// What an order says of its refunds where nothing lists them.
    pub fn unlisted(order: &Sighting) -> Self {
        let payment = order.payment();
        Self {
            key: order.key.clone(),
            transaction_id: payment.map(|payment| payment.transaction_id.to_owned()),
            total_fee: payment.map(|payment| payment.total_fee),
            fee_type: payment.map(|payment| payment.fee_type.to_owned()),
            refunds: Vec::new(),
            coverage: Coverage::Unlisted,
            digest: order.digest.clone(),
        }
    }

    /// What a list of all refunds of an order says, or what APIv3 says of one. A status that is not known counts as on
    /// its way: it takes money from the payment, and is asked about again.
    pub fn of(list: &RefundList) -> Result<Self, &'static str> {
        let trade = list.trade();
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let refunds: Option<Vec<SeenRefund>> = list.entries().iter().map(SeenRefund::of).collect();
        if trade.out_trade_no.as_deref().unwrap_or_default().is_empty() {
            return Err(NAMELESS);
        }
        Ok(Self {
            key: OrderKey {
                mch_id: text(&trade.mch_id),
                sub_mch_id: text(&trade.sub_mch_id),
                out_trade_no: text(&trade.out_trade_no),
            },
            transaction_id: trade.transaction_id.clone(),
            total_fee: trade.total_fee,
            fee_type: trade.fee_type.clone(),
            coverage: coverage(list),
            refunds: refunds.ok_or("must have the number and the amount of each refund")?,
            digest: digest(list.pages()),
        })
    }
}

/// APIv3 tells of one refund at a time.
fn coverage(list: &RefundList) -> Coverage {
    let by_number = list.entries().first().filter(|_| list.told().is_some());
    let number = by_number.and_then(|entry| entry.out_refund_no.clone());
    number.map_or(Coverage::Whole, Coverage::One)
}

impl SeenRefund {
    fn of(entry: &RefundEntry) -> Option<Self> {
        Some(Self {
            out_refund_no: entry.out_refund_no.clone()?,
            refund_id: entry.refund_id.clone(),
            refund_fee: entry.refund_fee?,
            state: match entry.refund_status {
                RefundStatus::Success => RefundWord::Success,
                RefundStatus::Processing | RefundStatus::Unknown => RefundWord::Processing,
                RefundStatus::RefundClose => RefundWord::Closed,
                RefundStatus::Change => RefundWord::Change,
            },
        })
    }
}

/// SHA-256 of the bytes that were signed, in lower-case hex; of all pages together where there are many.
pub fn digest<'a>(pages: impl IntoIterator<Item = &'a Ours<Fields>>) -> String {
    let mut digest = Sha256::new();
    for page in pages {
        for (name, text) in byte_pairs(page).filter(|(name, text)| takes_part(name, text)) {
            for part in [name, b"=", text, b"&"] {
                digest.update(part);
            }
        }
        digest.update(b"\n");
    }
    hex(&digest.finalize()).to_ascii_lowercase()
}

/// SHA-256 of a text that nobody signed.
pub fn digest_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())).to_ascii_lowercase()
}
