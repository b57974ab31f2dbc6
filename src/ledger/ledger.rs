//! The ledger: opens orders and applies evidence, each application in one transaction.
//!
//! Row, evidence, credit, outbox and the shop's own writes are stored together or not at all. Nothing here
//! speaks to the gateway.

use super::decide::{Decision, Effect, absent};
use super::entry::{Entry, Intent, Ms, OrderKey, OrderTerms};
use super::reason::Reason;
use super::schedule::{self, Jitter};
use super::sighting::{Payment, Sighting, Source, digest_of};
use super::state::LedgerState;
use super::store::{Added, Evidence, Halt, Opening, Refusal, Shop, Store};
use super::transition::Transition;
use crate::model::trade_state::TradeState;

/// What the shop has chosen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Credit payments that arrive after the order was closed.
    pub credit_late: bool,
}

/// A ledger in a database.
pub struct Ledger<S, H> {
    /// The database.
    pub store: S,
    /// The shop.
    pub shop: H,
    /// What the shop has chosen.
    pub rules: Rules,
    /// Spreads the polls.
    pub jitter: Jitter,
}

/// The end of an operation.
pub type LedgerResult<T, F> = Result<T, Halt<F>>;

/// A payment nobody opened waits this long for its order, then it is for a person.
pub const ORPHAN_GRACE: Ms = 5 * 60_000;

/// What an application rests on.
pub(super) struct Proof<'a> {
    pub digest: &'a str,
    pub source: Source,
    pub observed: &'a str,
    pub transaction_id: Option<&'a str>,
    pub total_fee: Option<i64>,
    /// The payment that it proves.
    pub payment: Option<Payment<'a>>,
    pub note: Option<&'a str>,
}

impl<'a> Proof<'a> {
    pub(super) fn of(sighting: &'a Sighting) -> Self {
        Self {
            digest: &sighting.digest,
            source: sighting.source,
            observed: sighting.trade_state.wire(),
            transaction_id: sighting.transaction_id.as_deref(),
            total_fee: sighting.total_fee,
            payment: sighting.payment(),
            note: None,
        }
    }

