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

    fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint { first: self.first, second: self.second }
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
    /// A power of two of them, at most two thirds taken. The low bits of each are a place in `entries`, the others a
    /// tag: bits of the fingerprint, so that an entry, far away in memory, is looked at only when it is the one.
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
        let slot = self.slots.get(self.slot_of(fingerprint)?).copied()?;
        (slot != FREE).then_some(slot & self.mask())
    }

    /// The places of many numbers' entries. All slots are looked at before any entry is: the memory is waited for once,
    /// not number by number.
    pub fn find_all(&self, wanted: &[KeyFingerprint], found: &mut Vec<Option<u32>>) {
        let first =
            |wanted: &KeyFingerprint| self.slots.get(self.home(*wanted)).map(|slot| slot & self.mask());
        found.extend(wanted.iter().map(first));
        for (found, wanted) in found.iter_mut().zip(wanted) {
            if !found.is_some_and(|at| self.holds(at, *wanted)) {
                *found = self.find(*wanted);
            }
        }
    }

    /// Fetches the slots of some entries that are added next: their memory is waited for once, not entry by entry.
    pub fn fetch(&self, entries: &[KeyEntry]) {
        let slots = entries.iter().map(|entry| self.slots.get(self.home(entry.fingerprint())));
        std::hint::black_box(slots.fold(0, |all, slot| all ^ slot.copied().unwrap_or_default()));
    }

    /// The place of a number's entry, which is made if there is none; and whether it was.
    #[inline]
    pub fn find_or_add(&mut self, entry: KeyEntry) -> (u32, bool) {
        if self.entries.len() * 3 >= self.slots.len() * 2 {
            self.grow();
        }
        let mask = self.mask();
        let at = u32::try_from(self.entries.len()).unwrap_or(FREE);
        let Some(slot) = self.slot_of(entry.fingerprint()).and_then(|slot| self.slots.get_mut(slot)) else {
            return (FREE, false);
        };
        if *slot != FREE {
            return (*slot & mask, false);
        }
        *slot = tag(entry.first) & !mask | at;
        self.entries.push(entry);
        (at, true)
    }

    /// The slot that holds it, or the free one where it would be.
    #[inline]
    fn slot_of(&self, wanted: KeyFingerprint) -> Option<usize> {
        let (mask, tag) = (self.mask(), tag(wanted.first));
        let mut place = self.home(wanted);
        loop {
            let slot = *self.slots.get(place)?;
            let is_it = || (slot ^ tag) & !mask == 0 && self.holds(slot & mask, wanted);
            if slot == FREE || is_it() {
                return Some(place);
            }
            place = (place + 1) & mask as usize;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        self.slots = vec![FREE; size];
        let mask = self.mask();
        for (at, entry) in (0_u32..).zip(&self.entries) {
            let mut place = self.home(entry.fingerprint());
            while self.slots.get(place).is_some_and(|taken| *taken != FREE) {
                place = (place + 1) & mask as usize;
            }
            if let Some(free) = self.slots.get_mut(place) {
                *free = tag(entry.first) & !mask | at;
            }
        }
    }

    /// The bits of a slot that are a place.
    #[inline]
    fn mask(&self) -> u32 {
        u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Where a number's slot would be, if no other had come first.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
    fn home(&self, wanted: KeyFingerprint) -> usize {
        (wanted.first as u32 & self.mask()) as usize
    }

    #[inline]
    fn holds(&self, at: u32, wanted: KeyFingerprint) -> bool {
        self.entries.get(at as usize).is_some_and(|entry| entry.fingerprint() == wanted)
    }
}

/// Bits of a fingerprint that do not say where its slot is.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the upper half fits")]
fn tag(first: u64) -> u32 {
    (first >> 32) as u32
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
