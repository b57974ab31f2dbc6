//! Refunds: what was accepted, what became of it, and what a notice claims (protocol.md C.4, C.5, C.14).

use super::money::{fen, lenient_fen};
use super::order::Coupon;
use super::ours::Ours;
use crate::clock;
use crate::wire::v2::cipher::Decrypted;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::read::{FieldError, digits, needs, read};
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use time::OffsetDateTime;

/// `refund_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundStatus {
    /// The money is with the payer.
    Success,
    /// On its way.
    Processing,
    /// Closed without money moving; may be tried again with the same number after fixing the cause.
    RefundClose,
    /// Bounced: the money is back with the merchant and must be paid by hand.
    Change,
    /// A status this version does not know.
    Unknown,
}

impl RefundStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Success, Self::Processing, Self::RefundClose, Self::Change, Self::Unknown];

    /// The word on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Processing => "PROCESSING",
            Self::RefundClose => "REFUNDCLOSE",
            Self::Change => "CHANGE",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Reads a word of the wire; FAIL is what the old pages called REFUNDCLOSE.
    pub fn from_wire(word: &str) -> Self {
        if word == "FAIL" {
            return Self::RefundClose;
        }
        Self::ALL.into_iter().find(|status| status.wire() == word).unwrap_or(Self::Unknown)
    }

    /// Does this refund take money from what may still be refunded?
    pub fn takes_money(self) -> bool {
        matches!(self, Self::Success | Self::Processing | Self::Change)
    }
}

/// The answer of refund: **accepted**, not yet refunded. Amounts are fen.
#[derive(Debug, Clone)]
pub struct RefundReceipt {
    typed: RefundReceiptFields,
    coupons: Vec<Coupon<'static>>,
    fields: Ours<Fields>,
    told: Option<Box<JsonObject>>,
}

/// The typed fields of an accepted refund.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md C.4")]
pub struct RefundReceiptFields {
    pub out_trade_no: Option<String>,
    pub transaction_id: Option<String>,
    pub out_refund_no: Option<String>,
    pub refund_id: Option<String>,
    #[serde(default, deserialize_with = "fen")]
    pub refund_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_refund_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub total_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_total_fee: Option<i64>,
    pub fee_type: Option<String>,
    #[serde(default, deserialize_with = "fen")]
    pub cash_fee: Option<i64>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub cash_refund_fee: Option<i64>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub coupon_refund_fee: Option<i64>,
}

impl RefundReceipt {
    /// Reads the verified answer.
    pub fn from_answer(fields: Ours<Fields>) -> Result<Self, FieldError> {
        needs(&fields, &["refund_id"])?;
        let coupons = coupons(&fields, "");
        Ok(Self { typed: read(&fields)?, coupons, fields, told: None })
    }

    /// The same, which APIv3 told in these words.
    #[must_use]
    pub fn as_told(self, told: &Verified<JsonObject>) -> Self {
        Self { told: Some(Box::new((**told).clone())), ..self }
    }

    /// APIv3's own words.
    pub fn told(&self) -> Option<&JsonObject> {
        self.told.as_deref()
    }

    /// The typed fields.
    pub fn typed(&self) -> &RefundReceiptFields {
        &self.typed
    }

    /// Coupons that go back.
    pub fn coupons(&self) -> &[Coupon<'static>] {
        &self.coupons
    }

    /// Every field that was verified.
    pub fn fields(&self) -> &Ours<Fields> {
        &self.fields
    }

    /// Where the refund stands, which only APIv3 tells at once.
    pub fn refund_status(&self) -> Option<RefundStatus> {
        self.fields.text("refund_status").map(RefundStatus::from_wire)
    }
}

/// All refunds of a trade, as refundquery tells them.
#[derive(Debug, Clone)]
pub struct RefundList {
    trade: RefundedTrade,
    entries: Vec<RefundEntry>,
    received: usize,
    /// How many of them repeated another of their own page.
    repeated: usize,
    pages: Vec<Ours<Fields>>,
    told: Option<Box<JsonObject>>,
}

/// What refundquery says of the trade itself.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md C.5")]
pub struct RefundedTrade {
    pub appid: Option<String>,
    pub mch_id: Option<String>,
    pub sub_appid: Option<String>,
    pub sub_mch_id: Option<String>,
    pub out_trade_no: Option<String>,
    pub transaction_id: Option<String>,
    #[serde(default, deserialize_with = "fen")]
    pub total_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_total_fee: Option<i64>,
    pub fee_type: Option<String>,
    #[serde(default, deserialize_with = "fen")]
    pub cash_fee: Option<i64>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub total_refund_count: Option<i64>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub refund_count: Option<i64>,
}

