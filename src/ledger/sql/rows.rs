//! Rows of the ledger's tables, read and written.

use super::connection::{Bound, SqlResult, SqlRow};
use super::fault::SqlFault;
use crate::ledger::entry::{Entry, Intent, OrderKey, OrderTerms, RefundRow, RefundWord};
use crate::ledger::state::LedgerState;
use crate::ledger::store::{Evidence, Message, Opening, Whose};

/// A word that is not this version's.
pub fn unknown<C>(what: &str, word: &str) -> SqlFault<C> {
    SqlFault::own(format!("the ledger's table has a {what} that this version does not know: {word}"))
}

fn state<C>(word: &str) -> SqlResult<LedgerState, C> {
    LedgerState::from_word(word).ok_or_else(|| unknown("state", word))
}

fn intent<C>(word: Option<String>) -> SqlResult<Option<Intent>, C> {
    word.map(|word| Intent::from_word(&word).ok_or_else(|| unknown("intent", &word))).transpose()
}

/// An order, in the order of the columns that dialect.rs selects.
pub fn entry<C>(mut row: SqlRow) -> SqlResult<Entry, C> {
    order(&mut row)
}

/// The same, of a row that goes on.
pub fn order<C>(row: &mut SqlRow) -> SqlResult<Entry, C> {
    Ok(Entry {
        id: row.int()?,
        terms: terms(row)?,
        state: state(&row.text()?)?,
        version: row.int()?,
        transaction_id: row.text_or_null()?,
        paid: row.int_or_null()?,
        paid_type: row.text_or_null()?,
        paid_at: row.int_or_null()?,
        credited: row.flag()?,
        refunded: row.int()?,
        pending_refund: row.int()?,
        intent: intent(row.text_or_null()?)?,
        sent_at: row.int_or_null()?,
        ask_refunds: row.flag()?,
        suspect_id: row.text_or_null()?,
        suspect_fee: row.int_or_null()?,
        suspect_type: row.text_or_null()?,
        reason: row.text()?,
        created_at: row.int()?,
        changed_at: row.int()?,
        due_at: row.int_or_null()?,
        epoch: row.int()?,
        attempt: row.int()?,
        now: row.int()?,
    })
}

fn terms<C>(row: &mut SqlRow) -> SqlResult<OrderTerms, C> {
    Ok(OrderTerms {
        key: OrderKey { mch_id: row.text()?, sub_mch_id: row.text()?, out_trade_no: row.text()? },
        appid: row.text()?,
        sub_appid: row.text()?,
        total_fee: row.int()?,
        fee_type: row.text()?,
        trade_type: row.text()?,
        expires_at: row.int_or_null()?,
    })
}

/// A refund.
pub fn refund<C>(mut row: SqlRow) -> SqlResult<RefundRow, C> {
    Ok(RefundRow {
        out_refund_no: row.text()?,
        refund_id: row.text_or_null()?,
        refund_fee: row.int()?,
        state: {
            let word = row.text()?;
            RefundWord::from_word(&word).ok_or_else(|| unknown("refund state", &word))?
        },
        options: RefundRow::options_of(&row.text()?),
        sent_at: row.int_or_null()?,
    })
}

/// How many orders of whom are due.
pub fn due<C>(mut row: SqlRow) -> SqlResult<(Whose, i64), C> {
    let (mch_id, sub_mch_id, appid, sub_appid) = (row.text()?, row.text()?, row.text()?, row.text()?);
    Ok((Whose { mch_id, sub_mch_id, appid, sub_appid }, row.int()?))
}

/// A message; `before` is 1 where the row was read before its claim was written.
pub fn message<C>(mut row: SqlRow, before: i64) -> SqlResult<Message, C> {
    Ok(Message {
        id: row.int()?,
        epoch: row.int()? + before,
        attempt: row.int()? + before,
        topic: row.text()?,
        payload: row.text()?,
    })
}

/// The parameters of a new order.
pub fn opened<'a>(terms: &'a OrderTerms, opening: &'a Opening) -> [Bound<'a>; 15] {
    [
        (&terms.key.mch_id).into(),
        (&terms.key.sub_mch_id).into(),
        (&terms.key.out_trade_no).into(),
        (&terms.appid).into(),
        (&terms.sub_appid).into(),
        terms.total_fee.into(),
        (&terms.fee_type).into(),
        (&terms.trade_type).into(),
        terms.expires_at.into(),
        opening.state.word().into(),
        opening.suspect_id.as_deref().into(),
        opening.suspect_fee.into(),
        opening.suspect_type.as_deref().into(),
        opening.reason.text().into(),
        opening.due_in.into(),
    ]
}

/// The parameters of an order that is opened after its payment was seen.
pub fn adopted<'a>(orphan: &'a Entry, terms: &'a OrderTerms) -> [Bound<'a>; 8] {
    [
        (&terms.appid).into(),
        (&terms.sub_appid).into(),
        terms.total_fee.into(),
        (&terms.fee_type).into(),
        (&terms.trade_type).into(),
        terms.expires_at.into(),
        orphan.id.into(),
        orphan.version.into(),
    ]
}

/// The parameters of a changed order.
pub fn advanced<'a>(before: &'a Entry, after: &'a Entry) -> [Bound<'a>; 21] {
    [
        after.state.word().into(),
        after.version.into(),
        after.transaction_id.as_deref().into(),
        after.paid.into(),
        after.paid_type.as_deref().into(),
        after.paid_at.into(),
        after.credited.into(),
        after.refunded.into(),
        after.pending_refund.into(),
        after.intent.map(Intent::word).into(),
        after.sent_at.into(),
        after.ask_refunds.into(),
        after.suspect_id.as_deref().into(),
        after.suspect_fee.into(),
        after.suspect_type.as_deref().into(),
        (&after.reason).into(),
        after.changed_at.into(),
        after.due_at.into(),
        after.attempt.into(),
        before.id.into(),
        before.version.into(),
    ]
}

/// The parameters of evidence.
pub fn evidenced<'a>(
    evidence: &'a Evidence<'_>,
    observed: &'a str,
    note: Option<&'a str>,
) -> [Bound<'a>; 11] {
    [
        (&evidence.key.mch_id).into(),
        (&evidence.key.sub_mch_id).into(),
        (&evidence.key.out_trade_no).into(),
        evidence.order_id.into(),
        evidence.digest.into(),
        evidence.source.word().into(),
        observed.into(),
        evidence.transaction_id.into(),
        evidence.total_fee.into(),
        evidence.reason.text().into(),
        note.into(),
    ]
}
