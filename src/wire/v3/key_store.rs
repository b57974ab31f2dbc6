//! Certificates that WeChat Pay hands out itself, kept for everybody in this process (protocol-v3.md B.3): downloaded by
//! one at a time, whoever waits for them takes what came.

use super::platform_key::{PlatformKey, folded};
use crate::wire::per_process::{Inherited, PerProcess};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

/// How old a list may become, in seconds.
pub const LIST_LIVES: i64 = 12 * 3600;
/// A list is asked for at most so often, in seconds.
const PAUSE: i64 = 60;

/// Keys by their folded names.
pub type KeysByName = HashMap<String, Arc<PlatformKey>>;

/// The certificates of one merchant.
#[derive(Debug, Default)]
pub struct KeyStore {
    shelf: PerProcess<Shelf>,
    /// The file in which the list stays as it came, if any: it is sealed with the APIv3 key.
    pub cache: Option<PathBuf>,
}

/// What this process knows.
#[derive(Debug, Default)]
struct Shelf {
    keys: RwLock<Arc<KeysByName>>,
    flight: Mutex<Flight>,
    landed: Condvar,
}

/// The download that is under way, and what the last one came to.
#[derive(Debug, Default, Clone)]
struct Flight {
    is_under_way: bool,
    loaded_at: Option<i64>,
    tried_at: Option<i64>,
    failure: Option<ListFailure>,
}

/// Why the last download brought no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFailure {
    /// A sentence.
    pub why: String,
    /// Does it stay so until somebody mends something?
    pub is_lasting: bool,
}

/// Why the keys are as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError<E> {
    /// The download failed.
    Download(E),
    /// That of somebody else did, or did not end in time.
    Theirs(ListFailure),
}

impl KeyStore {
    /// An empty one, with a file for the list.
    pub fn new(cache: Option<PathBuf>) -> Self {
        Self { cache, ..Self::default() }
    }

    /// The key that a `Wechatpay-Serial` names.
    pub fn named(&self, serial: &str) -> Option<Arc<PlatformKey>> {
        self.all().get(&folded(serial)).cloned()
    }