/// One refund. Amounts are fen, times Beijing's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the numbered field of that name in protocol.md C.5")]
pub struct RefundEntry {
    pub out_refund_no: Option<String>,
    pub refund_id: Option<String>,
    pub refund_status: RefundStatus,
    pub refund_channel: Option<String>,
    pub refund_fee: Option<i64>,
    pub settlement_refund_fee: Option<i64>,
    pub refund_account: Option<String>,
    pub refund_recv_accout: Option<String>,
    pub refund_success_time: Option<OffsetDateTime>,
    pub coupon_refund_fee: Option<i64>,
    pub coupons: Vec<Coupon<'static>>,
}

impl RefundList {
    /// Reads the first page; `offset` is what it was asked with.
    pub fn from_page(fields: Ours<Fields>, offset: usize) -> Result<Self, FieldError> {
        let entries = entries(&fields, offset)?;
        let received = entries.len();
        let entries = once(entries)?;
        let repeated = received - entries.len();
        Ok(Self { trade: read(&fields)?, entries, received, repeated, pages: vec![fields], told: None })
    }

    /// The same, which APIv3 told in these words.
    #[must_use]
    pub fn as_told(self, told: &Verified<JsonObject>) -> Self {
        Self { told: Some(Box::new((**told).clone())), ..self }
    }

    /// APIv3's own words, which know one refund only.
    pub fn told(&self) -> Option<&JsonObject> {
        self.told.as_deref()
    }

    /// What the answer says of the trade.
    pub fn trade(&self) -> &RefundedTrade {
        &self.trade
    }

    /// The refunds, in the gateway's order, each once.
    pub fn entries(&self) -> &[RefundEntry] {
        &self.entries
    }

    /// How many entries came, with those that only repeat another.
    pub fn received(&self) -> usize {
        self.received
    }

    /// The verified fields of each page.
    pub fn pages(&self) -> &[Ours<Fields>] {
        &self.pages
    }

    /// How many refunds the gateway says there are.
    pub fn announced(&self) -> usize {
        let count = self.trade.total_refund_count.or(self.trade.refund_count);
        count.and_then(|n| usize::try_from(n).ok()).unwrap_or(self.entries.len())
    }

    /// Are all refunds here that were announced? What is twice on one page was announced twice; what an older page had
    /// already stands in the place of another that has not come.
    pub fn is_whole(&self) -> bool {
        self.entries.len() + self.repeated >= self.announced()
    }

    /// Adds the next page; a refund that is here already counts once.
    pub fn append(&mut self, mut page: Self) -> Result<(), FieldError> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.append(&mut page.entries);
        self.entries = once(entries)?;
        self.received += page.received;
        self.repeated += page.repeated;
        self.pages.append(&mut page.pages);
        Ok(())
    }

    /// The sum of the refunds that the predicate picks, fen.
    pub fn sum(&self, picks: impl Fn(RefundStatus) -> bool) -> i64 {
        let picked = self.entries.iter().filter(|e| picks(e.refund_status));
        picked.filter_map(|e| e.refund_fee).fold(0, i64::saturating_add)
    }
}

/// Each refund once, in the order in which they came. Two entries of one number that differ are no refund's.
fn once(entries: Vec<RefundEntry>) -> Result<Vec<RefundEntry>, FieldError> {
    let mut seen = HashMap::<(&str, &str), &RefundEntry>::new();
    let mut is_first = Vec::with_capacity(entries.len());
    for entry in &entries {
        let numbers = [("refund_id", &entry.refund_id), ("out_refund_no", &entry.out_refund_no)];
        let numbers = numbers.into_iter().filter_map(|(field, number)| Some((field, number.as_deref()?)));
        let mut first = true;
        for (field, number) in numbers {
            match seen.insert((field, number), entry) {
                Some(twin) if twin != entry => {
                    let what = format!("{number} came twice, and not with the same content");
                    return Err(FieldError { name: field.into(), what });
                }
                twin => first &= twin.is_none(),
            }
        }
        is_first.push(first);
    }
    Ok(entries.into_iter().zip(is_first).filter_map(|(entry, first)| first.then_some(entry)).collect())
}

/// The refunds of one page. Their numbers start at 0 on every page, or go on from the offset: both are read.
fn entries(fields: &Fields, offset: usize) -> Result<Vec<RefundEntry>, FieldError> {
    let is_there = |n: usize| {
        ["out_refund_no", "refund_id", "refund_fee"]
            .iter()
            .any(|f| fields.text(&format!("{f}_{n}")).is_some())
    };
    let first = if is_there(0) { 0 } else { offset };
    (first..first + Fields::MAX).take_while(|n| is_there(*n)).map(|n| entry(fields, n)).collect()
}

