//! The gateway's own book against what the client says: random calls under random faults must never yield an
//! `Order` or a `RefundList` that the book does not bear out, never move money that nobody asked for, and never
//! call a call without effect that had one.
//!
//! `SEED=7 cargo test --features simulator --test book` replays a failure, `CASES=500` looks further than usual.
#![cfg(feature = "simulator")]

#[cfg(test)]
mod chance;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod mishap;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod steps;

/// A case is short, so that what went wrong can be read.
#[cfg(test)]
const STEPS: usize = 30;
/// Without CASES the test ends after so many seconds, with 5 cases at least.
#[cfg(test)]
const SECONDS: u64 = 25;
/// A slow machine needs longer until each call has gone well and failed.
#[cfg(test)]
const MOST_SECONDS: u64 = 150;

#[test]
fn random_calls_and_faults_never_differ_from_the_gateways_own_book() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let fixed = number("SEED");
    let first = fixed.unwrap_or_else(|| getrandom::u64().unwrap() >> 16);
    let cases = number("CASES").or(fixed.map(|_| 1));
    println!("SEED={first}");
    let premises = shop::Premises::open();
    let started = std::time::Instant::now();
    let mut tally = steps::Tally::default();
    let mut done = 0;
    let goes_on = |done: u64, tally: &steps::Tally| {
        let seconds = started.elapsed().as_secs();
        done < 5 || seconds < SECONDS || !tally.is_worth_something() && seconds < MOST_SECONDS
    };
    while cases.map_or_else(|| goes_on(done, &tally), |cases| done < cases) {
        steps::Case::new(&premises, first + done, &mut tally).run(STEPS);
        done += 1;
    }
    println!("{done} cases of {STEPS} steps: {tally:?}");
    if fixed.is_none() {
        assert!(tally.is_worth_something(), "{tally:?}");
    }
}
