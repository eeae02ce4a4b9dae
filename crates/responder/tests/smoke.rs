//! The fuzz target on a stable compiler: its seeds, and those changed at random, the same way each time. What takes
//! hours is `cargo xtask fuzz`.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use targets::{TARGETS, seeds};

/// Changed inputs.
const ROUNDS: usize = 5_000;

/// Bytes out of a seed, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // Marsaglia's xorshift, 64 bits.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

#[test]
fn the_target_survives_its_seeds_and_what_becomes_of_them() {
    let seeds = seeds();
    let mut dice = Dice(0x5eed_0004);
    for (_, target) in TARGETS {
        for seed in &seeds {
            target(seed);
        }
        for _ in 0..ROUNDS {
            let mut input = seeds[dice.roll(seeds.len())].clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(input.len());
                match dice.roll(4) {
                    0 => input[at] = 0xff,
                    1 => input.truncate(at.max(1)),
                    2 => input.insert(at, 0),
                    _ => input[at] ^= 1 << dice.roll(8),
                }
            }
            target(&input);
        }
    }
}