    /// All keys.
    pub fn all(&self) -> Arc<KeysByName> {
        self.shelf.get().keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Was a list never loaded?
    pub fn is_new(&self) -> bool {
        self.flight().loaded_at.is_none()
    }

    /// Is the list to be asked for before anything is missed?
    pub fn is_due(&self, now: i64) -> bool {
        let is_old = self.loaded_at().is_none_or(|at| !is_within(LIST_LIVES, at, now));
        is_old || self.all().values().all(|key| key.is_expired(now))
    }

    /// Was the list not asked for lately, here or by who kept it in the file?
    pub fn may_be_asked(&self, now: i64) -> bool {
        let flight = self.flight();
        [flight.tried_at, flight.loaded_at].into_iter().flatten().all(|at| !is_within(PAUSE, at, now))
    }

    /// Why there is no list of the last minute, if the last download failed.
    pub fn failure(&self) -> Option<ListFailure> {
        self.flight().failure.clone()
    }

    /// When the list was loaded that is known, in seconds since 1970.
    pub fn loaded_at(&self) -> Option<i64> {
        self.flight().loaded_at
    }

    /// Takes a list that was loaded at that time.
    pub fn take(&self, keys: KeysByName, at: i64) {
        self.publish(&mut self.flight(), keys, at);
    }

    /// Whoever hears of the list has its keys, and hears no more of a download that failed before.
    fn publish(&self, flight: &mut Flight, keys: KeysByName, at: i64) {
        *self.shelf.get().keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        (flight.loaded_at, flight.failure) = (Some(at), None);
    }

    /// Downloads the list, or waits for whoever does already.
    pub fn refresh<E: Clone + Into<ListFailure>>(
        &self,
        now: i64,
        patience: Duration,
        download: impl FnOnce() -> Result<KeysByName, E>,
    ) -> Result<(), StoreError<E>> {
        let mut flight = self.flight();
        if flight.is_under_way {
            return self.wait(flight, patience);
        }
        flight.is_under_way = true;
        drop(flight);
        let landing = Landing(self);
        let came = download();
        let landed = self.land(came, now);
        drop(landing);
        landed
    }

    /// That the list was asked for is known together with what came of it.
    fn land<E: Clone + Into<ListFailure>>(
        &self,
        came: Result<KeysByName, E>,
        now: i64,
    ) -> Result<(), StoreError<E>> {
        let mut flight = self.flight();
        flight.tried_at = Some(now);
        flight.failure = came.as_ref().err().cloned().map(Into::into);
        let keys = came.map_err(StoreError::Download)?;
        self.publish(&mut flight, keys, now);
        Ok(())
    }

    fn wait<E>(&self, flight: MutexGuard<'_, Flight>, patience: Duration) -> Result<(), StoreError<E>> {
        let waited =
            self.shelf.get().landed.wait_timeout_while(flight, patience, |flight| flight.is_under_way);
        let (flight, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        match &flight.failure {
            _ if timeout.timed_out() => Err(StoreError::Theirs(ListFailure::passing("it took too long"))),
            Some(why) => Err(StoreError::Theirs(why.clone())),
            None => Ok(()),
        }
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.shelf.get().flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ListFailure {
    /// What the next download may not meet any more.
    pub fn passing(why: &str) -> Self {
        Self { why: why.to_owned(), is_lasting: false }
    }
}

/// A download that was under way is the parent's.
impl Inherited for Shelf {
    fn inherited(&self) -> Self {
        let keys = self.keys.try_read().map(|keys| keys.clone()).unwrap_or_default();
        let flight = self.flight.try_lock().map(|flight| flight.clone()).unwrap_or_default();
        let flight = Flight { is_under_way: false, ..flight };
        Self { keys: RwLock::new(keys), flight: Mutex::new(flight), landed: Condvar::new() }
    }
}

/// Were both instants so close? A clock that was set back has not waited.
fn is_within(seconds: i64, at: i64, now: i64) -> bool {
    (0..seconds).contains(&now.saturating_sub(at))
}

/// Ends a download, whatever became of it.
struct Landing<'s>(&'s KeyStore);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.flight().is_under_way = false;
        self.0.shelf.get().landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::key_file::{self, PublicPart};
    use super::super::vectors;
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    fn keys(id: &str, not_after: i64) -> KeysByName {
        let part =
            key_file::public(vectors::text(&vectors::keys()["wechatpay_public"]["public_pem"]).as_bytes());
        let part = PublicPart { not_after: Some(not_after), ..part.unwrap() };
        let key = PlatformKey::new(id, &part).unwrap();
        [(folded(id), Arc::new(key))].into()
    }

    const LONG: Duration = Duration::from_secs(20);

    type Came = Result<KeysByName, ListFailure>;

    fn no(why: &str) -> Came {
        Err(ListFailure::passing(why))
    }

    #[test]
    fn v7_a_hundred_who_ask_at_once_download_once() {
        let (store, downloads) = (KeyStore::default(), AtomicUsize::new(0));
        let asks = || {
            store.refresh(1000, LONG, || {
                downloads.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(300));
                Came::Ok(keys("0A", 9999))
            })
        };
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..100).map(|_| scope.spawn(|| (store.may_be_asked(1000), asks()))).collect();
            // Whoever comes too late to wait need not ask any more.
            for (may_ask, ended) in threads.into_iter().map(|thread| thread.join().unwrap()) {
                assert!(ended.is_ok() && may_ask);
            }
        });
        assert_eq!(downloads.load(Ordering::SeqCst), 1);
        assert!(store.named("a").is_some() && store.named("b").is_none());
        assert!(!store.may_be_asked(1059) && store.may_be_asked(1060));
    }

    #[test]
    fn v8_a_list_is_asked_for_again_before_it_is_old_and_when_it_is_over() {
        let store = KeyStore::default();
        assert!(store.is_due(0) && store.is_new());
        store.refresh(0, LONG, || Came::Ok(keys("0A", 100))).unwrap();
        assert!(!store.is_due(99), "nothing has ended");
        assert!(store.is_due(101), "all that is known has ended");
        store.refresh(0, LONG, || Came::Ok(keys("0A", i64::MAX))).unwrap();
        assert!(!store.is_due(LIST_LIVES - 1) && store.is_due(LIST_LIVES));
        assert!(!store.may_be_asked(59) && store.may_be_asked(60));
    }

    #[test]
    fn v6_a_clock_that_was_set_back_keeps_no_list_for_years_and_forbids_no_download() {
        let store = KeyStore::default();
        store.refresh(1_000_000, LONG, || Came::Ok(keys("0A", i64::MAX))).unwrap();
        assert!(store.is_due(5000) && store.may_be_asked(5000));
    }

    #[test]
    fn a_download_that_fails_leaves_what_was_known_and_is_told_to_who_waited() {
        let store = KeyStore::default();
        store.take(keys("0A", 9999), 0);
        let failed = store.refresh(0, LONG, || no("no"));
        assert_eq!(failed, Err(StoreError::Download(ListFailure::passing("no"))));
        assert!(store.named("0A").is_some());
        thread::scope(|scope| {
            let (started, waits) = std::sync::mpsc::channel();
            let store = &store;
            scope.spawn(move || {
                store.refresh(0, LONG, || {
                    started.send(()).unwrap();
                    thread::sleep(Duration::from_millis(200));
                    no("again no")
                })
            });
            waits.recv().unwrap();
            let waited = store.refresh(0, LONG, || Came::Ok(keys("0B", 9999)));
            assert_eq!(waited, Err(StoreError::Theirs(ListFailure::passing("again no"))));
            let hasty = Duration::from_millis(1);
            store.flight().is_under_way = true;
            let waited = store.refresh(0, hasty, || Came::Ok(keys("0B", 9999)));
            assert!(matches!(waited, Err(StoreError::Theirs(why)) if why.why.contains("too long")));
        });
    }

    #[test]
    fn v8_that_a_list_was_asked_for_is_not_seen_before_its_keys() {
        let (store, (done, is_done)) = (KeyStore::default(), std::sync::mpsc::channel());
        thread::scope(|scope| {
            let reader = store.shelf.get().keys.read().unwrap();
            scope.spawn(|| {
                store.refresh(0, LONG, || {
                    done.send(()).unwrap();
                    Came::Ok(keys("0A", 9999))
                })
            });
            is_done.recv().unwrap();
            // The keys cannot be put where they belong as long as somebody reads there.
            thread::sleep(Duration::from_millis(100));
            let seen = store.shelf.get().flight.try_lock().ok().and_then(|flight| flight.tried_at);
            assert_eq!(seen, None);
            drop(reader);
        });
        assert!(!store.may_be_asked(0) && store.named("0A").is_some());
    }

    #[test]
    fn r18_a_child_that_was_forked_during_a_download_waits_for_nobody() {
        let known = Shelf { keys: RwLock::new(Arc::new(keys("0A", 9999))), ..Shelf::default() };
        known.flight.lock().unwrap().is_under_way = true;
        let store = KeyStore { shelf: PerProcess::of_a_parent(known), cache: None };
        assert!(store.named("0A").is_some(), "it knows what its parent knew");
        assert!(store.refresh(0, LONG, || Came::Ok(keys("0B", 9999))).is_ok());
        assert!(store.named("0B").is_some());
    }

    #[test]
    fn r18_a_child_that_was_forked_while_a_thread_had_the_locks_waits_for_nobody() {
        let store = KeyStore { shelf: PerProcess::of_a_parent(Shelf::default()), cache: None };
        let parents = store.shelf.parents();
        let (_keys, _flight) = (parents.keys.write().unwrap(), parents.flight.lock().unwrap());
        assert!(store.named("0A").is_none() && store.may_be_asked(0));
        assert!(store.refresh(0, LONG, || Came::Ok(keys("0A", 9999))).is_ok());
        assert!(store.named("0A").is_some());
    }
}