fn entry(fields: &Fields, n: usize) -> Result<RefundEntry, FieldError> {
    let text = |name: &str| fields.text(&format!("{name}_{n}")).map(str::to_owned);
    let (status, amount) = (format!("refund_status_{n}"), format!("refund_fee_{n}"));
    let word = fields.text(&status).ok_or_else(|| FieldError::missing(&status))?;
    let refund_status = RefundStatus::from_wire(word);
    if refund_status.takes_money() {
        needs(fields, &[&amount])?;
    }
    Ok(RefundEntry {
        out_refund_no: text("out_refund_no"),
        refund_id: text("refund_id"),
        refund_status,
        refund_channel: text("refund_channel"),
        refund_fee: needed_fen(fields, &amount)?,
        settlement_refund_fee: needed_fen(fields, &format!("settlement_refund_fee_{n}"))?,
        refund_account: text("refund_account"),
        refund_recv_accout: text("refund_recv_accout"),
        refund_success_time: text("refund_success_time").and_then(|at| clock::spaced(&at)),
        coupon_refund_fee: text("coupon_refund_fee").and_then(|fee| digits(&fee)),
        coupons: coupons(fields, &format!("{n}_")),
    })
}

fn needed_fen(fields: &Fields, name: &str) -> Result<Option<i64>, FieldError> {
    let wrong =
        || FieldError { name: name.to_owned(), what: "must be a whole number of fen, digits only".into() };
    fields.text(name).map(|text| digits(text).ok_or_else(wrong)).transpose()
}

/// The coupons in the order of their index, wherever it begins and whatever it leaves out; `before` is the refund's
/// number in a list.
fn coupons(fields: &Fields, before: &str) -> Vec<Coupon<'static>> {
    let mut coupons = BTreeMap::<i64, Coupon<'static>>::new();
    let mut each = |prefix: &str, set: fn(&mut Coupon<'static>, &str)| {
        for (name, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            let index = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(before));
            if let Some(index) = index.and_then(digits) {
                set(coupons.entry(index).or_default(), text);
            }
        }
    };
    each("coupon_refund_id_", |coupon, text| coupon.id = Some(text.to_owned().into()));
    each("coupon_type_", |coupon, text| coupon.coupon_type = Some(text.to_owned().into()));
    each("coupon_refund_fee_", |coupon, text| coupon.fee = digits(text));
    coupons.into_values().collect()
}

impl RefundNoticeFields {
    /// What a verified notice of APIv3 tells, which is a list of one; `None` if it does not say of what.
    pub fn of(list: &RefundList) -> Option<Self> {
        let (trade, entry) = (list.trade(), list.entries().first()?);
        let told = |name: &str| list.pages().first().and_then(|page| page.text(name)).map(str::to_owned);
        Some(Self {
            out_trade_no: trade.out_trade_no.clone()?,
            transaction_id: trade.transaction_id.clone(),
            out_refund_no: entry.out_refund_no.clone()?,
            refund_id: entry.refund_id.clone()?,
            total_fee: trade.total_fee,
            settlement_total_fee: trade.settlement_total_fee,
            refund_fee: entry.refund_fee,
            settlement_refund_fee: entry.settlement_refund_fee,
            refund_recv_accout: entry.refund_recv_accout.clone(),
            refund_account: entry.refund_account.clone(),
            refund_request_source: None,
            cash_refund_fee: told("cash_refund_fee_0").and_then(|fen| fen.parse().ok()),
        })
    }
}

/// What a refund notice claims. Decrypted, not verified: confirm it by refundquery before booking anything.
#[derive(Debug, Clone)]
pub struct RefundNotice {
    typed: RefundNoticeFields,
    refund_status: RefundStatus,
    success_time: Option<OffsetDateTime>,
    fields: Decrypted<Fields>,
}

/// The typed fields of a refund notice. Amounts are fen.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md C.14")]
pub struct RefundNoticeFields {
    pub out_trade_no: String,
    pub transaction_id: Option<String>,
    pub out_refund_no: String,
    pub refund_id: String,
    #[serde(default, deserialize_with = "fen")]
    pub total_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_total_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub refund_fee: Option<i64>,
    #[serde(default, deserialize_with = "fen")]
    pub settlement_refund_fee: Option<i64>,
    pub refund_recv_accout: Option<String>,
    pub refund_account: Option<String>,
    pub refund_request_source: Option<String>,
    #[serde(default, deserialize_with = "lenient_fen")]
    pub cash_refund_fee: Option<i64>,
}

impl RefundNotice {
    /// Reads the decrypted part.
    pub fn from_decrypted(fields: &Decrypted<Fields>) -> Result<Self, FieldError> {
        Ok(Self {
            typed: read(fields)?,
            refund_status: fields
                .text("refund_status")
                .map_or(RefundStatus::Unknown, RefundStatus::from_wire),
            success_time: fields.text("success_time").and_then(clock::spaced),
            fields: fields.clone(),
        })
    }

    /// The typed fields.
    pub fn typed(&self) -> &RefundNoticeFields {
        &self.typed
    }

    /// The status it claims.
    pub fn refund_status(&self) -> RefundStatus {
        self.refund_status
    }

    /// When the refund succeeded.
    pub fn success_time(&self) -> Option<OffsetDateTime> {
        self.success_time
    }

    /// Every decrypted field.
    pub fn fields(&self) -> &Decrypted<Fields> {
        &self.fields
    }
}

#[cfg(test)]
mod tests;
