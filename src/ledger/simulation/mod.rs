//! The simulation: one seed drives the bank, the clock, three workers, the endpoint, the back office and a
//! database with all its faults; everybody may be killed at every step. The rules of `checks` must hold.
//!
//! `SEEDS=100000 cargo test --release --no-default-features simulation` runs more; `SEED=17` replays one.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::large_enum_variant,
    clippy::inconsistent_struct_constructor,
    reason = "numbers are small here, and nothing is kept for long"
)]

mod bank;
mod checks;
mod connection;
mod database;
mod days;
mod dice;
mod disk;
mod line;
mod pace;
mod people;
mod queue;
mod seat;
mod session;
mod sqlite;
mod stage;
mod world;

use super::ledger::LedgerResult;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use line::Line;
use pace::{Pace, Turn};
use session::Session;
use stage::{Base, Run, run};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};
use world::{Counts, Sabotage, World};

/// Without a wish for a number, the simulation ends after so long.
const BUDGET: Duration = Duration::from_secs(60);

/// So many seeds run on a real SQLite, however many are wished for: each takes some thirty times as long there.
const SQLITE_SEEDS: u64 = if cfg!(debug_assertions) { 60 } else { 1000 };

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn checked(seed: u64, base: Base) -> Run {
    run(seed, base, None).unwrap_or_else(|why| panic!("seed {seed} fails (replay: SEED={seed}): {why}"))
}

/// Seeds until they or the time are used up; how many, and what happened.
fn sweep(base: Base, seeds: u64, deadline: Option<Instant>) -> (u64, Counts) {
    let next = AtomicU64::new(1);
    let lane = || {
        let (mut done, mut total) = (0, Counts::default());
        while deadline.is_none_or(|deadline| Instant::now() < deadline) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                break;
            }
            total.add(&checked(seed, base).counts);
            done += 1;
        }
        (done, total)
    };
    let lanes = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().fold((0, Counts::default()), |(done, mut total), lane| {
            let (more, counts) = lane.join().unwrap_or_else(|why| std::panic::resume_unwind(why));
            total.add(&counts);
            (done + more, total)
        })
    })
}

#[test]
fn every_seed_keeps_the_rules() {
    if let Some(seed) = number("SEED") {
        println!("seed {seed}: {:?}", checked(seed, Base::Model).counts);
        return;
    }
    let started = Instant::now();
    let usual = if cfg!(debug_assertions) { 1000 } else { 20_000 };
    let (done, total) = match number("SEEDS") {
        Some(seeds) => sweep(Base::Model, seeds, None),
        None => sweep(Base::Model, usual, Some(started + BUDGET)),
    };
    println!("simulation: {done} seeds in {:.1} s: {total:?}", started.elapsed().as_secs_f64());
    assert!(
        total.credits > done / 2 && total.kills > done && total.by_hand > done / 20,
        "the simulation idles: {total:?}"
    );
}

#[test]
fn the_same_seed_is_the_same_run() {
    for (seed, base) in (1..=50).map(|seed| (seed, Base::Model)).chain([(1, Base::Sqlite), (2, Base::Sqlite)])
    {
        let (one, other) = (checked(seed, base), checked(seed, base));
        assert_eq!((one.trace, one.counts), (other.trace, other.counts), "seed {seed} {base:?}");
    }
}

#[test]
fn a_panic_leaves_no_transaction_open() {
    let world = Rc::new(RefCell::new(World::new(1, None)));
    let mut body: Coroutine<(), Turn, bool> = Coroutine::new(move |yielder: &Yielder<(), Turn>, ()| {
        let mut ledger = people::ledger::<Session<'_>>(&Pace::new(&world, yielder));
        let work = AssertUnwindSafe(|| {
            ledger.transact(|ledger| -> LedgerResult<(), _> {
                assert!(matches!(ledger.store.line(), Line::Open(_)));
                resume_unwind(Box::new("a panic in the middle"))
            })
        });
        catch_unwind(work).is_err() && matches!(ledger.store.line(), Line::Idle)
    });
    let ended = iter::repeat_with(|| body.resume(())).find_map(|turn| match turn {
        CoroutineResult::Return(ended) => Some(ended),
        CoroutineResult::Yield(_) => None,
    });
    assert_eq!(ended, Some(true));
}

#[test]
fn a_broken_rule_is_noticed() {
    for sabotage in [
        Sabotage::OneIsAll,
        Sabotage::SameNumber,
        Sabotage::OldCloses,
        Sabotage::NoFence,
        Sabotage::NoLocks,
        Sabotage::NoNextPoll,
        Sabotage::NoEvidence,
        Sabotage::NoRefunds,
        Sabotage::HalfRollback,
        Sabotage::NoSends,
        Sabotage::NoEnds,
        Sabotage::NoPaid,
        Sabotage::NoMemory,
        Sabotage::NoPauses,
        Sabotage::AnyAppid,
        Sabotage::ClaimsCount,
        Sabotage::NoOrder,
        Sabotage::AnyEpoch,
        Sabotage::RefusalsLost,
        Sabotage::PurgesAll,
        Sabotage::NoAsking,
    ] {
        is_noticed(Base::Model, sabotage);
    }
}

fn is_noticed(base: Base, sabotage: Sabotage) {
    let caught = (1..=3000).find_map(|seed| run(seed, base, Some(sabotage)).err().map(|why| (seed, why)));
    let (seed, why) = caught.unwrap_or_else(|| panic!("nobody notices {sabotage:?}"));
    println!("{sabotage:?} is noticed by seed {seed}: {}", why.chars().take(120).collect::<String>());
}

#[test]
fn every_seed_keeps_the_rules_in_a_real_sqlite() {
    if let Some(seed) = number("SEED") {
        println!("seed {seed}: {:?}", checked(seed, Base::Sqlite).counts);
        return;
    }
    let started = Instant::now();
    let seeds = number("SEEDS").map_or(SQLITE_SEEDS, |wished| wished.min(SQLITE_SEEDS));
    let (done, total) = sweep(Base::Sqlite, seeds, None);
    println!("simulation on SQLite: {done} seeds in {:.1} s: {total:?}", started.elapsed().as_secs_f64());
    assert!(
        total.credits > done / 2 && total.kills > done && total.by_hand > done / 20,
        "the simulation idles: {total:?}"
    );
}

#[test]
fn a_broken_rule_is_noticed_in_a_real_sqlite() {
    for sabotage in [Sabotage::NoNextPoll, Sabotage::NoEvidence, Sabotage::NoRefunds] {
        is_noticed(Base::Sqlite, sabotage);
    }
}