    /// What is kept of it.
    pub(super) fn evidence(&self, order_id: Option<i64>, key: &'a OrderKey, reason: Reason) -> Evidence<'a> {
        Evidence {
            key,
            order_id,
            digest: self.digest,
            source: self.source,
            observed: self.observed,
            transaction_id: self.transaction_id,
            total_fee: self.total_fee,
            reason,
            note: self.note,
        }
    }
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Opens an order. The same terms again give the same entry, and its first expiry stays.
    pub fn open(&mut self, terms: &OrderTerms) -> LedgerResult<Entry, S::Fault> {
        self.transact(|ledger| ledger.open_once(terms))
    }

    fn open_once(&mut self, terms: &OrderTerms) -> LedgerResult<Entry, S::Fault> {
        let paid_before = self.store.first_seen(&terms.key)?.is_some();
        let opening = Opening {
            state: LedgerState::Created,
            due_in: Some(if paid_before { 0 } else { self.jitter.spread(5000) }),
            suspect_id: None,
            suspect_fee: None,
            suspect_type: None,
            reason: Reason::Opened,
        };
        let added = self.store.register(terms, &opening)?;
        let entry = self.store.entry(&terms.key)?.ok_or(Halt::Raced)?;
        if added == Added::New {
            return Ok(entry);
        }
        if entry.is_orphan() {
            self.store.adopt(&entry, terms)?;
            return self.store.entry(&terms.key)?.ok_or(Halt::Raced);
        }
        same_terms(&entry, terms)?;
        Ok(entry)
    }

    /// The order, if it was opened.
    pub fn find(&mut self, key: &OrderKey) -> LedgerResult<Option<Entry>, S::Fault> {
        Ok(self.store.peek(key)?)
    }

    /// Applies what a verified answer or notice says. `epoch` is the claim of a worker that asked for it.
    pub fn apply(&mut self, sighting: &Sighting, epoch: Option<i64>) -> LedgerResult<Transition, S::Fault> {
        let applied = self.transact(|ledger| ledger.apply_once(sighting, epoch));
        self.or_freeze(&sighting.key, &Proof::of(sighting), &sighting.statement(), applied)
    }

    pub(super) fn apply_once(
        &mut self,
        sighting: &Sighting,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        match self.store.entry(&sighting.key)? {
            Some(entry) => {
                let decision = self.judge(&entry, sighting)?;
                self.take(&entry, decision, &Proof::of(sighting), epoch)
            }
            None => self.adopt(sighting),
        }
    }

    /// A payment nobody opened: kept, and after a while for a person.
    fn adopt(&mut self, sighting: &Sighting) -> LedgerResult<Transition, S::Fault> {
        let orphan = Transition::orphan(sighting.key.clone());
        if sighting.payment().is_none() {
            return Ok(orphan);
        }
        self.keep(None, &sighting.key, &Proof::of(sighting), Reason::UnknownOrder)?;
        let first = self.store.first_seen(&sighting.key)?;
        let now = self.store.now()?;
        let may_be_opened = first.is_none_or(|first| now.saturating_sub(first) < ORPHAN_GRACE);
        if may_be_opened && sighting.source != Source::Bill {
            return Ok(orphan);
        }
        if self.store.register(&orphan_terms(sighting), &orphan_opening(sighting))? == Added::Already {
            return Err(Halt::Raced);
        }
        let entry = self.store.entry(&sighting.key)?.ok_or(Halt::Raced)?;
        let decision = self.judge(&entry, sighting)?;
        let went_back = self.store.refund_seen(&sighting.key)?.is_some();
        let decision = Decision { ask_refunds: decision.ask_refunds || went_back, ..decision };
        let taken = self.take(&entry, decision, &Proof::of(sighting), None)?;
        let transition = Transition { changed: true, reason: orphan.reason, ..taken };
        self.announce(&entry, &transition)?;
        Ok(transition)
    }

    /// Applies a verified "no such order" (ORDERNOTEXIST) to an order that a worker asked about.
    pub fn apply_absence(
        &mut self,
        key: &OrderKey,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let digest = digest_of(&format!("ORDERNOTEXIST {} {}", entry.id, entry.now));
            ledger.take(&entry, absent(&entry), &unsigned(&digest, Source::Query, "ORDERNOTEXIST"), epoch)
        })
    }

    /// Freezes an order that a worker could not bring to an end, however often it tried; what WeChat said of it last
    /// is remembered.
    pub fn give_up(
        &mut self,
        key: &OrderKey,
        note: &str,
        seen: Option<&Sighting>,
    ) -> LedgerResult<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let digest = digest_of(&format!("poison {} {}", entry.id, entry.version));
            let payment = seen.and_then(Sighting::payment);
            let proof = Proof { note: Some(note), payment, ..unsigned(&digest, Source::Query, "POISON") };
            let mut silent = entry.clone();
            // What was asked in vain ends here; that WeChat says "refunded" is news, to be asked about before a person decides.
            silent.ask_refunds = false;
            let decision = Decision {
                ask_refunds: seen.is_some_and(Sighting::went_back),
                ..Decision::go(LedgerState::Review, Reason::Poison)
            };
            ledger.take_from(&entry, silent, decision, &proof, Some(entry.epoch))
        })
    }

    /// Carries out a decision: see [`take_from`](Self::take_from).
    pub(super) fn take(
        &mut self,
        entry: &Entry,
        decision: Decision,
        proof: &Proof<'_>,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        self.take_from(entry, entry.clone(), decision, proof, epoch)
    }

    /// Carries out a decision about `before`, of which `after` has what changed already: writes the row, the
    /// evidence, the credit and the message, then calls the shop.
    pub(super) fn take_from(
        &mut self,
        before: &Entry,
        after: Entry,
        decision: Decision,
        proof: &Proof<'_>,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        if decision.is_news() {
            self.keep(Some(before.id), &before.terms.key, proof, decision.reason)?;
        }
        self.carry_out(before, after, decision, proof, epoch)
    }

    /// Carries out a decision whose evidence is kept.
    pub(super) fn carry_out(
        &mut self,
        before: &Entry,
        mut after: Entry,
        decision: Decision,
        proof: &Proof<'_>,
        epoch: Option<i64>,
    ) -> LedgerResult<Transition, S::Fault> {
        moved(&mut after, decision, proof);
        self.plan(before, &mut after, decision, epoch.is_some_and(|epoch| epoch == before.epoch));
        if after != *before {
            after.version += 1;
            if !self.store.advance(before, &after)? {
                return Err(Halt::Raced);
            }
        }
        let transition = Transition {
            note: proof.note.map(str::to_owned),
            ..Transition::between(before, &after, decision.reason)
        };
        self.enter(&after, decision.effect, proof)?;
        if transition.changed {
            self.announce(&after, &transition)?;
        }
        self.tell(decision.effect, &transition)?;
        Ok(transition)
    }

    /// The next poll: planned anew by the worker that holds the lease, and whenever something changed.
    fn plan(&mut self, before: &Entry, after: &mut Entry, decision: Decision, leased: bool) {
        if decision.ask_refunds && !before.ask_refunds && after.ask_refunds {
            after.due_at = Some(after.now);
            return;
        }
        let changed = after != before;
        if leased {
            after.attempt = 0;
        }
        if leased || changed || after.due_at.is_none() {
            after.due_at = schedule::next(after, &mut self.jitter);
        }
    }

    /// Writes the credit, or marks it as taken back. Anything but one row breaks a rule.
    fn enter(&mut self, after: &Entry, effect: Effect, proof: &Proof<'_>) -> LedgerResult<(), S::Fault> {
        match effect {
            Effect::Nothing => Ok(()),
            Effect::Credit => match self.store.credit(after, proof.digest)? {
                Added::New => Ok(()),
                Added::Already => Err(Halt::Breach(Reason::TransactionTaken)),
            },
            Effect::Revoke if self.store.revoke(after)? => Ok(()),
            Effect::Revoke => Err(Halt::Breach(Reason::Contradiction)),
        }
    }

    /// Calls the shop inside the fence.
    fn tell(&mut self, effect: Effect, transition: &Transition) -> LedgerResult<(), S::Fault> {
        if effect == Effect::Nothing {
            return Ok(());
        }
        self.store.guard()?;
        match effect {
            Effect::Credit => self.shop.credit(transition)?,
            _ => self.shop.revoke(transition)?,
        }
        Ok(self.store.unguard()?)
    }

    pub(super) fn keep(
        &mut self,
        order_id: Option<i64>,
        key: &OrderKey,
        proof: &Proof<'_>,
        reason: Reason,
    ) -> LedgerResult<Added, S::Fault> {
        Ok(self.store.keep_evidence(&proof.evidence(order_id, key, reason))?)
    }

    fn announce(&mut self, entry: &Entry, transition: &Transition) -> LedgerResult<(), S::Fault> {
        Ok(self.store.announce(entry, transition.to.word(), &transition.payload())?)
    }
}

