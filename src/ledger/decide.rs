//! What follows from a sighting of an order: pure, and the same for notices, queries and bills.
//!
//! [`edge`] is the table of docs/ledger.md; [`decide`] first asks whether the sighting fits the order at all.

use super::entry::{Entry, Intent};
use super::reason::Reason;
use super::sighting::{Payment, Sighting};
use super::state::LedgerState;
use crate::model::trade_state::TradeState;

/// What has to be done beside moving the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// Give the credit: `$onCredit` runs.
    Credit,
    /// Take the credit back: `$onRevoke` runs.
    Revoke,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Where the order goes; `None`: it stays.
    pub to: Option<LedgerState>,
    /// What else is to be done.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// What is wanted of the gateway from now on.
    pub intent: Option<Intent>,
    /// Must the refunds be asked for?
    pub ask_refunds: bool,
}

impl Decision {
    /// The order stays.
    pub const fn stay(reason: Reason) -> Self {
        Self { to: None, effect: Effect::Nothing, reason, intent: None, ask_refunds: false }
    }

    /// The order moves.
    pub const fn go(to: LedgerState, reason: Reason) -> Self {
        Self { to: Some(to), ..Self::stay(reason) }
    }

    /// Is its evidence worth keeping? That an order is not paid yet is told at every poll.
    pub fn is_news(self) -> bool {
        self.reason != Reason::NotPaidYet
    }

