//! A person's decision about an order in Review or PaidLate.

use super::decide::{Deed, Step};
use super::entry::{Entry, OrderKey};
use super::intents::RefundOrder;
use super::ledger::{Ended, Ledger, Proof, unsigned};
use super::sighting::{Source, digest_of};
use super::state::LedgerState;
use super::store::{Halt, Refusal, Shop, Store};
use super::transition::{Reason, Transition};

/// How a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Give the credit: the callback runs.
    Credit,
    /// Send all of the payment back.
    Refund,
    /// It was settled by hand; nothing is to be done.
    Dismiss,
}

impl Resolution {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Credit => "CREDIT",
            Self::Refund => "REFUND",
            Self::Dismiss => "DISMISS",
        }
    }
}

impl<S: Store, H: Shop<S::Fault>> Ledger<S, H> {
    /// Ends a Review or a PaidLate; the note is kept as evidence.
    pub fn resolve(&mut self, key: &OrderKey, as_: Resolution, note: &str) -> Ended<Transition, S::Fault> {
        self.transact(|ledger| {
            let entry = ledger.store.entry(key)?.ok_or(Halt::Refused(Refusal::NotOpened))?;
            let mut settled = entry.clone();
            let step = match as_ {
                Resolution::Credit => credited(&mut settled)?,
                Resolution::Refund => ledger.sent_back(&entry, &mut settled)?,
                Resolution::Dismiss => dismissed(&mut settled)?,
            };
            let digest = digest_of(&format!("{} {} {} {note}", as_.word(), entry.id, entry.version));
            let proof = Proof { note: Some(note), ..unsigned(&digest, Source::Person, as_.word()) };
            ledger.take_from(&entry, settled, step, &proof, None)
        })
    }

    fn sent_back(&mut self, entry: &Entry, settled: &mut Entry) -> Ended<Step, S::Fault> {
        open_question(entry)?;
        if entry.credited {
            return refused("sent back by resolve, being credited: use refund(),", entry);
        }
        adopt_payment(settled)?;
        settled.ask_refunds = true;
        settled.state = LedgerState::PaidLate;
        let order = RefundOrder {
            key: entry.terms.key.clone(),
            out_refund_no: format!("{}-resolved", entry.terms.key.out_trade_no),
            refund_fee: settled.paid.unwrap_or(entry.terms.total_fee),
            options: String::new(),
        };
        self.write_refund(settled, &order)?;
        settled.state = entry.state;
        Ok(Step::go(LedgerState::PaidLate, Reason::ResolvedRefund))
    }
}

fn open_question<F>(entry: &Entry) -> Ended<(), F> {
    match entry.state {
        LedgerState::Review | LedgerState::PaidLate => Ok(()),
        _ => refused("resolved", entry),
    }
}

fn refused<T, F>(what: &'static str, entry: &Entry) -> Ended<T, F> {
    Err(Halt::Refused(Refusal::State { what, state: entry.state }))
}

fn credited<F>(settled: &mut Entry) -> Ended<Step, F> {
    open_question(settled)?;
    if settled.credited {
        return refused("credited again", settled);
    }
    adopt_payment(settled)?;
    Ok(Step { deed: Deed::Credit, ..Step::go(LedgerState::Paid, Reason::ResolvedCredit) })
}

/// The payment that did not fit becomes the one that counts, if there is no other.
fn adopt_payment<F>(settled: &mut Entry) -> Ended<(), F> {
    if settled.transaction_id.is_none() {
        settled.transaction_id = settled.suspect_id.take();
    }
    if settled.transaction_id.is_none() {
        return Err(Halt::Refused(Refusal::NoPayment));
    }
    Ok(())
}

/// Back to where the order stands without the open question.
fn dismissed<F>(settled: &mut Entry) -> Ended<Step, F> {
    open_question(settled)?;
    let to = match settled.refunded {
        _ if !settled.credited => LedgerState::Closed,
        0 => LedgerState::Paid,
        refunded if refunded < settled.terms.total_fee => LedgerState::PartiallyRefunded,
        _ => LedgerState::Refunded,
    };
    if !settled.credited && settled.transaction_id.is_some() {
        settled.suspect_id.clone_from(&settled.transaction_id);
    }
    Ok(Step::go(to, Reason::Dismissed))
}
