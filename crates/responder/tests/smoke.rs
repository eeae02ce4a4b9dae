//! The fuzz target on a stable compiler: its seeds, and those changed at random, the same way each time. What takes
//! hours is `cargo xtask fuzz`.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use targets::{TARGETS, seeds};

/// Changed inputs.
const ROUNDS: usize = 5_000;

#[test]
fn the_target_survives_its_seeds_and_what_becomes_of_them() {
    let seeds = seeds();
    let mut dice = fastrand::Rng::with_seed(0x5eed_0004);
    for (_, target) in TARGETS {
        for seed in &seeds {
            target(seed);
        }
        for _ in 0..ROUNDS {
            let mut input = seeds[dice.usize(..seeds.len())].clone();
            for _ in 0..=dice.usize(..4) {
                let at = dice.usize(..input.len());
                match dice.usize(..4) {
                    0 => input[at] = 0xff,
                    1 => input.truncate(at.max(1)),
                    2 => input.insert(at, 0),
                    _ => input[at] ^= 1 << dice.usize(..8),
                }
            }
            target(&input);
        }
    }
}