/// What a decision changes of an order. A person's question is told the last payment that was seen.
fn moved(after: &mut Entry, decision: Decision, proof: &Proof<'_>) {
    if let Some(to) = decision.to.filter(|to| *to != after.state) {
        // What was sent may still arrive while a person is asked, and after.
        after.sent_at = after.sent_at.filter(|_| [to, after.state].contains(&LedgerState::Review));
        // A person's question has one reason: what the last one said is asked about again.
        after.ask_refunds |= to == LedgerState::Review && Reason::is_unlisted(&after.reason);
        after.state = to;
        after.intent = None;
        after.changed_at = after.now;
        decision.reason.text().clone_into(&mut after.reason);
    }
    if let Some(payment) = &proof.payment {
        remember(after, payment);
    }
    if after.state == LedgerState::Review && proof.observed == TradeState::Revoked.wire() {
        // Whatever a person decides: WeChat is asked about it again.
        after.sent_at = after.sent_at.or(Some(after.now));
    }
    if after.state == LedgerState::Revoked {
        after.ask_refunds = false;
        after.pending_refund = 0;
        return credit_flag(after, decision.effect);
    }
    if decision.intent.is_some() && decision.intent != after.intent {
        after.intent = decision.intent;
        after.changed_at = after.now;
    }
    after.ask_refunds |= decision.ask_refunds;
    credit_flag(after, decision.effect);
}