    const fn with(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    const fn wanting(self, intent: Intent) -> Self {
        Self { intent: Some(intent), ..self }
    }

    const fn asking_refunds(self) -> Self {
        Self { ask_refunds: true, ..self }
    }
}

/// What follows from seeing `sighting` of `entry`. Before a person decides, what went back is asked for.
pub fn decide(entry: &Entry, sighting: &Sighting, credit_late: bool) -> Decision {
    let decision = judged(entry, sighting, credit_late);
    let is_question = decision.to.unwrap_or(entry.state) == LedgerState::Review;
    if is_question && sighting.went_back() { decision.asking_refunds() } else { decision }
}

fn judged(entry: &Entry, sighting: &Sighting, credit_late: bool) -> Decision {
    if entry.state == LedgerState::Review {
        let kept = !sighting.trade_state.is_paid() || sighting.payment().is_some();
        return Decision::stay(if kept { Reason::UnderReview } else { Reason::Incomplete });
    }
    match fits(entry, sighting) {
        // What was reversed is over, whatever is told of it late.
        Err(Misfit::Freeze(_)) if entry.state == LedgerState::Revoked => {
            edge(entry.state, sighting.trade_state)
        }
        Ok(()) => refined(entry, edge(entry.state, sighting.trade_state), credit_late),
        Err(Misfit::Ignore(reason)) => Decision::stay(reason),
        Err(Misfit::Freeze(reason)) => Decision::go(LedgerState::Review, reason),
    }
}

/// The table: where an order stands, and what WeChat says of it.
pub fn edge(state: LedgerState, seen: TradeState) -> Decision {
    use LedgerState as L;
    use TradeState as T;
    match (state, seen) {
        (L::Review, _) => Decision::stay(Reason::UnderReview),
        (_, T::Unknown) => Decision::stay(Reason::UnknownState),

        (L::Created | L::UserPaying, T::NotPay | T::Accept) => Decision::stay(Reason::NotPaidYet),
        (L::Created, T::UserPaying) => Decision::go(L::UserPaying, Reason::Advanced),
        (L::UserPaying | L::Closing, T::UserPaying) => Decision::stay(Reason::NotPaidYet),
        (L::Closing, T::NotPay | T::Accept) => Decision::stay(Reason::NotPaidYet),
        (L::Created | L::UserPaying | L::Closing, T::Success) => {
            Decision::go(L::Paid, Reason::Paid).with(Effect::Credit)
        }
        (L::Created | L::UserPaying | L::Closing, T::Closed) => Decision::go(L::Closed, Reason::Closed),
        (L::Created | L::UserPaying | L::Closing, T::Revoked) => Decision::go(L::Revoked, Reason::Reversed),
        (L::Created | L::UserPaying | L::Closing, T::PayError) => {
            Decision::go(L::Closing, Reason::PaymentFailed).wanting(Intent::Close)
        }

        (L::Closed, T::Success) => Decision::go(L::PaidLate, Reason::PaidAfterClose),
        (L::Closed, T::Closed) => Decision::stay(Reason::Duplicate),
        (L::Closed, T::NotPay | T::Accept | T::UserPaying | T::PayError | T::Revoked) => {
            Decision::stay(Reason::Late)
        }

        (L::Created | L::UserPaying | L::Closing | L::Closed | L::Paid | L::PaidLate, T::Refund) => {
            Decision::stay(Reason::RefundsUnknown).asking_refunds()
        }
        (L::PartiallyRefunded | L::Refunded, T::Refund) => Decision::stay(Reason::Duplicate),

        (L::Paid | L::PartiallyRefunded | L::Refunded | L::PaidLate, T::Success) => {
            Decision::stay(Reason::Duplicate)
        }
        (L::Paid | L::PartiallyRefunded, T::Revoked) => {
            Decision::go(L::Revoked, Reason::Reversed).with(Effect::Revoke)
        }
        (L::PaidLate, T::Revoked) => Decision::go(L::Revoked, Reason::Reversed),
        (
            L::Paid | L::PartiallyRefunded | L::Refunded | L::PaidLate,
            T::NotPay | T::Accept | T::UserPaying,
        ) => Decision::stay(Reason::Late),
        (L::Paid | L::PartiallyRefunded | L::Refunded | L::PaidLate, T::Closed | T::PayError) => {
            Decision::stay(Reason::Contradiction)
        }
        (L::Refunded, T::Revoked) => Decision::stay(Reason::Late),

        (L::Revoked, T::Revoked) => Decision::stay(Reason::Duplicate),
        (L::Revoked, T::Success | T::Refund) => Decision::stay(Reason::Contradiction),
        (L::Revoked, T::NotPay | T::Accept | T::UserPaying | T::PayError | T::Closed) => {
            Decision::stay(Reason::Late)
        }
    }
}

/// What the table cannot know: a reverse that is wanted, how an order of this kind is given up, and whether late
/// payments are credited.
fn refined(entry: &Entry, decision: Decision, credit_late: bool) -> Decision {
    match decision.to {
        Some(LedgerState::Closing) => decision.wanting(entry.way_out()),
        Some(LedgerState::Paid) if entry.intent == Some(Intent::Reverse) => {
            Decision::stay(Reason::ReverseWanted)
        }
        Some(LedgerState::PaidLate) if credit_late => {
            Decision::go(LedgerState::Paid, Reason::PaidAfterClose).with(Effect::Credit)
        }
        _ => decision,
    }
}

/// Why a sighting does not fit its order.
enum Misfit {
    /// Nothing follows from it.
    Ignore(Reason),
    /// A person has to look.
    Freeze(Reason),
}

/// Does the sighting speak of the order that was opened?
fn fits(entry: &Entry, sighting: &Sighting) -> Result<(), Misfit> {
    let terms = &entry.terms;
    if sighting.appid != terms.appid || differ(&terms.sub_appid, &sighting.sub_appid) {
        return Err(Misfit::Freeze(Reason::AppidDiffers));
    }
    if !sighting.trade_state.is_paid() {
        return Ok(());
    }
    let Some(payment) = sighting.payment() else {
        return Err(Misfit::Ignore(Reason::Incomplete));
    };
    let is_known = entry.transaction_id.as_deref().map(|known| known == payment.transaction_id);
    match is_known {
        Some(false) | None if payment.is_suspect_of(entry) => Err(Misfit::Ignore(Reason::Dismissed)),
        Some(false) => Err(Misfit::Freeze(Reason::SecondTransaction)),
        Some(true) | None => amounts(entry, &payment),
    }
}

/// Was this paid what counts: what was opened, or what a person has let count?
fn amounts(entry: &Entry, payment: &Payment<'_>) -> Result<(), Misfit> {
    if payment.total_fee != entry.paid_fee() {
        return Err(Misfit::Freeze(Reason::AmountDiffers));
    }
    if payment.fee_type != entry.currency() {
        return Err(Misfit::Freeze(Reason::CurrencyDiffers));
    }
    Ok(())
}

/// Two ids that both sides name must be the same.
fn differ(ours: &str, told: &str) -> bool {
    !ours.is_empty() && !told.is_empty() && ours != told
}

/// What follows when WeChat says, verified, that it knows no such order: nothing, unless it was to be closed
/// anyway and its time is up.
pub fn absent(entry: &Entry) -> Decision {
    let gone = entry.state == LedgerState::Closing && entry.now >= entry.expires_at();
    match entry.state {
        LedgerState::Review => Decision::stay(Reason::UnderReview),
        LedgerState::Closing if gone => Decision::go(LedgerState::Closed, Reason::NeverOrdered),
        state if state.is_open() => Decision::stay(Reason::NotPaidYet),
        _ => Decision::stay(Reason::Contradiction),
    }
}

#[cfg(test)]
pub(super) mod tests;
