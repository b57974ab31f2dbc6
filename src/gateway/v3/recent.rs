//! Things that were read lately: a process that serves very many merchants keeps those that it meets again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;

/// Merchants that are kept at most (protocol-v3.md B.7); whoever was not met for longest goes first.
pub const MOST_KEPT: usize = 1024;

/// The things by their keys. Nobody waits for its lock: a child that was forked while another thread had it goes without.
#[derive(Debug)]
pub struct Recent<K, V>(Mutex<Option<RecentThings<K, V>>>);

#[derive(Debug)]
struct RecentThings<K, V> {
    /// With the time of the last look, counted in looks.
    things: HashMap<K, (u64, V)>,
    looks: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> Recent<K, V> {
    /// Nothing yet.
    pub const fn nothing() -> Self {
        Self(Mutex::new(None))
    }

    /// What is kept under this key, if anything is.
    pub fn find(&self, key: &K) -> Option<V> {
        let mut kept = self.0.try_lock().ok()?;
        let kept = kept.as_mut()?;
        kept.looks += 1;
        let (looked_at, found) = kept.things.get_mut(key)?;
        *looked_at = kept.looks;
        Some(found.clone())
    }

    /// Keeps it.
    pub fn keep(&self, key: K, value: V) {
        let Ok(mut kept) = self.0.try_lock() else { return };
        let kept = kept.get_or_insert_with(|| RecentThings { things: HashMap::new(), looks: 0 });
        kept.looks += 1;
        if kept.things.len() >= MOST_KEPT {
            kept.forget_one();
        }
        kept.things.insert(key, (kept.looks, value));
    }

    /// The same one for everybody who asks for this key: the one that is kept, or a new one.
    pub fn shared(&self, key: K, make: impl FnOnce() -> V) -> V {
        self.find(&key).unwrap_or_else(|| {
            let fresh = make();
            self.keep(key, fresh.clone());
            fresh
        })
    }
}

impl<K: Eq + Hash + Clone, V> RecentThings<K, V> {
    fn forget_one(&mut self) {
        let oldest = self.things.iter().min_by_key(|(_, (looked_at, _))| *looked_at);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.things.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_not_met_for_longest_is_forgotten_and_nobody_else() {
        let kept = Recent::nothing();
        (0..MOST_KEPT).for_each(|number| kept.keep(number, number));
        assert_eq!(kept.find(&0), Some(0), "the first one is met again");
        kept.keep(MOST_KEPT, MOST_KEPT);
        assert_eq!((kept.find(&0), kept.find(&1), kept.find(&2)), (Some(0), None, Some(2)));
        assert_eq!(kept.shared(1, || 7), 7);
        assert_eq!((kept.shared(1, || 8), kept.find(&3)), (7, None));
        let _held = kept.0.lock().unwrap();
        assert_eq!((kept.find(&0), kept.shared(0, || 9)), (None, 9), "nobody waits");
    }
}
