//! Many sightings applied in one transaction: the orders are read, and their evidence is kept, all at once. What a
//! callback of the shop could tear apart by a commit is written for each order by itself, right before its callback.

use super::store::DayStore;
use crate::ledger::decide::Decision;
use crate::ledger::entry::{Entry, OrderKey};
use crate::ledger::ledger::{Ledger, LedgerResult, Proof};
use crate::ledger::sighting::Sighting;
use crate::ledger::store::{Evidence, Shop, Store};
use std::collections::HashMap;

/// A sighting of an order that is there, and what follows from it.
struct Planned<'a> {
    entry: Entry,
    decision: Decision,
    proof: Proof<'a>,
}

impl Planned<'_> {
    fn evidence(&self) -> Option<Evidence<'_>> {
        let news = self.decision.is_news();
        news.then(|| self.proof.evidence(Some(self.entry.id), &self.entry.terms.key, self.decision.reason))
    }
}

impl<S: Store + DayStore, H: Shop<S::Fault>> Ledger<S, H> {
    /// Applies sightings of one account's orders, `AT_ONCE` at most: all of them, or none.
    pub(super) fn apply_all(&mut self, seen: &[Sighting]) -> LedgerResult<(), S::Fault> {
        self.transact(|ledger| {
            let mut entries = ledger.locked(seen)?;
            let (mut planned, mut unknown) = (Vec::new(), Vec::new());
            for sighting in seen {
                match entries.remove(&sighting.key) {
                    Some(entry) => planned.push(ledger.planned(entry, sighting)?),
                    None => unknown.push(sighting),
                }
            }
            let evidence: Vec<_> = planned.iter().filter_map(Planned::evidence).collect();
            ledger.store.keep_all_evidence(&evidence)?;
            for Planned { entry, decision, proof } in &planned {
                ledger.carry_out(entry, entry.clone(), *decision, proof, None)?;
            }
            unknown.into_iter().try_for_each(|sighting| ledger.apply_once(sighting, None).map(drop))
        })
    }

    fn locked(&mut self, seen: &[Sighting]) -> LedgerResult<HashMap<OrderKey, Entry>, S::Fault> {
        let Some(OrderKey { mch_id, sub_mch_id, .. }) = seen.first().map(|sighting| &sighting.key) else {
            return Ok(HashMap::new());
        };
        let numbers: Vec<String> = seen.iter().map(|sighting| sighting.key.out_trade_no.clone()).collect();
        let entries = self.store.locked(mch_id, sub_mch_id, &numbers)?.into_iter();
        Ok(entries.map(|entry| (entry.terms.key.clone(), entry)).collect())
    }

    fn planned<'a>(&mut self, entry: Entry, sighting: &'a Sighting) -> LedgerResult<Planned<'a>, S::Fault> {
        let decision = self.judge(&entry, sighting)?;
        Ok(Planned { entry, decision, proof: Proof::of(sighting) })
    }
}
