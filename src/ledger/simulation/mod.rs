//! The simulation: one seed drives the bank, the clock, three workers, the endpoint, the back office and a
//! database with all its faults; everybody may be killed at every step. The rules of `checks` must hold.
//!
//! `SEEDS=100000 cargo test --release --no-default-features simulation` runs more; `SEED=17` replays one.

mod bank;
mod checks;
mod database;
mod dice;
mod people;
mod session;
mod stage;
mod world;

use stage::{Run, run};
use std::env;
use std::time::Instant;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn checked(seed: u64) -> Run {
    run(seed).unwrap_or_else(|why| panic!("seed {seed} fails (replay: SEED={seed}): {why}"))
}

#[test]
fn every_seed_keeps_the_rules() {
    if let Some(seed) = number("SEED") {
        println!("seed {seed}: {:?}", checked(seed).counts);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(if cfg!(debug_assertions) { 2_000 } else { 20_000 });
    let started = Instant::now();
    let mut total = world::Counts::default();
    for seed in 1..=seeds {
        total.add(&checked(seed).counts);
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("simulation: {seeds} seeds in {seconds:.1} s: {total:?}");
    assert!(total.credits > seeds / 2 && total.kills > seeds, "the simulation idles: {total:?}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 1..=50 {
        let (one, other) = (checked(seed), checked(seed));
        assert_eq!((one.trace, one.counts), (other.trace, other.counts), "seed {seed}");
    }
}