fn credit_flag(after: &mut Entry, effect: Effect) {
    match effect {
        Effect::Nothing => {}
        Effect::Credit => after.credited = true,
        Effect::Revoke => after.credited = false,
    }
}

/// The payment that counts, or the one that is a person's question.
fn remember(after: &mut Entry, payment: &Payment<'_>) {
    let counts = after.transaction_id.as_deref().is_none_or(|known| known == payment.transaction_id);
    let id = Some(payment.transaction_id.to_owned());
    let other = Some(payment.fee_type.to_owned()).filter(|told| *told != after.terms.fee_type);
    let paid_at = payment.paid_at.or(after.paid_at).or(Some(after.now));
    match after.state {
        LedgerState::Review if after.transaction_id.is_none() || !counts || payment.contradicts(after) => {
            (after.suspect_id, after.suspect_fee, after.suspect_type) = (id, Some(payment.total_fee), other);
            after.paid_at = paid_at;
        }
        state if counts && after.paid.is_none() && (state.is_paid() || state == LedgerState::Refunded) => {
            (after.transaction_id, after.paid, after.paid_type) = (id, Some(payment.total_fee), other);
            after.paid_at = paid_at;
        }
        // It was known by its refunds only, which do not say when it was paid.
        _ if counts && payment.paid_at.is_some() => after.paid_at = payment.paid_at,
        _ => {}
    }
}

pub(super) fn unsigned<'a>(digest: &'a str, source: Source, observed: &'a str) -> Proof<'a> {
    Proof { digest, source, observed, transaction_id: None, total_fee: None, payment: None, note: None }
}

fn same_terms<F>(entry: &Entry, terms: &OrderTerms) -> LedgerResult<(), F> {
    let known = &entry.terms;
    let differs = [
        ("appid", known.appid != terms.appid),
        ("sub_appid", known.sub_appid != terms.sub_appid),
        ("total_fee", known.total_fee != terms.total_fee),
        ("fee_type", known.fee_type != terms.fee_type),
        ("trade_type", known.trade_type != terms.trade_type),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((name, _)) => Err(Halt::Refused(Refusal::Differs(name))),
        None => Ok(()),
    }
}

fn orphan_terms(sighting: &Sighting) -> OrderTerms {
    OrderTerms {
        key: sighting.key.clone(),
        appid: sighting.appid.clone(),
        sub_appid: sighting.sub_appid.clone(),
        total_fee: sighting.total_fee.unwrap_or(0),
        fee_type: sighting.fee_type.clone().unwrap_or_else(|| "CNY".into()),
        trade_type: "NATIVE".into(),
        expires_at: None,
    }
}

fn orphan_opening(sighting: &Sighting) -> Opening {
    Opening {
        state: LedgerState::Review,
        due_in: None,
        suspect_id: sighting.transaction_id.clone(),
        suspect_fee: sighting.total_fee,
        suspect_type: sighting.fee_type.clone(),
        reason: Reason::UnknownOrder,
    }
}

/// An order that is to be given up has an intent; this says which calls are still to be made for it.
pub fn pending_call(entry: &Entry) -> Option<Intent> {
    entry.intent.filter(|intent| schedule::is_ripe(entry, *intent))
}
