//! An open table of keyed fingerprints: it knows a million numbers in forty bytes each.

use foldhash::quality::RandomState;
use std::hash::BuildHasher;

/// Makes fingerprints with keys of this process: nobody can choose numbers that meet.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    first: RandomState,
    second: RandomState,
}

/// Eighty bits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint {
    first: u64,
    second: u16,
}

impl Keys {
    /// The fingerprint of a number.
    #[inline]
    pub fn of(&self, number: &[u8]) -> KeyFingerprint {
        #[allow(clippy::cast_possible_truncation, reason = "sixteen bits of a hash")]
        let second = self.second.hash_one(number) as u16;
        KeyFingerprint { first: self.first.hash_one(number), second }
    }

    /// A shorter one, for numbers that are compared with one other only.
    #[inline]
    pub fn short(&self, number: &[u8]) -> u64 {
        self.first.hash_one(number)
    }
}

/// What is known of an order or a refund.
#[derive(Debug, Clone, Copy)]
pub struct KeyEntry {
    first: u64,
    second: u16,
    /// What was seen of it.
    pub flags: u16,
    /// The row it was seen in, counted over all bills from 0.
    pub row: u32,
    /// Its transaction, or the order of a refund: a short fingerprint.
    pub partner: u64,
    /// Fen.
    pub amount: i64,
}

impl KeyEntry {
    /// Nothing seen yet.
    pub fn new(fingerprint: KeyFingerprint, row: u32, partner: u64) -> Self {
        let KeyFingerprint { first, second } = fingerprint;
        Self { first, second, flags: 0, row, partner, amount: 0 }
    }

    /// Has it been seen as this?
    pub fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

const FREE: u32 = u32::MAX;

/// Entries by fingerprint.
#[derive(Debug, Default)]
pub struct KeyTable {
    entries: Vec<KeyEntry>,
    /// Places in `entries`; a power of two of them, at most two thirds taken.
    slots: Vec<u32>,
}

impl KeyTable {
    /// All entries, in the order in which they came.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.entries
    }

    /// One of them.
    pub fn get_mut(&mut self, at: u32) -> Option<&mut KeyEntry> {
        self.entries.get_mut(at as usize)
    }

    /// The place of a number's entry.
    #[inline]
    pub fn find(&self, fingerprint: KeyFingerprint) -> Option<u32> {
        self.slot_of(fingerprint).and_then(|slot| self.slots.get(slot)).copied().filter(|at| *at != FREE)
    }

    /// The places of many numbers' entries. All slots are looked at before any entry is: the memory is waited for once,
    /// not number by number.
    pub fn find_all(&self, wanted: &[KeyFingerprint], found: &mut Vec<Option<u32>>) {
        let Some(mask) = self.slots.len().checked_sub(1) else {
            found.resize(wanted.len(), None);
            return;
        };
        #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
        let first = |wanted: &KeyFingerprint| self.slots.get(wanted.first as usize & mask).copied();
        found.extend(wanted.iter().map(first));
        for (found, wanted) in found.iter_mut().zip(wanted) {
            let known = found.and_then(|at| self.entries.get(at as usize));
            if !known.is_some_and(|known| known.first == wanted.first && known.second == wanted.second) {
                *found = self.find(*wanted);
            }
        }
    }

    /// The place of a number's entry, which is made if there is none; and whether it was.
    #[inline]
    pub fn find_or_add(&mut self, entry: KeyEntry) -> (u32, bool) {
        if self.entries.len() * 3 >= self.slots.len() * 2 {
            self.grow();
        }
        let fingerprint = KeyFingerprint { first: entry.first, second: entry.second };
        let at = u32::try_from(self.entries.len()).unwrap_or(FREE);
        let Some(slot) = self.slot_of(fingerprint).and_then(|slot| self.slots.get_mut(slot)) else {
            return (FREE, false);
        };
        if *slot != FREE {
            return (*slot, false);
        }
        *slot = at;
        self.entries.push(entry);
        (at, true)
    }

    /// The slot that holds it, or the free one where it would be.
    #[inline]
    fn slot_of(&self, wanted: KeyFingerprint) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
        let mut slot = wanted.first as usize & mask;
        loop {
            let at = *self.slots.get(slot)?;
            let known = self.entries.get(at as usize);
            if known.is_none_or(|known| known.first == wanted.first && known.second == wanted.second) {
                return Some(slot);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        self.slots = vec![FREE; size];
        for (at, entry) in (0_u32..).zip(&self.entries) {
            #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
            let mut slot = entry.first as usize & (size - 1);
            while self.slots.get(slot).is_some_and(|taken| *taken != FREE) {
                slot = (slot + 1) & (size - 1);
            }
            if let Some(free) = self.slots.get_mut(slot) {
                *free = at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_nothing_else_is() {
        let (keys, mut table) = (Keys::default(), KeyTable::default());
        assert_eq!(table.find(keys.of(b"T0")), None);
        for n in 0..10_000_u32 {
            let number = format!("T{n}");
            let entry = KeyEntry::new(keys.of(number.as_bytes()), n, 0);
            assert_eq!(table.find_or_add(entry), (n, true));
            assert_eq!(table.find_or_add(entry), (n, false));
        }
        let numbers: Vec<_> = (0..20_000).map(|n| keys.of(format!("T{n}").as_bytes())).collect();
        let mut found = Vec::new();
        table.find_all(&numbers, &mut found);
        assert!((0_u32..).zip(found).all(|(n, found)| found == (n < 10_000).then_some(n)));
        for n in 0..20_000_u32 {
            let found = table.find(keys.of(format!("T{n}").as_bytes()));
            assert_eq!(found, (n < 10_000).then_some(n));
        }
    }

    #[test]
    fn an_entry_stays_small() {
        assert_eq!(size_of::<KeyEntry>(), 32);
    }
}
