//! Whatever an account is like: drawn accounts, days of edits, nights with faults. Many more of them:
//! `cargo run --release --example accounts`.

#[path = "../../examples/accounts/drawn.rs"]
mod drawn;
#[path = "../../examples/accounts/judge.rs"]
mod judge;
#[path = "../../examples/accounts/life.rs"]
mod life;
#[path = "../../examples/accounts/people.rs"]
mod people;
#[path = "../../examples/accounts/seen.rs"]
mod seen;

use std::error::Error;

use concord::sandbox::AccountProfile;
use life::{Span, live};

use crate::matching::people as generator;

type Failure = Box<dyn Error>;

/// Lived side by side, since mostly they wait.
fn live_all(seeds: impl Iterator<Item = u64>) {
    let seeds: Vec<u64> = seeds.collect();
    let span = Span { nights: 3, people: 6, edits: 5 };
    let lived = |seed: u64| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let verdict = runtime.block_on(live(AccountProfile::drawn(seed), seed, span, false)).unwrap();
        let told = format!("seed {seed}, {}:\n  {}", verdict.switches.join("; "), verdict.lines().join("\n  "));
        assert!(verdict.is_good(), "{told}");
    };
    std::thread::scope(|scope| {
        let shares: Vec<_> = (0..4)
            .map(|share| seeds.iter().copied().skip(share).step_by(4).collect::<Vec<u64>>())
            .map(|share| scope.spawn(move || share.into_iter().for_each(lived)))
            .collect();
        for share in shares {
            share.join().unwrap();
        }
    });
}

const SEEDS: [u64; 30] =
    [0, 2, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 26, 28, 29, 32, 35, 37, 38, 39, 41, 43, 44, 47];

#[test]
fn nothing_is_lost_doubled_or_told_untruly_on_drawn_accounts() {
    live_all(SEEDS.into_iter());
}
